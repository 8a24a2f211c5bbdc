-- Rate limits: so many requests in a rolling second, or another span, for each account and endpoint, and so many in five seconds
-- for each IP, with a ban after a breach (V5 documentation, rate limits). The caller gives the time, so limits follow a manual
-- clock.

local Limits = {}
Limits.__index = Limits

local IP_REQUESTS, IP_WINDOW, IP_BAN = 600, 5000, 600000 -- requests, ms, ms
local ADDRESSES = 1000 -- new ones, before the old ones are gone through

-- A rolling window: the times of what was let through, oldest first, between 'first' and 'last'.
local function new_window() return { first = 1, last = 0 } end

local function expire(window, before)
  while window.first <= window.last and window[window.first] <= before do
    window[window.first] = nil
    window.first = window.first + 1
  end
  return window.last - window.first + 1
end

local function add(window, now, units)
  for i = window.last + 1, window.last + units do window[i] = now end
  window.last = window.last + units
end

---@param options table<string, integer|boolean>|false|nil per endpoint ("order/create") units a second, "ip"
---requests in five seconds; false: none; nil: the exchange's own
function Limits.new(options)
  return setmetatable({ off = options == false, options = options or {}, windows = {}, addresses = {}, strangers = 0 }, Limits)
end

---The limit of an endpoint, in units a second; nil: none.
---@param name string "order/create"
---@param default integer?
function Limits:of(name, default)
  if self.off then return nil end
  local own = self.options[name]
  if own ~= nil then return own or nil end
  return default
end

-- The window of one account on one endpoint, and how many requests of the last span it holds.
local function window_of(self, account, name, now, span)
  local windows = self.windows[account]
  if not windows then
    windows = {}
    self.windows[account] = windows
  end
  local window = windows[name]
  if not window then
    window = new_window()
    windows[name] = window
  end
  return window, expire(window, now - span)
end

---How many of 'units' may pass now; they are counted. Also what is left, and when the window opens again (now,
---unless nothing passed).
---@param span integer? ms, a second when left out
---@return integer granted, integer left, integer reset
function Limits:take(account, name, limit, units, now, span)
  span = span or 1000
  local window, used = window_of(self, account, name, now, span)
  local granted = math.max(0, math.min(units, limit - used))
  add(window, now, granted)
  local reset = now
  if granted < units and window.first <= window.last then reset = window[window.first] + span end
  return granted, limit - used - granted, reset
end

-- Forgets addresses without a request in the last five seconds and without a ban.
local function forget(self, now)
  for address, entry in pairs(self.addresses) do
    if now >= entry.banned_until and expire(entry.window, now - IP_WINDOW) == 0 then self.addresses[address] = nil end
  end
  self.strangers = 0
end

-- What is known of an address.
local function known(self, address, now)
  local entry = self.addresses[address]
  if entry then return entry end
  self.strangers = self.strangers + 1
  if self.strangers > ADDRESSES then forget(self, now) end
  entry = { window = new_window(), banned_until = now }
  self.addresses[address] = entry
  return entry
end

---May this address send another request?
---@param address string
---@return boolean
function Limits:admit(address, now)
  local most = self:of("ip", IP_REQUESTS)
  if not most then return true end
  local entry = known(self, address, now)
  if now < entry.banned_until then return false end
  if expire(entry.window, now - IP_WINDOW) < most then
    add(entry.window, now, 1)
    return true
  end
  entry.banned_until = now + IP_BAN
  return false
end

return Limits
