-- Balances, fees, settings and the ledger (V5 documentation, Account), in the order of the documentation.

local EVERY = require("bybit.wire.categories").names -- the kinds of contracts

local function endpoint(path, limit)
  return { verb = "GET", path = "/v5/account/" .. path, limit = limit, source = "V5 documentation, account/" .. path }
end

-- A call that sets something.
local function change(path, limit)
  return { verb = "POST", path = "/v5/account/" .. path, limit = limit, source = "V5 documentation, account/" .. path }
end

local WALLET = endpoint("wallet-balance", 50)
local LEDGER = endpoint("transaction-log", 25)
LEDGER.categories = EVERY
local DEMO = change("demo-apply-money", 1)
DEMO.per = 60
local UNIFIED = { { "accountType", value = "UNIFIED" } }

local READING = { "invalid_parameter", "permission_denied" }
local ANY_SYMBOL = { like = "symbol", required = false, doc = "Only this contract." }

local ENTRIES = {
  { "currency", "currency", "coin", doc = "Only the wallet of this coin." },
  { like = "base_coin", doc = "Only contracts about this coin." },
  { "type", "type", "enum", enum = "transaction_type", doc = "Only lines of this kind." },
  "start_time", "end_time", { like = "limit", doc = "Page size; 20 when left out." }, "cursor",
}

