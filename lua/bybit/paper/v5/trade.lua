-- Endpoints that place, change, cancel and list orders, and executions (V5 documentation, trade).

local answer = require "bybit.paper.answer"
local declare = require "bybit.paper.v5.declare"
local faults = require "bybit.paper.faults"
local history = require "bybit.paper.engine.history"
local orders = require "bybit.paper.engine.orders"
local plain = require("bybit.paper_engine").plain
local view = require "bybit.paper.v5.view"

local endpoints = {}

-- Both ids have letters, digits, '-' and '_' only, so nothing in them needs to be escaped.
local function written_ids(order)
  return '{"orderId":"' .. order.id .. '","orderLinkId":"' .. (order.link or "") .. '"}'
end

local function ids(order)
  return answer.text(written_ids(order))
end

-- `short`: what the short way reads of a request that is plain, and which function of plain.lua carries that out.
local function change(act, shape, short)
  local endpoint = declare.change {
    limit = 10,
    handle = function(engine, account, asked)
      local done, code, message = act(engine, account, asked)
      if not done then return nil, code, message end
      return shape(done)
    end,
  }
  if shape == ids then endpoint.act, endpoint.written, endpoint.short = act, written_ids, short end
  return endpoint
end

--- Places an order, active or conditional.
endpoints["POST /v5/order/create"] = change(orders.create, ids, { read = plain.order, act = "place" })
--- Changes an order.
endpoints["POST /v5/order/amend"] = change(orders.amend, ids, { read = plain.change, act = "move" })
--- Cancels an order.
endpoints["POST /v5/order/cancel"] = change(orders.cancel, ids)
--- Cancels all orders that a filter matches.
endpoints["POST /v5/order/cancel-all"] = change(orders.cancel_all, function(list)
  local out = {}
  for i, order in ipairs(list) do out[i] = ids(order) end
  return answer.object { { "list", answer.list(out) }, { "success", "1" } }
end)

-- A preview of margin; documented as not for isolated margin, which is the only one here.
--- What an order would do to the margin; always refused, as under isolated margin.
endpoints["POST /v5/order/pre-check"] = change(function() return nil, 10001, "not supported under isolated margin" end)

---------------------------------------------------------------------------------------------------------------
-- Batches: each item on its own, in order; the envelope is a success whatever becomes of them (V5 documentation,
-- order/create-batch).

local BATCH_MAX = 20

local function text(value)
  return type(value) == "string" and value or ""
end

local ITEM = { { "category", more = "category" }, { "symbol", more = "symbol" }, { "orderId", "id", "" },
  { "orderLinkId", "link", more = "link" } }
local CREATED = answer.shape { ITEM[1], ITEM[2], ITEM[3], ITEM[4], { "createAt", "created", "", text = true } }
ITEM = answer.shape(ITEM)

local NOTHING, DONE = {}, answer.text '{"code":0,"msg":"OK"}'

local function item_row(shape, category, order, asked)
  return answer.row(shape, order or NOTHING, { category = category, symbol = text(asked.symbol), link = text(asked.orderLinkId) })
end

-- What becomes of one item: the order, or nil, code and message.
local function act_on(act, engine, account, category, item, granted)
  if not granted then return nil, 10006, "Too many visits. Exceeded the API Rate Limit." end
  if type(item) ~= "table" then return nil, 10001, "Request parameter error." end
  if item.category ~= nil and item.category ~= category then return nil, 10001, "params error: category invalid" end
  item.category = category
  return act(engine, account, item)
end

local function batch(act, shape)
  return declare.change {
    limit = 10, batch = true,
    handle = function(engine, account, asked, context)
      local items = asked.request
      if type(items) ~= "table" or #items == 0 or #items > BATCH_MAX then
        return nil, 10001, "params error: request invalid"
      end
      local granted = context:take(#items)
      local act_now = faults.of_elements(context.fault, act)
      local results, codes = {}, {}
      for i, item in ipairs(items) do
        local order, code, message = act_on(act_now, engine, account, asked.category, item, i <= granted)
        results[i] = item_row(shape, asked.category, order, type(item) == "table" and item or NOTHING)
        codes[i] = order and DONE or answer.object { { "code", code }, { "msg", message } }
      end
      return answer.object { { "list", answer.list(results) } }, answer.object { { "list", answer.list(codes) } }
    end,
  }
end

--- Places several orders.
endpoints["POST /v5/order/create-batch"] = batch(orders.create, CREATED)
--- Changes several orders.
endpoints["POST /v5/order/amend-batch"] = batch(function(engine, account, item)
  return orders.amend(engine, account, item, true)
end, ITEM)
--- Cancels several orders.
endpoints["POST /v5/order/cancel-batch"] = batch(orders.cancel, ITEM)

---------------------------------------------------------------------------------------------------------------
-- Lists.

local function row_of(row) return row.row end

--- Open orders, and those that closed lately.
endpoints["GET /v5/order/realtime"] = declare.list {
  limit = 50, max = 50, default = 20, key = row_of, rows = history.realtime, shape = view.order,
  narrow = { "symbol", "settleCoin", "baseCoin" },
}
--- Closed orders.
endpoints["GET /v5/order/history"] = declare.list {
  limit = 50, max = 50, default = 20, key = row_of, rows = history.orders, shape = view.closed_order,
}
--- Executions.
endpoints["GET /v5/execution/list"] = declare.list {
  limit = 50, max = 100, default = 50, key = row_of, rows = history.executions, shape = view.execution,
}
--- Profit and loss of closed positions.
endpoints["GET /v5/position/closed-pnl"] = declare.list {
  limit = 50, max = 100, default = 50, key = row_of, rows = history.profits, shape = view.profit,
}

return endpoints
