-- What methods that are several requests share, whatever the dialect.

local objects = require "bybit.objects"

local walk = {}

local OPTIONS = { "receive_window", "timeout", "connect_timeout", "deadline", "cancel", "raw", "extra", "confirm" }

--- The parameters of an inner request: those of `fields`, and the call's own options.
function walk.inner(p, fields)
  for _, name in ipairs(OPTIONS) do fields[name] = p[name] end
  return fields
end

--- Adds what earlier requests of the same call cost to the response of the last one.
function walk.add_up(response, before)
  if not before then return end
  for _, key in ipairs { "requests", "attempts", "duration" } do response[key] = response[key] + before[key] end
end

--- The end of a walk: no cursor, the same one again, or nothing on the page.
function walk.ended(page, at)
  return #page == 0 or not page.next_cursor or page.next_cursor == at
end

--- Tells the names of fields that did not decode ("[3].price") by where their records are now; what is gone is not
--- told. `places`: old place -> new one. `before`: the response of an earlier page of the same list.
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

--- Keeps the records that are wanted(record).
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

--- Keeps the records of a list whose client order id has the prefix; all of them without one.
function walk.keep_prefix(list, response, prefix)
  if not prefix then return list end
  local start = prefix .. "-"
  return walk.keep(list, response, function(record)
    return (rawget(record, "client_order_id") or ""):sub(1, #start) == start
  end)
end

--- What a call that changes something gives when it fails where it only reads first.
---@param err bybit.Error
---@param response table
function walk.not_begun(err, response)
  err.outcome = "not_sent"
  return nil, err, response
end

--- Cancels the orders of a list one by one with `cancel(order)` -> ack, err, response; of p.stop_order_type only, where it
--- is given. Those that ended meanwhile are left out. An error has `cancelled`, those that went before it.
---@param before table? the response of what was asked before
---@return table? cancelled
---@return bybit.Error? err
---@return table response
function walk.cancel_each(list, p, before, cancel)
  local done = setmetatable({}, objects.metatable("cancelled_order").__list)
  for _, order in ipairs(list) do
    if not p.stop_order_type or order.stop_order_type == p.stop_order_type then
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
  end
  return done, nil, before
end

return walk
