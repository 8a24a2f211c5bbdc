-- make install: the installed tree works without the sources.

local shell = require "spec.support.shell"

local capture = shell.capture

describe("make install", function()
  local root = capture("mktemp -d"):gsub("\n", "")
  local here = capture("pwd"):gsub("\n", "")
  -- Without the paths of these specs, and outside of the source tree.
  local clean = "cd / && " .. shell.CLEAN .. "-u LUA_PATH -u LUA_CPATH "

  setup(function()
    capture(clean .. ("make -C '%s' install DESTDIR='%s' PREFIX=/opt/bybit"):format(here, root))
  end)
  teardown(function() os.execute(("rm -rf '%s'"):format(root)) end)

  local function run(code)
    local paths = ('LUA_PATH="%s/opt/bybit/share/lua/5.4/?.lua;%s/opt/bybit/share/lua/5.4/?/init.lua;;" '
      .. 'LUA_CPATH="%s/opt/bybit/lib/lua/5.4/?.so;;" '):format(root, root, root)
    return capture(clean .. paths .. ("%s -e '%s'"):format(os.getenv "LUA" or "lua5.4", code))
  end

  local lua_dir, core = root .. "/opt/bybit/share/lua/5.4/bybit/", root .. "/opt/bybit/lib/lua/5.4/bybit/core.so"

  -- Runs code while a file of the tree has other bytes.
  local function with_bytes(path, bytes, code)
    local before = shell.read(path)
    local function write(text)
      local file <close> = assert(io.open(path, "wb"))
      file:write(text)
    end
    capture(("touch -r '%s' '%s/moment'"):format(path, root))
    write(bytes)
    capture(("touch -r '%s/moment' '%s' && rm '%s/moment'"):format(root, path, root))
    local ok, output = pcall(run, code)
    write(before)
    return ok and output or error(output, 0)
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

  describe("with bytecode", function()
    -- The names of files that Lua would compile from source.
    local SOURCES = 'print(table.concat(require "bybit.core".modules.hold "bybit.", " "))'
    local FAIL = [[
      local nearest = require "bybit.text.nearest"
      print(select(2, xpcall(nearest.hint, debug.traceback, "x", { {} })))
      print(select(2, require "bybit.text.grid"))]]

    -- core.so as if another Lua had made its bytecode, in which one instruction differs.
    local function foreign()
      local probe = string.dump(load(shell.read "src/modules/probe.lua", "=probe"))
      local text = shell.read(core)
      local at = assert(text:find(probe, 1, true), "core.so has no bytecode") + #probe // 2
      return text:sub(1, at - 1) .. string.char(text:byte(at) ~ 1) .. text:sub(at + 1)
    end

    it("has that of every file", function() assert.equal("\n", run(SOURCES)) end)

    it("loads what is held although its source is gone, and the program no longer has require", function()
      assert.equal("table\n", run [[
        local find = require
        find "bybit.core".modules.hold "bybit."
        package.path, require = "", nil
        print(type(find "bybit.text.nearest"))]])
    end)

    -- The files are gone, or those of another version; no descriptor is left; a host has taken `require` away.
    it("needs no file after require \"bybit\", to settle orders, walk, hint and run tasks; nor does the source", function()
      local AFTER = [[
        local bybit = require "bybit"
        local exchange <close> = bybit.paper.start { lag = 0, limits = false }
        local client <close> = bybit.client { environment = exchange, rate = false }
        package.path, package.cpath, require = "", "", nil
        print(type(bybit.main), bybit.codes.insufficient_balance)
        local function order() return { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 29000 } end
        exchange:faults { { "code", code = 110007, path = "order/create", nth = 1 },
          { "lost_answer", path = "order/create", nth = 2 } }
        print(select(2, client:place_order(order())).name)
        print(#assert(client:place_order(order())).order_id)
        print(#assert(client:with { symbol = "BTCUSD" }:collect "get_orders"))
        print(select(2, pcall(client.place_order, client, { symbl = "BTCUSD" })):match "symbol.")
        print(bybit.run(function() return #assert(client:reconcile { symbol = "BTCUSD" }).unsettled end))]]
      local said = "function\tinsufficient_balance\ninsufficient_balance\n36\n1\nsymbol'\n0\n"
      assert.equal(said, run(AFTER))
      assert.equal(said, with_bytes(core, foreign(), AFTER))
    end)

    it("needs no file after require \"bybit.main\" either", function()
      local AFTER = [[
        local main = require "bybit.main"
        package.path, require = "", nil
        main({ environment = { url = "http://127.0.0.1:1" }, key = "k", secret = "s", deadline = 0.01 }, function(client)
          print(select(2, client:get_orders { symbol = "BTCUSD" }).method) -- refused, or out of time
        end)]]
      for _, said in ipairs { run(AFTER), with_bytes(core, foreign(), AFTER) } do assert.equal("get_orders\n", said) end
    end)

    it("is what the source compiles to, but for the names of local variables", function()
      local output = run(([[
        require "bybit.core"
        local search, same, less = package.searchers[1], 0, 0
        for path in io.popen "find %s -name *.lua":lines() do
          local name = path:match "share/lua/5.4/(.*)%%.lua$":gsub("/init$", ""):gsub("/", ".")
          local code, source = search(name), assert(loadfile(path))
          if code then
            assert(string.dump(code, true) == string.dump(source, true), name)
            assert(debug.getinfo(code, "S").source == debug.getinfo(source, "S").source, name)
            local lines = debug.getinfo(source, "L").activelines
            for line in pairs(debug.getinfo(code, "L").activelines) do assert(lines[line], name) end
            if #string.dump(code) < #string.dump(source) then less = less + 1 end
            same = same + 1
          end
        end
        print(same, less)]]):format(lua_dir))
      local same, less = output:match "^(%d+)\t(%d+)\n$"
      assert.is_true(tonumber(same) > 100 and tonumber(less) > 100, output)
    end)

    it("has the names and lines of the sources in tracebacks", function()
      local output = run(FAIL)
      assert.matches("/bybit/text/nearest%.lua:%d+: .*\n\t.*/bybit/text/nearest%.lua:%d+: in ", output)
      assert.equal(with_bytes(core, foreign(), FAIL), output)
    end)

    it("loads a source that was changed, if only by a letter, in place of its bytecode", function()
      local path = lua_dir .. "text/nearest.lua"
      local text, count = shell.read(path):gsub("did you mean", "did you moan")
      assert.is_true(count > 0)
      assert.equal("bybit.text.nearest\n, did you moan 'symbol'?\n", with_bytes(path, text, SOURCES .. [[
        print(require "bybit.text.nearest".hint("smybol", { "symbol" }))]]))
    end)

    it("loads the source in place of another Lua's bytecode", function()
      local output = with_bytes(core, foreign(), SOURCES .. [[
        local client <close> = require "bybit".client { environment = "paper" }
        local order = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 29000 }
        print(#assert(client:place_order(order)).order_id)]])
      local names, id = output:match "^(.-)\n(%d+)\n$"
      assert.equal("36", id)
      for _, name in ipairs { "bybit.errors", "bybit.outcome.recovery", "bybit.wire.v5.codes" } do
        assert.truthy((" " .. names .. " "):find(" " .. name .. " ", 1, true), name)
      end
    end)
  end)

  it("installs the bybit command, an editor's types included", function()
    capture(("test -x '%s/opt/bybit/bin/bybit' && test -f '%s/opt/bybit/share/lua/5.4/bybit/types.lua'"):format(root, root))
  end)

  it("installs the manual page, and the completion of bash, zsh and fish", function()
    assert.truthy(capture(("cat '%s/opt/bybit/share/man/man1/bybit.1'"):format(root)):find "^%.TH BYBIT 1 ")
    assert.truthy(capture(("cat '%s/opt/bybit/share/bash-completion/completions/bybit'"):format(root)):find "^_bybit%(%)")
    assert.truthy(capture(("cat '%s/opt/bybit/share/zsh/site-functions/_bybit'"):format(root)):find "^#compdef bybit\n")
    assert.truthy(capture(("cat '%s/opt/bybit/share/fish/vendor_completions.d/bybit.fish'"):format(root)):find "\ncomplete ")
  end)
end)

describe("the version", function()
  it("is a semantic version, and CHANGELOG names it", function()
    local version = require "bybit".version
    assert.truthy(version:find "^%d+%.%d+%.%d+$")
    assert.truthy(shell.read "CHANGELOG.md":find("\n## " .. version, 1, true))
  end)
end)
