-- The reader of callgrind's files. The excerpt has the format of valgrind's manual, "Callgrind Format Specification".

local callgrind = require "spec.bench.callgrind"

local function read(text)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  local spent, calls = callgrind.read(path)
  os.remove(path)
  return spent, calls
end

describe("callgrind's files", function()
  it("count an object's own instructions, and not those of what it calls", function()
    local spent = read [[
positions: line
events: Ir
summary: 1470

ob=(1) /usr/bin/lua5.4
fl=(1) lapi.c
fn=(1) lua_call
16 400
+3 20
cob=(2) /build/bybit/core.so
cfn=(2) place
calls=3 50
* 1000
-2 50

ob=(2)
fn=(2)
50 1000
]]
    assert.same({ ["lua5.4"] = 470, ["core.so"] = 1000 }, spent)
  end)

  it("count calls between objects, also after a name was written short, but none within one", function()
    local _, calls = read [[
ob=(1) /build/bybit/core.so
fn=(1) place
1 10
cob=(2) /usr/lib/libc.so.6
cfn=(2) malloc
calls=4 9
1 100
cfn=(3) sign
calls=7 9
1 100
cob=(2)
cfn=(4) free
calls=2 9
1 100
]]
    assert.same({ ["core.so"] = { ["libc.so.6"] = 6 } }, calls)
  end)
end)
