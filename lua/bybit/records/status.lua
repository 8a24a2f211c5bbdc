-- What the words for an order's status mean (V5 documentation, enum definitions; words of v2 are among them). A word that is in no
-- list here says nothing.

local function set(words)
  local found = {}
  for _, word in ipairs(words) do found[word] = true end
  return found
end

-- V5 lists orders of these as open ones (V5 documentation, order/realtime).
local LISTED = { "New", "PartiallyFilled", "Untriggered" }
-- An order of these may still fill or fire, too: for an instant, or on the v2 wire.
local PASSING = { "Triggered", "Created", "Active", "PendingCancel" }
-- These end an order by cancelling it.
local CANCELLED = { "Cancelled", "Deactivated", "PartiallyFilledCanceled" }
-- These end it in another way.
local ENDED = { "Filled", "Rejected" }

local function both(a, b)
  return set(table.move(b, 1, #b, #a + 1, { table.unpack(a) }))
end

local DONE = both(CANCELLED, ENDED)

-- Does the first of two records of an order tell more about how it is now? They may come out of their order, but nothing comes after an
-- order's end.
local function is_newer(a, b)
  local ended, other = DONE[rawget(a, "status")] or false, DONE[rawget(b, "status")] or false
  if ended ~= other then return ended end
  local time, before = rawget(a, "update_time"), rawget(b, "update_time")
  return not (math.type(time) and math.type(before)) or time >= before
end

return {
  is_newer = is_newer,
  open = both(LISTED, PASSING), -- it may still fill or fire
  listed = set(LISTED),         -- it is among the open orders of V5
  done = DONE,                   -- it has ended, whichever way
  cancelled = set(CANCELLED),   -- it has ended by being cancelled
  words = { listed = LISTED },  -- in their order, for documentation
}
