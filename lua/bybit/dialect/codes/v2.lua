-- What the codes of the v2 wire mean, and what each says of the call that got it (v2 documentation, error codes). Groups:
-- 1xxxx gateway, 2xxxx parameters, 3xxxx trading, 13xxxx the same reasons from a later trading core. Codes that say what
-- a code of V5 says have its name. A code that is not listed says nothing about what happened. The classes and the
-- fields of a row: dialect/classes.lua.

local classes = require "bybit.dialect.classes"
local range, all = classes.range, classes.all

local GATEWAY = {
  { { 10000, 10016 }, "U", "server_error", "The exchange's own server failed." },
  { 10001, "P", "invalid_parameter", "A parameter is wrong: its type, its tick, or it is missing.", detail = true },
  { 10002, "A", "authentication_missing", "The request carries no key.", detail = true },
  { 10021, "R", "timestamp_out_of_window", "The timestamp is outside the time window.",
    "Mend the clock offset and sign again; a larger receive_window helps against a slow clock or network only.",
    kind = "auth" },
  { 10003, "A", "invalid_key", "The key is not known here.",
    "Check the key; keys of mainnet and testnet work in their own environment only." },
  { { 10004, 10022 }, "A", "invalid_signature", "The signature is wrong.", "Check the secret." },
  { 10005, "A", "permission_denied", "The key lacks the permission.",
    "Give the key the permissions for orders and positions." },
  { 10006, "R", "rate_limited", "The rate limit of this group of endpoints is exceeded.",
    "Wait until the limit resets.", kind = "rate_limit" },
  { 10007, "U", "server_timeout", "The exchange's own server timed out; whether it acted is not known." },
  { 10008, "A", "account_unified", "Unified accounts cannot use this API.", "Use api = \"v5\"." },
  { 10010, "A", "ip_not_allowed", "The caller's address is not bound to the key.",
    "Call from an address that the key is bound to, or bind this one." },
  { 10017, "P", "route_not_found", "There is no such path or method." },
  { 10018, "R", "rate_limited", "The rate limit of the caller's address is exceeded.", "Stop all calls for a while.",
    kind = "rate_limit", bans = true },
  { 10020, "P", "not_supported", "The exchange does not support it." },
  { 10024, "A", "compliance_rule", "A compliance rule forbids it." },
  { 10029, "P", "symbol_not_allowed", "The symbol is not on the key's list." },
  { range(11000, 11040), "P", "invalid_parameter", "A parameter is wrong.", detail = true },
}

local PARAMETERS = {
  { { 20001, 20013 }, "G", "order_not_found", "There is no such order, or it is too late to change it.",
    "Look up how it ended; right after placing it, ask once more." },
  { all(range(20003, 20009), range(20017, 20022), { 20070, 20084 }), "P", "invalid_parameter",
    "A parameter is missing or wrong.", detail = true },
  { 20010, "P", "order_rejected", "The new order is rejected.", detail = true },
  { 20011, "P", "cancellation_rejected", "The cancellation is rejected.", detail = true },
  { 20012, "P", "quantity_out_of_range", "The quantity is not from 1 to 1 million." },
  { { 20014, 20015 }, "A", "invalid_key", "The key is malformed, or not for this address.", detail = true },
  { { 20016, 20023, 20031, 20071 }, "S", "position_setting_refused",
    "A rule of leverage, margin or risk limits forbids it.", detail = true },
  { { 20094, 30089, 30001 }, "D", "duplicate_client_order_id", "The client_order_id is used already.",
    "If the call was made before, its order lives or has lived: look it up; else take an id that was never used." },
}

local ORDERS = {
  { 30003, "P", "quantity_below_minimum", "The quantity is below the minimum." },
  { 30004, "P", "quantity_above_maximum", "The quantity is above the maximum." },
  { { 130004, 130006, 130009 }, "P", "quantity_out_of_range", "The quantity is below the minimum or above the maximum.",
    detail = true },
  { { 30005, 30007, 30025, 30026, 130005, 130007, 130025, 130026 }, "P", "price_out_of_range",
    "The price is outside the allowed range.", detail = true },
  { { 30008, 130008 }, "P", "invalid_order_type", "There is no such type of order." },
  { { 30010, 30021, 30031, 30042, 30049, 30055, 30067, 130021, 130049 }, "F", "insufficient_balance",
    "The available balance or margin does not suffice.", detail = true },
  { { 30014, 30015, 130145 }, "S", "reduce_only_rejected",
    "A closing order is larger than the position, or on its own side.",
    "Read the position: it may be flat, or on the order's own side.", detail = true },
  { { 30032, 130032 }, "G", "order_closed", "The order was filled or cancelled." },
  { { 30034, 130010 }, "G", "order_not_found", "There is no such order, or it is too late to change it.",
    "Look up how it ended; right after placing it, ask once more." },
  { { 30037, 130037 }, "G", "order_cancelled", "The order was cancelled already." },
  { { 30033, 130033 }, "S", "too_many_conditional_orders", "There are too many conditional orders.",
    "Cancel one first." },
  { { 30035, 130035, 130150 }, "R", "order_being_processed", "The order is being processed.",
    "Make the same call again in a moment." },
  { { 30036, 30057, 130137 }, "F", "risk_limit_exceeded", "The quantity exceeds the risk limit." },
  { 30063, "S", "reduce_only_rejected", "The position would not be reduced.",
    "Read the position: it may be flat, or on the order's own side.", detail = true },
  { 30073, "S", "too_many_orders", "There are more than 500 active orders.", "Cancel some first." },
  { { 30074, 130074 }, "P", "trigger_price_not_above", "A rising trigger must be above the present price.",
    "Raise trigger_price, or place the order at once: the price may have passed it.", detail = true },
  { { 30075, 130075 }, "P", "trigger_price_not_below", "A falling trigger must be below the present price.",
    "Lower trigger_price, or place the order at once: the price may have passed it.", detail = true },
  { { 130013, 130014, 130015, 130018 }, "P", "invalid_trigger",
    "A trigger price, trailing distance, direction or base price is wrong.", detail = true },
  { { 30076, 130076 }, "N", "order_unchanged", "The order is already as asked." },
  { { 37008, 130156 }, "P", "changes_exclude_each_other",
    "Price and quantity cannot be changed together with each other, or with the trigger price.",
    "Change one at a time.", detail = true },
  { { 37009, 130157 }, "S", "tpsl_not_changeable",
    "The order is filled in part: its take profit and stop loss cannot change." },
  { { 130016, 130017, 130019, 130020, 130034 }, "P", "order_not_changeable", "An order of this kind cannot be changed so.",
    detail = true },
  { { 30077, 35014, 38101 }, "F", "open_interest_limit", "The limit on a share of open interest is exceeded.",
    detail = true },
  { 30078, "S", "symbol_not_trading", "The contract is not live." },
  -- It says that the order exists: as an outcome "unknown" sends the same id once more, which finds that order.
  { 130149, "U", "placed_without_tpsl", "The order was placed, but its take profit or stop loss was not set.",
    "Read the order and set its protection again.", detail = true, flaw = true },
}

