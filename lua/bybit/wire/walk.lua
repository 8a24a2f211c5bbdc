-- What methods that are made of several requests share, on both wires.

local core = require "bybit.core"
local errors = require "bybit.errors"
local objects = require "bybit.records.objects"
local odd = require "bybit.records.odd"
local iso = require("bybit.text.time").iso

local walk = {}

local OPTIONS = { "receive_window", "timeout", "connect_timeout", "deadline", "cancel", "raw", "extra", "confirm", "category" }

--- The parameters of an inner request: `fields`, and the options and the category of the call.
function walk.inner(p, fields)
  for _, name in ipairs(OPTIONS) do fields[name] = p[name] end
  return fields
end

--- Adds the costs of earlier requests of a call (`before`) to the response of its last request.
function walk.add_up(response, before)
  if not before then return end
  for _, key in ipairs { "requests", "attempts", "duration" } do response[key] = response[key] + before[key] end
end

--- The exchange's id of a record; nil if it cannot be read.
---@param record table
---@param key? string where it stands; "order_id" when left out
---@return string?
function walk.id_of(record, key)
  key = key or "order_id"
  local id = rawget(record, key)
  return type(id) == "string" and id ~= "" and not odd.has(record, key) and id or nil
end

--- Looks in a list for the record with an id. False: it is not in the list. Nil: the id of some record cannot be read, so that
--- it may be that record.
---@param list table[]
---@param key string the field that has the id, such as "client_order_id"
---@param id string
---@param own? string the field that every record has an id in; "order_id" when left out
---@return table|false|nil
function walk.find(list, key, id, own)
  local whole = true
  for _, record in ipairs(list) do
    if rawget(record, key) == id and not odd.has(record, key) then return record end
    whole = whole and walk.id_of(record, own) ~= nil
  end
  if whole then return false end
  return nil
end

--- The error for a list in which a record has no id.
function walk.nameless(p)
  return errors.new({ kind = "decode", method = "find_order", attempts = 0, elapsed = 0,
    message = "the exchange lists a record without an id" }, p)
end

---------------------------------------------------------------------------------------------------------------
-- Cursors. Only an empty cursor says that a page is the last one. If a cursor leads back, or on and on over empty pages, the rest
-- of the list is not known. That is an error, and never the end of the list.

local EMPTY_MOST = 10 -- pages without a record, one after the other

walk.LEADS_BACK = "a cursor of the exchange's leads back to a page that was read before: the rest of the list cannot be read"

--- The error for a list that cannot be read to its end. `err.cursor` is the cursor that leads nowhere.
---@param method string
---@param p table the call's parameters
---@param why string
---@param cursor string?
---@param response table? of the last page
---@return bybit.Error
function walk.astray(method, p, why, cursor, response)
  response = response or {}
  return errors.new({ kind = "decode", method = method, message = why, cursor = cursor, retryable = true,
    attempts = response.attempts or 0, elapsed = response.duration or 0 }, p)
end

--- Where the cursor of a page leads.
---@param page table its next_cursor is the exchange's own
---@param at string? the exchange's cursor that the page was asked with
---@param empty integer how many empty pages came right before it
---@return string? cursor of the next page; nil if this page is the last one, or its cursor leads nowhere
---@return string? why the cursor leads nowhere
---@return integer empty how many empty pages come right before the next one
function walk.after(page, at, empty)
  local follows = page.next_cursor
  if not follows then return nil, nil, 0 end
  if follows == at then return nil, walk.LEADS_BACK, 0 end
  if #page > 0 then return follows, nil, 0 end
  if empty + 1 >= EMPTY_MOST then
    return nil, ("%d empty pages came one after the other, each with a cursor of a next one"):format(EMPTY_MOST), 0
  end
  return follows, nil, empty + 1
end

