-- Balances, fees, settings and the ledger (V5 documentation, Account), in the order of the documentation.

local function endpoint(path, limit)
  return { verb = "GET", path = "/v5/account/" .. path, limit = limit, source = "V5 documentation, account/" .. path }
end

local WALLET = endpoint("wallet-balance", 50)
local LEDGER = endpoint("transaction-log", 25)
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

  { "get_account_instruments", on = endpoint("instruments-info", 10), fixed = { "category" },
    doc = "The contracts that the account may trade.",
    params = { ANY_SYMBOL, { like = "limit", max = 200, doc = "Page size; 200 when left out." }, "cursor" },
    result = { list = "instrument", key = "list", cursor = "nextPageCursor" },
    codes = READING,
    example = [[
for contract in client:each("get_account_instruments", {}) do print(contract.symbol, contract.status) end]] },

  { "get_fee_rate", on = endpoint("fee-rate", 5), fixed = { "category" },
    doc = "The fees of the account, by contract: a list, also for one contract.",
    params = { ANY_SYMBOL },
    result = { list = "fee_rate", key = "list" },
    codes = READING,
    example = [[
local fees = assert(client:get_fee_rate { symbol = "BTCUSD" })
print(fees[1].taker_fee_rate, fees[1].maker_fee_rate)]] },

  { "get_transaction_history", verb = LEDGER.verb, path = LEDGER.path, source = LEDGER.source, composite = true,
    over = { "transaction_page" },
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

  { "transaction_page", on = LEDGER, internal = true, fixed = { "category" },
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
}
