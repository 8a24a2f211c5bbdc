-- Keeps the JSON text of records that are asked for again and again, until a field of theirs changes that may change.

local answer = require "bybit.paper.answer"

local kept = {}

local MOST = 4096 -- texts of a kind; with one more all of them go

local function unchanged(entry, record, fields)
  if type(record) == "userdata" then return true end -- such ones never change (src/engine/records.h)
  for i = 1, #fields do
    if not rawequal(entry[i], record[fields[i]]) then return false end -- not by value: 1.0 equals 1, and is written otherwise
  end
  return true
end

---Makes a function that gives the text of a record, as answer.text.
---@param fields string[] the fields that may change once a record is made; all that `write` reads of a record stays the same
---  while each of these is the same value
---@param write fun(record: table): table makes the record anew
---@return fun(record: table): table
function kept.new(fields, write)
  local texts, count = setmetatable({}, { __mode = "k" }), 0
  return function(record)
    local entry = texts[record]
    if entry and unchanged(entry, record, fields) then return entry.text end
    if not entry then count = count + 1 end
    if count > MOST then texts, count = setmetatable({}, { __mode = "k" }), 1 end
    entry = { text = answer.text(answer.encode(write(record))) }
    for i, name in ipairs(fields) do entry[i] = record[name] end
    texts[record] = entry
    return entry.text
  end
end

return kept
