-- Gives clients the methods of this room. It is loaded with the module; what a method needs is loaded on its first use.

local added = require "bybit.client.added"
local later = require "bybit.later"

local await, sync = later.module "bybit.strategy.await", later.module "bybit.strategy.sync"

local OF_ALL = { symbol = true, cancel = true }

added.await_order = { fills = { symbol = true, cancel = true, timeout = true },
  load = function() return await.order end }
added.sync_orders = { fills = OF_ALL, load = function() return sync.orders end }
