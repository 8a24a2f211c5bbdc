-- What results can do besides holding data: second names, methods, computed fields, text for a terminal, and a suggestion for a
-- misspelt field. The records are decoded from answers, as always.

local methods = require "spec.support.methods"

local D = methods.decimal

-- The position that a read-back decodes from this answer.
local function position_of(text)
  local client <close> = methods.client(function(request) return request.verb == "GET" and text or methods.ok() end)
  local position, err, response = client:set_trading_stop { symbol = "BTCUSD", take_profit_price = 0, confirm = true }
  assert.is_nil(err)
  assert.is_nil(response.unconfirmed)
  return position
end

local function position(fields)
  return position_of(methods.ok(('{"list":[{"positionIdx":0,"symbol":"BTCUSD",%s}],"nextPageCursor":""}'):format(fields)))
end

describe("a position", function()
  it("decodes from the documentation's example, field by field", function()
    methods.same_record({
      position_mode = 0, risk_id = 1, risk_limit_value = D "150", symbol = "BTCUSD", side = "Sell", quantity = D "300",
      entry_price = D "27464.50441675", position_value = D "0.01092319", trade_mode = 0, position_status = "Normal",
      auto_add_margin = true, deleverage_indicator = 2, leverage = D "10", break_even_price = D "93556.73034991",
      position_balance = D "0.00139186", mark_price = D "28224.50", bankruptcy_price = D "999999.00",
      position_mm = D "0.0000015", position_mm_by_mp = D "0.0000015", position_margin = D "0.00010923",
      position_im_by_mp = D "0.00010923", tpsl_mode = "Full", unrealized_pnl = D "-0.00029413",
      realized_pnl = D "0.00013123", total_realized_pnl = D "-0.00096902", cross_sequence = 5723621632,
      is_reduce_only = false, create_time = 1676538056258, update_time = 1697673600012,
    }, position_of(methods.example "position-list"))
  end)

  it("has a signed quantity, below zero when short", function()
    assert.equal("-300", tostring(position_of(methods.example "position-list").signed_quantity))
    assert.equal("300", tostring(position('"side":"Buy","size":"300"').signed_quantity))
    assert.is_true(position('"side":"","size":"0"').signed_quantity:is_zero())
  end)

  it("is flat or not", function()
    assert.is_false(position_of(methods.example "position-list"):is_flat())
    assert.is_true(position('"side":"","size":"0"'):is_flat())
    assert.is_nil(position('"side":"","size":"0","avgPrice":"0"').entry_price)
    assert.is_nil(position('"side":"None","size":"0"').side)
  end)

  it("has the distance of its trailing stop under both names", function()
    local p = position '"side":"Buy","size":"1","trailingStop":"150.50"'
    assert.equal("150.50", tostring(p.trailing_stop_price))
    assert.equal(p.trailing_stop_price, p.trailing_stop_distance)
    assert.is_nil(position('"side":"Buy","size":"1","trailingStop":"0.00"').trailing_stop_distance)
  end)

  it("has a sequence of -1, a text on the wire, if the symbol was never traded", function()
    assert.equal(-1, position('"side":"","size":"0","seq":"-1"').cross_sequence)
  end)

  it("prints in one line, with the fields that it has", function()
    assert.equal("position{symbol=BTCUSD side=Sell quantity=300 entry_price=27464.50441675 mark_price=28224.50 "
      .. "unrealized_pnl=-0.00029413}", tostring(position_of(methods.example "position-list")))
    assert.equal("position{symbol=BTCUSD quantity=0}", tostring(position '"side":"","size":"0"'))
  end)
end)

local function orders(rows)
  local client <close> = methods.client(methods.ok(('{"list":[%s],"nextPageCursor":""}'):format(table.concat(rows, ","))))
  return assert(client:get_orders { symbol = "BTCUSD" })
end

