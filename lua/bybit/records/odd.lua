-- Fields that did not decode. A record keeps them as their text, so that the user can see them. This file notes which fields these
-- are, so that nothing is concluded from a text that only looks like a value.

local odd = {}

local fields = setmetatable({}, { __mode = "k" }) -- record -> set of names

local function note(record, name)
  if type(record) ~= "table" then return end
  fields[record] = fields[record] or {}
  fields[record][name] = true
end

--- Notes which fields of a result, a record or a list of records, did not decode.
---@param result table?
---@param response bybit.Response?
function odd.note(result, response)
  for _, name in ipairs(result and response and response.undecoded or {}) do
    local i, field = name:match "^%[(%d+)%]%.([%w_]+)"
    if i then
      note(result[math.tointeger(tonumber(i))], field)
    else
      note(result, name:match "^[%w_]+" or name)
    end
  end
end

--- Did the field not decode?
---@param record table
---@param field string
---@return boolean
function odd.has(record, field)
  local names = fields[record]
  return names ~= nil and names[field] or false
end

--- A number, if the field decoded as one.
---@param record table
---@param field string
---@return userdata? number a decimal
function odd.number(record, field)
  local value = rawget(record, field)
  return getmetatable(value) == "bybit.decimal" and value or nil
end

return odd
