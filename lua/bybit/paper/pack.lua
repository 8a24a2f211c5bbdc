-- Plain data as text, for what crosses between the caller's Lua state and the exchange's: nil, booleans,
-- numbers, strings, and tables of these. Anything else raises.

local spack, sunpack, concat, math_type = string.pack, string.unpack, table.concat, math.type

local pack = {}

local DEPTH = 16

local function write(out, value, depth)
  local kind = math_type(value) or type(value)
  if kind == "nil" then
    out[#out + 1] = "n"
  elseif kind == "boolean" then
    out[#out + 1] = value and "t" or "f"
  elseif kind == "integer" then
    out[#out + 1] = spack("<c1i8", "i", value)
  elseif kind == "float" then
    out[#out + 1] = spack("<c1d", "d", value)
  elseif kind == "string" then
    out[#out + 1] = spack("<c1s4", "s", value)
  elseif kind == "table" then
    if depth == 0 then error("a table is too deep", 0) end
    out[#out + 1] = "{"
    for key, field in next, value do
      write(out, key, depth - 1)
      write(out, field, depth - 1)
    end
    out[#out + 1] = "}"
  else
    error("a " .. kind .. " is not plain data", 0)
  end
end

---@param ... any plain values
---@return string
function pack.write(...)
  local out = {}
  for i = 1, select("#", ...) do
    write(out, (select(i, ...)), DEPTH)
  end
  return concat(out)
end

local formats = { i = "<i8", d = "<d", s = "<s4" }
local constants = { t = true, f = false }

local function read(text, at)
  local tag = text:sub(at, at)
  at = at + 1
  if formats[tag] then return sunpack(formats[tag], text, at) end
  if tag ~= "{" then return constants[tag], at end
  local value = {}
  while text:byte(at) ~= 125 do -- "}"
    local key
    key, at = read(text, at)
    value[key], at = read(text, at)
  end
  return value, at + 1
end

---The values that pack.write was given.
---@param text string
---@return any ...
function pack.read(text)
  local values, n, at = {}, 0, 1
  while at <= #text do
    n = n + 1
    values[n], at = read(text, at)
  end
  return table.unpack(values, 1, n)
end

return pack
