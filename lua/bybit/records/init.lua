-- Records: what the exchange's answers become. The file of a record is loaded when the record is first asked for. A row is { our
-- name, name on the V5 wire, type, ... }. The rows are in the order of the examples in the exchange's documentation: the decoder
-- guesses the next field by it. The other fields of a row say:
--
--   zero_empty = true      a zero means that the field has no value (a price, a moment, a direction)
--   empty = { text }       these texts mean so too; the empty text, null and a missing key always do
--   map = { ... }          what an integer or a boolean becomes
--   also_wire = { name }   further names on the wire
--   only = { field = name, word ... }   the field is left out unless another field has one of these words
--   optional = true        only some records have the field: those of another wire or kind of contract, or of a stream
--   enum = name            the words of the field, see enums.lua; a word that is not listed there is kept as it is
--   of                     the record that the elements of a list are
--   doc                    what the field says
--
-- The types are string, enum, decimal, integer, time, boolean, table (any JSON), list (of records), map (decimals by name). The other
-- fields of a record say:
--
--   shown                  the fields that the text of a record or list shows
--   inline = { name }      objects on the wire whose members are fields of the record
--   by_place = true        the record may also stand as an array, whose elements are the fields in their order
--   aliases                second names
--   may_fail = true        in a list, {error = err} may stand in its place: so reading `error` of it gives nil
--
-- Names are those of the interface that this project implements; a field that it lacks has its wire name in snake_case. A field
-- "(v2 only)" has its name on the v2 wire as wire name; on V5 reading it gives nil. Queries and streams leave a field without value
-- in different ways: queries answer "UNKNOWN" or "0.00", streams "" (V5 documentation, order/realtime, order).

local later = require "bybit.later"

-- Where each record is declared.
local FILES = {
  order_id = "acknowledgement", batch_order = "acknowledgement",
  cancelled_order = "cancelled",
  order = "order", conditional_order = "order",
  trade = "trade",
  position = "position", closed_profit_loss = "position", futures_leverage = "position",
  server_time = "market", instrument = "market", auction_phase = "market", ticker = "market", book_level = "market",
  rpi_book_level = "market", order_book = "market", rpi_order_book = "market", kline = "market", price_kline = "market",
  public_trade = "market", funding_rate = "market", open_interest = "market", risk_limit = "market", price_limit = "market",
  long_short_ratio = "market", insurance = "market", insurance_pool = "market", adl = "market", adl_alert = "market",
  index_price = "market", index_price_component = "market", fee_group = "market", fee_group_rate = "market",
  delivery_price = "market", system_status = "market",
  wallet = "account", balance = "account", margin_account_info = "account", fee_rate = "account", transaction = "account",
  transferable = "account", smp_group = "account", user_settings = "account", collateral = "account",
  disconnect_cancel = "account", api_key_info = "account", transfer = "account", transferred = "account",
  asset_account = "account",
  asset_balance = "account", settlement = "account", delivery = "account",
}

local meta = {}

function meta.__index(records, name)
  local file = FILES[name]
  if not file then return nil end
  records[name] = later.load("bybit.records." .. file)[name]
  return records[name]
end

function meta.__pairs(records)
  for name in pairs(FILES) do local _ = records[name] end
  return next, records, nil
end

return setmetatable({}, meta)
