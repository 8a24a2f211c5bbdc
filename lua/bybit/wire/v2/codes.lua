-- The codes of the v2 wire, and what each says of the call that got it (v2 documentation, error codes). wire/classes.lua explains
-- the classes and the fields of a row. 1xxxx are of the gateway, 2xxxx of parameters, 3xxxx of trading, and 13xxxx give the same
-- reasons from a later trading core. A code that says the same as a code of V5 has the same name. A code that is not listed says
-- nothing about what happened: the outcome of its call is "unknown".

local classes = require "bybit.wire.classes"
local range, all = classes.range, classes.all

local GATEWAY = {
  { { 10000, 10016 }, "unknown", "server_error", "The exchange's own server failed." },
  { 10001, "wrong", "invalid_parameter", "A parameter is wrong: its type, its tick, or it is missing.", detail = true },
  { 10002, "access", "authentication_missing", "The request carries no key.", detail = true },
  { 10021, "again", "timestamp_out_of_window", "The timestamp is outside the time window.",
    "Mend the clock offset and sign again; a larger receive_window helps against a slow clock or network only.",
    kind = "auth", clock = true },
  { 10003, "access", "invalid_key", "The key is not known here.",
    "Check the key; keys of mainnet and testnet work in their own environment only." },
  { { 10004, 10022 }, "access", "invalid_signature", "The signature is wrong.", "Check the secret." },
  { 10005, "access", "permission_denied", "The key lacks the permission.",
    "Give the key the permissions for orders and positions." },
  { 10006, "again", "rate_limited", "The rate limit of this group of endpoints is exceeded.",
    "Wait until the limit resets.", kind = "rate_limit" },
  { 10007, "unknown", "server_timeout", "The exchange's own server timed out; whether it acted is not known." },
  { 10008, "access", "account_unified", "Unified accounts cannot use this API.", "Use api = \"v5\"." },
  { 10010, "access", "ip_not_allowed", "The caller's address is not bound to the key.",
    "Call from an address that the key is bound to, or bind this one." },
  { 10017, "wrong", "route_not_found", "There is no such path or method." },
  { 10018, "again", "rate_limited", "The rate limit of the caller's address is exceeded.", "Stop all calls for a while.",
    kind = "rate_limit", bans = true },
  { 10020, "wrong", "not_supported", "The exchange does not support it." },
  { 10024, "access", "compliance_rule", "A compliance rule forbids it." },
  { 10029, "wrong", "symbol_not_allowed", "The symbol is not on the key's list." },
  { range(11000, 11040), "wrong", "invalid_parameter", "A parameter is wrong.", detail = true },
}

local PARAMETERS = {
  { { 20001, 20013 }, "gone", "order_not_found", "There is no such order, or it is too late to change it.",
    "Look up how it ended; right after placing it, ask once more." },
  { all(range(20003, 20009), range(20017, 20022), { 20070, 20084 }), "wrong", "invalid_parameter",
    "A parameter is missing or wrong.", detail = true },
  { 20010, "wrong", "order_rejected", "The new order is rejected.", detail = true },
  { 20011, "wrong", "cancellation_rejected", "The cancellation is rejected.", detail = true },
  { 20012, "wrong", "quantity_out_of_range", "The quantity is not from 1 to 1 million." },
  { { 20014, 20015 }, "access", "invalid_key", "The key is malformed, or not for this address.", detail = true },
  { { 20016, 20023, 20031, 20071 }, "state", "position_setting_refused",
    "A rule of leverage, margin or risk limits forbids it.", detail = true },
  { { 20094, 30089, 30001 }, "duplicate", "duplicate_client_order_id", "The client_order_id is used already.",
    "If the call was made before, its order lives or has lived: look it up; else take an id that was never used." },
}

local ORDERS = {
  { 30003, "wrong", "quantity_below_minimum", "The quantity is below the minimum." },
  { 30004, "wrong", "quantity_above_maximum", "The quantity is above the maximum." },
  { { 130004, 130006, 130009 }, "wrong", "quantity_out_of_range", "The quantity is below the minimum or above the maximum.",
    detail = true },
  { { 30005, 30007, 30025, 30026, 130005, 130007, 130025, 130026 }, "wrong", "price_out_of_range",
    "The price is outside the allowed range.", detail = true },
  { { 30008, 130008 }, "wrong", "invalid_order_type", "There is no such type of order." },
  { { 30010, 30021, 30031, 30042, 30049, 30055, 30067, 130021, 130049 }, "funds", "insufficient_balance",
    "The available balance or margin does not suffice.", detail = true },
  { { 30014, 30015, 130145 }, "state", "reduce_only_rejected",
    "A closing order is larger than the position, or on its own side.",
    "Read the position: it may be flat, or on the order's own side.", detail = true },
  { { 30032, 130032 }, "gone", "order_closed", "The order was filled or cancelled." },
  { { 30034, 130010 }, "gone", "order_not_found", "There is no such order, or it is too late to change it.",
    "Look up how it ended; right after placing it, ask once more." },
  { { 30037, 130037 }, "gone", "order_cancelled", "The order was cancelled already." },
  { { 30033, 130033 }, "state", "too_many_conditional_orders", "There are too many conditional orders.",
    "Cancel one first." },
  { { 30035, 130035, 130150 }, "again", "order_being_processed", "The order is being processed.",
    "Make the same call again in a moment." },
  { { 30036, 30057, 130137 }, "funds", "risk_limit_exceeded", "The quantity exceeds the risk limit." },
  { 30063, "state", "reduce_only_rejected", "The position would not be reduced.",
    "Read the position: it may be flat, or on the order's own side.", detail = true },
  { 30073, "state", "too_many_orders", "There are more than 500 active orders.", "Cancel some first." },
  { { 30074, 130074 }, "wrong", "trigger_price_not_above", "A rising trigger must be above the present price.",
    "Raise trigger_price, or place the order at once: the price may have passed it.", detail = true },
  { { 30075, 130075 }, "wrong", "trigger_price_not_below", "A falling trigger must be below the present price.",
    "Lower trigger_price, or place the order at once: the price may have passed it.", detail = true },
  { { 130013, 130014, 130015, 130018 }, "wrong", "invalid_trigger",
    "A trigger price, trailing distance, direction or base price is wrong.", detail = true },
  { { 30076, 130076 }, "unchanged", "order_unchanged", "The order is already as asked." },
  { { 37008, 130156 }, "wrong", "changes_exclude_each_other",
    "Price and quantity cannot be changed together with each other, or with the trigger price.",
    "Change one at a time.", detail = true },
  { { 37009, 130157 }, "state", "tpsl_not_changeable",
    "The order is filled in part: its take profit and stop loss cannot change." },
  { { 130016, 130017, 130019, 130020, 130034 }, "wrong", "order_not_changeable", "An order of this kind cannot be changed so.",
    detail = true },
  { { 30077, 35014, 38101 }, "funds", "open_interest_limit", "The limit on a share of open interest is exceeded.",
    detail = true },
  { 30078, "state", "symbol_not_trading", "The contract is not live." },
  -- The order exists. With the outcome "unknown" the same id is sent once more, and that finds the order.
  { 130149, "unknown", "placed_without_tpsl", "The order was placed, but its take profit or stop loss was not set.",
    "Read the order and set its protection again.", detail = true, flaw = true },
}

