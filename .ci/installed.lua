-- Are the installed rocks whole, and apart from each other? Every Lua file of the source tree must be found in the
-- installed one, and only there. usage: lua5.4 .ci/installed.lua TREE client|both
local tree, what = ...

local function expect(condition, text, ...)
  if not condition then error(text:format(...), 0) end
end

local function found(name, path, wanted)
  local file = package.searchpath(name, path)
  expect(not wanted or file and file:sub(1, #tree) == tree, "%s: found %s, not in %s", name, file or "nowhere", tree)
  expect(wanted or not file, "%s: found as %s, but belongs to the other rock", name, file)
end

local list <close> = assert(io.popen "cd lua && find bybit -name '*.lua'")
local count = 0
for file in list:lines() do
  local name = file:gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
  found(name, package.path, what == "both" or not file:find "^bybit/paper/")
  count = count + 1
end
expect(count > 10, "only %d Lua files in lua/", count)
found("bybit.core", package.cpath, true)
found("bybit.paper_server", package.cpath, what == "both")

-- The client alone loads, and without the paper exchange says so in place of breaking.
local bybit = require "bybit"
expect(tostring(bybit.decimal "0.10") == "0.10", "bybit.decimal does not work")

-- The command starts, and a session trades on paper where the paper exchange is there, and says so where it is not.
local function run(line)
  local pipe = assert(io.popen(("env -u LUA_PATH -u LUA_CPATH %s 2>&1"):format(line)))
  local output = pipe:read "a"
  local _, _, status = pipe:close()
  return output, status
end

local command = tree .. "/bin/bybit"
local output, status = run(command .. " version")
expect(status == 0 and output == ("bybit %s\n"):format(bybit.version), "%s version: %s", command, output)
output, status = run(("echo 'place_order{side = \"Buy\", type = \"Market\", quantity = 1}' | %s"):format(command))
if what == "both" then
  expect(status == 0 and output:find "order_id", "%s: %s", command, output)
else
  expect(status == 2 and output:find "rock bybit%-paper", "%s: %s", command, output)
end

print(("ok     %d Lua files, %s"):format(count, what))
