-- Keeps the JSON text of records that are asked for again and again, until a field of theirs changes that may change.

local answer = require "bybit.paper.answer"

local kept = {}

local MOST = 4096 -- texts of a kind; with one more all of them go

local unchanged = require("bybit.paper_engine").unchanged -- not by value: 1.0 equals 1, and is written otherwise

---Makes a function that gives the text of a record, as answer.text.
---@param fields string[] the fields of its own that may change once a record is made; all that `write` reads of a record stays the
---  same while each of these is the same value
---@param write fun(record: table): table makes the record anew
---@return fun(record: table): table
function kept.new(fields, write)
  local texts, count = setmetatable({}, { __mode = "k" }), 0
  return function(record)
    local entry = texts[record]
    if not entry then
      count = count + 1
      if count > MOST then texts, count = setmetatable({}, { __mode = "k" }), 1 end
      entry = { text = nil }
      texts[record] = entry
    end
    if unchanged(entry, record, fields) and entry.text then return entry.text end
    entry.text = nil
    entry.text = answer.text(answer.encode(write(record)))
    return entry.text
  end
end

return kept
