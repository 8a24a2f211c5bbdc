-- The rules of the lease (src/pace/lease.c), in a world where clients pause, sleep, are cut off, are killed and end, where messages come
-- late or never, and where the share forgets: spec/torture/lease.c. `make leases` makes a million hand-overs.

local HELPER = (os.getenv "BUILD" or "build") .. "/support/leases"

-- What the simulation counted, and its violations in words.
local function run(handovers, world)
  local pipe <close> = assert(io.popen(("%s %d %s"):format(HELPER, handovers, world or "")))
  local text = pipe:read "a"
  local counts, last = {}, text:match "(handovers [^\n]*)\n$"
  for name, n in last:gmatch "(%a[%a ]-) (%d+)" do counts[name] = math.tointeger(tonumber(n)) end
  return counts, text
end

describe("the lease, handed over thousands of times,", function()
  it("never lets two holders trade under one prefix, nor one that does not know what others did", function()
    local counts, text = run(4000)
    assert.equal(0, counts.violations, text)
    -- The world did all of what it can do, and orders arrived.
    for _, name in ipairs { "handovers", "orders", "refused as late", "not signed", "losses of the share", "killed", "ended" } do
      assert.is_true((counts[name] or 0) > 50, name .. ": " .. text)
    end
  end)

  -- What the promise rests on. Where the world does not keep to it, the simulation has to see that.
  for what, world in pairs {
    ["the exchange takes requests two seconds longer than their window"] = "late=3000",
    ["the share's clock runs a fifth faster than the holder's"] = "drift=0.2 seed=2",
    ["the holder's clock stands still while its computer sleeps"] = "standing=1",
    ["a share that lost what it knew gives the lease at once"] = "forgets=1",
    ["the exchange shows orders later than `visibility` says"] = "hides=2",
  } do
    it("would not, if " .. what, function()
      local counts, text = run(4000, world)
      assert.is_true(counts.violations > 0, text)
    end)
  end
end)
