-- What each class of code does to a call, for each kind of call and on both wires: the exchange answers once with the code, and
-- the call's outcome is compared with the exchange's books. spec/wire/v5/codes_spec.lua and spec/wire/v2/codes_spec.lua check
-- that every code has a class.

local asked = require "spec.support.asked"
local trading = require "spec.support.trading"

local of, limit = asked.of, asked.limit

-- What each class promises: the error's kind (nil: as the row says), `unchanged`; `again`: the call is made once more and
-- succeeds; `unclear`: the client finds out whether it was carried out, and makes it again if not.
local PROMISED = {
  access = {}, wrong = {}, funds = {}, state = {}, duplicate = {}, gone = { kind = "not_found" },
  unchanged = { unchanged = true }, again = { again = true }, unknown = { again = true, unclear = true },
}

local KINDS = {
  { "place_order", { v5 = "/v5/order/create", v2 = "/v2/private/order/create" },
    act = function(client) return client:place_order(limit { client_order_id = "a" }) end,
    done = function(orders) return orders[1] ~= nil end },
  { "modify_order", { v5 = "/v5/order/amend", v2 = "/v2/private/order/replace" },
    before = function(client) assert(client:place_order(limit { client_order_id = "a" })) end,
    act = function(client) return client:modify_order(of { client_order_id = "a", new_price = 28000 }) end,
    done = function(orders) return orders[1].price == "28000" end },
  { "cancel_order", { v5 = "/v5/order/cancel", v2 = "/v2/private/order/cancel" },
    before = function(client) assert(client:place_order(limit { client_order_id = "a" })) end,
    act = function(client) return client:cancel_order(of { client_order_id = "a" }) end,
    done = function(orders) return orders[1].status == "Cancelled" end },
  { "cancel_all_orders", { v5 = "/v5/order/cancel-all", v2 = "/v2/private/order/cancelAll" },
    before = function(client) assert(client:place_order(limit { client_order_id = "a" })) end,
    act = function(client) return client:cancel_all_orders(of()) end,
    done = function(orders) return orders[1].status == "Cancelled" end },
  { "set_trading_stop", { v5 = "/v5/position/trading-stop", v2 = "/v2/private/position/trading-stop" },
    before = function(client) assert(client:place_order(of { side = "Buy", type = "Market", quantity = 100 })) end,
    act = function(client) return client:set_trading_stop(of { take_profit_price = 33000 }) end,
    done = function(orders) return #orders == 2 end },
  { "get_open_orders_real_time", { v5 = "/v5/order/realtime", v2 = "/v2/private/order" }, reads = true,
    act = function(client) return client:get_open_orders_real_time(of()) end,
    done = function(orders) return #orders == 0 end },
}

-- One code for each combination of class, the error's kind, and the class for calls that only read. Codes that ban an address
-- are in spec/e2e/limits_spec.lua; codes that mean "done, but not all of it" are in spec/wire/v2/recovery_spec.lua.
local function samples(api)
  local codes = require(("bybit.wire.%s.codes"):format(api))
  local numbers, seen, rows = {}, {}, {}
  for code in pairs(codes.by_code) do numbers[#numbers + 1] = code end
  table.sort(numbers)
  for _, code in ipairs(numbers) do
    local row = codes.by_code[code]
    local shape = table.concat({ row.class, row.kind, row.reads or "" }, " ")
    if code ~= 0 and not (row.bans or row.flaw or seen[shape]) then
      seen[shape] = true
      rows[#rows + 1] = row
    end
  end
  return rows
end

for _, api in ipairs { "v5", "v2" } do describe("a code on the " .. api .. " wire", function()
  local exchange, client

  before_each(function() exchange, client = trading.start { api = api } end)
  after_each(function()
    client:close()
    exchange:close()
  end)

  local function check_failed(kind, row, promised, result, err, response)
    assert.is_nil(result)
    assert.equal(row.code, err.code)
    assert.equal(row.name, err.name)
    assert.equal(promised.kind or row.kind, err.kind)
    assert.equal(promised.unchanged, err.unchanged)
    assert.is_false(err.retryable)
    assert.equal(not kind.reads and "rejected" or nil, err.outcome)
    assert.equal(1, response.requests)
    if not kind.reads then assert.is_false(kind.done(exchange:books().orders)) end
  end

  local function case(kind, row, executed)
    local promised = PROMISED[kind.reads and row.reads or row.class]
    if kind.before then
      kind.before(client)
      exchange:advance(10) -- so that the orders are older than the call
    end
    exchange:faults { { "code", code = row.code, path = kind[2][api], nth = 1, executed = executed,
      message = "what it says" } }
    local result, err, response = kind.act(client)
    if promised.again then
      assert.is_nil(err)
      assert.truthy(result)
      assert.is_true(kind.done(exchange:books().orders))
      assert.is_true(#exchange:books().orders <= 2)
    else
      check_failed(kind, row, promised, result, err, response)
    end
  end

  for _, row in ipairs(samples(api)) do
    for _, kind in ipairs(KINDS) do
      it(("%d, class %s (%s): %s ends with the true outcome"):format(row.code, row.class, row.kind, kind[1]), function()
        case(kind, row, false)
      end)
      if PROMISED[row.class].unclear and not kind.reads then
        it(("%d, class %s: %s was carried out, and ends as a success"):format(row.code, row.class, kind[1]), function()
          case(kind, row, true)
        end)
      end
    end
  end
end) end
