-- Gives clients the methods of this room. It is loaded with the module; what a method needs is loaded on its first use.

local added = require "bybit.client.added"
local later = require "bybit.later"

local await, sync = later.module "bybit.strategy.await", later.module "bybit.strategy.sync"

added.await_order = { load = function() return await.order end,
  fills = { symbol = true, category = true, cancel = true, timeout = true } }
added.sync_orders = { load = function() return sync.orders end,
  fills = { symbol = true, category = true, cancel = true, timeout = true, deadline = true } }
