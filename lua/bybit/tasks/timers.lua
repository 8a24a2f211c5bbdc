-- Moments to come, in a heap, the earliest first; of two at the same time the one that was added first. A moment can be
-- forgotten: its entry stays in the heap until its time comes, or until most of the heap's entries are forgotten ones.

local moments = {}

local Moments = {}
Moments.__index = Moments

local FEW = 32 -- with so few forgotten entries a sweep is not worth it

--- An empty heap.
function moments.new()
  return setmetatable({ heap = {}, forgotten = 0, made = 0 }, Moments)
end

-- Puts the newest entry into the heap: of those that are due at its time it comes last.
local function rise(heap, entry)
  local at, due = #heap + 1, entry.due
  while at > 1 do
    local above = heap[at // 2]
    if above.due <= due then break end
    heap[at], at = above, at // 2
  end
  heap[at] = entry
end

local function sink(heap, entry, at, size)
  local due, number, child = entry.due, entry.number, at * 2
  while child <= size do
    local below = heap[child]
    if child < size then
      local other = heap[child + 1]
      if other.due < below.due or other.due == below.due and other.number < below.number then
        below, child = other, child + 1
      end
    end
    if below.due > due or below.due == due and below.number > number then break end
    heap[at], at, child = below, child, child * 2
  end
  heap[at] = entry
end

--- Adds a moment; `take` returns `what` and `with` when it has come.
---@return table moment for `forget`
function Moments:add(due, what, with)
  local number = self.made + 1
  self.made = number
  local entry = { due = due, what = what, with = with, number = number }
  rise(self.heap, entry)
  return entry
end

local function pop(self)
  local heap = self.heap
  local top, size = heap[1], #heap
  local entry = heap[size]
  heap[size] = nil
  if size > 1 then sink(heap, entry, 1, size - 1) end
  return top
end

local function sweep(self)
  local kept = {}
  for _, entry in ipairs(self.heap) do
    if entry.what ~= nil then kept[#kept + 1] = entry end
  end
  self.heap, self.forgotten = kept, 0
  for at = #kept // 2, 1, -1 do sink(kept, kept[at], at, #kept) end
end

--- Takes a moment back. Nil, and a moment that was taken or forgotten already, are allowed.
function Moments:forget(entry)
  if not entry or entry.what == nil then return end
  entry.what = nil
  self.forgotten = self.forgotten + 1
  if self.forgotten > FEW and self.forgotten * 2 > #self.heap then sweep(self) end
end

--- When the next moment is due; nil when there is none.
function Moments:next()
  local entry = self.heap[1]
  while entry and entry.what == nil do
    pop(self)
    self.forgotten = self.forgotten - 1
    entry = self.heap[1]
  end
  return entry and entry.due
end

--- Removes the next moment and returns what it was added with. Only after next() returned a time.
function Moments:take()
  local entry = pop(self)
  local what = entry.what
  entry.what = nil
  return what, entry.with
end

--- How many entries it holds, forgotten ones among them.
function Moments:size()
  return #self.heap
end

return moments
