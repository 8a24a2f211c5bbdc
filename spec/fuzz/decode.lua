-- Fuzzes records, which are read with shortcuts and without: results, errors and their places are the same. The first byte
-- chooses the record, the second how the answer is made of the rest: it is the result's text, or that of the list in it, or it
-- draws odd records. The list is also read by core.json.decode, both ways.

local odd_records = require "spec.support.odd_records"
local two_readers = require "spec.support.two_readers"

local choices = {}
for _, api in ipairs { "v5", "v2" } do
  for _, name in ipairs { "order", "trade", "position" } do
    for _, shape in ipairs(two_readers.shapes) do
      choices[#choices + 1] = { api = api, shape = shape, names = two_readers.fields(api, name),
        read = two_readers.reader(api, name, shape) }
    end
  end
end

local function result(shape, list)
  return shape == "record" and (list:match "^%[(.*)%]$" or list) or ('{"list":%s}'):format(list)
end

-- An answer with all fields in declared order: with it the reader forgets what it has learned from earlier inputs.
local function whole(chosen)
  local members = {}
  for i, name in ipairs(chosen.names) do members[i] = ('"%s":""'):format(name) end
  return two_readers.answer(chosen.api, result(chosen.shape, "[{" .. table.concat(members, ",") .. "}]"))
end

-- Numbers from 1 to n, drawn from the bytes of the input.
local function chooser(input, at)
  return function(n)
    local byte = input:byte(at) or 0
    at = at + 1
    return byte % n + 1
  end
end

return function(input)
  if #input < 3 then return end
  local chosen, way = choices[input:byte(1) % #choices + 1], input:byte(2) % 4
  local list = input:sub(3)
  if way > 1 then list = odd_records.list(chooser(input, 3), chosen.names, chosen.shape == "record" and 1 or 6, way == 2) end
  local _, _, fault = two_readers.json(list)
  assert(not fault, fault)
  local body = two_readers.answer(chosen.api, way > 0 and result(chosen.shape, list) or list)
  chosen.read(whole(chosen))
  local _, difference = chosen.read(body)
  if difference then error(difference .. " in " .. body) end
end
