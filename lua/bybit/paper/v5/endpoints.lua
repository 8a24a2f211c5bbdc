-- The endpoints that need the market, from the rooms that declare them.

local endpoints = {}

for _, name in ipairs { "trade", "position", "market", "ledger", "transfers", "beside" } do
  for route, endpoint in pairs(require("bybit.paper.v5." .. name)) do endpoints[route] = endpoint end
end

return endpoints
