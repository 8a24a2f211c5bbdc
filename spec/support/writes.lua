-- Methods that change the account or a position, and are no orders and no stops: path, the smallest call, the body that it sends
-- (by hand, from the V5 documentation), the result in its answer, and for each parameter a good value with the member that it
-- makes, and a bad one with its message.

local function wrong(name, wanted, shown)
  return ("parameter '%s': %s expected, got %s"):format(name, wanted, shown)
end

local function word(name, good, member, other, all, hint)
  return { good, member, bad = { other,
    ("parameter '%s': '%s' is not one of its values: one of %s%s"):format(name, other, all,
      hint and ("; here it is '%s'"):format(good) or "") } }
end

local SYMBOL = { "ETHUSD", '"symbol":"ETHUSD"', bad = { "ethusd",
  "parameter 'symbol': 'ethusd' is not a symbol: upper case letters and digits such as 'BTCUSD'; perhaps 'ETHUSD'?" } }
local LEG = { 1, '"positionIdx":1', bad = { 3, wrong("position_mode", "a value from 0 to 2", "3 (number)") } }
local COIN = { "ETH", '"coin":"ETH"', bad = { "eth", wrong("coin", "a coin such as 'BTC'", "'eth' (string)") } }
local ID = "42c0cfb0-6bca-4242-bc76-4e6df6cbcb16"

local function above(name, good, member)
  return { good, member, bad = { 0, wrong(name, "a value above 0", "0 (number)") } }
end

local writes = {}

writes.set_leverage = { path = "/v5/position/set-leverage", result = "{}",
  params = { symbol = "BTCUSD", buy_leverage = 6, sell_leverage = "6" },
  body = '{"category":"inverse","symbol":"BTCUSD","buyLeverage":"6","sellLeverage":"6"}', cases = {
    symbol = SYMBOL, buy_leverage = { "6.0", '"buyLeverage":"6.0"', bad = { "x",
      wrong("buy_leverage", "a decimal", "'x' (string)") } },
    sell_leverage = { 6, '"sellLeverage":"6"', bad = { 7,
      "'buy_leverage' and 'sell_leverage' must be equal when both are given, got 6 and 7" } },
  } }

writes.switch_position_mode = { path = "/v5/position/switch-mode", result = "{}",
  params = { symbol = "BTCUSD", mode = "OneWay" }, body = '{"category":"inverse","symbol":"BTCUSD","mode":0}', cases = {
    symbol = SYMBOL, mode = word("mode", "Hedge", '"mode":3', "BothSides", "'OneWay', 'Hedge'", true),
    coin = { "USDT", '{"category":"linear","coin":"USDT","mode":0}', with = { category = "linear" }, without = { "symbol" },
      bad = { "USDT", "exactly one of 'symbol', 'coin' is needed, got more" } },
  } }

writes.add_or_reduce_margin = { path = "/v5/position/add-margin", example = "position-add-margin",
  params = { symbol = "BTCUSD", margin = "0.01" },
  body = '{"category":"inverse","symbol":"BTCUSD","margin":"0.01","positionIdx":0}', cases = {
    symbol = SYMBOL, margin = { "-0.5", '"margin":"-0.5"', bad = { "1e3",
      "parameter 'margin': '1e3' is not a decimal: digits expected, such as '30000.50'" } },
    position_mode = LEG,
  } }

writes.set_auto_add_margin = { path = "/v5/position/set-auto-add-margin", result = "{}",
  params = { symbol = "BTCUSD", auto_add_margin = "OFF" },
  body = '{"category":"inverse","symbol":"BTCUSD","autoAddMargin":0,"positionIdx":0}', cases = {
    symbol = SYMBOL, auto_add_margin = word("auto_add_margin", "ON", '"autoAddMargin":1', "yes", "'ON', 'OFF'"),
    position_mode = LEG,
  } }

writes.set_margin_mode = { path = "/v5/account/set-margin-mode", result = '{"reasons":[]}',
  params = { margin_mode = "ISOLATED_MARGIN" }, body = '{"setMarginMode":"ISOLATED_MARGIN"}', cases = {
    margin_mode = word("margin_mode", "REGULAR_MARGIN", '"setMarginMode":"REGULAR_MARGIN"', "cross",
      "'ISOLATED_MARGIN', 'REGULAR_MARGIN', 'PORTFOLIO_MARGIN'", true),
  } }

writes.set_collateral_switch = { path = "/v5/account/set-collateral-switch", result = "{}",
  params = { coin = "BTC", collateral_switch = "ON" }, body = '{"coin":"BTC","collateralSwitch":"ON"}', cases = {
    coin = COIN, collateral_switch = word("collateral_switch", "OFF", '"collateralSwitch":"OFF"', "yes", "'ON', 'OFF'"),
  } }

writes.set_price_limit_behavior = { path = "/v5/account/set-limit-px-action", result = "{}",
  params = { modify_enable = true }, body = '{"category":"inverse","modifyEnable":true}', cases = {
    modify_enable = { false, '"modifyEnable":false', bad = { 1, wrong("modify_enable", "true or false", "1 (number)") } },
  } }

writes.request_demo_funds = { path = "/v5/account/demo-apply-money", result = "{}",
  params = { coin = "ETH", amount = 1 },
  body = '{"adjustType":0,"utaDemoApplyMoney":[{"amountStr":"1","coin":"ETH"}]}', cases = {
    coin = { "USDT", '"utaDemoApplyMoney":[{"amountStr":"1","coin":"USDT"}]', bad = COIN.bad },
    amount = { "-109.5", '{"adjustType":1,"utaDemoApplyMoney":[{"amountStr":"109.5","coin":"ETH"}]}',
      bad = { "all", "parameter 'amount': 'all' is not a decimal: digits expected, such as '30000.50'" } },
  } }

writes.create_internal_transfer = { path = "/v5/asset/transfer/inter-transfer",
  result = ('{"transferId":"%s","status":"SUCCESS"}'):format(ID),
  params = { transfer_id = ID, coin = "BTC", amount = "0.05", from_account_type = "UNIFIED", to_account_type = "FUND" },
  body = ('{"transferId":"%s","coin":"BTC","amount":"0.05","fromAccountType":"UNIFIED","toAccountType":"FUND"}'):format(ID),
  optional = { "transfer_id" }, cases = {
    transfer_id = { ID, ('"transferId":"%s"'):format(ID), bad = { ID:upper(),
      wrong("transfer_id", ("a UUID such as '%s'"):format(ID), ("'%s' (string)"):format(ID:upper())) } },
    coin = COIN, amount = above("amount", "0.050", '"amount":"0.050"'),
    from_account_type = word("from_account_type", "FUND", '"fromAccountType":"FUND"', "FUNDING", "'UNIFIED', 'FUND'", true),
    to_account_type = word("to_account_type", "UNIFIED", '"toAccountType":"UNIFIED"', "SPOT", "'UNIFIED', 'FUND'", true),
  } }

-- A request about contracts carries their category.
for _, write in pairs(writes) do
  if write.body:find('"category":"inverse"', 1, true) then
    write.cases.category = { "linear", '"category":"linear"', with = write.params.symbol and { symbol = "BTCUSDT" }, bad = {
      "spot", "parameter 'category': 'spot' is not one of its values: one of 'inverse', 'linear'" } }
  end
end

return writes
