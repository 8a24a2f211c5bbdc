-- "Did you mean": the name that a misspelt word most likely stands for.

local nearest = {}

-- How many letters must be added, left out, replaced, or swapped with the next one; nil when it is more than `bound`.
local function distance(a, b, bound)
  if math.abs(#a - #b) > bound then return nil end
  local before, last = {}, {} -- the two rows above this one
  for j = 0, #b do last[j] = j end
  for i = 1, #a do
    local row, best = { [0] = i }, i
    for j = 1, #b do
      local x, y = a:byte(i), b:byte(j)
      local new = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x == y and 0 or 1))
      if i > 1 and j > 1 and x == b:byte(j - 1) and y == a:byte(i - 1) then new = math.min(new, before[j - 2] + 1) end
      row[j] = new
      if new < best then best = new end
    end
    if best > bound then return nil end
    before, last = last, row
  end
  return last[#b] <= bound and last[#b] or nil
end

--- The one of `names` (an array) that is nearest to `word`, at a distance of at most a third of its length. Of two equally near
--- ones the first by alphabet.
---@param word string
---@param names string[]
---@return string?
function nearest.word(word, names)
  local bound, found, least = #word // 3, nil, nil
  for _, name in ipairs(names) do
    local d = name ~= word and distance(word:lower(), name:lower(), bound)
    if d and (not least or d < least or (d == least and name < found)) then found, least = name, d end
  end
  return found
end

--- How a message that refuses a word ends: `, did you mean 'x'?`, or nothing where no name is near.
---@param word any a name is near to a string only
---@param names string[]
---@param shown? string how the name is written; "'%s'" when left out
---@return string
function nearest.hint(word, names, shown)
  local near = type(word) == "string" and nearest.word(word, names)
  return near and (", did you mean %s?"):format((shown or "'%s'"):format(near)) or ""
end

return nearest
