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

local function before(a, b)
  return a.due < b.due or (a.due == b.due and a.number < b.number)
end

local function rise(heap, entry, at)
  while at > 1 and before(entry, heap[at // 2]) do
    heap[at], at = heap[at // 2], at // 2
  end
  heap[at] = entry
end

local function sink(heap, entry, at)
  local size = #heap
  while at * 2 <= size do
    local child = at * 2
    if child < size and before(heap[child + 1], heap[child]) then child = child + 1 end
    if not before(heap[child], entry) then break end
    heap[at], at = heap[child], child
  end
  heap[at] = entry
end

--- Adds a moment; `take` returns `what` when it has come.
---@return table moment for `forget`
function Moments:add(due, what)
  self.made = self.made + 1
  local entry = { due = due, what = what, number = self.made }
  rise(self.heap, entry, #self.heap + 1)
  return entry
end

local function pop(self)
  local heap = self.heap
  local top, entry = heap[1], table.remove(heap)
  if top ~= entry then sink(heap, entry, 1) end
  return top
end

local function sweep(self)
  local kept = {}
  for _, entry in ipairs(self.heap) do
    if entry.what ~= nil then kept[#kept + 1] = entry end
  end
  self.heap, self.forgotten = kept, 0
  for at = #kept // 2, 1, -1 do sink(kept, kept[at], at) end
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
  return what
end

--- How many entries it holds, forgotten ones among them.
function Moments:size()
  return #self.heap
end

return moments
