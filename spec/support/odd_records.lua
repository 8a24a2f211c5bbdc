-- Writes lists of records as JSON, mostly as the exchange sends them and sometimes odd: other orders of fields, fields that are
-- missing, come twice or are not declared, white space, escapes, values of every kind, and texts that are no JSON.

local odd = {}

-- Values as they stand in JSON. The second list is no JSON.
local VALUES = { '""', '"0"', '"0.00"', '"-0"', '"-0.0"', '"12.50"', '"-3.25"', '"007"', '"00.50"', '"Buy"', '"Sell"',
  '"UNKNOWN"', '"Unknown"', '"LastPrice"', '"Trade"', '"Funding"', '"1"', '"2"', '"99"',
  '"fd4300ae-7847-404e-b947-b46980a4d140"', '"1684738540559"', '"-1684738540559"', "1684738540559", "0", "1", "2", "-1",
  "-0", "-0.0", "1.5", "1e3", "0.1E-2", "true", "false", "null", '"true"', '"B\\u0075y"', '"\\u0030"', '"\\""', '"\u{e9}"',
  '"\u{1f600}\\n"', '"12,5"', '" 1"', '"1 "', '"1."', '".5"', '"+1"', '"-"', '"1e3"', '"1E400"', '"1.5.5"',
  '"999999999999999999"', '"1000000000000000000"', '"9223372036854775807"', '"9223372036854775808"',
  '"-9223372036854775808"', '"-9223372036854775809"', "9223372036854775807", "9223372036854775808", "-9223372036854775808",
  '"0.000000000000000001"', '"0.0000000000000000001"', '"1234567890123456.7890123456789012"',
  '"12345678901234567890123456789012345"', '"1.000000000000000000000000000000000000"',
  '"00000000000000000000000000000000000000001"', '"0000000000000000000012"', '"-0000000000000000000012"',
  '"123456789012345678"', '"1234567890.12345678"', "12345678901234567890123456789012345678901234567890",
  '"2024-01-02T03:04:05.678Z"', '"2024-13-02"', '"2024-01-02"', '"1684738540.559"', "1684738540.559", "{}", "[]",
  '{"MNT":"0.00242968"}', '{"MNT":"0.1","MNT":"2"}', '{"a":1,"b":[1,2,{"c":null}]}', '[{"a":1},{"a":2},{"b":1.5}]',
  '{"a":{"a":{}}}', '"' .. ("x"):rep(80) .. '"' }
local WRONG = { "tru", "truex", "nul", "01", "-01", "-", "1.", "1e", "1x", "{", "[", '{"a":}', "[1,]", '"\1"', '"\\x"',
  '"\\ud800"', '"\255"', '"open', "", "'a'", "\u{feff}1", "1 2" }

-- An undeclared member's key.
local OTHERS = { "someNewField", "symbolx", "", "o", "order_id", "quantity", "a\\u0062c", "\u{e9}" }

local function pick(choose, list) return list[choose(#list)] end

-- Usually the usual choice; one time in n, what `otherwise` gives.
local function rarely(choose, n, usual, otherwise)
  if choose(n) == n then return otherwise() end
  return usual
end

local function escaped(key)
  return key == "" and key or ("\\u%04x"):format(key:byte()) .. key:sub(2)
end

-- One member. `wrong`: may it be no JSON?
local function member(choose, key, value, wrong)
  if wrong then value = rarely(choose, 60, value, function() return pick(choose, WRONG) end) end
  key = rarely(choose, 60, '"' .. key .. '"', function() return '"' .. escaped(key) .. '"' end)
  return rarely(choose, 60, key .. ":" .. value, function() return " " .. key .. " : " .. value .. "\n" end)
end

local function record(choose, names, values, wrong)
  local members = {}
  for i, key in ipairs(names) do
    if values[key] and choose(40) ~= 40 then
      local value = rarely(choose, 4, values[key], function() return pick(choose, VALUES) end)
      members[#members + 1] = member(choose, key, value, wrong)
      if choose(200) == 200 then members[#members + 1] = member(choose, names[choose(i)], value, wrong) end
      if choose(100) == 100 then members[#members + 1] = member(choose, pick(choose, OTHERS), value, wrong) end
    end
  end
  if #members > 1 and choose(8) == 8 then
    local a, b = choose(#members), choose(#members)
    members[a], members[b] = members[b], members[a]
  end
  return "{" .. table.concat(members, ",") .. "}"
end

--- A JSON list of up to `most` records with these wire names. `choose(n)` gives numbers from 1 to n. Without `wrong` the text
--- is JSON, though a key may come twice.
---@param choose fun(n: integer): integer
---@param names string[]
---@param most integer
---@param wrong boolean?
---@return string list
function odd.list(choose, names, most, wrong)
  local values, list = {}, {}
  for _, key in ipairs(names) do
    if choose(3) > 1 then values[key] = pick(choose, VALUES) end
  end
  for i = 1, choose(most) do list[i] = record(choose, names, values, wrong) end
  return "[" .. table.concat(list, rarely(choose, 30, ",", function() return " , " end)) .. "]"
end

return odd
