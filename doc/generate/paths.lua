-- Where the generators find what they read. When a file moves, only this file has to change.

return {
  lua = "lua/bybit", -- the Lua sources, whose doc comments are read
  core = "doc/generate/core.lua", -- words for what is written in C
  paper = "lua/bybit/paper", -- below here the paper exchange declares its endpoints
  adapters = { "lua/bybit/adapter/cqueues.lua", "lua/bybit/adapter/luv.lua", "lua/bybit/adapter/poll.lua" },
  assert = "lua/bybit/assert.lua",
  command = "lua/bybit/shell/bybit", -- the program `bybit`
  types = "lua/bybit/types.lua",
  guides = "doc", -- Markdown written by hand
  modules = { -- what is loaded by name
    options = "bybit.client.options", enums = "bybit.records.enums", records = "bybit.records",
    environments = "bybit.client.environments", instrument = "bybit.client.instrument",
    history = "bybit.strategy.history", report = "bybit.simulate.report",
    version = "bybit.version", objects = "bybit.records.objects", faults = "bybit.paper.faults", dialect = "bybit.wire.",
    command = "bybit.shell.cli", check = "bybit.shell.check",
    endpoints = { "bybit.paper.v5.endpoints", "bybit.paper.v5.account", "bybit.paper.v2.endpoints" },
  },
}
