-- Whatever the README shows works, copied literally: its Lua on a paper exchange, its shell in this directory.
local luacats = require "spec.support.luacats"
local snippets = require "spec.support.snippets"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function capture(command)
  local pipe <close> = assert(io.popen(command .. " 2>&1"))
  local output = pipe:read "a"
  local ok = pipe:close()
  assert(ok, command .. "\n" .. output)
  return output
end

-- What a make hands down to what it runs is not the reader's.
local CLEAN = "env -u MAKEFLAGS -u BUILD -u CC -u CFLAGS -u SANITIZE -u KEEP -u WRAP -u LD_PRELOAD "

describe("README", function()
  local types = luacats.read "lua/bybit/types.lua"
  local blocks = snippets.blocks("README.md", "lua")

  it("begins with the two commands", function()
    assert.truthy(read "README.md":find "^# bybit\n\n    make demo  [^\n]+\n    make test  [^\n]+\n")
  end)

  it("shows Lua", function() assert(#blocks >= 6) end)

  for _, block in ipairs(blocks) do
    it("line " .. block.line .. ", Lua", function()
      assert.same({}, luacats.check(types, block.text, { client = "bybit.Client", bybit = "bybit" }))
      if block.text:find "bybit.paper.start" then -- it makes an exchange of its own
        snippets.run(block.text, "README.md", setmetatable({ bybit = require "bybit" }, { __index = _G }))
      else
        snippets.on_paper(function(env) snippets.run(block.text, "README.md", env) end)
      end
    end)
  end

  for _, block in ipairs(snippets.blocks("README.md", "sh")) do
    it("line " .. block.line .. ", shell", function()
      local directory = capture "mktemp -d":gsub("\n", "")
      -- first.lua is what the reader has saved; the paper exchange may find its port taken on a busy machine.
      local port = 20000 + tonumber(capture "echo $$" // 1) % 12000 -- below what the system gives to those who ask for any
      local text = block.text:gsub("8080", port):gsub("first%.lua", directory .. "/first.lua"):gsub("\nsleep 1\n",
        ("\nfor i in 1 2 3 4 5 6 7 8 9 10; do curl -s http://127.0.0.1:%d/v5/market/time && break; sleep 1; done\n"):format(port))
      for path, code in pairs { ["first.lua"] = blocks[1].text, ["block.sh"] = "set -e\n" .. text } do
        local file <close> = assert(io.open(directory .. "/" .. path, "w"))
        file:write(code)
      end
      -- Not as part of a make or of a sanitizer's run: it is the reader's shell (and curl hangs under libasan).
      local output = capture(CLEAN .. "sh " .. directory .. "/block.sh")
      if block.text:find "first.lua" then assert(output:find "%x+%-%x+.*0%.00333327", output) end
      if block.text:find "curl" then assert(output:find '"retCode":0.*"orderId"', output) end
      os.execute("rm -rf " .. directory)
    end)
  end

  it("links to files that there are", function()
    for _, path in ipairs { "README.md", "CONTRIBUTING.md", "CHANGELOG.md" } do
      for link in read(path):gmatch "%]%(([^%)#]+)%)" do
        assert(link:find "^https?:" or os.execute(("test -e '%s'"):format(link)), path .. ": " .. link)
      end
    end
  end)
end)
