-- Programs in Lua states that lack something: another version of Lua, no library `debug`, no paper exchange. Each runs in a process of
-- its own.

local process = require "spec.support.process"
local shell = require "spec.support.shell"

-- What a program writes, and what it writes to standard error.
local function run(text)
  local program <close> = process.start(text)
  local _, _, output, errors = program:wait()
  return output, errors
end

local ENTRIES = { "bybit", "bybit.main", "bybit.paper", "bybit.strict", "bybit.assert", "bybit.repl", "bybit.adapter.luv",
  "bybit.adapter.cqueues", "bybit.adapter.poll" }

describe("Another Lua", function()
  for what, before in pairs {
    ["Lua 5.3"] = '_VERSION = "Lua 5.3"',
    ["Lua 5.1"] = '_VERSION = "Lua 5.1"',
    ["LuaJIT 2.1.0"] = '_VERSION, jit = "Lua 5.1", { version = "LuaJIT 2.1.0" }',
  } do
    it(what .. " is told which Lua is needed, at the line that requires the module", function()
      for _, entry in ipairs(ENTRIES) do
        local output = run(([[
%s
print(select(2, pcall(function()
  local module = require "%s"
end)))]]):format(before, entry))
        assert.truthy(output:find(":3: bybit needs Lua 5.4, and this is " .. what .. "\n", 1, true), entry .. ": " .. output)
      end
    end)
  end

  -- Another one may not even read a file of ours, which no setting of _VERSION shows.
  for _, program in ipairs { "lua5.1", "lua5.3", "luajit" } do
    it("that is here as " .. program .. " can read the files that are required", function()
      local _, there = shell.run("command -v " .. program)
      if not there then return pending(program .. " is not installed") end
      for _, entry in ipairs(ENTRIES) do
        local one <close> = process.start(('local module = require "%s"\n'):format(entry), {}, program)
        local _, _, _, errors = one:wait()
        assert.truthy(errors:find ":1: bybit needs Lua 5.4, and this is Lua", entry .. ": " .. errors)
      end
      local output = shell.run(program .. " lua/bybit/shell/bybit version")
      assert.truthy(output:find("^" .. program:gsub("%p", "%%%0") .. ": bybit needs Lua 5.4, and this is Lua"), output)
    end)
  end
end)

describe("A host without the library debug", function()
  it("trades, and errors have the caller's line", function()
    local output, errors = run [[
debug, package.loaded.debug = nil, nil
local bybit = require "bybit"
local client <close> = bybit.client { environment = "paper" }
print(pcall(function()
  client:get_orders { smybol = "BTCUSD" } end))
local _, err = client:cancel_order { symbol = "BTCUSD", order_id = "none" }
print(err.where)
print(select(2, pcall(bybit.run, function()
  error "task"
end)))]]
    assert.truthy(output:find(":5: get_orders: unknown parameter 'smybol', did you mean 'symbol'?", 1, true), output .. errors)
    assert.truthy(output:find(":6\n", 1, true), output .. errors)
    assert.truthy(output:find("task\nstack traceback:", 1, true), output .. errors)
  end)
end)

describe("Without the rock bybit-paper", function()
  it("a client of \"paper\", and bybit.paper, name it at the caller's line", function()
    for _, hidden in ipairs { "bybit.paper", "bybit.paper_server" } do
      local output = run(([[
local find = package.searchpath
function package.searchpath(name, ...) return name ~= "%s" and find(name, ...) or nil end
local bybit = require "bybit"
print(select(2, pcall(function()
  local client = bybit.client { environment = "paper" } end)))
print(select(2, pcall(function()
  local start = bybit.paper.start end)))]]):format(hidden))
      assert.truthy(output:find(":5: bybit.client: the paper exchange is not installed (rock bybit-paper)", 1, true), output)
      assert.truthy(output:find(":7: bybit.paper: the paper exchange is not installed (rock bybit-paper)", 1, true), output)
    end
  end)
end)
