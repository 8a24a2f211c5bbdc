-- The rules of the lease (src/pace/lease.c, and of a server redis_lease.c and redis_script.lua), in a world where clients pause, sleep, are
-- cut off, are killed and end, where messages come late or never, and where the share forgets: spec/torture/lease.c. `make leases` makes
-- a million hand-overs with a share of each kind.

local redis = require "spec.support.redis"

local HELPER = (os.getenv "BUILD" or "build") .. "/support/leases"

-- What the simulation counted, and its violations in words.
local function run(handovers, world)
  local pipe <close> = assert(io.popen(("%s %d %s"):format(HELPER, handovers, world or "")))
  local text = pipe:read "a"
  local counts, last = {}, text:match "(handovers [^\n]*)\n$"
  for name, n in last:gmatch "(%a[%a ]-) (%d+)" do counts[name] = math.tointeger(tonumber(n)) end
  return counts, text
end

local HAPPENS = { "handovers", "orders", "refused as late", "not signed", "losses of the share", "killed", "ended" }

-- What the promise rests on. Where the world does not keep to it, the simulation has to see that. Who waits for a lease on a server looks
-- at it for longer than it lasts, so it takes more to break that.
local SHARES = {
  file = { handovers = 4000, least = 50, worlds = {
    ["the exchange takes requests two seconds longer than their window"] = "late=3000",
    ["the share's clock runs a fifth faster than the holder's"] = "drift=0.2 seed=2",
    ["the holder's clock stands still while its computer sleeps"] = "standing=1",
    ["a share that lost what it knew gives the lease at once"] = "forgets=1",
    ["the exchange shows orders later than `visibility` says"] = "hides=2",
  } },
  script = { handovers = 300, least = 5, worlds = {
    ["the exchange takes requests eight seconds longer than their window"] = "late=9000",
    ["the holder's clock stands still while its computer sleeps"] = "standing=1",
    ["the server goes back to what it knew before, and does not say so"] = "forgets=1",
    ["the exchange shows orders later than `visibility` says"] = "hides=20",
  } },
}

for kind, share in pairs(SHARES) do
  describe(("the lease of a share, a %s, handed over hundreds of times,"):format(kind), function()
    it("never lets two holders trade under one prefix, nor one that does not know what others did", function()
      local counts, text = run(share.handovers, "share=" .. kind)
      assert.equal(0, counts.violations, text)
      for _, name in ipairs(HAPPENS) do -- the world did all of what it can do, and orders arrived
        assert.is_true((counts[name] or 0) >= share.least, name .. ": " .. text)
      end
    end)

    for what, world in pairs(share.worlds) do
      it("would not, if " .. what, function()
        local counts, text = run(kind == "file" and 4000 or 300, world .. " share=" .. kind)
        assert.is_true(counts.violations > 0, text)
      end)
    end
  end)
end

-- The store in which the script runs above (spec/torture/lease_store.lua) is ours. The same world with a real server ends in the same
-- numbers.
describe("the script of a lease", function()
  it("says in a real server what it says in the simulation", function()
    if redis.missing then return pending(redis.missing) end
    local server <close> = redis.start()
    local _, there = run(30, "jump=1000 share=" .. server.socket)
    local _, here = run(30, "jump=1000 share=script")
    assert.equal(here, there)
  end)
end)
