-- V5 documentation, order/cancel-all: ids only; v2 sends more. init.lua explains the rows.

local order_id = require "bybit.records.acknowledgement".order_id

local UNKNOWN = { "UNKNOWN", "Unknown" }

-- One list of the rows of several lists.
local function rows(...)
  local all = {}
  for _, list in ipairs { ... } do table.move(list, 1, #list, #all + 1, all) end
  return all
end

local records = {}

records.cancelled_order = {
  doc = "An order that the exchange has been asked to cancel together with others.",
  shown = { "order_id", "client_order_id" },
  fields = rows(order_id.fields, {
    { "user_id", "user_id", "integer", optional = true, doc = "The account (v2 only)." },
    { "symbol", "symbol", "string", optional = true, doc = "The contract (v2 only)." },
    { "side", "side", "enum", optional = true, enum = "side", doc = "Buy or Sell (v2 only)." },
    { "type", "order_type", "enum", optional = true, enum = "order_type", empty = UNKNOWN, doc = "Limit or Market (v2 only)." },
    { "price", "price", "decimal", optional = true, zero_empty = true, doc = "The order's price (v2 only)." },
    { "quantity", "qty", "decimal", optional = true, doc = "In contracts of 1 USD (v2 only)." },
    { "time_in_force", "time_in_force", "enum", optional = true, enum = "time_in_force", doc = "How long it lived (v2 only)." },
    { "create_type", "create_type", "enum", optional = true, enum = "create_type", doc = "Who made it (v2 only)." },
    { "cancel_type", "cancel_type", "enum", optional = true, enum = "cancel_type", empty = UNKNOWN,
      doc = "Who or what cancelled it (v2 only)." },
    { "status", "order_status", "enum", optional = true, enum = "order_status",
      doc = "Where the order stood (v2 only); empty even there." },
    { "leaves_quantity", "leaves_qty", "decimal", optional = true, doc = "Still open, in contracts (v2 only)." },
    { "leaves_value", "leaves_value", "decimal", optional = true, doc = "Still open, in coin (v2 only)." },
    { "create_time", "created_at", "time", optional = true, zero_empty = true, doc = "When it was placed (v2 only)." },
    { "update_time", "updated_at", "time", optional = true, zero_empty = true, doc = "When it last changed (v2 only)." },
    { "cross_status", "cross_status", "string", optional = true,
      doc = "PendingCancel, or Deactivated of a conditional (v2 only)." },
    { "cross_sequence", "cross_seq", "integer", optional = true, doc = "The matching engine's counter (v2 only)." },
    { "stop_order_type", "stop_order_type", "enum", optional = true, enum = "stop_order_type", empty = UNKNOWN,
      doc = "What kind of order with a trigger it was (v2 only)." },
    { "trigger_type", "trigger_by", "enum", optional = true, enum = "trigger_type", empty = UNKNOWN,
      doc = "Which price would have triggered it (v2 only)." },
    { "base_price", "base_price", "decimal", optional = true, zero_empty = true,
      doc = "What the trigger price was compared with (v2 only)." },
    { "expected_direction", "expected_direction", "enum", optional = true, enum = "trigger_direction",
      doc = "How the price would have had to move to trigger it (v2 only)." },
    { "trail_value", "trail_value", "decimal", optional = true, doc = "Distance of a trailing stop (v2 only)." },
  }),
  aliases = { stop_order_id = "order_id" },
}

return records
