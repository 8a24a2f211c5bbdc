-- The endpoints that need the market, from the rooms that declare them.

local endpoints = {}

for _, name in ipairs { "trade", "position", "market" } do
  for route, endpoint in pairs(require("bybit.paper.endpoints_" .. name)) do endpoints[route] = endpoint end
end

return endpoints
