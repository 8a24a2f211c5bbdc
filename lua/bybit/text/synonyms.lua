-- Finds our name for what a wrong name may mean: one in another spelling, or a word of another client (foreign_names.lua, which
-- only messages about wrong names need).

local foreign_names = require "bybit.later".module "bybit.text.foreign_names"

local synonyms = {}

--- A name without what its spelling adds: `orderLinkId`, `order_link_id` and `ORDER-LINK-ID` give the same.
---@param name string
---@return string
function synonyms.plain(name)
  return (name:lower():gsub("[^%w]", ""))
end

--- Is the plain name among the words of a text, however they are spelt there?
---@param words string
---@param plain string
---@return boolean
function synonyms.is_in(words, plain)
  for word in words:gmatch "%S+" do
    if synonyms.plain(word) == plain then return true end
  end
  return false
end

-- The words of a table -> the names that they stand for, in the order of the table.
local function index_of(lines)
  local index = {}
  for _, line in ipairs(lines) do
    for word in line[2]:gmatch "%S+" do
      local plain = synonyms.plain(word)
      index[plain] = index[plain] or {}
      table.insert(index[plain], line[1])
    end
  end
  return index
end

local indexes = {}

--- Our names that another client's word may stand for, the likeliest first.
---@param kind "parameters"|"fields"|"options"|"methods"
---@param word string
---@return string[] names not to be changed
function synonyms.of(kind, word)
  indexes[kind] = indexes[kind] or index_of(foreign_names[kind])
  return indexes[kind][synonyms.plain(word)] or {}
end

--- The request that another client's method stands for: verb and path on the V5 wire; nil if there is none.
---@param word string
---@return string? verb
---@return string? path
function synonyms.path(word)
  local plain = synonyms.plain(word)
  for _, line in ipairs(foreign_names.paths) do
    if synonyms.is_in(line[3], plain) then return line[1], line[2] end
  end
end

return synonyms
