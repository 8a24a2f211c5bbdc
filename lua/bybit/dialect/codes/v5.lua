-- What the codes of the V5 wire mean, and what each says of the call that got it. Rows are { code or codes, class,
-- name, meaning, advice } (V5 documentation, error codes); a row without advice has that of its class. Codes of the
-- WebSocket order entry are not here. A code that is not listed says nothing about what happened: `recovery.lua`
-- takes its outcome for "unknown".
--
--   kind     of the error, where it is not that of the class
--   detail   the exchange's own text adds something: print it
--   reads    the class for calls that only read, where it differs
--   bans     it shuts out the caller's address, not one endpoint

-- The classes. Only U may have been executed; only R may be made again as it is.
local CLASSES = {
  A = { kind = "auth", advice = "Check the key, its permissions, its environment and the account." },
  P = { kind = "exchange", advice = "Correct the call." },
  R = { kind = "exchange", advice = "Make the same call again." },
  U = { kind = "exchange", outcome = "unknown", advice = "Look what became of it before repeating it." },
  D = { kind = "exchange", advice = "This copy was refused, but an earlier one may live: look it up." },
  G = { kind = "not_found", advice = "Look up how the order ended: it was filled or cancelled, or never was." },
  N = { kind = "exchange", unchanged = true, advice = "Nothing to do: everything is already as asked." },
  F = { kind = "exchange", advice = "Ask for less, or add funds." },
  S = { kind = "exchange", advice = "Wait for, or change, the state that forbids it." },
}

