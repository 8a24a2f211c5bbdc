-- Reads the parameters of a request, from the query or the JSON body, as one table of texts, booleans and tables. null and ""
-- are absent, as on the exchange. JSON numbers become texts of their digits, so "qty":100 and "qty":"100" mean the same and
-- nothing is rounded; lua-cjson alone would make doubles of them.

local cjson = require "cjson"
local engine = require "bybit.paper_engine"

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
---@type fun(raw: string): table<string, string>
params.query = engine.query

-- One past the string that opens at 'at'; nil when it does not end.
local function after_string(text, at)
  at = at + 1
  while true do
    at = find(text, '["\\]', at)
    if not at then return nil end
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

-- The digits of the number that begins at 'at', and the place after it. Nil when it is not a JSON number, or is used as a name.
local function number_at(text, at)
  local number = match(text, "^-?%d+%.?%d*[eE]?[+-]?%d*", at)
  if not number or #number > 64 or find(number, "^-?0%d") or not find(number, "%d$") then return nil end
  local digits, past = plain(number), at + #number
  return digits and find(text, "^[ \t\r\n]*[,%]}]", past) and digits, past
end

-- The same JSON with every number as a string of its digits; nil when a number is wrong. Text that is not JSON stays not
-- JSON.
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
      if not at then return nil end
      out[#out + 1] = sub(text, from, at - 1)
    else
      local digits
      digits, at = number_at(text, from)
      if not digits then return nil end
      out[#out + 1] = '"' .. digits .. '"'
    end
  end
end

-- Takes null and "" out of objects. In arrays places count, so null becomes false there. Returns whether there is a number.
local function tidy(value)
  local numbers = false
  for key, field in next, value do
    local kind = type(field)
    if field == "" then
      if type(key) == "string" then value[key] = nil end
    elseif kind == "table" then
      numbers = tidy(field) or numbers
    elseif kind == "number" then
      numbers = true
    elseif field == cjson.null then
      value[key] = nil
      if type(key) == "number" then value[key] = false end
    end
  end
  return numbers
end

local decode, flat = decoder.decode, engine.flat

--- The parameters of any JSON body. What the decoder makes of a number does not count: it reads them by the locale of the process,
--- which the host may have set. Where it finds one, or nothing that it can read, all is read again with the numbers as strings.
---@param text string
---@return table<string, any>?
function params.any_body(text)
  if not utf8.len(text) or not find(text, "^[ \t\r\n]*{") then return nil end
  local ok, value = pcall(decode, text)
  if ok and not tidy(value) then return value end
  text = quote_numbers(text)
  if not text then return nil end
  ok, value = pcall(decode, text)
  if not ok then return nil end
  tidy(value)
  return value
end

---The parameters of a JSON body; nil when it is not a JSON object. Most bodies are flat, and have nothing but texts and numbers.
---@param text string
---@return table<string, any>?
function params.body(text)
  return flat(text) or params.any_body(text)
end

return params
