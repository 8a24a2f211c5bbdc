-- Programs are checked as Lua 5.4; specs also know busted's names.
std = "lua54"
max_line_length = 130
max_comment_line_length = 140
exclude_files = { "build", "lua/bybit/types.lua", "doc/generate/core.lua",
  "src/modules/probe.lua" }
files["spec"] = { std = "+busted" }
files["src/pace/redis_script.lua"] = { std = "lua51", globals = { "redis", "KEYS", "ARGV", "cjson", "unpack" } }
files["rockspec"] = { std = "+rockspec" }
