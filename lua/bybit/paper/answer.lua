-- The exchange's own JSON writer. It writes the fields of an answer in the order of the exchange's documentation,
-- so each value is made with answer.object, answer.record, answer.list or answer.null. It writes decimals as
-- strings, as the wire has them. It raises on a plain table, which could be {} or [], and on a float, which could
-- be rounded. It shares no code with the client's encoder, so each of the two checks the other.

local concat, format, math_type, metatable_of = table.concat, string.format, math.type, debug.getmetatable
local tostring, type = tostring, type

local Object, Record, List, Text = {}, {}, {}, {}
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

---JSON that is written already.
---@param text string
function answer.text(text)
  return setmetatable({ text = text }, Text)
end

---The JSON of what answer.text has made; nil for anything else.
---@param value table
---@return string?
function answer.written(value)
  return getmetatable(value) == Text and value.text or nil
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

local find = string.find

local function quote(text)
  if not find(text, '[%c"\\\128-\255]') then return '"' .. text .. '"' end -- nearly always
  if not utf8.len(text) then text = scrub(text) end
  return '"' .. text:gsub('[\0-\31"\\]', escape) .. '"'
end

-- What `f` made of short texts before: words and names come again and again.
local SHORT, MOST = 24, 4096

local function remembered(f)
  local known, count = {}, 0
  return function(text)
    local made = known[text]
    if made then return made end
    made = f(text)
    if #text > SHORT then return made end
    if count == MOST then known, count = {}, 0 end
    known[text], count = made, count + 1
    return made
  end
end

local quoted = remembered(quote)

-- The names of records, as they are written: `{"orderId":` where a field is the first of its object, `,"orderId":` where it is
-- not. By the list of fields, which is a constant.
local NAMES = setmetatable({}, { __mode = "k", __index = function(self, fields)
  local names = { first = {}, later = {} }
  for i, field in ipairs(fields) do
    local name = quote(field) .. ":"
    names.first[i], names.later[i] = "{" .. name, "," .. name
  end
  self[fields] = names
  return names
end })

-- The parts of the text that is being written, and how many they are. The table is used again for each text.
local out, n = {}, 0

local write

-- Is this the metatable of decimals?
local DECIMAL = setmetatable({}, { __mode = "k", __index = function(known, meta)
  known[meta] = type(meta) == "table" and meta.__name == "bybit.decimal"
  return known[meta]
end })

local function write_object(object)
  local before = "{"
  for _, pair in ipairs(object.pairs) do
    local value = pair[2]
    if value ~= nil then
      out[n + 1], out[n + 2], out[n + 3] = before, quoted(pair[1]), ":"
      n, before = n + 3, ","
      write(value)
    end
  end
  n = n + 1
  out[n] = before == "{" and "{}" or "}"
end

local function write_record(record)
  local values, fields = record.values, record.fields
  local names = NAMES[fields]
  local name, later = names.first, names.later
  for i = 1, #fields do
    local value = values[fields[i]]
    if value ~= nil then
      out[n + 1], name = name[i], later
      local kind = type(value)
      local meta = kind == "userdata" and metatable_of(value)
      if kind == "string" then -- nearly always
        out[n + 2] = quoted(value)
        n = n + 2
      elseif meta and DECIMAL[meta] then
        out[n + 2], out[n + 3], out[n + 4] = '"', tostring(value), '"'
        n = n + 4
      else
        n = n + 1
        write(value)
      end
    end
  end
  n = n + 1
  out[n] = name == later and "}" or "{}"
end

local function write_list(list)
  local before = "["
  for _, value in ipairs(list.values) do
    n = n + 1
    out[n], before = before, ","
    write(value)
  end
  n = n + 1
  out[n] = before == "[" and "[]" or "]"
end

local function write_text(text)
  n = n + 1
  out[n] = text.text
end

local function write_null()
  n = n + 1
  out[n] = "null"
end

local writers = { [Text] = write_text, [Object] = write_object, [Record] = write_record, [List] = write_list,
  [getmetatable(null)] = write_null }

local function write_number(value)
  if math_type(value) ~= "integer" then return false end
  n = n + 1
  out[n] = format("%d", value)
  return true
end

local function write_decimal(value)
  local meta = metatable_of(value)
  if not (meta and DECIMAL[meta]) then return false end
  out[n + 1], out[n + 2], out[n + 3] = '"', tostring(value), '"'
  n = n + 3
  return true
end

local function write_boolean(value)
  n = n + 1
  out[n] = value and "true" or "false"
  return true
end

local others = { number = write_number, userdata = write_decimal, boolean = write_boolean }

function write(value)
  local kind = type(value)
  if kind == "string" then
    n = n + 1
    out[n] = quoted(value)
    return
  end
  local writer = kind == "table" and writers[getmetatable(value)]
  if writer then return writer(value) end
  local other = others[kind]
  if other and other(value) then return end
  error("answer: cannot write a " .. (math_type(value) or kind) .. " (use object, record, list or a string)", 0)
end

local PARTS_KEPT = 10000

---JSON text of a value made of the above, strings, integers, booleans and decimals.
---@param value any
---@return string
function answer.encode(value)
  n = 0
  write(value)
  local text = concat(out, "", 1, n)
  if n > PARTS_KEPT then out = {} end
  return text
end

return answer
