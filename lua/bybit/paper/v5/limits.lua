-- Rate limits: so many requests in a rolling second, or another span, for each account and endpoint, and so many in five seconds
-- for each IP, with a ban after a breach (V5 documentation, rate limits). The caller gives the time, so limits follow a manual
-- clock.

local window = require("bybit.paper_engine").window

local new_window, take, used = window.new, window.take, window.used

local Limits = {}
Limits.__index = Limits

local IP_REQUESTS, IP_WINDOW, IP_BAN = 600, 5000, 600000 -- requests, ms, ms
local ADDRESSES = 1000 -- new ones, before the old ones are gone through

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

-- The window of one account on one endpoint.
local function window_of(self, account, name)
  local windows = self.windows[account]
  if not windows then
    windows = {}
    self.windows[account] = windows
  end
  local own = windows[name]
  if not own then
    own = new_window()
    windows[name] = own
  end
  return own
end

---How many of 'units' may pass now; they are counted. Also what is left, and when the window opens again (now,
---unless nothing passed).
---@param span integer? ms, a second when left out
---@return integer granted, integer left, integer reset
function Limits:take(account, name, limit, units, now, span)
  return take(window_of(self, account, name), now, span or 1000, limit, units)
end

-- Forgets addresses without a request in the last five seconds and without a ban.
local function forget(self, now)
  for address, entry in pairs(self.addresses) do
    if now >= entry.banned_until and used(entry.window, now, IP_WINDOW) == 0 then self.addresses[address] = nil end
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
  if take(entry.window, now, IP_WINDOW, most, 1) == 1 then return true end
  entry.banned_until = now + IP_BAN
  return false
end

return Limits
