-- How a dialect other than V5 spells the records. Their rows stand in records.lua under V5's names; a spelling lays
-- another wire over them: { our name = wire name, or { wire name, further wire names ..., what differs } }.
--
--   type, map, empty, seconds   replace those of the row
--   weak = { name }             wire names that count only where no other gives the field a value
--   inline = { name }           objects whose members count as the record's own
--
-- A field that a spelling does not name is one that the wire does not have.

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

--- The declaration of a record as a wire spells it.
---@param record table of records.lua
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
  for _, name in ipairs(wire.inline or {}) do rows[#rows + 1] = { name, name, "inline" } end
  for name in pairs(wire) do assert(found[name] or name == "inline", name) end
  return { fields = rows, aliases = record.aliases }
end

return spelling