--- Reads page after page, until `take` returns true or the list ends. Nil and an error if a page could not be read, if a cursor
--- leads nowhere, or if there are more than `most` pages.
---@param method string for messages
---@param p table the call's parameters, for messages
---@param most integer pages
---@param read fun(cursor: string?): table?, bybit.Error?, bybit.Response?
---@param take fun(page: table, response: bybit.Response): boolean? true: that is enough
---@return boolean? done
---@return bybit.Error? err
---@return bybit.Response? response of the last page
function walk.pages(method, p, most, read, take)
  local at, seen, empty = nil, {}, 0
  for n = 1, most do
    local page, err, response = read(at)
    if not page then return nil, err, response end
    if take(page, response) then return true, nil, response end
    local follows, why
    follows, why, empty = walk.after(page, at, empty)
    if follows and seen[follows] then why = walk.LEADS_BACK end
    local too_long = follows and not why and n == most
    if too_long then why = ("the list goes on after %d pages"):format(most) end
    if why then
      err = walk.astray(method, p, why, page.next_cursor, response)
      err.too_long = too_long or nil
      return nil, err, response
    end
    if not follows then return true, nil, response end
    seen[follows], at = true, follows
  end
end

--- Is the last record of a page, newest first, older than the moment? No if its time cannot be read.
---@param page table[]
---@param since integer? ms
function walk.reaches_back(page, since)
  local oldest = #page > 0 and rawget(page[#page], "create_time")
  return since ~= nil and math.type(oldest) == "integer" and oldest < since
end

