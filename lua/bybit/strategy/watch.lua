-- What is seen of single orders, for whoever waits for one: tasks that wait for orders of the same symbol share their polls. Where a
-- stream of the account is sure, what it tells wakes them, and polls are rare.

local core = require "bybit.core"
local status = require "bybit.records.status"
local tasks = require "bybit.tasks"

local loop = core.loop
local watch = {}

local FIRST, MOST = 0.05, 1 -- seconds between two polls: it doubles while nothing changes
local RARE = 5 -- the same beside a stream: it may lose an event
local FEW = 2 -- so many orders are looked up one by one; for more of them the open orders are listed

---@class bybit.Watched one who waits for an order
---@field order_id string?
---@field client_order_id string?
---@field seen table? the order as it was seen last
---@field wanted fun(order: table): boolean is this what it waits for?
---@field token userdata? wakes it
---@field began number since when it waits, on the loop's clock

local watches = setmetatable({}, { __mode = "k" }) -- client -> symbol -> watch

local Watch = {}
Watch.__index = Watch

local function of(client, symbol)
  local by_symbol = watches[client] or {}
  watches[client] = by_symbol
  by_symbol[symbol] = by_symbol[symbol] or setmetatable({ list = {}, due = 0, pause = FIRST, symbol = symbol }, Watch)
  return by_symbol[symbol]
end

local function is_of(entry, order)
  local id, link = rawget(order, "order_id") or rawget(order, "stop_order_id"), rawget(order, "client_order_id")
  return entry.order_id ~= nil and id == entry.order_id or entry.client_order_id ~= nil and link == entry.client_order_id
end

local function note(self, order)
  for _, entry in ipairs(self.list) do
    if is_of(entry, order) and (not entry.seen or status.is_newer(order, entry.seen)) then
      if not entry.seen or entry.seen.status ~= order.status then self.pause = FIRST end
      entry.seen = order
      if entry.token and entry.wanted(order) then entry.token:cancel() end
    end
  end
end

-- Notes what the stream has told of the order. Returns the token that it cancels next; nil: there is no stream that is sure.
local function hear(self, client, entry)
  local sightings = core.client.table(client).sightings
  local news = sightings and sightings.news(client) or nil
  if self.live and not news then self.due = math.min(self.due, loop.now()) end -- it is lost: what it last told may be old
  self.live = news ~= nil
  local id = entry.order_id or entry.client_order_id
  local order = news and sightings.find(client, id)
  if order and not status.done[rawget(order, "status")] then order = sightings.find(client, id, entry.began) end -- else it may be old
  if order and rawget(order, "symbol") == self.symbol then note(self, order) end
  return news
end

-- The methods that look up one order, and those that list the open ones: of active orders, and of conditional ones.
local ONE = { { "get_open_order_real_time", "order_id" }, { "get_open_conditional_order_real_time", "stop_order_id" } }
local ALL = { "get_open_orders_real_time", "get_open_conditional_orders_real_time" }

-- Looks one order up, first where it was found last. It may not be there yet: that is no error.
local function look_up(self, client, entry, options)
  local order, err
  for i = 1, 2 do
    local at = i == 1 and (entry.at or 1) or 3 - (entry.at or 1)
    local p = { symbol = self.symbol, client_order_id = entry.client_order_id, [ONE[at][2]] = entry.order_id }
    for k, v in pairs(options) do p[k] = v end
    order, err = client[ONE[at][1]](client, p)
    if order then
      entry.at = at
      note(self, order)
      return true
    end
    if err.kind ~= "not_found" then return nil, err end
  end
  return true
end

-- Lists the open orders for all who wait; those that are in neither list are looked up.
local function poll(self, client, options)
  local waiting = table.move(self.list, 1, #self.list, 1, {})
  local listed = {}
  if #waiting > FEW then
    for _, method in ipairs(ALL) do
      local p = { symbol = self.symbol }
      for k, v in pairs(options) do p[k] = v end
      local orders, err = client[method](client, p)
      if not orders then return nil, err end
      for _, order in ipairs(orders) do
        note(self, order)
        for _, entry in ipairs(waiting) do listed[entry] = listed[entry] or is_of(entry, order) end
      end
    end
  end
  for _, entry in ipairs(waiting) do
    if not listed[entry] and not entry.over then
      local done, err = look_up(self, client, entry, options)
      if not done then return nil, err end
    end
  end
  return true
end

-- Ends a poll, also one whose task was cancelled.
local Poll = {}

function Poll:__close()
  local w = self.watch
  w.polling, w.due = false, loop.now() + (w.live and RARE or w.pause)
  w.pause = math.min(w.pause * 2, MOST)
end

local function guarded_poll(self, client, options)
  self.polling = true
  local over <close> = setmetatable({ watch = self }, Poll) -- luacheck: ignore 211
  return poll(self, client, options)
end

-- Takes the one who waited off the list.
local Leave = {}

function Leave:__close()
  self.entry.over = true
  for i, entry in ipairs(self.watch.list) do
    if entry == self.entry then table.remove(self.watch.list, i) break end
  end
end

-- Sleeps until it is told something, or its turn to poll may have come.
local function sleep(self, entry, left, cancel, news)
  entry.token = core.token(cancel, news)
  tasks.wait(entry.token, math.max(0, math.min(left, self.polling and MOST or self.due - loop.now())))
  entry.token = nil
end

--- Waits until an order is as wanted. Nil when the time is up, or the token was cancelled; or nil and the error of a read.
---@param client userdata
---@param symbol string
---@param entry bybit.Watched
---@param stop number the moment, on the loop's clock, after which it waits no more
---@param options { cancel: userdata?, category: string? } a cancel token, and the kind of contract
---@return table? order
---@return bybit.Error? err of a read that cannot succeed
function watch.until_wanted(client, symbol, entry, stop, options)
  local cancel = options.cancel
  local self = of(client, symbol)
  table.insert(self.list, entry)
  entry.began = loop.now()
  self.due, self.pause = math.min(self.due, loop.now()), FIRST
  local leave <close> = setmetatable({ watch = self, entry = entry }, Leave) -- luacheck: ignore 211
  while true do
    local news = hear(self, client, entry)
    if entry.seen and entry.wanted(entry.seen) then return entry.seen end
    local left = stop - loop.now()
    if left <= 0 or cancel and cancel:cancelled() then return nil end
    if not self.polling and loop.now() >= self.due then
      local done, err = guarded_poll(self, client, { deadline = left, cancel = cancel, category = options.category })
      if not done and not err.retryable and err.kind ~= "timeout" and err.kind ~= "cancelled" then return nil, err end
      entry.failure = err
    else
      sleep(self, entry, left, cancel, news)
    end
  end
end

return watch
