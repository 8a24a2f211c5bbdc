-- Random values, from the system or from a seed.

local process = require "spec.support.process"
local random = require("bybit.core").random

describe("a seeded generator", function()
  -- xoshiro256**, seeded through splitmix64; computed by an independent program from the published algorithms.
  local wanted = {
    [0] = { 0x99ec5f36cb75f2b4, 0xbf6e1f784956452a, 0x1a5f849d4933e6e0, 0x6aa594f1262d2d2c },
    [42] = { 0x15780b2e0c2ec716, 0x6104d9866d113a7e, 0xae17533239e499a1, 0xecb8ad4703b360a1 },
  }

  for seed, numbers in pairs(wanted) do
    it("gives the published sequence for seed " .. seed, function()
      local r = random(seed)
      for _, n in ipairs(numbers) do assert.equal(n, r:bits()) end
    end)
  end

  it("repeats itself, in every form", function()
    for _, seed in ipairs { 1, -1, math.mininteger } do
      local a, b = random(seed), random(seed)
      for _ = 1, 20 do
        assert.equal(a:unit(), b:unit())
        assert.equal(a:uuid(), b:uuid())
        assert.equal(a:id(24), b:id(24))
        assert.equal(a:bytes(7), b:bytes(7))
        assert.equal(a:integer(1, 6), b:integer(1, 6))
      end
    end
  end)
end)

for _, kind in ipairs { "seeded", "system" } do
  describe("a " .. kind .. " generator", function()
    local r

    before_each(function() r = kind == "seeded" and random(7) or random() end)

    it("draws numbers from 0 up to 1", function()
      for _ = 1, 1000 do
        local x = r:unit()
        assert.is_true(x >= 0 and x < 1)
      end
    end)

    it("draws integers between two ends, and reaches each of them", function()
      local seen = {}
      for _ = 1, 1000 do
        local n = r:integer(-2, 3)
        assert.is_true(n >= -2 and n <= 3)
        seen[n] = true
      end
      for n = -2, 3 do assert.is_true(seen[n]) end
      assert.equal(5, r:integer(5, 5))
      assert.equal("integer", math.type(r:integer(math.mininteger, math.maxinteger)))
      assert.has_error(function() r:integer(2, 1) end)
    end)

    it("makes version 4 UUIDs", function()
      for _ = 1, 100 do
        assert.matches("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$", r:uuid())
      end
    end)

    it("makes ids of 0-9 and a-z, of the given length, no two the same", function()
      local seen = {}
      for _ = 1, 1000 do
        local id = r:id(24)
        assert.matches("^[0-9a-z]+$", id)
        assert.equal(24, #id)
        assert.is_nil(seen[id])
        seen[id] = true
      end
    end)

    it("uses every character of an id equally often", function()
      local counts, total = {}, 36 * 1000
      for _ = 1, total / 50 do
        for c in r:id(50):gmatch "." do counts[c] = (counts[c] or 0) + 1 end
      end
      for c, n in pairs(counts) do assert.is_true(n > 800 and n < 1200, c .. " came " .. n .. " times of about 1000") end
    end)
  end)
end

-- A kernel, or a sandbox, may give nothing. What is drawn must then never be a fixed value that looks like chance: two
-- programs would make the same ids, and retry at once.
describe("where the system gives no random bytes", function()
  local PROGRAM = [=[
local directory = ...
package.cpath = directory .. "/?.so;" .. package.cpath
local bybit, core, no_random = require "bybit", require "bybit.core", require "no_random"
local system, seeded = core.random(), core.random(1)
local client = bybit.client { environment = { url = "http://127.0.0.1:1" } }
local draws = { { "bits" }, { "unit" }, { "integer", 1, 6 }, { "uuid" }, { "id", 24 }, { "bytes", 4 } }
no_random(true)
for _, draw in ipairs(draws) do
  local f = system[draw[1]]
  print(draw[1], pcall(f, system, table.unpack(draw, 2)))
  f(seeded, table.unpack(draw, 2))
end
print("pause", core.client.random(client))
no_random(false)
print("again", pcall(system.bits, system))
]=]

  it("a draw raises, a pause is its longest, and a seeded generator goes on", function()
    local directory = (os.getenv "BUILD" or "build") .. "/support"
    local before = os.getenv "LD_PRELOAD"
    local preload = (before and before ~= "" and before .. ":" or "") .. directory .. "/no_random.so"
    local program <close> = process.start(PROGRAM, { LD_PRELOAD = preload }, nil, directory)
    local _, _, output, errors = program:wait()
    local lines = {}
    for line in output:gmatch "[^\n]+" do lines[#lines + 1] = line end
    for i, name in ipairs { "bits", "unit", "integer", "uuid", "id", "bytes" } do
      assert.equal(name .. "\tfalse\tthe system gives no random bytes", lines[i], output .. errors)
    end
    assert.equal("pause\t1.0", lines[7])
    assert.truthy(lines[8]:find "^again\ttrue\t%-?%d+$", lines[8])
  end)
end)
