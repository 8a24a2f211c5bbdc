-- Where orders stand: on ladders by price and age, in rows by number. Both are compared with a plain sorted list, which is
-- searched from end to end.

local Ladder = require "bybit.paper.engine.ladder"
local Rows = require "bybit.paper.engine.rows"
local core = require "bybit.core"

local SEED = math.tointeger(tonumber(os.getenv "PAPER_SEED" or os.time() % 1000000))

local function position_in(list, item)
  for i, each in ipairs(list) do
    if each == item then return i end
  end
end

describe("a ladder", function()
  -- Best first, then oldest first.
  local function insert(list, order, falling)
    local at = #list + 1
    while at > 1 and (falling and order.ticks > list[at - 1].ticks or not falling and order.ticks < list[at - 1].ticks) do
      at = at - 1
    end
    table.insert(list, at, order)
  end

  local function walk(ladder)
    local out, order = {}, ladder.best
    while order do
      out[#out + 1] = order
      order = ladder:next(order)
    end
    return out
  end

  local function names(list)
    local out = {}
    for i, order in ipairs(list) do out[i] = ("%d@%d"):format(order.name, order.ticks) end
    return table.concat(out, " ")
  end

  -- Prices near each other, prices at the ends of words of bits, and prices far apart.
  local RANGES = {
    near = function(random) return random:integer(1, 40) end,
    words = function(random) return random:integer(0, 4) * 64 + random:integer(0, 1) * 63 end,
    far = function(random) return 1 << random:integer(0, 61) end,
    all = function(random) return random:integer(1, (1 << 62) - 1) >> random:integer(0, 61) end,
  }

  for name, draw in pairs(RANGES) do
    for _, falling in ipairs { true, false } do
      it(("has the order of a sorted list, prices %s, %s first (PAPER_SEED=%d)"):format(name,
        falling and "highest" or "lowest", SEED), function()
        local random, ladder, list = core.random(SEED), Ladder.new(falling), {}
        for i = 1, 1500 do
          local grows = i % 500 < 250 and 0.7 or 0.3 -- it fills and empties
          if #list == 0 or random:unit() < grows then
            local order = { ticks = draw(random), name = i }
            ladder:add(order)
            insert(list, order, falling)
          else
            local order = table.remove(list, random:integer(1, random:unit() < 0.5 and #list or 1))
            ladder:remove(order)
            assert.is_nil(order.before or order.after)
          end
          assert.equal(list[1], ladder.best)
          if i % 10 == 0 then assert.equal(names(list), names(walk(ladder))) end
        end
      end)
    end
  end

  it("keeps nothing of what has left", function()
    local ladder = Ladder.new(true)
    for i = 1, 100 do ladder:add { ticks = i * 1000 } end
    assert.equal(100, #ladder.prices)
    while ladder.best do ladder:remove(ladder.best) end
    assert.same({}, ladder.rungs)
    assert.equal(0, #ladder.prices)
  end)
end)

describe("rows", function()
  local function numbers(list)
    local out = {}
    for i, item in ipairs(list) do out[i] = item.n end
    return table.concat(out, " ")
  end

  it(("have the order of a sorted list (PAPER_SEED=%d)"):format(SEED), function()
    local random, rows, list, out, last = core.random(SEED), Rows.new "n", {}, {}, 0
    for i = 1, 3000 do
      local kind = random:unit()
      if kind < (i % 1000 < 500 and 0.55 or 0.25) or #list == 0 then
        last = last + random:integer(1, 3)
        local item = { n = last }
        rows:add(item)
        list[#list + 1] = item
      elseif kind < 0.9 then
        local item = table.remove(list, random:integer(1, #list))
        rows:remove(item)
        out[#out + 1] = item
      elseif #out > 0 then -- one comes back to its place
        local item = table.remove(out, random:integer(1, #out))
        rows:add(item)
        list[#list + 1] = item
        table.sort(list, function(a, b) return a.n < b.n end)
      end
      assert.equal(#list, rows.count)
      if i % 10 == 0 then
        assert.equal(numbers(list), numbers(rows:list()))
        local from = random:integer(0, last + 1)
        local place = Rows.place_of(rows.items, from, "n")
        for j = 1, place - 1 do
          local item = rows.items[j]
          assert.is_true((type(item) == "table" and item.n or item) < from)
        end
        local at = rows.items[place]
        assert.is_true(at == nil or (type(at) == "table" and at.n or at) >= from)
      end
      if #list > 0 then assert.is_number(position_in(rows.items, list[random:integer(1, #list)])) end
    end
  end)

  it("are packed when most of them have left, from whichever end", function()
    for _, first in ipairs { true, false } do
      local rows, all = Rows.new "n", {}
      for i = 1, 1000 do
        all[i] = { n = i }
        rows:add(all[i])
      end
      for i = first and 1 or 1000, first and 990 or 11, first and 1 or -1 do rows:remove(all[i]) end
      assert.equal(10, rows.count)
      assert.is_true(#rows.items <= 40, #rows.items)
    end
  end)
end)