--- All pages of a list in one list. Nil and an error if it could not be read whole.
---@param method string for messages
---@param p table the call's parameters, for messages
---@param most integer pages
---@param read fun(cursor: string?): table?, bybit.Error?, bybit.Response?
---@return table[]? list
---@return bybit.Error? err
---@return integer? time the exchange's, of the first page, ms
function walk.whole(method, p, most, read)
  local list, time
  local done, err = walk.pages(method, p, most, read, function(page, response)
    time = time or response.time
    list = list or setmetatable({}, getmetatable(page))
    table.move(page, 1, #page, #list + 1, list)
  end)
  if not done then return nil, err end
  return list, nil, time
end

--- A cursor of ours begins with the name of its method, so that no other method takes it.
---@param method string
---@param place string where the walk goes on
function walk.cursor(method, place)
  return method .. ":" .. place
end

--- The place that a cursor of ours leads to. Raises if the cursor is not one of this method.
---@param method string
---@param cursor string
---@param read fun(place: string): table? reads the place; nil: it is not a place of this method
---@return table place
function walk.place(method, cursor, read)
  local of, rest = cursor:match "^([%l_]+):(.*)$"
  local place = of == method and read(rest)
  if place then return place end
  local near = cursor:sub(1, 60)
  if of and of ~= method and of:find "_" then
    errors.raise(("%s: cursor '%s' was issued by %s: use a cursor of this method"):format(method, near, of))
  end
  errors.raise(("%s: cursor '%s' was not issued by %s: use a page's next_cursor as it is"):format(method, near, method))
end

---------------------------------------------------------------------------------------------------------------
-- Times.

local AHEAD = 60000 -- ms that a moment may be ahead of the exchange's clock, as we know it

--- Raises if no record can lie between these moments.
---@param client userdata
---@param method string
---@param p table start_time, end_time
---@param span integer? without a start_time, so many ms before end_time are read
function walk.check_times(client, method, p, span)
  local from, to = p.start_time, p.end_time
  if from and to and to < from then
    errors.raise(("%s: end_time %d is before start_time %d"):format(method, to, from))
  end
  local name, first = "start_time", from
  if not from and to and span then name, first = "end_time", to - span end
  local now = client:now()
  if first and first > now + AHEAD then
    errors.raise(("%s: %s %d is in the future: the exchange's clock shows %d (%s)"):format(method, name, p[name], now,
      iso(now)))
  end
end

---------------------------------------------------------------------------------------------------------------
-- Records of a list.

--- Adapts `response.undecoded`, the names of fields that did not decode ("[3].price"), to new places of their records. Names of
--- records that are gone are left out. `places`: old place -> new place. `before`: the response of an earlier page of the list.
function walk.renumber(response, places, before)
  local names = {}
  for _, name in ipairs(before and before.undecoded or {}) do names[#names + 1] = name end
  for _, name in ipairs(response.undecoded or {}) do
    local i, field = name:match("^%[(%d+)%](.*)$")
    local place = i and places[math.tointeger(tonumber(i))]
    if place then names[#names + 1] = ("[%d]%s"):format(place, field) end
  end
  response.undecoded = names[1] and names or nil
end

--- Takes all records out of a list for which wanted(record) is false.
function walk.keep(list, response, wanted)
  local n, places = 0, {}
  for i = 1, #list do
    local record = list[i]
    list[i] = nil
    if wanted(record) then
      n = n + 1
      list[n], places[i] = record, n
    end
  end
  walk.renumber(response, places)
  return list
end

--- Does a client order id begin with the prefix and a '-'?
---@param id string?
---@param prefix string
---@return boolean
function walk.has_prefix(id, prefix)
  return id ~= nil and id:sub(1, #prefix + 1) == prefix .. "-"
end

--- Takes all records out of a list whose client order id does not begin with the prefix; without a prefix it takes out none.
function walk.keep_prefix(list, response, prefix)
  if not prefix then return list end
  return walk.keep(list, response, function(record) return walk.has_prefix(rawget(record, "client_order_id"), prefix) end)
end

--- Adds to a list of open orders those that this client has placed so lately that the list may not show them yet: of the symbol and
--- the prefix of the parameters, each with an id and `just_placed`.
---@param client userdata
---@param list table[]
---@param p table symbol, id_prefix
---@param conditional boolean
function walk.add_placed(client, list, p, conditional)
  local listed = {}
  for _, order in ipairs(list) do listed[walk.id_of(order) or ""] = true end
  for _, order in ipairs(core.client.placed(client, core.client.table(client).visibility)) do
    local id = order.client_order_id
    if order.symbol == p.symbol and order.conditional == conditional and walk.has_prefix(id, p.id_prefix)
      and not listed[order.order_id or id] then
      list[#list + 1] = { just_placed = true, order_id = order.order_id, client_order_id = not order.order_id and id or nil,
        stop_order_type = conditional and "Stop" or nil }
    end
  end
end

--- The results of a call that changes something, and failed while it was still reading: nothing was sent that changes.
---@param err bybit.Error the error of the request that reads
---@param response table
function walk.not_begun(err, response)
  err.outcome = "not_sent"
  return nil, err, response
end

--- Cancels the orders of a list one by one with `cancel(order)` -> ack, err, response. If p.stop_order_type is given, only orders
--- of that type. Orders that ended meanwhile are left out. An error has the orders that were cancelled before it in `cancelled`.
--- An order whose id cannot be read cannot be cancelled; when all others are cancelled, this is the error.
---@param before table? the response of the request before
---@return table? cancelled
---@return bybit.Error? err
---@return table response
function walk.cancel_each(method, list, p, before, cancel)
  local done = setmetatable({}, objects.metatable("cancelled_order").__list)
  local nameless
  for _, order in ipairs(list) do
    if p.stop_order_type and rawget(order, "stop_order_type") ~= p.stop_order_type then goto continue end
    if not walk.id_of(order) and not rawget(order, "just_placed") then nameless = true else
      local ack, why, response = cancel(order)
      walk.add_up(response, before)
      before = response
      if ack then
        done[#done + 1] = ack
      elseif why.kind ~= "not_found" then
        why.cancelled = done[1] and done
        return nil, why, response
      end
    end
    ::continue::
  end
  if not nameless then return done, nil, before end
  local err = errors.new({ kind = "decode", method = method, message = "the exchange lists an order without an id",
    outcome = "not_sent", attempts = 0, elapsed = 0 }, p)
  err.cancelled = done[1] and done
  return nil, err, before
end

return walk
