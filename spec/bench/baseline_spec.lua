-- The baseline of `make instructions`: what counts as a change, and what is said then.

local baseline = require "spec.bench.baseline"

local function figures(instructions, allocations)
  return { instructions = instructions, calls_out = 100, allocations = allocations, bytes = 1000 }
end

local function verdict(found, before)
  local changes = { dearer = {}, cheaper = {} }
  baseline.compare("order", found, before, changes)
  return baseline.verdict(changes, "counts.tsv")
end

describe("a baseline", function()
  it("allows 3 %, and says nothing then", function()
    local fine, text = verdict(figures(102900, 20), figures(100000, 20))
    assert.is_true(fine)
    assert.equal("", text)
  end)

  it("fails when one figure costs more, and says what to do", function()
    local fine, text = verdict(figures(103100, 20), figures(100000, 20))
    assert.is_false(fine)
    assert.equal([[
More than 3 % above the baseline:
  order: 103100.0 instructions, the baseline has 100000.0: +3.1 %
If the change is meant to cost this, run `make instructions BASELINE=1`, commit counts.tsv with it, and say in the commit's ]]
      .. "message what the cost buys.", text)
  end)

  it("fails for allocations too, but not for one of a few that came once more", function()
    assert.is_true(verdict(figures(100000, 7), figures(100000, 5)))
    assert.is_false(verdict(figures(100000, 8), figures(100000, 5)))
  end)

  it("does not fail when a call has become cheaper, but asks for the gain to be kept", function()
    local fine, text = verdict(figures(96800, 20), figures(100000, 20))
    assert.is_true(fine)
    assert.equal([[
Cheaper than the baseline:
  order: 96800.0 instructions, the baseline has 100000.0: -3.2 %
To keep that, run `make instructions BASELINE=1` and commit counts.tsv.]], text)
  end)

  it("is read as it was written; there may be none", function()
    local path = os.tmpname()
    finally(function() os.remove(path) end)
    local rows = { order = figures(100000.5, 20), ["list of 50"] = figures(2000000, 700) }
    baseline.write(path, "x86_64, gcc 12", { "order", "not counted", "list of 50" }, rows)
    local made_with, read = baseline.read(path)
    assert.equal("x86_64, gcc 12", made_with)
    assert.same(rows, read)
    assert.same({ nil, {} }, { baseline.read(path .. "-none") })
  end)
end)
