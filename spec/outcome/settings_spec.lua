-- Changes of the account and of a position: settings, such as the leverage, and what adds to an amount, such as margin. A setting
-- is settled by the record that shows it. What adds is sent once. Transfers are in transfers_spec.lua.

local core = require "bybit.core"
local asked = require "spec.support.asked"
local staged = require "spec.support.staged_exchange"

local decimal = core.decimal
local of = asked.of
local exchange, client

before_each(function()
  exchange = staged.start()
  client = exchange:client {}
end)

after_each(function()
  client:close()
  exchange:close()
  staged.clean()
end)

-- The parameters, with options of the call.
local function with(p, more)
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

local SHORT = { deadline = 0.9, timeout = 0.9 }

---------------------------------------------------------------------------------------------------------------
-- Settings.

local function leverage_of(symbol) return exchange:books().positions[symbol or "BTCUSD"].leverage end

local function set_leverage(who, value, more)
  return who:set_leverage(with(of { buy_leverage = value, sell_leverage = value }, more))
end

describe("the leverage", function()
  before_each(function() assert(set_leverage(exchange.hand, 5)) end)

  it("that was set although the answer is lost is found set, and not set again", function()
    exchange:plan("setting", staged.lost_answer)
    local result, err = set_leverage(client, 7)
    assert.same({}, result, tostring(err))
    assert.equal(1, exchange:sent "setting")
    assert.equal("7", leverage_of())
    assert.equal(0, #client:unsettled())
  end)

  it("whose request is lost is set again, after the fence of the first copy", function()
    exchange:plan("setting", staged.lost_request)
    assert(set_leverage(client, 7))
    local copies = exchange:of_kind "setting"
    assert.equal(2, #copies)
    assert.is_true(copies[2].at > staged.fence_of(copies[1]))
    assert.equal("7", leverage_of())
  end)

  it("of which a late copy arrives while it is settled is set, and nothing undoes it", function()
    exchange:plan("setting", staged.late(4))
    assert(set_leverage(client, 7))
    assert.equal(1, exchange:sent "setting")
    assert(set_leverage(client, 9))
    exchange:calm()
    assert.equal("9", leverage_of())
  end)

  it("that is set next is held while a late copy of the call before may still arrive", function()
    exchange:plan("setting", staged.late(4))
    local _, err = set_leverage(client, 7, SHORT)
    assert.equal("unknown", err.outcome)
    assert(set_leverage(client, 9))
    local first, second = table.unpack(exchange:of_kind "setting")
    assert.is_true(second.at > staged.fence_of(first), "it was sent after the fence")
    exchange:calm()
    assert.equal("9", leverage_of())
  end)

  it("of another symbol is not held, and neither is another setting", function()
    exchange:plan("setting", staged.late(4))
    local _, err = set_leverage(client, 7, SHORT)
    assert.equal("unknown", err.outcome)
    local now = exchange:now()
    assert(client:set_leverage { symbol = "ETHUSD", buy_leverage = 3, sell_leverage = 3 })
    assert(client:set_price_limit_behavior { modify_enable = false })
    assert.is_true(exchange:now() - now < 1000)
  end)

  it("that another program has set back is set again", function()
    exchange:plan("setting", staged.then_lost(function() assert(set_leverage(exchange.hand, 3)) end))
    assert(set_leverage(client, 7))
    assert.equal("7", leverage_of())
    assert.equal(2, exchange:sent "setting")
  end)

  it("that another program has set back is final when the deadline is over, and may be set again", function()
    exchange:plan("setting", staged.then_lost(function() assert(set_leverage(exchange.hand, 3)) end))
    local _, err = set_leverage(client, 7, SHORT)
    assert.same({ "unknown", false }, { err.outcome, err.retryable })
    exchange:calm()
    local result, later = client:resolve(err)
    assert.is_nil(result)
    assert.same({ "unknown", true, true }, { later.outcome, later.final, later.retryable }, tostring(later))
    assert.equal("3", tostring(later.position.leverage))
    assert.is_nil(later.proof)
    assert.equal("3", leverage_of(), "resolve sends nothing")
    assert.is_true(client:unsettled()[1].final)
    client:dismiss(later)
    assert.equal(0, #client:unsettled())
  end)

  it("that is set again and refused stays unknown, since the first copy may have set it", function()
    exchange:plan("setting", staged.then_lost(function() assert(set_leverage(exchange.hand, 3)) end),
      staged.code(110013, "too high"))
    local result, err = set_leverage(client, 7)
    assert.is_nil(result)
    assert.same({ "unknown", true, 110013 }, { err.outcome, err.final, err.code })
    assert.equal(2, exchange:sent "setting")
  end)

  it("that is set again without an answer is looked at again", function()
    exchange:plan("setting", staged.lost_request, staged.lost_answer)
    assert(set_leverage(client, 7, { deadline = 60 }))
    assert.equal(2, exchange:sent "setting")
    assert.equal("7", leverage_of())
  end)

  it("that is set again, after the exchange asks for patience, succeeds", function()
    exchange:plan("setting", staged.lost_request, staged.code(10006, "too many"))
    assert(set_leverage(client, 7))
    assert.equal(3, exchange:sent "setting")
  end)

  it("that cannot be read is unknown, and final", function()
    exchange:odd("leverage", '"high"')
    exchange:plan("setting", staged.lost_answer)
    local result, err = set_leverage(client, 7)
    assert.is_nil(result)
    assert.same({ "unknown", true }, { err.outcome, err.final })
    assert.equal(1, exchange:sent "setting", "what cannot be read is not set again")
  end)

  it("of a contract of which the exchange does not answer is final after the fence", function()
    exchange:plan("setting", staged.lost_answer)
    exchange:always("read", staged.code(10001, "symbol invalid"))
    local _, err = set_leverage(client, 7)
    assert.same({ "unknown", true, nil }, { err.outcome, err.final, err.position })
    assert.is_true(exchange:now() > staged.fence_of(exchange:of_kind("setting")[1]))
  end)

  it("is not told by the position of another contract", function()
    exchange:odd("symbol", '"ETHUSD"')
    exchange:plan("setting", staged.lost_answer)
    local _, err = set_leverage(client, 7, { deadline = 20 })
    assert.same({ "unknown", nil }, { err.outcome, err.final })
  end)

  it("that stands already is a success, and the response says so", function()
    local result, err, response = set_leverage(client, 5)
    assert.same({}, result)
    assert.is_nil(err)
    assert.is_true(response.unchanged)
    assert.equal(0, #client:unsettled())
  end)

  it("that stands already when it is set again is a success", function()
    exchange:plan("setting", staged.lost_request, staged.code(110043, "leverage not modified"))
    local result, _, response = set_leverage(client, 7)
    assert.same({}, result)
    assert.is_true(response.unchanged)
  end)

  it("is read back with confirm", function()
    local position, _, response = set_leverage(client, 7, { confirm = true })
    assert.equal("7", tostring(position.leverage))
    assert.is_nil(response.unchanged)
    position, _, response = set_leverage(client, 7, { confirm = true })
    assert.equal("7", tostring(position.leverage))
    assert.is_true(response.unchanged)
  end)

  it("of a program that was killed is settled by the next one, and until then holds calls back", function()
    client:close()
    local journal = staged.journal()
    client = exchange:client { journal = journal }
    assert(set_leverage(client, 6))
    exchange:plan("setting", staged.lost_answer)
    set_leverage(client, 7, SHORT)
    client = exchange:come_back(client, journal)
    local open = client:unsettled()
    assert.same({ 1, "set_leverage", "BTCUSD", true }, { #open, open[1].method, open[1].symbol, open[1].earlier })
    local _, err = set_leverage(client, 8)
    assert.same({ "guard", "not_sent" }, { err.kind, err.outcome })
    local report = assert(client:reconcile())
    assert.same({ 1, "done", "set_leverage" }, { #report.settled, report.settled[1].outcome, report.settled[1].method })
    assert(set_leverage(client, 8))
    assert.equal("8", leverage_of())
  end)

  it("of a program that ended while a copy may still arrive is not undone in the next one", function()
    client:close()
    local journal = staged.journal()
    client = exchange:client { journal = journal }
    assert(set_leverage(client, 6))
    exchange:plan("setting", staged.late(4))
    local _, err = set_leverage(client, 7, SHORT)
    client:dismiss(err)
    client:close()
    client = exchange:client { journal = journal }
    assert(set_leverage(client, 9))
    local copies = exchange:of_kind "setting"
    assert.is_true(copies[#copies].at > staged.fence_of(copies[2]), "it was sent after the fence")
    exchange:calm()
    assert.equal("9", leverage_of())
  end)

  it("that did not arrive is unclear in the report, with the position as it stands", function()
    exchange:plan("setting", staged.lost_request)
    set_leverage(client, 7, SHORT)
    exchange:calm()
    local report = assert(client:reconcile())
    assert.same({ 0, 1 }, { #report.settled, #report.unclear })
    assert.equal("5", tostring(report.unclear[1].position.leverage))
  end)
end)

describe("a setting of the account", function()
  -- By method: a value, the parameter, and what the exchange shows when it is set.
  local SETTINGS = {
    set_price_limit_behavior = { { modify_enable = false }, function()
      return assert(exchange.hand:get_user_setting_config {}).lpa_perp == true
    end, "setting" },
    set_collateral_switch = { { coin = "BTC", collateral_switch = "OFF" }, function()
      return assert(exchange.hand:get_collateral_info { currency = "BTC" })[1].collateral_switch == false
    end, "account/set-collateral-switch" },
  }

  for method, case in pairs(SETTINGS) do
    for fate, requests in pairs { lost_answer = 1, lost_request = 2 } do
      it(("is settled by its record: %s, %s"):format(method, fate), function()
        assert.is_false(case[2]())
        exchange:plan(case[3], staged[fate])
        local result, err = client[method](client, with({}, case[1]))
        assert.same({}, result, tostring(err))
        assert.equal(requests, exchange:sent(case[3]))
        assert.is_true(case[2]())
      end)
    end

    it("is read back with confirm: " .. method, function()
      local record = assert(client[method](client, with({ confirm = true }, case[1])))
      assert.is_not_nil(next(record))
    end)
  end

  it("whose record lacks the coin is unknown", function()
    exchange:plan("account/set-collateral-switch", staged.lost_answer)
    exchange:rewrite("read", function(body) return (body:gsub('"list":%[.*%]', '"list":[]')) end)
    local _, err = client:set_collateral_switch { coin = "BTC", collateral_switch = "OFF", deadline = 20 }
    assert.same({ "unknown", nil }, { err.outcome, err.final })
  end)

  it("is settled when it stands already: margin mode", function()
    exchange:plan("account/set-margin-mode", staged.lost_request)
    assert(client:set_margin_mode { margin_mode = "ISOLATED_MARGIN" })
    assert.equal(1, exchange:sent "account/set-margin-mode")
  end)

  it("is final, with its record, when it cannot be set", function()
    exchange:plan("account/set-margin-mode", staged.lost_request)
    local _, err = client:set_margin_mode { margin_mode = "PORTFOLIO_MARGIN" }
    assert.same({ "unknown", true, "ISOLATED_MARGIN" }, { err.outcome, err.final, err.record.margin_mode })
  end)

  it("says nothing with a word that is not known", function()
    exchange:rewrite("read", function(body) return (body:gsub("ISOLATED_MARGIN", "NEW_MARGIN")) end)
    exchange:plan("account/set-margin-mode", staged.lost_request)
    local _, err = client:set_margin_mode { margin_mode = "PORTFOLIO_MARGIN" }
    assert.same({ "unknown", true }, { err.outcome, err.final })
    assert.equal(1, exchange:sent "account/set-margin-mode")
  end)

  it("that needs nothing is told unchanged, or refused: position mode", function()
    local result, _, response = client:switch_position_mode(of { mode = "OneWay" })
    assert.same({ {}, true }, { result, response.unchanged })
    local _, err = client:switch_position_mode(of { mode = "Hedge" })
    assert.same({ "rejected", "hedge_mode_not_offered" }, { err.outcome, err.name })
  end)

  it("is read from the position: position mode, and margin that is added by itself", function()
    exchange:plan("position/switch-mode", staged.lost_request)
    assert.same({}, client:switch_position_mode(of { mode = "OneWay" }))
    assert.equal(1, exchange:sent "position/switch-mode")
    exchange:plan("position/set-auto-add-margin", staged.lost_request)
    assert.same({}, client:set_auto_add_margin(of { auto_add_margin = "OFF" }))
    assert.equal(1, exchange:sent "position/set-auto-add-margin")
    local _, err = client:set_auto_add_margin(of { auto_add_margin = "ON" })
    assert.equal("rejected", err.outcome)
  end)
end)

---------------------------------------------------------------------------------------------------------------
-- What adds.

describe("margin", function()
  local function buy() assert(exchange.hand:place_order(of { side = "Buy", type = "Market", quantity = 100 })) end

  local function margin() return exchange.hand:get_position(of {}).position_margin end

  it("is added, and taken away again", function()
    buy()
    local before = margin()
    local position = assert(client:add_or_reduce_margin(of { margin = "0.001" }))
    assert.is_true(position.position_margin == before + decimal "0.001")
    assert(client:add_or_reduce_margin(of { margin = "-0.001", confirm = true }))
    assert.is_true(margin() == before)
  end)

  for fate, times in pairs { lost_answer = 1, lost_request = 0 } do
    it("is sent once, whatever happens to it, and stays unknown: " .. fate, function()
      buy()
      local before = margin()
      exchange:plan("add", staged[fate])
      local result, err = client:add_or_reduce_margin(of { margin = "0.001" })
      assert.is_nil(result)
      assert.same({ "unknown", true, false }, { err.outcome, err.final, err.retryable }, tostring(err))
      assert.equal("100", tostring(err.position.quantity))
      assert.equal(1, exchange:sent "add")
      assert.is_true(margin() == before + decimal "0.001" * times)
      assert.is_true(client:unsettled()[1].final)
      assert.is_true(exchange:now() > staged.fence_of(exchange:of_kind("add")[1]) + 5000, "when every change would show")
    end)
  end

  it("of which a late copy arrives is final only after that", function()
    buy()
    local before = margin()
    exchange:plan("add", staged.late(4))
    local _, err = client:add_or_reduce_margin(of { margin = "0.001" })
    assert.same({ "unknown", true }, { err.outcome, err.final })
    assert.is_true(err.position.position_margin == before + decimal "0.001", "the position as it stands at the end")
    assert.equal(1, exchange:sent "add")
  end)

  it("for a position that was closed long before is refused, as the flat position proves", function()
    buy()
    assert(exchange.hand:place_order(of { side = "Sell", type = "Market", quantity = 100 }))
    core.loop.advance(60)
    exchange:plan("add", staged.lost_answer)
    local _, err = client:add_or_reduce_margin(of { margin = "0.001" })
    assert.same({ "rejected", "fence" }, { err.outcome, err.proof })
    assert.equal(0, #client:unsettled())
  end)

  it("for a position that closes after the call proves nothing", function()
    buy()
    core.loop.advance(60)
    exchange:plan("add", staged.then_lost(function()
      assert(exchange.hand:place_order(of { side = "Sell", type = "Market", quantity = 100 }))
    end))
    local _, err = client:add_or_reduce_margin(of { margin = "0.001" })
    assert.same({ "unknown", true }, { err.outcome, err.final })
  end)

  it("of a program that was killed is unclear in the report, and may be dismissed", function()
    buy()
    client:close()
    local journal = staged.journal()
    client = exchange:client { journal = journal }
    exchange:plan("add", staged.lost_answer)
    client:add_or_reduce_margin(of(with({ margin = "0.001" }, SHORT)))
    client = exchange:come_back(client, journal)
    local report = assert(client:reconcile())
    assert.same({ 0, 1 }, { #report.settled, #report.unclear })
    assert.equal("100", tostring(report.unclear[1].position.quantity))
    client:dismiss(report.unclear[1])
    assert.equal(0, #client:unsettled())
    assert.equal(1, exchange:sent "add")
  end)
end)

describe("play money", function()
  it("is sent once, and stays unknown, with the balance as it stands", function()
    exchange:plan("add", staged.lost_answer)
    local before = decimal(exchange:books().coins.BTC.wallet)
    local _, err = client:request_demo_funds { coin = "BTC", amount = 2 }
    assert.same({ "unknown", true, false }, { err.outcome, err.final, err.retryable })
    assert.is_true(err.record.wallet_balance == before + 2)
    assert.equal(1, exchange:sent "add")
    assert.equal("request_demo_funds", client:unsettled()[1].method)
  end)

  it("is given, and taken away", function()
    local before = decimal(exchange:books().coins.BTC.wallet)
    assert(client:request_demo_funds { coin = "BTC", amount = "0.5" })
    core.loop.advance(61)
    assert(client:request_demo_funds { coin = "BTC", amount = "-1.5" })
    assert.is_true(decimal(exchange:books().coins.BTC.wallet) == before - 1)
  end)
end)

---------------------------------------------------------------------------------------------------------------

describe("on v2", function()
  it("there are no such methods, and the message says so", function()
    local old <close> = exchange:client { api = "v2" }
    for _, name in ipairs { "set_leverage", "create_internal_transfer", "add_or_reduce_margin" } do
      local ok, message = pcall(function() return old[name] end)
      assert.is_false(ok)
      assert.truthy(message:find(name, 1, true))
    end
  end)
end)

describe("all together", function()
  it("are settled by one report", function()
    assert(exchange.hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
    exchange:plan("setting", staged.lost_answer, staged.lost_answer)
    exchange:plan("transfer", staged.lost_answer, staged.lost_request)
    exchange:plan("add", staged.lost_answer)
    set_leverage(client, 7, SHORT)
    client:set_price_limit_behavior(with({ modify_enable = false }, SHORT))
    client:create_internal_transfer(with({ coin = "BTC", amount = "1", from_account_type = "UNIFIED",
      to_account_type = "FUND" }, SHORT))
    client:add_or_reduce_margin(of(with({ margin = "0.001" }, SHORT)))
    assert.equal(4, #client:unsettled())
    exchange:calm()
    local report = assert(client:reconcile())
    local outcomes = {}
    for _, entry in ipairs(report.settled) do outcomes[entry.method] = entry.outcome end
    assert.same({ set_leverage = "done", set_price_limit_behavior = "done", create_internal_transfer = "done" }, outcomes)
    assert.same({ 1, "add_or_reduce_margin" }, { #report.unclear, report.unclear[1].method })
  end)
end)
