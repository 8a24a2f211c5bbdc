-- A library that bybit was built with, and that cannot be opened where it runs: the message names it, says why, and what to install.

local core = require "bybit.core"
local process = require "spec.support.process"

-- A folder in which a file with the library's name is no library.
local function spoiled(names)
  local folder = os.tmpname()
  os.remove(folder)
  os.execute("mkdir -m 700 " .. folder)
  for _, name in ipairs(names) do
    local file <close> = assert(io.open(folder .. "/" .. name, "w"))
    file:write(("no library "):rep(100))
  end
  return setmetatable({ folder }, { __close = function() os.execute("rm -rf " .. folder) end })
end

-- What the program prints where the libraries cannot be opened.
local function prints(program, names)
  local folder <close> = spoiled(names)
  local paths = folder[1] .. ":" .. (os.getenv "LD_LIBRARY_PATH" or "")
  local run = process.start(program, { LD_LIBRARY_PATH = paths })
  local _, _, output, errors = run:wait()
  return output .. errors
end

describe("a library that is not there at run time", function()
  it("is named by a share on a server", function()
    if not core.share.servers() then return pending "this build is without hiredis" end
    local said = prints([[print(pcall(require "bybit".client, { environment = { url = "http://127.0.0.1:1" },
      share = "redis://127.0.0.1:1" }))]], { "libhiredis.so.0.14", "libhiredis.so.1.1.0" })
    assert.has_match("hiredis, which a share on a Redis server needs, cannot be opened %(.*libhiredis%.so%.[%d.]+: .-%): "
      .. "install libhiredis%.so%.[%d.]+ %(Debian 12: libhiredis0%.14%)", said)
  end)

  it("is named by streams", function()
    if not core.stream.available() then return pending "this build is without libwslay" end
    local said = prints([[local client = require "bybit".client { environment = "testnet" }
      print(pcall(client.stream, client, { "trade", symbol = "BTCUSD" }))]], { "libwslay.so.1", "libwslay.so.0" })
    assert.has_match("wslay, which streams need, cannot be opened %(.*libwslay%.so%.%d: .-%): install libwslay%.so%.%d "
      .. "%(Debian 12: libwslay1%)", said)
  end)
end)
