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
--   doc                    what the field says
--
-- Names are those of the interface that this project implements; a field that it lacks has its wire name in snake_case. A field
-- "(v2 only)" has its name on the v2 wire as wire name; on V5 reading it gives nil. Queries and streams leave a field without value
-- in different ways: queries answer "UNKNOWN" or "0.00", streams "" (V5 documentation, order/realtime, order).

local later = require "bybit.later"

-- Where each record is declared.
local FILES = { order_id = "acknowledgement", cancelled_order = "cancelled", order = "order", conditional_order = "order",
  trade = "trade", position = "position" }

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