-- All integers from the first to the last.
local function range(first, last)
  local codes = {}
  for code = first, last do codes[#codes + 1] = code end
  return codes
end

-- The lists of all arguments as one.
local function all(...)
  local codes = {}
  for _, list in ipairs { ... } do table.move(list, 1, #list, #codes + 1, codes) end
  return codes
end

local COMMON = {
  { -1, "R", "request_expired", "The request expired before it was handled." },
  { 429, "U", "service_overloaded", "The trading service is overloaded.",
    "Send an order again only under the same client_order_id, a change only with the same values.", reads = "R" },
  { 10000, "U", "server_timeout", "The exchange's own server timed out." },
  { 10001, "P", "invalid_parameter", "A parameter is wrong, or the exchange does not like the call for another reason "
    .. "that its text gives.", detail = true },
  { 10002, "R", "timestamp_out_of_window", "The timestamp is outside the time window.",
    "Mend the clock offset and sign again; a larger receive_window helps against a slow clock or network only.",
    kind = "auth" },
  { 10003, "A", "invalid_key", "The key is not known here.",
    "Check the key; keys of mainnet, testnet and demo work in their own environment only." },
  { 10004, "A", "invalid_signature", "The signature is wrong.", "Check the secret." },
  { 10005, "A", "permission_denied", "The key lacks the permission.",
    "Give the key the permissions for contract orders and positions." },
  { 10006, "R", "rate_limited", "This endpoint's rate limit is exceeded.", "Wait until the limit resets.",
    kind = "rate_limit" },
  { 10007, "A", "authentication_failed", "The user could not be authenticated." },
  { 10008, "A", "account_banned", "The account is banned, or in a mode that this call is not for." },
  { 10009, "A", "region_not_served", "The service is not available in this region." },
  { 10010, "A", "ip_not_allowed", "The caller's address is not bound to the key.",
    "Call from an address that the key is bound to, or bind this one." },
  { 10014, "U", "duplicate_request", "A request like it was already received.",
    "Look up whether the earlier copy was executed." },
  { 10016, "U", "server_error", "The exchange's own server failed." },
  { 10017, "P", "route_not_found", "There is no such path." },
  { 10018, "R", "rate_limited", "The rate limit of the caller's address is exceeded.",
    "Stop all calls for ten minutes.", kind = "rate_limit", bans = true },
  { 10020, "A", "account_not_unified", "The account is not a unified one." },
  { 10024, "A", "compliance_rule", "A compliance rule forbids it." },
  { 10027, "S", "trading_banned", "Trading is banned for this account." },
  { 10028, "A", "account_not_unified", "Only unified accounts can do that." },
  { 10029, "P", "symbol_not_allowed", "The symbol is not on the key's list." },
  { 33004, "A", "key_expired", "The key has expired.", "Make a new key; keys bound to an address do not lapse." },
  { 40004, "U", "order_changed", "The order changed while it was being replaced.", "Read the order again." },
  { 100028, "A", "account_unified", "Unified accounts cannot do that." },
  { 34040, "N", "trading_stop_unchanged", "The trading stop was not changed: the values are the same, or one that is "
    .. "needed is missing.", "Nothing to do, unless a parameter was forgotten." },
  { { 30133, 30134, 30135, 30136, 30256 }, "F", "institutional_loan_limit", "A limit of an institutional loan, or on "
    .. "its loan-to-value ratio, forbids it.", detail = true },
  { 30208, "P", "price_above_limit", "The price is above the highest allowed for buying." },
  { 30209, "P", "price_below_limit", "The price is below the lowest allowed for selling." },
  { 30228, "S", "symbol_delisting", "The symbol is being delisted: no new positions.", "Only reduce the position." },
  { 170346, "S", "coin_not_collateral", "The settle coin is not collateral, so it cannot trade.",
    "Switch the coin on as collateral." },
  { 181017, "P", "invalid_order_status", "The order history can be asked for final statuses only." },
  { 3400045, "S", "margin_mode_not_set", "The margin mode could not be set.", detail = true },
  { 3400139, "F", "risk_limit_exceeded", "Positions and orders together exceed the risk limit." },
  { 3400214, "U", "server_error", "The exchange's own server failed." },
  { all({ 170360, 182011 }, range(182100, 182112), { 3100197, 3200320, 3200403, 3200419, 3200425, 3200641 },
    range(3400052, 3400071), range(3400208, 3400213), { 3401010 }), "S", "account_rule",
    "A rule of the account forbids it: collateral, a loan, an upgrade or a switch of margin mode.", detail = true },
}

local TRADING = {
  { 110001, "G", "order_not_found", "There is no such order, or it is too late to change it.",
    "Look up how it ended; right after placing it, ask once more." },
  { 110003, "P", "price_out_of_range", "The price is outside the allowed range.", detail = true },
  { { 110004, 110045 }, "F", "insufficient_balance", "The wallet's balance does not suffice." },
  { 110005, "S", "position_not_normal", "The position is being liquidated or deleveraged." },
  { 110006, "F", "insufficient_balance", "The assets would not cover the position's margin." },
  { { 110007, 110012 }, "F", "insufficient_balance", "The available balance does not suffice." },
  { 110008, "G", "order_closed", "The order was filled or cancelled." },
  { 110009, "S", "too_many_conditional_orders", "There are too many conditional orders.", "Cancel one first." },
  { 110010, "G", "order_cancelled", "The order was cancelled already." },
  { { 110011, 110046 }, "F", "would_liquidate", "The change would liquidate the position at once." },
  { 110013, "F", "leverage_not_allowed", "The tier of risk limits does not allow this leverage.",
    "Choose a lower leverage." },
  { 110014, "F", "insufficient_balance", "The balance does not suffice to add margin." },
  { 110015, "S", "isolated_margin_needed", "The position is in cross margin." },
  { 110016, "F", "risk_limit_exceeded", "The quantity exceeds the risk limit." },
  { 110017, "S", "reduce_only_rejected", "There is no position that a reduce-only order could reduce.",
    "Read the position: it may be flat, or on the order's own side.", detail = true },
  { 110018, "P", "invalid_user_id", "The user id is malformed." },
  { 110019, "P", "invalid_order_id", "The order id is malformed." },
  { 110020, "S", "too_many_orders", "There are more than 500 active orders.", "Cancel some first." },
  { 110021, "F", "open_interest_limit", "The limit on a share of open interest is exceeded.", detail = true },
  { 110022, "S", "quantity_restricted", "The quantity is restricted and cannot be raised by amending." },
  { { 110023, 110042 }, "S", "contract_reduce_only", "Positions in this contract can only be reduced now.",
    "Only reduce the position." },
  { 110024, "S", "position_exists", "The position mode cannot be switched while there is a position." },
  { 110025, "N", "position_mode_unchanged", "The position mode is already the one asked for." },
  { 110026, "N", "margin_mode_unchanged", "The margin mode is already the one asked for." },
  { 110027, "N", "margin_unchanged", "The margin is already the one asked for." },
  { 110028, "S", "orders_exist", "The position mode cannot be switched while there are orders." },
  { 110029, "P", "hedge_mode_not_offered", "This symbol has no hedge mode." },
  { 110030, "D", "duplicate_order_id", "The order id is used already." },
  { 110031, "P", "invalid_risk_limit", "There is no such risk limit." },
  { 110032, "P", "invalid_order", "The order is not a legal one.", detail = true },
  { { 110033, 110034 }, "S", "no_position", "There is no position." },
  { 110035, "S", "liquidation_running", "Orders are still being cancelled ahead of a liquidation." },
  { 110036, "S", "leverage_not_changeable", "Leverage cannot be changed under cross margin." },
  { 110037, "S", "no_symbol_settings", "The account has no settings for this symbol." },
  { 110038, "S", "leverage_not_changeable", "Leverage cannot be changed under portfolio margin." },
  { 110039, "F", "maintenance_margin_too_high", "The rate of maintenance margin is too high." },
  { 110040, "F", "would_liquidate", "The order would force a liquidation." },
  { 110041, "S", "skip_liquidation_not_allowed", "Liquidation cannot be skipped with a position or a maker order." },
  { 110043, "N", "leverage_unchanged", "The leverage is already the one asked for." },
  { 110044, "F", "insufficient_balance", "The available margin does not suffice." },
  { 110047, "F", "risk_limit_not_adjustable", "The risk limit cannot be moved: margin is short." },
  { 110048, "F", "risk_limit_not_adjustable", "The risk limit cannot be moved: the position's value is above it." },
  { 110049, "P", "invalid_tick", "A tick is not made of digits." },
  { 110050, "P", "invalid_coin", "The coin is not a valid one." },
  { 110051, "F", "insufficient_balance", "The balance does not cover the lowest price." },
  { 110052, "F", "insufficient_balance", "The balance does not cover the price set." },
  { 110053, "F", "insufficient_balance", "The balance does not cover the market price and the cap." },
  { 110054, "S", "tpsl_mode_not_switchable", "The mode cannot be switched while a take profit is linked." },
  { 110055, "S", "tpsl_mode_not_switchable", "The mode cannot be switched while a stop loss is linked." },
  { 110056, "S", "tpsl_mode_not_switchable", "The mode cannot be switched while a trailing stop is linked." },
  { 110057, "P", "tpsl_not_allowed", "The order carries take profit or stop loss parameters that it cannot have.",
    detail = true },
  { 110058, "S", "position_too_small_for_tpsl", "What is left of the position is too small for it." },
  { 110059, "S", "tpsl_not_changeable", "The order is filled in part: its take profit and stop loss cannot change." },
  { 110060, "S", "tpsl_not_changeable", "In Full mode it cannot be changed this way.",
    "Change it with set_trading_stop." },
  { 110061, "S", "too_many_partial_tpsl", "There are more than 20 take profits and stop losses in Partial mode.",
    "Cancel one first." },
  { { 110062, 110065 }, "S", "mmp_not_set_up", "Market maker protection is not set up (options)." },
  { 110063, "S", "symbol_not_trading", "Settlement is running: the symbol cannot be traded now." },
  { 110064, "P", "quantity_not_above_filled", "The new quantity is not above what is filled.",
    "Give the new total, not the rest; or cancel the order." },
  { 110066, "S", "symbol_not_trading", "Trading is not allowed now." },
  { 110067, "A", "account_unified", "Unified accounts are not supported here." },
  { 110068, "S", "leverage_trading_not_allowed", "Trading with leverage is not allowed." },
  { 110069, "S", "account_rule", "Institutional lenders cannot do that." },
  { 110070, "S", "other_product_rule", "It is not possible for an exchange-traded product." },
  { 110071, "S", "account_rule", "Upgrading the account is closed." },
  { 110072, "D", "duplicate_client_order_id", "The client_order_id is used already.",
    "If the call was made before, its order lives or has lived: look it up; else take an id that was never used." },
  { 110073, "S", "margin_mode_not_set", "The margin mode could not be set." },
  { 110074, "S", "symbol_not_trading", "The contract is not live." },
  { 110075, "N", "risk_limit_unchanged", "The risk limit is already the one asked for." },
  { 110076, "S", "isolated_margin_needed", "Margin can be added by itself under isolated margin only." },
  { 110077, "S", "portfolio_margin_not_allowed", "It is not possible under portfolio margin." },
  { 110078, "F", "margin_reduction_too_large", "That is more margin than can be taken away." },
  { 110079, "R", "order_being_processed", "The order is being processed.", "Make the same call again in a moment." },
  { all({ 110080 }, range(110104, 110107), { 110131 }), "F", "institutional_loan_limit",
    "A limit of an institutional loan forbids it.", detail = true },
  { 110082, "S", "reduce_only_not_liftable", "There is no reduce-only restriction to lift." },
  { 110083, "S", "reduce_only_not_liftable", "The reduce-only restriction can be lifted for both sides only." },
  { 110085, "S", "risk_limit_updated", "Risk limits were updated.", "Choose one that is supported." },
  { 110086, "F", "leverage_not_allowed", "The leverage is too high for the tier of risk limits.",
    "Lower the leverage to what the message names.", detail = true },
  { 110087, "F", "leverage_not_allowed", "The leverage is too high for the loan.",
    "Lower the leverage to what the message names.", detail = true },
  { 110088, "A", "account_not_unified", "The account must be upgraded to a unified one." },
  { 110089, "F", "risk_limit_exceeded", "The position would be above the highest tier of risk limits." },
  { 110090, "F", "risk_limit_exceeded", "The position would be above what this leverage allows.",
    "Lower the leverage to what the message names, or ask for less.", detail = true },
  { 110092, "P", "trigger_price_not_above", "A rising trigger must be above the present price.",
    "Raise trigger_price, or place the order at once: the price may have passed it.", detail = true },
  { 110093, "P", "trigger_price_not_below", "A falling trigger must be below the present price.",
    "Lower trigger_price, or place the order at once: the price may have passed it.", detail = true },
  { 110094, "P", "value_below_minimum", "The order's value is below the minimum." },
  { all(range(110095, 110100), range(110110, 110117), range(110135, 110137)), "S", "other_product_rule",
    "A rule of pre-market, spread or event contracts forbids it.", detail = true },
  { 110101, "S", "coin_not_collateral", "Under cross or portfolio margin inverse contracts need their settle coin "
    .. "switched on as collateral.", "Switch the coin on as collateral." },
  { 110102, "A", "inverse_not_allowed", "This kind of account cannot trade inverse contracts." },
  { 110103, "S", "post_only_needed", "Only PostOnly orders are accepted now.", "Use time_in_force = 'PostOnly'." },
  { 110108, "P", "slippage_out_of_range", "Slippage in ticks must be 1 to 10000." },
  { 110109, "P", "slippage_out_of_range", "Slippage in percent must be 0.01 to 10." },
  { 110118, "S", "no_market_price", "There is too little liquidity for a market order.", "Place a limit order." },
  { 110119, "A", "rpi_not_allowed", "RPI orders are for market makers." },
  { 110120, "P", "price_below_limit", "The price is below the price limit.", detail = true },
  { 110121, "P", "price_above_limit", "The price is above the price limit.", detail = true },
  { { 110123, 110125 }, "A", "terms_not_accepted", "Terms of trading are not accepted yet.",
    "Accept them on the exchange's site." },
  { 110124, "S", "cooling_off", "The account is in a cooling-off period." },
  { 110132, "S", "product_not_offered", "The product is not offered in this region." },
}

-- What the exchange's text tells apart where one code says many things: { code, text, class, name, meaning, advice }.
-- The first text found counts. None of them is promised, so none of them turns a refusal into anything else; seen in
-- answers of the exchange.
local PATTERNS = {
  { 10001, "remains unchanged", "N", "order_unchanged", "The order is already as asked." },
  { 10001, "empty value: apiTimestamp", "A", "authentication_missing", "The request was not signed." },
  { 10001, "symbol invalid", "P", "invalid_symbol", "There is no such symbol." },
  { 10001, "Not supported symbols", "P", "invalid_symbol", "There is no such symbol." },
  { 10001, "exceeds maximum limit allowed", "P", "quantity_above_maximum", "The quantity is above the maximum." },
  { 10001, "exceeds minimum limit allowed", "P", "quantity_below_minimum", "The quantity is below the minimum." },
  { 10001, "Qty invalid", "P", "invalid_quantity", "The quantity is no number, or off its step." },
  { 10001, "qty err", "P", "invalid_quantity", "The quantity is no number, or off its step." },
  { 10001, "Illegal category", "P", "invalid_category", "There is no such category." },
  { 10001, "category invalid", "P", "invalid_category", "There is no such category." },
  { 10001, "side invalid", "P", "invalid_side", "There is no such side." },
  { 10001, "position_mode invalid", "P", "invalid_position_mode", "There is no such position mode." },
  { 10001, "position idx not match position mode", "P", "invalid_position_mode",
    "The position is not in the mode that position_mode is for." },
  { 10001, "TriggerDirection invalid", "P", "invalid_trigger_direction", "A trigger price needs its direction." },
  { 10001, "expect Rising", "P", "trigger_price_not_above", "A rising trigger must be above the present price.",
    "Raise trigger_price, or place the order at once: the price may have passed it." },
  { 10001, "expect Falling", "P", "trigger_price_not_below", "A falling trigger must be below the present price.",
    "Lower trigger_price, or place the order at once: the price may have passed it." },
  { 10001, "can not set tp/sl/ts for zero position", "S", "no_position", "There is no position." },
  { 10001, "StopLoss:", "P", "invalid_stop_loss", "The stop loss is on the wrong side of the price." },
  { 10001, "TakeProfit:", "P", "invalid_take_profit", "The take profit is on the wrong side of the price." },
  { 10001, "when tpSlMode is empty", "P", "tpsl_mode_missing", "A type of take profit or stop loss needs tpsl_mode." },
}

local function expand(code, class, name, meaning, advice, row)
  local its = CLASSES[class]
  return {
    code = code, class = class, name = name, meaning = meaning, advice = advice or its.advice,
    kind = row.kind or its.kind, outcome = its.outcome or "rejected", retryable = class == "R",
    unchanged = its.unchanged, detail = row.detail, reads = row.reads, bans = row.bans,
  }
end

local codes = { by_code = {}, patterns = {} }

for _, part in ipairs { COMMON, TRADING } do
  for _, row in ipairs(part) do
    local list = type(row[1]) == "table" and row[1] or { row[1] }
    for _, code in ipairs(list) do
      assert(not codes.by_code[code], code)
      codes.by_code[code] = expand(code, row[2], row[3], row[4], row[5], row)
    end
  end
end

for i, row in ipairs(PATTERNS) do
  local pattern = expand(row[1], row[3], row[4], row[5], row[6], { detail = true })
  pattern.find = row[2]
  codes.patterns[i] = pattern
end

-- Answers without an envelope, by HTTP status (V5 documentation, HTTP status). Any other says nothing about what
-- happened.
codes.http = {
  [400] = { name = "invalid_verb", kind = "http", outcome = "rejected", retryable = false,
    meaning = "the exchange takes GET and POST only", advice = "Correct the call." },
  [401] = { name = "authentication_missing", kind = "auth", outcome = "rejected", retryable = false,
    meaning = "the key is of the wrong kind, or the headers that sign the request are missing",
    advice = "Check the key, and that no proxy takes headers away." },
  [403] = { name = "forbidden", kind = "rate_limit", outcome = "rejected", retryable = false,
    meaning = "the exchange refuses this address: too many requests, or a country that it does not serve",
    advice = "Stop all calls for ten minutes.", bans = true },
  [404] = { name = "route_not_found", kind = "http", outcome = "rejected", retryable = false,
    meaning = "there is no such path, or the account has no such category", advice = "Check url, path and category." },
  [429] = { name = "too_many_requests", kind = "rate_limit", outcome = "rejected", retryable = true,
    meaning = "the exchange protects itself from too many requests", advice = "Wait, longer each time." },
  ["5xx"] = { name = "server_failure", kind = "http", outcome = "unknown", retryable = false,
    meaning = "a server of the exchange failed", advice = "Look what became of it before repeating it." },
}

return codes