describe("an order", function()
  -- V5 documentation, enum definitions: the statuses that an order can still leave; the last three are of the v2 wire.
  local STATUS = { New = "open", PartiallyFilled = "open", Untriggered = "open", Triggered = "open", Created = "open",
    PendingCancel = "open", Active = "open", Filled = "done", Cancelled = "done", Rejected = "done",
    Deactivated = "done", PartiallyFilledCanceled = "done" }

  for status, which in pairs(STATUS) do
    it(("is %s when its status is %s"):format(which, status), function()
      local order = orders { ('{"orderId":"o","orderStatus":"%s"}'):format(status) }[1]
      assert.same({ which == "open", which == "done" }, { order:is_open(), order:is_done() })
    end)
  end

  it("is neither if its status is unknown", function()
    local order = orders { '{"orderId":"o"}' }[1]
    assert.same({ false, false }, { order:is_open(), order:is_done() })
  end)

  it("holds only data: pairs does not show second names and methods", function()
    local order = orders { '{"orderId":"o","orderStatus":"New","cumExecQty":"1","cumExecValue":"0.00003"}' }[1]
    local keys = {}
    for k in pairs(order) do keys[#keys + 1] = k end
    table.sort(keys)
    assert.same({ "filled_quantity", "filled_value", "order_id", "status" }, keys)
    assert.equal(order.filled_quantity, order.quote_quantity_filled)
    assert.equal(order.filled_value, order.base_quantity_filled)
    assert.equal(0, #order)
  end)

  it("raises for a field that it does not have, and names the nearest one", function()
    local order = orders { '{"orderId":"o"}' }[1]
    for wrong, message in pairs {
      stauts = "bybit.order has no field 'stauts', did you mean 'status'?",
      quantty = "bybit.order has no field 'quantty', did you mean 'quantity'?",
      stop_order_id = "bybit.order has no field 'stop_order_id', did you mean 'smp_order_id'?",
      xyz = "bybit.order has no field 'xyz'",
    } do
      local ok, err = pcall(function() return order[wrong] end)
      assert.is_false(ok)
      assert.equal(message, (tostring(err):gsub("^%S+:%d+: ", "")))
      assert.truthy(err:find("objects_spec.lua:", 1, true), "the place is the caller's")
    end
    assert.is_nil(order.take_profit_price) -- declared, but absent
    assert.is_nil(order[1])
  end)

  it("has its id under both names if it is conditional", function()
    local client <close> = methods.client(methods.ok '{"list":[{"orderId":"o"}],"nextPageCursor":""}')
    local order = assert(client:get_conditional_orders { symbol = "BTCUSD" })[1]
    assert.equal("o", order.stop_order_id)
    assert.is_nil(rawget(order, "stop_order_id"))
  end)
end)

describe("an execution", function()
  it("is a fill where it changed a position: also a liquidation, ADL or delivery, and never funding", function()
    local class = require("bybit.records.objects").metatable "trade"
    for word, expected in pairs { Trade = true, AdlTrade = true, BustTrade = true, Delivery = true, Settle = true,
      BlockTrade = true, MovePosition = true, FutureSpread = true, Funding = false } do
      assert.equal(expected, setmetatable({ trade_type = word }, class):is_fill(), word)
    end
    for _, word in ipairs { "CorporateAction", "UNKNOWN", "New" } do
      assert.is_nil(setmetatable({ trade_type = word }, class):is_fill(), word)
    end
    assert.is_nil(setmetatable({}, class):is_fill())
  end)
end)

describe("a list", function()
  it("prints its first rows, and how many more there are", function()
    local rows = {}
    for i = 1, 60 do rows[i] = ('{"orderId":"o%d","symbol":"BTCUSD"}'):format(i) end
    local text = tostring(orders(rows))
    local lines = select(2, text:gsub("\n", "\n")) + 1
    assert.truthy(lines > 50 and lines < 60, lines)
    assert.truthy(text:find("10 more", 1, true), text)
    assert.is_nil(text:find("o51", 1, true))
  end)

  it("prints a dash for a missing field", function()
    local text = tostring(orders { '{"orderId":"o-1","symbol":"BTCUSD","side":"Buy","orderType":"Market","qty":"5",'
      .. '"price":"0","cumExecQty":"0","orderStatus":"New"}' })
    assert.truthy(text:find "o%-1 +BTCUSD +Buy +Market +5 +%- +0 +New", text)
  end)

  it("of trades prints readable moments", function()
    local client <close> = methods.client(methods.example "execution-list")
    local list = assert(client:get_user_trades { symbol = "ETHPERP" })
    assert.equal("trade{timestamp=2022-12-29T02:58:42.429Z symbol=ETHPERP side=Buy quantity=0.1 price=1190.15 "
      .. "fee=0.071409 liquidity=Taker trade_type=Trade}", tostring(list[1]))
    assert.truthy(tostring(list):find("2022-12-29T02:58:42.429Z", 1, true), tostring(list))
  end)
end)
