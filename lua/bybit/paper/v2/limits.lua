-- The rate limits of v2: so many requests a minute, counted per account, symbol and group of endpoints; a minute begins
-- with its first request (v2 documentation, rate limits). The caller gives the time.

local Limits = {}
Limits.__index = Limits

local MINUTE = 60000 -- ms

function Limits.new()
  return setmetatable({ windows = {} }, Limits)
end

--- Counts a request that costs `weight`. Whether it may pass, what is left, and when the minute ends if it may not (else
--- now).
---@return boolean passed, integer left, integer reset
function Limits:take(account, symbol, group, limit, weight, now)
  local windows = self.windows[account]
  if not windows then
    windows = {}
    self.windows[account] = windows
  end
  local name = symbol .. " " .. group
  local window = windows[name]
  if not window or now >= window.from + MINUTE then
    window = { from = now, used = 0 }
    windows[name] = window
  end
  if window.used + weight > limit then return false, limit - window.used, window.from + MINUTE end
  window.used = window.used + weight
  return true, limit - window.used, now
end

return Limits
