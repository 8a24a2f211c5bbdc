-- Checks that the installed rocks are complete and separate: every Lua file of the source tree must be in its installed tree,
-- and only there. usage: lua5.4 .ci/installed.lua TREE client|both
local tree, what = ...

local function expect(condition, text, ...)
  if not condition then error(text:format(...), 0) end
end

local function found(name, path, wanted)
  local file = package.searchpath(name, path)
  expect(not wanted or file and file:sub(1, #tree) == tree, "%s: found %s, not in %s", name, file or "nowhere", tree)
  expect(wanted or not file, "%s: found as %s, but belongs to the other rock", name, file)
end

local rooms <close> = assert(io.popen "make -s paper-rooms")
local in_paper = {}
for room in rooms:read("a"):gmatch "%S+" do in_paper[room] = true end
expect(next(in_paper), "make paper-rooms names no room")

local list <close> = assert(io.popen "cd lua && find bybit -name '*.lua'")
local count = 0
for file in list:lines() do
  local name = file:gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
  found(name, package.path, what == "both" or not in_paper[file:match "^bybit/([^/]+)/"])
  count = count + 1
end
expect(count > 10, "only %d Lua files in lua/", count)
found("bybit.core", package.cpath, true)
found("bybit.journal", package.cpath, true)
found("bybit.paper_server", package.cpath, what == "both")
found("bybit.paper_engine", package.cpath, what == "both")

-- core.so has the bytecode of each of its files, made by this Lua.
local without = table.concat(require("bybit.core").modules.hold "bybit.", " ")
expect(without == "", "no bytecode fits %s", without)

-- The client loads alone; if the paper exchange is missing, it says so.
local bybit = require "bybit"
expect(tostring(bybit.decimal "0.10") == "0.10", "bybit.decimal does not work")

-- The command starts. A session trades on paper; if the paper exchange is missing, it says so.
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
