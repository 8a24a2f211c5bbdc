-- The methods that a dialect declares. Internal rows are requests of other methods and have none of their own.

--- The names of a dialect's methods, in the order of the alphabet.
---@param dialect table
---@return string[] names a table of the caller's own
return function(dialect)
  local names = {}
  for name, row in pairs(dialect.endpoints) do
    if not row.internal then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end