return {
  { "get_balances", on = WALLET, fixed = UNIFIED,
    doc = "The coins of the account. The list has the figures of the account too, such as total_equity (in USD); under isolated "
      .. "margin they mean nothing.",
    params = { { "coin", "coin", "coins",
      doc = "Only these coins, with commas between them; all that are held when left out." } },
    result = { first = "wallet", key = "list", part = "coins", heads = true },
    codes = READING,
    example = [[
local balances = assert(client:get_balances {})
for _, balance in ipairs(balances) do print(balance.coin, balance.wallet_balance, balance.equity) end
print("in all", balances.total_equity, "USD")]] },

  { "get_balance", on = WALLET, fixed = UNIFIED,
    doc = "A coin of the account.",
    params = { "coin" },
    result = { first = "wallet", key = "list", part = "coins", single = true },
    codes = READING,
    example = [[
local balance = assert(client:get_balance { coin = "BTC" })
print(balance.wallet_balance, balance.equity)]] },

  { "get_transferable", on = endpoint("withdrawal", 50),
    doc = "How much may leave the account, by coin: a table from coins to amounts.",
    params = { { "coin", "coinName", "coins", required = true, doc = "The coins, at most 20, with commas between them." } },
    result = { record = "transferable", part = "by_coin" },
    codes = READING,
    example = [[
local free = assert(client:get_transferable { coin = "BTC,ETH" })
print(free.BTC, free.ETH)]] },

  { "get_disconnect_cancel_all_config", on = endpoint("query-dcp-info", 5),
    doc = "What is cancelled when a connection is lost; empty for everybody but institutions.",
    result = { list = "disconnect_cancel", key = "dcpInfos" },
    codes = READING,
    example = [[
print(#assert(client:get_disconnect_cancel_all_config {}))]] },

  { "get_margin_account_info", on = endpoint("info", 50),
    doc = "How the account is set up: margin mode, kind of account.",
    result = { record = "margin_account_info" },
    codes = READING,
    example = [[
local info = assert(client:get_margin_account_info {})
print(info.margin_mode, info.unified_margin_status)]] },

  { "set_margin_mode", on = change("set-margin-mode", 5), settle = "setting",
    shown = { row = "get_margin_account_info", by = {}, as = "record",
      fields = { { "margin_mode", "margin_mode", enum = "margin_mode" } } },
    doc = "Sets how all positions of the account are margined.",
    params = {
      { "margin_mode", "setMarginMode", "enum", enum = "margin_mode", required = true, doc = "The mode." } },
    result = { empty = true },
    codes = { "margin_mode_not_set", "account_rule", "permission_denied" },
    example = [[
assert(client:set_margin_mode { margin_mode = "ISOLATED_MARGIN" })]] },

  { "get_account_instruments", on = endpoint("instruments-info", 10), categories = EVERY,
    doc = "The contracts that the account may trade.",
    params = { ANY_SYMBOL, { like = "limit", max = 200, doc = "Page size; 200 when left out." }, "cursor" },
    result = { list = "instrument", key = "list", cursor = "nextPageCursor" },
    codes = READING,
    example = [[
for contract in client:each("get_account_instruments", {}) do print(contract.symbol, contract.status) end]] },

  { "get_fee_rate", on = endpoint("fee-rate", 5), categories = EVERY,
    doc = "The fees of the account, by contract: a list, also for one contract.",
    params = { ANY_SYMBOL },
    result = { list = "fee_rate", key = "list" },
    codes = READING,
    example = [[
local fees = assert(client:get_fee_rate { symbol = "BTCUSD" })
print(fees[1].taker_fee_rate, fees[1].maker_fee_rate)]] },

  { "get_transaction_history", on = LEDGER, composite = true, over = { "transaction_page" },
    doc = "The account's ledger, newest first: every trade, funding and transfer, with the wallet after it. The last 24 hours, "
      .. "unless start_time is given.",
    params = ENTRIES,
    result = { list = "transaction", key = "list", cursor = "nextPageCursor" },
    codes = READING,
    example = [[
assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100 })
for entry in client:each("get_transaction_history", { currency = "BTC", start_time = client:now() - 3600000 }) do
  print(entry.type, entry.change, entry.cash_balance)
end]] },

  { "transaction_page", on = LEDGER, internal = true,
    doc = "A page of the ledger of at most seven days.",
    params = ENTRIES, result = { list = "transaction", key = "list", cursor = "nextPageCursor" } },

  { "get_collateral_info", on = endpoint("collateral-info", 50),
    doc = "The coins as collateral, and what can be borrowed of them.",
    params = { { "currency", "currency", "coin", doc = "Only this coin." } },
    result = { list = "collateral", key = "list" },
    codes = READING,
    example = [[
local coins = assert(client:get_collateral_info { currency = "BTC" })
print(coins[1].margin_collateral, coins[1].collateral_switch)]] },

  { "set_collateral_switch", on = change("set-collateral-switch", 5), settle = "setting",
    shown = { row = "get_collateral_info", by = { currency = "coin" }, as = "record",
      fields = { { "collateral_switch", "collateral_switch", words = { [true] = "ON", [false] = "OFF" } } } },
    doc = "Says whether a coin counts as collateral. It means nothing under isolated margin.",
    params = { "coin",
      { "collateral_switch", "collateralSwitch", "enum", enum = "switch", required = true, doc = "ON or OFF." } },
    result = { empty = true },
    codes = { "invalid_parameter", "account_rule", "permission_denied" },
    example = [[
assert(client:set_collateral_switch { coin = "BTC", collateral_switch = "ON" })]] },

  { "get_smp_group", on = endpoint("smp-group", 5),
    doc = "The group of accounts whose orders do not trade with each other.",
    result = { record = "smp_group" },
    codes = READING,
    example = [[
print(assert(client:get_smp_group {}).smp_group)]] },

  { "get_user_setting_config", on = endpoint("user-setting-config", 50),
    doc = "Settings of the account: what happens to an order beyond the price limit, and how fees are paid.",
    result = { record = "user_settings" },
    codes = READING,
    example = [[
print(assert(client:get_user_setting_config {}).lpa_perp)]] },

  { "set_price_limit_behavior", on = change("set-limit-px-action", 10), settle = "setting", categories = EVERY,
    shown = { row = "get_user_setting_config", by = {}, as = "record",
      fields = { { "modify_enable", "lpa_perp", words = { [true] = false, [false] = true } } } },
    doc = "Says what happens to an order whose price is beyond the price limit: it is moved to the limit, or refused. It holds "
      .. "for all futures.",
    params = {
      { "modify_enable", "modifyEnable", "boolean", required = true, doc = "True: moved to the limit. False: refused." } },
    result = { empty = true },
    codes = { "invalid_category", "permission_denied" },
    example = [[
assert(client:set_price_limit_behavior { modify_enable = false })
print(assert(client:get_user_setting_config {}).lpa_perp)]] },

  { "request_demo_funds", verb = "POST", path = DEMO.path, source = DEMO.source, composite = true, over = { "demo_funds" },
    doc = "Asks for play money, or gives it back, where money is play money: at most once a minute. Each copy adds, so the "
      .. "request is sent once; if its answer is lost, the outcome stays unknown: look at the balance.",
    params = { "coin",
      { "amount", false, "decimal", required = true, unit = "coin", example = 2,
        doc = "How much; below 0 it is taken away. At most 15 BTC, 200 ETH, 100000 USDT or USDC at once." } },
    result = { empty = true },
    codes = { "invalid_parameter", "rate_limited" },
    example = [[
assert(client:request_demo_funds { coin = "BTC", amount = 2 })
print(assert(client:get_balance { coin = "BTC" }).wallet_balance)]] },

  { "demo_funds", on = DEMO, internal = true, settle = "add",
    shown = { row = "get_balance", by = { coin = "coin" }, as = "record" },
    doc = "Play money.",
    params = { { "adjust_type", "adjustType", "integer", min = 0, max = 1, doc = "0: adds. 1: takes away." },
      { like = "coin", "coin", false, doc = "The coin." } },
    result = { empty = true } },
}
