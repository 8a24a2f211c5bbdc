-- Things in the order of their numbers, any of which may be taken out. One that is taken out leaves its number behind, so
-- nothing moves; when half of the places hold numbers, the list is packed. A place is found by halving.

local Rows = {}
Rows.__index = Rows

local PACKED = 32 -- a list with fewer places is not worth packing

---@param key string the field of a thing that holds its number
function Rows.new(key)
  return setmetatable({ key = key, count = 0, items = {} }, Rows)
end

--- The first place whose thing has this number or a higher one; one past the last when there is none. The places of a list
--- without gaps are found too.
---@type fun(items: table[], number: integer, key: string): integer
Rows.place_of = require("bybit.paper_engine").place_of

local place_of = Rows.place_of

--- Adds a thing at its place, which is mostly the end.
function Rows:add(item)
  local items, key = self.items, self.key
  local n, number = #items, item[key]
  local last = items[n]
  if type(last) == "table" then last = last[key] end
  self.count = self.count + 1
  if n == 0 or last < number then
    items[n + 1] = item
    return
  end
  local at = place_of(items, number, key)
  if items[at] == number then items[at] = item else table.insert(items, at, item) end
end

--- Takes a thing out that is in.
function Rows:remove(item)
  local items, key = self.items, self.key
  local number, n = item[key], #items
  self.count = self.count - 1
  if items[n] == item then
    items[n] = nil
    return
  end
  items[place_of(items, number, key)] = number
  if n > PACKED and self.count * 2 < n then self.items = self:list() end
end

local function following(items, i)
  repeat i = i + 1 until type(items[i]) ~= "number"
  if items[i] then return i, items[i] end
end

--- For loops, lowest number first. Nothing may be added or taken out meanwhile.
function Rows:each()
  return following, self.items, 0
end

--- All of them, lowest number first, in a list of their own.
---@return table[]
function Rows:list()
  local list = {}
  for _, item in self:each() do list[#list + 1] = item end
  return list
end

return Rows
