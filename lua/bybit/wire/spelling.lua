-- How a wire other than V5 spells the records. The rows of records are in records/ with V5's names. A spelling gives other
-- names: { our name = wire name }, or { our name = { wire name, further wire names ..., what differs } }. In it
--
--   type, map, empty, seconds, zero_empty   replace the field of the row with that name
--   weak = { name }     wire names that are read only if no other name gives the field a value
--   inline = { name }   objects whose members are read as fields of the record
--
-- The wire does not have the fields that a spelling does not name.

local spelling = {}

local REPLACED = { "map", "empty", "seconds", "zero_empty" }

local function row_of(field, wire)
  if type(wire) == "string" then wire = { wire } end
  local row = { field[1], wire[1], wire.type or field[3], empty = field.empty, zero_empty = field.zero_empty,
    map = not wire.type and field.map or nil }
  for _, key in ipairs(REPLACED) do
    if wire[key] ~= nil then row[key] = wire[key] end
  end
  if #wire > 1 then row.also_wire = table.move(wire, 2, #wire, 1, {}) end
  return row
end

--- The rows of a record as a wire spells it.
---@param record table of records/
---@param wire table its spelling
---@return table declaration
function spelling.apply(record, wire)
  local rows, found = {}, {}
  for _, field in ipairs(record.fields) do
    local own = wire[field[1]]
    if own then
      found[field[1]] = true
      rows[#rows + 1] = row_of(field, own)
      for _, name in ipairs(own.weak or {}) do
        rows[#rows + 1] = { field[1], name, field[3], weak = true, seconds = own.weak.seconds }
      end
    end
  end
  for name in pairs(wire) do assert(found[name] or name == "inline", name) end
  return { fields = rows, inline = wire.inline, aliases = record.aliases }
end

return spelling