local POSITIONS = {
  { { 30009, 30024, 130024 }, "state", "no_position", "There is no position." },
  { all(range(30011, 30013), range(30043, 30045), { 30079, 130003, 130011, 130012, 130040 }), "state",
    "position_not_normal", "The position is being liquidated or deleveraged." },
  { all(range(30016, 30020), { 30022, 30023 }, range(30027, 30030), { 30080, 30081, 130023 }, range(130027, 130030)),
    "wrong", "invalid_tpsl_price",
    "A take profit, stop loss or price is on the wrong side of the last, entry or liquidation price.", detail = true },
  { { 30041, 130001 }, "wrong", "invalid_position_mode", "The position is not in the mode that position_mode is for." },
  { { 34040, 130125, 130127 }, "unchanged", "trading_stop_unchanged",
    "The trading stop was not changed: the values are the same." },
  { { 37010, 130158 }, "state", "tpsl_partial_only", "Quantities of take profit and stop loss need Partial mode.",
    "Switch the account's mode, or leave the quantity out." },
  { { 37011, 130159 }, "state", "too_many_partial_tpsl",
    "There are more than 20 take profits and stop losses in Partial mode.", "Cancel one first." },
  { all(range(37001, 37007), { 37012, 37013 }, range(130151, 130155)), "state", "tpsl_mode_rule",
    "A rule of Full or Partial take profit and stop loss forbids it.", detail = true },
  { all(range(30082, 30088), range(30090, 30095)), "state", "position_setting_refused",
    "A rule of position mode, margin or liquidation forbids it.", detail = true },
  { all({ 30002, 30006, 30038, 30039, 30040, 30046, 30047, 30048, 30050, 30051, 30052, 30053, 30054, 30056, 30066, 30068 },
    range(32006, 32011), range(34010, 34038), { 130041 }, range(130050, 130064), { 130090, 132011, 134026 }),
    "state", "position_setting_refused", "A rule of leverage, margin or risk limits forbids it.", detail = true },
  { 31003, "access", "account_banned", "The account is banned." },
  { 33004, "access", "key_expired", "The key has expired.", "Make a new key; keys bound to an address do not lapse." },
  -- These are of requests inside the exchange.
  { all(range(130100, 130124), { 130126 }, range(130128, 130136), range(130138, 130144), range(130146, 130148),
    range(130160, 130199)), "wrong", "internal_request_refused", "The exchange refused the request inside.", detail = true },
}

-- One code may say several things, which the exchange's text tells apart: { code, text, class, name, meaning, advice }.
local CLOCK = "Mend the clock offset and sign again; a larger receive_window helps against a slow clock or network only."
local PATTERNS = {
  -- Older servers use the code for a missing key when the clock is wrong.
  { 10002, "timestamp", "again", "timestamp_out_of_window", "The timestamp is outside the time window.", CLOCK,
    kind = "auth", clock = true },
  { 130004, "maximum", "wrong", "quantity_above_maximum", "The quantity is above the maximum." },
  { 130006, "maximum", "wrong", "quantity_above_maximum", "The quantity is above the maximum." },
  { 130009, "minimum", "wrong", "quantity_below_minimum", "The quantity is below the minimum." },
  -- This was seen for an order that would not reduce. It changes nothing, and things are not as asked.
  { 130125, "educe", "state", "reduce_only_rejected", "The position would not be reduced.",
    "Read the position: it may be flat, or on the order's own side." },
}

local codes = classes.expand({ GATEWAY, PARAMETERS, ORDERS, POSITIONS }, PATTERNS)

-- By HTTP status (v2 documentation, HTTP status).
codes.http = classes.http { [403] = "Stop all calls for half an hour; a ban that is repeated is for good.",
  [404] = "Check url and path." }

return codes
