-- What the private topics tell of an account: orders as they change, executions, positions and the wallet (V5 documentation,
-- websocket/private). The engine names orders that change, while somebody listens. All else is seen by looking: what was added
-- or is different since the last look.

local answer = require "bybit.paper.answer"
local endpoints = require "bybit.paper.v5.endpoints"
local endpoints_account = require "bybit.paper.v5.account"
local view = require "bybit.paper.v5.view"

local encode, format = answer.encode, string.format

local CONTEXT = { position = function() return 1000 end, page = function(_, rows) return rows end }

local Account = {}
Account.__index = Account

local function category_of(market)
  return market.instrument.category
end

-- A position, as the account calls it.
local function place_of(symbol, index)
  return index and index > 0 and symbol .. "/" .. index or symbol
end

-- Adds fields to a record that is written already.
local function with(text, before, behind)
  return "{" .. before .. text:sub(2, -2) .. (behind or "") .. "}"
end

local function note(self, topic, category, text)
  local list = self.news[topic]
  list[#list + 1] = { category = category, text = text }
end

local function order_text(order)
  local market = order.market
  local profit = order.profit_row and order.profit_row.pnl
  return with(encode(view.new_order(order)), format('"category":"%s",', category_of(market)),
    format(',"closedPnl":"%s","feeCurrency":"%s"', profit and tostring(profit) or "0", ""))
end

--- An order of the account has changed.
function Account:heard(order)
  local text = order_text(order)
  if self.last_order == text then return end
  self.last_order = text
  note(self, "order", category_of(order.market), text)
  self.moved[place_of(order.symbol, order.index)] = true -- a position comes with each order that was made, changed or cancelled
end

local function new_executions(self)
  local list = self.account.executions
  local first = #list + 1
  while first > 1 and list[first - 1].row > self.row do first = first - 1 end
  for i = first, #list do
    local row = list[i]
    local category = category_of(row.order.market)
    local text = encode(view.new_execution(row))
    note(self, "execution", category, with(text, format('"category":"%s","isLeverage":"",', category),
      format(',"marketUnit":"","execPnl":"%s"', row.profit)))
    self.row = row.row
    self.moved[place_of(row.order.symbol, row.order.index)] = true
  end
end

-- What tells that a position is another one.
local function mark_of(p)
  return format("%s %s %s %s %s %s", p.side, p.size, p.cost, p.leverage, p.added, p.updated)
end

local function look_at_position(self, market, index)
  local place = place_of(market.instrument.symbol, index)
  local p = self.account.positions[place] or self.moved[place] and self.account:position(market.instrument.symbol, index)
  if not p then return end
  local mark = mark_of(p)
  -- one that was looked at for the first time, and is flat, is no news
  if not self.marks[place] and p.side == "" and p.updated == 0 then self.marks[place] = mark end
  if mark == self.marks[place] and not self.moved[place] then return end
  self.marks[place] = mark
  local text = encode(view.position(self.account, market, index))
  local category = category_of(market)
  note(self, "position", category, with(text:gsub('"avgPrice":', '"entryPrice":', 1), format('"category":"%s",', category)))
end

local function new_positions(self)
  for _, market in ipairs(self.account.engine.markets) do
    for _, index in ipairs(self.account:indexes(market.instrument)) do look_at_position(self, market, index) end
  end
  self.moved = {}
end

local function wallet_mark(account)
  local names, out = {}, {}
  for name in pairs(account.coins) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do out[i] = name .. tostring(account.coins[name].wallet) end
  return table.concat(out, " ")
end

local function wallet_text(self)
  local path = "GET /v5/account/wallet-balance"
  local endpoint = endpoints[path] or endpoints_account[path]
  local result = encode(endpoint.handle(self.account.engine, self.account, { accountType = "UNIFIED" }, CONTEXT))
  return result:match '^{"list":%[(.*)%]}$'
end

local function new_wallet(self)
  local mark = wallet_mark(self.account)
  if mark == self.wallet then return end
  self.wallet = mark
  note(self, "wallet", nil, wallet_text(self))
end

--- Takes what is new: lists of `{ category, text }` by topic.
function Account:take()
  new_executions(self)
  new_positions(self)
  new_wallet(self)
  local news = self.news
  self.news, self.last_order = { order = {}, execution = {}, position = {}, wallet = {} }, nil
  return news
end

---@param account table
function Account.new(account)
  local newest = account.executions[#account.executions]
  local self = setmetatable({
    account = account, news = { order = {}, execution = {}, position = {}, wallet = {} }, moved = {}, marks = {},
    row = newest and newest.row or 0, wallet = wallet_mark(account),
  }, Account)
  for place, p in pairs(account.positions) do self.marks[place] = mark_of(p) end
  return self
end

return Account
