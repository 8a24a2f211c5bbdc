-- The exchange's own JSON writer. It writes the fields of an answer in the order of the exchange's documentation,
-- so each value is made with answer.object, answer.record, answer.list or answer.null. It writes decimals as
-- strings, as the wire has them. It raises on a plain table, which could be {} or [], and on a float, which could
-- be rounded. src/engine/answer.c writes. It shares no code with the client's encoder, so each of the two checks the other.

local core = require "bybit.core"
local engine = require "bybit.paper_engine"

local setmetatable = setmetatable

local Object, Record, List, Text, Row, Null = {}, {}, {}, {}, {}, { __name = "bybit.paper.null" }
local writer = engine.writer(Object, Record, List, Text, Row, Null, debug.getmetatable(core.decimal(0)))

local answer = { null = setmetatable({}, Null) }

---An object from pairs, written in their order: `answer.object { { "orderId", id }, ... }`. A pair whose
---value is nil is left out.
---@param pairs_list any[][]
function answer.object(pairs_list)
  return setmetatable({ pairs_list or {} }, Object)
end

---An object whose fields are those of 'values' named in 'fields', in that order; absent ones are left out.
---Both tables are kept, not copied: 'fields' is meant to be a constant shared by all records of a kind.
---@param fields string[]
---@param values table<string, any>
function answer.record(fields, values)
  return setmetatable({ fields, values }, Record)
end

---What all records of a kind have in common, for answer.row: a list of entries, one for each field, in their order.
---`{ name, value = x }`: it is always x. `{ name, field }`: a field of the record. `{ name, field, x }`: x where that is absent or false.
---`{ name, field, more = other }`: then the field `other` of what the row is made with besides; so is `{ name, more = other }`.
---`text = true`: an integer is written as a text. No field is left out.
---@type fun(entries: table[]): userdata
answer.shape = writer.shape

---An object of that shape.
---@param shape userdata
---@param record table
---@param more table? what had to be worked out
function answer.row(shape, record, more)
  return setmetatable({ shape, record, more }, Row)
end

---An array, [] when it is empty. The table is kept, not copied.
---@param values any[]?
function answer.list(values)
  return setmetatable({ values or {} }, List)
end

---JSON that is written already.
---@param text string
function answer.text(text)
  return setmetatable({ text }, Text)
end

---A decimal as a JSON number, where the wire has one: with an exponent below a millionth, as v2 wrote it.
---@param value userdata a decimal
function answer.number(value)
  local text = tostring(value:key())
  local sign, zeros, digits = text:match "^(-?)0%.(0+)([1-9]%d*)$"
  if not sign or #zeros < 6 then return answer.text(text) end
  local mantissa = #digits > 1 and digits:sub(1, 1) .. "." .. digits:sub(2) or digits
  return answer.text(("%s%se-%d"):format(sign, mantissa, #zeros + 1))
end

---JSON text of a value made of the above, strings, integers, booleans and decimals.
---@type fun(value: any): string
answer.encode = writer.encode

---The answer to a request, in the envelope of V5.
---@type fun(code: integer, message: string?, result: any, extra: any, now: integer, seed: integer, count: integer, limit: integer?,
---  left: integer?, reset: integer?): string, string
---now: ms; seed, count: what its trace id is made of; the rest: where the caller stands with its limit. Nil: there is none. A text as
---result is JSON already. Returns the body, and the header lines as a text.
answer.answered = writer.answered

return answer
