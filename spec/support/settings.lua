-- The settings of a client for specs that make one through the C core: the declared defaults, and what they change.

local options = require "bybit.client.options"

---@param change table
---@return table settings
return function(change)
  local settings = { url = "http://127.0.0.1:1", signature = "headers", kept = 0, kept_connections = 0 }
  for _, row in ipairs(options) do settings[row[1]] = row.default end
  for k, v in pairs(change) do settings[k] = v end
  return settings
end
