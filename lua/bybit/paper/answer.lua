-- The exchange's own JSON writer. Answers keep the order of fields that the exchange's documentation
-- prints, so a value says what it is: answer.object, answer.record, answer.list, answer.null. Decimals go
-- out as strings, as the wire has them. A plain table or a float raises: the one is ambiguous ({} or []),
-- the other would round. It shares nothing with the client's encoder, so that each checks the other.

local concat, format, math_type = table.concat, string.format, math.type

local Object, Record, List, Number = {}, {}, {}, {}
local null = setmetatable({}, { __name = "bybit.paper.null" })

local answer = { null = null }

---An object from pairs, written in their order: `answer.object { { "orderId", id }, ... }`. A pair whose
---value is nil is left out.
---@param pairs_list any[][]
function answer.object(pairs_list)
  return setmetatable({ pairs = pairs_list or {} }, Object)
end

---An object whose fields are those of 'values' named in 'fields', in that order; absent ones are left out.
---Both tables are kept, not copied: 'fields' is meant to be a constant shared by all records of a kind.
---@param fields string[]
---@param values table<string, any>
function answer.record(fields, values)
  return setmetatable({ fields = fields, values = values }, Record)
end

---An array, [] when it is empty. The table is kept, not copied.
---@param values any[]?
function answer.list(values)
  return setmetatable({ values = values or {} }, List)
end

---A decimal as a JSON number, where the wire has one: with an exponent below a millionth, as v2 wrote it.
---@param value userdata a decimal
function answer.number(value)
  local text = tostring(value:key())
  local sign, zeros, digits = text:match "^(-?)0%.(0+)([1-9]%d*)$"
  if not sign or #zeros < 6 then return setmetatable({ text = text }, Number) end
  local mantissa = #digits > 1 and digits:sub(1, 1) .. "." .. digits:sub(2) or digits
  return setmetatable({ text = ("%s%se-%d"):format(sign, mantissa, #zeros + 1) }, Number)
end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r",
  ["\t"] = "\\t" }

local function escape(c)
  return escapes[c] or format("\\u%04x", c:byte())
end

-- Bytes that are not UTF-8 (a request may echo in a message) become U+FFFD: an answer is always valid JSON.
local function scrub(text)
  local out, at = {}, 1
  while at <= #text do
    local _, bad = utf8.len(text, at)
    if not bad then
      out[#out + 1] = text:sub(at)
      break
    end
    out[#out + 1] = text:sub(at, bad - 1)
    out[#out + 1] = "\u{FFFD}"
    at = bad + 1
  end
  return concat(out)
end

local function quote(text)
  if not utf8.len(text) then text = scrub(text) end
  return '"' .. text:gsub('[\0-\31"\\]', escape) .. '"'
end

local write

local function write_object(out, object)
  out[#out + 1] = "{"
  local comma = ""
  for _, pair in ipairs(object.pairs) do
    if pair[2] ~= nil then
      out[#out + 1] = comma
      out[#out + 1] = quote(pair[1])
      out[#out + 1] = ":"
      write(out, pair[2])
      comma = ","
    end
  end
  out[#out + 1] = "}"
end

local function write_record(out, record)
  out[#out + 1] = "{"
  local comma, values = "", record.values
  for _, field in ipairs(record.fields) do
    local value = values[field]
    if value ~= nil then
      out[#out + 1] = comma
      out[#out + 1] = quote(field)
      out[#out + 1] = ":"
      write(out, value)
      comma = ","
    end
  end
  out[#out + 1] = "}"
end

local function write_list(out, list)
  out[#out + 1] = "["
  for i, value in ipairs(list.values) do
    if i > 1 then out[#out + 1] = "," end
    write(out, value)
  end
  out[#out + 1] = "]"
end

local function write_number(out, number)
  out[#out + 1] = number.text
end

local writers = { [Number] = write_number, [Object] = write_object, [Record] = write_record, [List] = write_list }

local function is_decimal(value)
  local meta = debug.getmetatable(value)
  return type(meta) == "table" and meta.__name == "bybit.decimal"
end

function write(out, value)
  local kind = type(value)
  if kind == "string" then
    out[#out + 1] = quote(value)
  elseif math_type(value) == "integer" then
    out[#out + 1] = format("%d", value)
  elseif kind == "boolean" then
    out[#out + 1] = tostring(value)
  elseif value == null then
    out[#out + 1] = "null"
  elseif kind == "table" and writers[getmetatable(value)] then
    writers[getmetatable(value)](out, value)
  elseif kind == "userdata" and is_decimal(value) then
    out[#out + 1] = '"' .. tostring(value) .. '"'
  else
    error("answer: cannot write a " .. (math_type(value) or kind) .. " (use object, record, list or a string)", 0)
  end
end

---JSON text of a value made of the above, strings, integers, booleans and decimals.
---@param value any
---@return string
function answer.encode(value)
  local out = {}
  write(out, value)
  return concat(out)
end

return answer
