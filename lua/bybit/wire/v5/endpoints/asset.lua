-- Transfers and coins of all wallets (V5 documentation, Asset), in the order of the documentation.

local EVERY = require("bybit.wire.categories").names -- the kinds of contracts

local function endpoint(path, limit, per)
  return { verb = "GET", path = "/v5/asset/" .. path, limit = limit, per = per, source = "V5 documentation, asset/" .. path }
end

local TRANSFERS = endpoint("transfer/query-inter-transfer-list", 60, 60)
local MOVE = endpoint("transfer/inter-transfer", 60, 60)
MOVE.verb = "POST"
local SETTLEMENTS, DELIVERIES = endpoint("settlement-record", 50), endpoint("delivery-record", 50)
SETTLEMENTS.categories, DELIVERIES.categories = { "linear" }, EVERY

local READING = { "invalid_parameter", "permission_denied" }
local SPAN = { "start_time", "end_time", { like = "limit", doc = "Page size; 20 when left out." }, "cursor" }

-- The parameters of a list: its own, and those of every list with times.
local function params(...)
  local all = { ... }
  table.move(SPAN, 1, #SPAN, #all + 1, all)
  return all
end

local function paged(record) return { list = record, key = "list", cursor = "nextPageCursor" } end

local ANY_SYMBOL = { like = "symbol", required = false, doc = "Only this contract." }
local TRANSFER = params({ "transfer_id", "transferId", "string", doc = "Only this transfer." },
  { like = "coin", required = false, doc = "Only transfers of this coin." },
  { "status", "status", "enum", enum = "transfer_status", values = { "SUCCESS", "PENDING", "FAILED" },
    doc = "Only transfers that stand so." })
local EXPIRY = { "expiry", "expDate", "string", example = "25MAR22",
  doc = "Only contracts that expired on this day, as 25MAR22." }

return {
  { "get_delivery_history", on = DELIVERIES, composite = true, over = { "delivery_page" },
    doc = "How positions ended when their contracts expired, newest first.",
    params = params(ANY_SYMBOL, EXPIRY),
    result = paged "delivery",
    codes = READING,
    example = [[
print(#assert(client:get_delivery_history { limit = 10 }))]] },

  { "delivery_page", on = DELIVERIES, internal = true, doc = "A page of them.",
    params = params(ANY_SYMBOL, EXPIRY), result = paged "delivery" },

  { "get_settlement_history", on = SETTLEMENTS, composite = true, over = { "settlement_page" },
    doc = "The settlements of sessions of USDC contracts, newest first.",
    params = params(ANY_SYMBOL),
    result = paged "settlement",
    codes = READING,
    example = [[
print(#assert(client:get_settlement_history { limit = 10 }))]] },

  { "settlement_page", on = SETTLEMENTS, internal = true,
    doc = "A page of them.", params = params(ANY_SYMBOL), result = paged "settlement" },

  { "get_all_asset_balances", on = endpoint("transfer/query-account-coins-balance", 5),
    doc = "The coins of one kind of account, the funding account for example. The list has account_type and member_id.",
    params = {
      { "account_type", "accountType", "string", required = true, example = "FUND", doc = "UNIFIED or FUND." },
      { "coin", "coin", "coins", doc = "Only these coins, at most ten; they have to be named for UNIFIED." },
      { "member_id", "memberId", "string", doc = "Of this sub-account, with the key of its main account." } },
    result = { record = "asset_account", part = "balances", heads = true },
    codes = READING,
    example = [[
local balances = assert(client:get_all_asset_balances { account_type = "UNIFIED", coin = "BTC,ETH" })
for _, balance in ipairs(balances) do print(balance.coin, balance.wallet_balance, balance.transfer_balance) end]] },

  { "create_internal_transfer", on = MOVE, settle = "transfer", heard = true,
    doc = "Moves coin between the wallets of the account. The exchange takes a transfer_id once: a transfer whose answer is lost "
      .. "is sent again under its id, and read from the list of transfers. Look at the status: a pending transfer may fail yet.",
    params = {
      { "transfer_id", "transferId", "uuid", generate = true,
        doc = "Your own id: a UUID in small letters, never used before." },
      "coin",
      { "amount", "amount", "decimal", required = true, above = "0", unit = "coin", example = "0.05", doc = "How much." },
      { "from_account_type", "fromAccountType", "enum", enum = "account_type", required = true, doc = "From where." },
      { "to_account_type", "toAccountType", "enum", enum = "account_type", required = true, example = "FUND",
        doc = "To where." } },
    result = { record = "transferred" },
    codes = { "duplicate_transfer_id", "transfer_balance_short", "transfer_not_allowed", "permission_denied" },
    example = [[
local done = assert(client:create_internal_transfer {
  coin = "BTC", amount = "0.05", from_account_type = "UNIFIED", to_account_type = "FUND",
})
print(done.transfer_id, done.status)]] },

  { "get_internal_transfers", on = TRANSFERS, composite = true, over = { "transfer_page" },
    doc = "The transfers between the wallets of the account, newest first.",
    params = TRANSFER,
    result = paged "transfer",
    codes = READING,
    example = [[
for transfer in client:each("get_internal_transfers", { coin = "BTC" }) do
  print(bybit.iso(transfer.timestamp), transfer.amount, transfer.status)
end]] },

  { "transfer_page", on = TRANSFERS, internal = true, doc = "A page of transfers of at most seven days.",
    params = TRANSFER, result = paged "transfer" },
}
