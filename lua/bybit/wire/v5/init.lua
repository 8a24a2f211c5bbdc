-- The V5 wire: its envelope, and where the rest of it is. Endpoints and codes are data beside this file.

local later = require "bybit.later"

local methods, series = later.module "bybit.wire.v5.methods", later.module "bybit.wire.v5.series"
local money = later.module "bybit.wire.v5.money"
local standing = later.module "bybit.wire.v5.standing"

local v5 = {
  name = "v5",
  signature = "headers",
  limit_reset = "x-bapi-limit-reset-timestamp", -- the header that tells when a refused call may be made again, ms
  envelope = { code = "retCode", message = "retMsg", result = "result", time = "time", other_code = "ret_code",
    other_message = "ret_msg", details = "retExtInfo" },
  category = true,          -- requests carry a category
  -- A page of any endpoint, for client:pages: the keys of its list and of the next cursor (V5 documentation, pagination).
  paged = { path = "/v5/position/closed-pnl", list = "list", next = "nextPageCursor" },
  -- The parameters of any request that are moments, by path, for client:request (V5 documentation, market and the histories).
  moments = { { "^/v5/", "startTime", "endTime" }, { "^/v5/market/", "start", "end" } },
  moment_step = 1,          -- ms that some moments of records are cut to
  -- Paths whose requests hold several, in their list `request`: the path of one such.
  batches = { ["/v5/order/create-batch"] = "/v5/order/create", ["/v5/order/amend-batch"] = "/v5/order/amend" },
  every_symbol = true,      -- a request for open orders needs no symbol
  ping = "/v5/market/time", -- a public endpoint that costs the exchange little
  endpoints = require "bybit.wire.v5.endpoints",
  groups = require "bybit.wire.v5.groups",
  codes = later.module "bybit.wire.v5.codes",
  common = require "bybit.wire.common",
}

-- Methods of several requests, and lookups: functions of methods.lua and series.lua; how things stand: functions of standing.lua.
for _, name in ipairs { "find_order", "all_orders", "all_trades", "cancel_one", "open_orders", "closed_orders", "stop_orders",
  "position", "orders_of_both_kinds", "order_of_either_kind" } do
  v5[name] = function(...) return methods[name](...) end
end
function v5.find_transfer(...) return money.find_transfer(...) end
for _, name in ipairs { "legs", "prices", "wallet", "positions", "purse" } do
  v5[name] = function(...) return standing[name](...) end
end
v5.composites = setmetatable({}, { __index = function(_, name)
  return methods.composites[name] or series.composites[name] or money.composites[name]
end })

return v5
