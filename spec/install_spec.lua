-- make install: a tree that works by itself, away from the sources.

local function capture(command)
  local pipe <close> = assert(io.popen(command .. " 2>&1"))
  local output = pipe:read "a"
  assert(pipe:close(), command .. "\n" .. output)
  return output
end

describe("make install", function()
  local root = capture("mktemp -d"):gsub("\n", "")
  local here = capture("pwd"):gsub("\n", "")
  -- Nothing of the make or of the paths that these specs run under, and not the source tree's directory.
  local clean = "cd / && env -u LUA_PATH -u LUA_CPATH -u MAKEFLAGS -u BUILD -u CC -u CFLAGS -u SANITIZE -u KEEP -u WRAP "
    .. "-u LD_PRELOAD "

  setup(function()
    capture(clean .. ("make -C '%s' install DESTDIR='%s' PREFIX=/opt/bybit"):format(here, root))
  end)
  teardown(function() os.execute(("rm -rf '%s'"):format(root)) end)

  local function run(code)
    local paths = ('LUA_PATH="%s/opt/bybit/share/lua/5.4/?.lua;%s/opt/bybit/share/lua/5.4/?/init.lua;;" '
      .. 'LUA_CPATH="%s/opt/bybit/lib/lua/5.4/?.so;;" '):format(root, root, root)
    return capture(clean .. paths .. ("%s -e '%s'"):format(os.getenv "LUA" or "lua5.4", code))
  end

  it("puts nothing outside of DESTDIR and PREFIX", function()
    assert.equal("opt\nopt/bybit\n", capture(("cd '%s' && find . -mindepth 1 -maxdepth 2 | sed 's,^./,,' | sort"):format(root)))
  end)

  it("installs a module that trades on paper", function()
    local output = run [[
      local bybit = require "bybit"
      assert(package.searchpath("bybit", package.path):find("/opt/bybit/", 1, true))
      local client <close> = bybit.client { environment = "paper" }
      local ack = assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000 })
      print(bybit.version, #ack.order_id)
    ]]
    assert.equal(require "bybit.version" .. "\t36\n", output)
  end)

  it("installs the bybit command, an editor's types included", function()
    capture(("test -x '%s/opt/bybit/bin/bybit' && test -f '%s/opt/bybit/share/lua/5.4/bybit/types.lua'"):format(root, root))
  end)
end)

describe("the version", function()
  it("is a semantic one, and CHANGELOG knows it", function()
    local version = require "bybit".version
    assert.truthy(version:find "^%d+%.%d+%.%d+$")
    local file <close> = assert(io.open "CHANGELOG.md")
    assert.truthy(file:read "a":find("\n## " .. version, 1, true))
  end)
end)
