-- What the README and the guides show works when it is copied: their Lua on a paper exchange, their shell commands in this
-- directory.
local luacats = require "spec.support.luacats"
local shell = require "spec.support.shell"
local snippets = require "spec.support.snippets"

local capture, read = shell.capture, shell.read

local function files(pattern)
  local list = {}
  for path in capture("ls " .. pattern):gmatch "[^\n]+" do list[#list + 1] = path end
  return list
end

local types = luacats.read "lua/bybit/types.lua"
local GUIDES = files "doc/*.md"

-- A block of Lua: an editor would find no mistake, it runs, and it prints what it says.
local function check_lua(path, block)
  assert.same({}, luacats.check(types, block.text, { client = "bybit.Client", bybit = "bybit",
    exchange = "bybit.paper.Exchange" }))
  if block.text:find "bybit.paper.start" or block.text:find "bybit.paper.[se][ix]" then -- it starts its own exchange
    snippets.run(block.text, path, setmetatable({ bybit = require "bybit" }, { __index = _G }))
  else
    snippets.on_paper(function(env) snippets.run(block.text, path, env) end)
  end
end

-- A block of shell commands runs as in a reader's shell, not as part of make or of a sanitizer's run (curl hangs under libasan).
-- `first`: the text of first.lua, which the reader has saved.
local function check_shell(block, first)
  local directory = capture "mktemp -d":gsub("\n", "")
  -- On a busy machine the paper exchange's port may be taken.
  local port = 20000 + tonumber(capture "echo $$" // 1) % 12000 -- below the ports that the system assigns
  local text = block.text:gsub("8080", port):gsub("first%.lua", directory .. "/first.lua"):gsub("\nsleep 1\n",
    ("\nfor i in 1 2 3 4 5 6 7 8 9 10; do curl -s http://127.0.0.1:%d/v5/market/time && break; sleep 1; done\n"):format(port))
  for path, code in pairs { ["first.lua"] = first, ["block.sh"] = "set -e\n" .. text } do
    local file <close> = assert(io.open(directory .. "/" .. path, "w"))
    file:write(code)
  end
  local output = capture(shell.CLEAN .. "sh " .. directory .. "/block.sh")
  os.execute("rm -rf " .. directory)
  return output
end

describe("README", function()

  it("begins with the two commands", function()
    assert.truthy(read "README.md":find "^# bybit\n\n    make demo  [^\n]+\n    make test  [^\n]+\n")
  end)

  it("leads to every guide", function()
    local text = read "README.md"
    for _, path in ipairs(GUIDES) do
      assert(path == "doc/README.md" or text:find("](" .. path .. ")", 1, true), path)
    end
  end)
end)

for _, path in ipairs { "README.md", table.unpack(GUIDES) } do
  local blocks = snippets.blocks(path, "lua")

  describe(path, function()
    for _, block in ipairs(blocks) do
      it("line " .. block.line .. ", Lua", function() check_lua(path, block) end)
    end

    for _, block in ipairs(snippets.blocks(path, "sh")) do
      it("line " .. block.line .. ", shell", function()
        local output = check_shell(block, blocks[1] and blocks[1].text or "")
        if block.text:find "first.lua" then assert(output:find "%x+%-%x+.*0%.00333327", output) end
        if block.text:find "curl" then assert(output:find '"retCode":0.*"orderId"', output) end
      end)
    end
  end)
end

describe("a code that documentation tests", function()
  local endpoints = require("bybit.wire.v5").endpoints

  -- The codes that the methods called in a text are said to answer.
  local function expected_in(text)
    local codes = {}
    for name in text:gmatch "[%w_]+" do
      local row = endpoints[name]
      for _, code in ipairs(row and row.codes or {}) do codes[code] = true end
    end
    return codes
  end

  local texts = {}
  for _, path in ipairs { "README.md", table.unpack(GUIDES) } do
    for _, block in ipairs(snippets.blocks(path, "lua")) do texts[("%s:%d"):format(path, block.line)] = block.text end
  end
  for _, path in ipairs(files "examples/*.lua") do texts[path] = read(path) end
  for _, name in ipairs(require("bybit.wire.rows").methods(endpoints)) do texts[name] = endpoints[name].example end

  for place, text in pairs(texts) do
    for code in text:gmatch "bybit%.codes%.([%w_]+)" do
      it(("is one that may come: %s in %s"):format(code, place), function() assert.is_true(expected_in(text)[code]) end)
    end
  end
end)

describe("every page written by hand", function()
  it("links only to existing files", function()
    for _, path in ipairs { "README.md", "CONTRIBUTING.md", "CHANGELOG.md", table.unpack(GUIDES) } do
      local folder = path:match "^(.*/)" or ""
      for link in read(path):gmatch "%]%(([^%)#]+)[^%)]*%)" do
        assert(link:find "^https?:" or os.execute(("test -e '%s%s'"):format(folder, link)), path .. ": " .. link)
      end
    end
  end)
end)
