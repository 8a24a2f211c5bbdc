-- Orders at their prices, one side of a book: at each price, a rung, the oldest first. The best rung is the highest or the
-- lowest. Adding and taking out cost the same however many orders there are: a rung is a ring of its orders, linked through
-- their fields `before` and `after`, and which prices have a rung is known from bits, 64 to a word, with a bit in the word
-- above for each word that is not empty. There are as many rows of words as the highest price so far needs. An order stands
-- on one ladder at most, at its `ticks`.

local Ladder = {}
Ladder.__index = Ladder

local BIT = {} -- the number of a word's only bit
for i = 0, 63 do BIT[1 << i] = i end

local function lowest(word)
  return BIT[word & -word]
end

local function highest(word)
  word = word | word >> 1
  word = word | word >> 2
  word = word | word >> 4
  word = word | word >> 8
  word = word | word >> 16
  word = word | word >> 32
  return BIT[word ~ word >> 1]
end

---@param falling boolean is the highest price the best, as of buyers?
function Ladder.new(falling)
  return setmetatable({ falling = falling, words = { [0] = {} }, top = 0, span = 6, rungs = {}, best = nil }, Ladder)
end

-- Adds rows until the top one is a single word for all prices up to this one. `span` is how many bits of a price that covers.
local function grow(self, ticks)
  local words = self.words
  while ticks >> self.span ~= 0 do
    words[self.top + 1] = { [0] = words[self.top][0] and 1 or nil }
    self.top, self.span = self.top + 1, self.span + 6
  end
end

local function mark(self, ticks)
  local words = self.words
  if ticks >> self.span ~= 0 then grow(self, ticks) end
  for row = 0, self.top do
    local above = ticks >> 6
    local word = words[row][above]
    words[row][above] = (word or 0) | 1 << (ticks & 63)
    if word then return end
    ticks = above
  end
end

local function unmark(self, ticks)
  local words = self.words
  for row = 0, self.top do
    local above = ticks >> 6
    local word = words[row][above] & ~(1 << (ticks & 63))
    if word ~= 0 then
      words[row][above] = word
      return
    end
    words[row][above] = nil
    ticks = above
  end
end

-- The next rung that is worse than a price, whether the price has a rung or not; nil when there is none.
local function worse(self, ticks)
  local words, falling = self.words, self.falling
  local pick = falling and highest or lowest
  for row = 0, self.top do
    local above, place = ticks >> 6, ticks & 63
    local word = words[row][above] or 0
    word = word & (falling and (1 << place) - 1 or ~((2 << place) - 1))
    if word ~= 0 then
      ticks = above << 6 | pick(word)
      for below = row - 1, 0, -1 do ticks = ticks << 6 | pick(words[below][ticks]) end
      return ticks
    end
    ticks = above
  end
end

--- Puts an order on the rung of its `ticks`, behind those that are there.
function Ladder:add(order)
  local ticks = order.ticks
  local first = self.rungs[ticks]
  if first then
    local last = first.before
    order.before, order.after, last.after, first.before = last, first, order, order
    return
  end
  self.rungs[ticks], order.before, order.after = order, order, order
  mark(self, ticks)
  local best = self.best
  if not best or self.falling and ticks > best.ticks or not self.falling and ticks < best.ticks then self.best = order end
end

--- Takes an order off; it stands on this ladder.
function Ladder:remove(order)
  local ticks, before, after = order.ticks, order.before, order.after
  local alone = after == order
  if alone then
    self.rungs[ticks] = nil
    unmark(self, ticks)
  else
    before.after, after.before = after, before
    if self.rungs[ticks] == order then self.rungs[ticks] = after end
  end
  if self.best == order then self.best = alone and self.rungs[worse(self, ticks)] or not alone and after or nil end
  order.before, order.after = nil, nil
end

--- The order whose turn is after this one's; nil after the last.
function Ladder:next(order)
  local after = order.after
  if after ~= self.rungs[order.ticks] then return after end
  return self.rungs[worse(self, order.ticks)]
end

return Ladder
