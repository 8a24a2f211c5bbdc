-- Endpoints that need no market: the exchange's time, and what an account and its key are. The price-limit
-- switch (V5 documentation, account/set-limit-px-action) is account.refuse_beyond_limit: true refuses a price
-- beyond the limit, nil or false moves it to the limit.

local answer = require "bybit.paper.answer"

local endpoints = {}

local time = {
  handle = function(_, _, _, context)
    return answer.object {
      { "timeSecond", tostring(context.nanoseconds // 1000000000) },
      { "timeNano", tostring(context.nanoseconds) },
    }
  end,
}

--- The exchange's clock.
endpoints["GET /v5/market/time"] = time
--- The same, where clients of V3 set their clocks by it; some of V5 still do.
endpoints["GET /v3/public/time"] = time

local function iso(ms)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", ms // 1000)
end

local function permissions(entry)
  local list, none = answer.list, answer.list {}
  return answer.object {
    { "ContractTrade", list { "Order", "Position" } },
    { "Spot", none },
    { "Wallet", none },
    { "Options", none },
    { "Derivatives", entry.read_only and none or list { "DerivativesTrade" } },
    { "CopyTrading", none },
    { "BlockTrade", none },
    { "Exchange", none },
    { "NFT", none },
    { "Affiliate", none },
    { "Earn", none },
    { "FiatP2P", none },
    { "FiatConvertBroker", none },
    { "FiatGlobalPay", none },
    { "FiatBitPay", none },
    { "BitCard", none },
    { "ByXPost", none },
  }
end

--- What the key may do.
endpoints["GET /v5/user/query-api"] = {
  auth = true,
  permission = "read",
  limit = 10,
  handle = function(_, _, _, context)
    local entry = context.entry
    return answer.object {
      { "id", tostring(entry.id) },
      { "note", "paper" },
      { "apiKey", entry.key },
      { "readOnly", entry.read_only and 1 or 0 },
      { "secret", "" },
      { "permissions", permissions(entry) },
      { "ips", answer.list { "*" } },
      { "type", 1 },
      { "deadlineDay", -2 },
      { "expiredAt", "1970-01-01T00:00:00Z" },
      { "createdAt", iso(entry.created) },
      { "unified", 0 },
      { "uta", 1 },
      { "userID", entry.id },
      { "inviterID", 0 },
      { "vipLevel", "No VIP" },
      { "mktMakerLevel", "0" },
      { "affiliateID", 0 },
      { "rsaPublicKey", entry.public_key or "" },
      { "isMaster", true },
      { "parentUid", "0" },
      { "kycLevel", "LEVEL_DEFAULT" },
      { "kycRegion", "" },
      { "userIDInt64", tostring(entry.id) },
      { "inviterIDInt64", "0" },
      { "affiliateIDInt64", "0" },
    }
  end,
}

--- The account's margin mode.
endpoints["GET /v5/account/info"] = {
  auth = true,
  permission = "read",
  limit = 50,
  handle = function(_, _, _, context)
    return answer.object {
      { "marginMode", "ISOLATED_MARGIN" },
      { "updatedTime", tostring(context.entry.created) },
      { "unifiedMarginStatus", 5 },
      { "dcpStatus", "OFF" },
      { "timeWindow", 0 },
      { "smpGroup", 0 },
      { "isMasterTrader", false },
      { "spotHedgingStatus", "OFF" },
    }
  end,
}

--- The group within which an account's orders do not trade with each other.
endpoints["GET /v5/account/smp-group"] = {
  auth = true,
  permission = "read",
  handle = function() return answer.object { { "smpGroup", 0 } } end,
}

--- The settings of the account.
endpoints["GET /v5/account/user-setting-config"] = {
  auth = true,
  permission = "read",
  limit = 50,
  handle = function(_, account)
    return answer.object {
      { "lpaSpot", account.refuse_beyond_limit_spot or false },
      { "lpaPerp", account.refuse_beyond_limit or false },
      { "deltaEnable", false },
      { "smsef", false },
      { "fmsef", false },
    }
  end,
}

--- Says whether a coin counts as collateral. Under isolated margin nothing depends on it.
endpoints["POST /v5/account/set-collateral-switch"] = {
  auth = true,
  permission = "trade",
  limit = 5,
  handle = function(_, account, params)
    local coin, switch = params.coin, params.collateralSwitch
    if type(coin) ~= "string" or not account.coins[coin] then return nil, 10001, "params error: coin invalid" end
    if coin == "USDT" or coin == "USDC" then return nil, 182111, "this coin cannot be switched" end
    if switch ~= "ON" and switch ~= "OFF" then return nil, 10001, "params error: collateralSwitch invalid" end
    account.coins[coin].no_collateral = switch == "OFF"
    return answer.object {}
  end,
}

-- Either futures category sets all futures.
local switches = { inverse = "refuse_beyond_limit", linear = "refuse_beyond_limit", spot = "refuse_beyond_limit_spot" }

--- Says what happens to an order beyond the price limit.
endpoints["POST /v5/account/set-limit-px-action"] = {
  auth = true,
  permission = "trade",
  limit = 10,
  handle = function(_, account, params)
    local switch = switches[params.category]
    if not switch then return nil, 10001, "Illegal category" end
    if type(params.modifyEnable) ~= "boolean" then return nil, 10001, "params error: modifyEnable invalid" end
    account[switch] = not params.modifyEnable
    return answer.object {}
  end,
}

return endpoints
