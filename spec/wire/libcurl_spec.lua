-- libcurl is opened when an address is first read or a client is made (src/wire/libcurl.h), not when the module is loaded.

local process = require "spec.support.process"

local BUILD = os.getenv "BUILD" or "build"

-- Prints whether libcurl was there when only the module was loaded, then how the first client and the second came out.
local PROGRAM = [[
  local bybit = require "bybit"
  local maps <close> = assert(io.open "/proc/self/maps")
  print(maps:read "a":find("libcurl%.so") ~= nil)
  for _ = 1, 2 do
    local ok, why = pcall(bybit.client, { environment = { url = "http://127.0.0.1:1" } })
    print(ok and "a client" or why)
  end
]]

-- What the program prints where the library that is found first is `library`, or the system's.
local function printed(library)
  local variables, directory
  if library then
    directory = os.tmpname()
    os.remove(directory)
    assert(os.execute(("mkdir %s && cp %s %s/libcurl.so.4"):format(directory, library, directory)))
    variables = { LD_LIBRARY_PATH = directory }
  end
  local program <close> = process.start(PROGRAM, variables)
  local _, _, output, errors = program:wait()
  if directory then os.execute("rm -r " .. directory) end
  local lines = {}
  for line in (output .. errors):gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

describe("libcurl", function()
  local linked = not io.open "/proc/self/maps" or printed()[1] == "true"
  local it = linked and pending or it -- this build is linked with it

  it("is there once a client is made", function()
    assert.same({ "false", "a client", "a client" }, printed())
  end)

  it("that cannot be loaded, or lacks a function, is told each time a client is made", function()
    local bad = { ["/dev/null"] = "file too short", [BUILD .. "/support/no_random.so"] = "undefined symbol: curl_" }
    for library, why in pairs(bad) do
      local lines = printed(library)
      assert.equal("false", lines[1])
      for i = 2, 3 do
        assert.truthy(lines[i]:find("/libcurl.so.4: " .. why, 1, true), lines[i])
      end
    end
  end)
end)
