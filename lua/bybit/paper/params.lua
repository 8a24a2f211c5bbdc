-- Parameters of a request: the query, or the JSON body, as one table of texts, booleans and tables. What the
-- exchange takes for absent is absent here: null, "" and a missing key. JSON numbers come out as their own
-- digits (lua-cjson alone would make doubles of them), so "qty":100 and "qty":"100" mean the same and nothing
-- is rounded.

local cjson = require "cjson"

local find, sub, byte, match, concat = string.find, string.sub, string.byte, string.match, table.concat

local params = {}

local decoder = cjson.new()
decoder.decode_max_depth(16)
decoder.decode_invalid_numbers(false)

local function unescape(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

params.unescape = unescape

---The parameters of a raw query; of a name that comes twice the first counts.
---@param raw string
---@return table<string, string>
function params.query(raw)
  local out = {}
  for name, value in raw:gmatch("([^&=]+)=([^&]*)") do
    name = unescape(name)
    if value ~= "" and out[name] == nil then out[name] = unescape(value) end
  end
  return out
end

-- One past the string that opens at 'at', in valid JSON.
local function after_string(text, at)
  at = at + 1
  while true do
    at = find(text, '["\\]', at)
    if byte(text, at) == 34 then return at + 1 end
    at = at + 2
  end
end

-- Plain digits of a JSON number: exponents are carried out. Nil when it is too long to be meant.
local function plain(number)
  local sign, whole, fraction, exponent = match(number, "^(-?)(%d+)%.?(%d*)[eE]([+-]?%d+)$")
  if not sign then return match(number, "^-?%d+$") or match(number, "^-?%d+%.%d+$") end
  exponent = tonumber(exponent)
  if exponent < -64 or exponent > 64 then return nil end
  if exponent >= 0 then
    fraction = fraction .. ("0"):rep(exponent - #fraction)
    whole, fraction = whole .. sub(fraction, 1, exponent), sub(fraction, exponent + 1)
  else
    whole = ("0"):rep(1 - exponent - #whole) .. whole
    fraction, whole = sub(whole, exponent) .. fraction, sub(whole, 1, exponent - 1)
  end
  whole = match(whole, "^0*(%d+)$")
  return sign .. whole .. (fraction ~= "" and "." .. fraction or "")
end

-- The same JSON with every number as a string of its digits; nil when one has no plain digits.
local function quote_numbers(text)
  local out, at = {}, 1
  while true do
    local from = find(text, '["%d-]', at)
    if not from then
      out[#out + 1] = sub(text, at)
      return concat(out)
    end
    out[#out + 1] = sub(text, at, from - 1)
    if byte(text, from) == 34 then
      at = after_string(text, from)
      out[#out + 1] = sub(text, from, at - 1)
    else
      local number = match(text, "^[-+%d.eE]+", from)
      local digits = #number <= 64 and plain(number)
      if not digits then return nil end
      out[#out + 1] = '"' .. digits .. '"'
      at = from + #number
    end
  end
end

-- Takes null and "" out of objects. In arrays places count, so null becomes false there.
local function tidy(value)
  for key, field in pairs(value) do
    if type(field) == "table" then
      tidy(field)
    elseif field == cjson.null then
      value[key] = nil
      if type(key) == "number" then value[key] = false end
    elseif field == "" and type(key) == "string" then
      value[key] = nil
    end
  end
  return value
end

---The parameters of a JSON body; nil when it is not a JSON object.
---@param text string
---@return table<string, any>?
function params.body(text)
  if not utf8.len(text) or not find(text, "^[ \t\r\n]*{") then return nil end
  if not pcall(decoder.decode, text) then return nil end -- only valid JSON from here on
  local quoted = quote_numbers(text)
  return quoted and tidy(decoder.decode(quoted)) or nil
end

return params