local POSITIONS = {
  { { 30009, 30024, 130024 }, "S", "no_position", "There is no position." },
  { all(range(30011, 30013), range(30043, 30045), { 30079, 130003, 130011, 130012, 130040 }), "S",
    "position_not_normal", "The position is being liquidated or deleveraged." },
  { all(range(30016, 30020), { 30022, 30023 }, range(30027, 30030), { 30080, 30081, 130023 }, range(130027, 130030)),
    "P", "invalid_tpsl_price",
    "A take profit, stop loss or price is on the wrong side of the last, entry or liquidation price.", detail = true },
  { { 30041, 130001 }, "P", "invalid_position_mode", "The position is not in the mode that position_mode is for." },
  { { 34040, 130125, 130127 }, "N", "trading_stop_unchanged",
    "The trading stop was not changed: the values are the same." },
  { { 37010, 130158 }, "S", "tpsl_partial_only", "Quantities of take profit and stop loss need Partial mode.",
    "Switch the account's mode, or leave the quantity out." },
  { { 37011, 130159 }, "S", "too_many_partial_tpsl",
    "There are more than 20 take profits and stop losses in Partial mode.", "Cancel one first." },
  { all(range(37001, 37007), { 37012, 37013 }, range(130151, 130155)), "S", "tpsl_mode_rule",
    "A rule of Full or Partial take profit and stop loss forbids it.", detail = true },
  { all(range(30082, 30088), range(30090, 30095)), "S", "position_setting_refused",
    "A rule of position mode, margin or liquidation forbids it.", detail = true },
  { all({ 30002, 30006, 30038, 30039, 30040, 30046, 30047, 30048, 30050, 30051, 30052, 30053, 30054, 30056, 30066, 30068 },
    range(32006, 32011), range(34010, 34038), { 130041 }, range(130050, 130064), { 130090, 132011, 134026 }),
    "S", "position_setting_refused", "A rule of leverage, margin or risk limits forbids it.", detail = true },
  { 31003, "A", "account_banned", "The account is banned." },
  { 33004, "A", "key_expired", "The key has expired.", "Make a new key; keys bound to an address do not lapse." },
  -- Requests inside the exchange, with a range of their own.
  { all(range(130100, 130124), { 130126 }, range(130128, 130136), range(130138, 130144), range(130146, 130148),
    range(130160, 130199)), "P", "internal_request_refused", "The exchange refused the request inside.", detail = true },
}

-- What the exchange's text tells apart where one code says several things: { code, text, class, name, meaning, advice }.
local CLOCK = "Mend the clock offset and sign again; a larger receive_window helps against a slow clock or network only."
local PATTERNS = {
  -- Older servers mean the clock by the code for a missing key.
  { 10002, "timestamp", "R", "timestamp_out_of_window", "The timestamp is outside the time window.", CLOCK,
    kind = "auth" },
  { 130004, "maximum", "P", "quantity_above_maximum", "The quantity is above the maximum." },
  { 130006, "maximum", "P", "quantity_above_maximum", "The quantity is above the maximum." },
  { 130009, "minimum", "P", "quantity_below_minimum", "The quantity is below the minimum." },
  -- Seen for an order that would not reduce, which changes nothing and is not as asked.
  { 130125, "educe", "S", "reduce_only_rejected", "The position would not be reduced.",
    "Read the position: it may be flat, or on the order's own side." },
}

local codes = classes.expand({ GATEWAY, PARAMETERS, ORDERS, POSITIONS }, PATTERNS)

-- v2 documentation, HTTP status.
codes.http = classes.http { [403] = "Stop all calls for half an hour; a ban that is repeated is for good.",
  [404] = "Check url and path." }

return codes
