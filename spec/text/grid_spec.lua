-- Tables of text: narrow terminals and odd cells. Ordinary tables are in spec/shell/show_spec.lua.

local grid = require "bybit.text.grid"

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

describe("a grid", function()
  local columns = { { name = "order_id", kind = "id" }, { name = "time", kind = "time" }, { name = "price", kind = "number" },
    { name = "note" } }
  local row = { "8b600f3f-6e26-4c5f-a63f-513ea5f273f2", "2026-11-25 15:10:15.650", "30000.5", "x" }

  it("shortens ids, then moments, before it leaves a column out", function()
    local function second(width) return lines_of((grid.render(columns, { row }, { width = width })))[2] end
    assert.equal("8b600f3f-6e26-4c5f-a63f-513ea5f273f2  2026-11-25 15:10:15.650  30000.5  x", second(100))
    assert.equal("8b600f3f..  2026-11-25 15:10:15.650  30000.5  x", second(60))
    assert.equal("8b600f3f..  11-25 15:10:15  30000.5  x", second(41))
    assert.equal("8b600f3f..  11-25 15:10:15  30000.5", second(40))
  end)

  it("fits every width into which its first column fits, and names the columns that are left out", function()
    for width = 10, 100 do
      local text, whole = grid.render(columns, { row }, { width = width })
      local lines = lines_of(text)
      for i = 1, 2 do assert.is_true(#lines[i] <= width, ("%d: %s"):format(width, lines[i])) end
      assert.equal(not whole, text:find("too narrow for", 1, true) ~= nil)
    end
    assert.truthy(grid.render(columns, { row }, { width = 26 }):find("(too narrow for price, note)", 1, true))
  end)

  it("never cuts a number", function()
    local long = "12345678901234567890.1234567890"
    local text = grid.render({ { name = "price", kind = "number" } }, { { long } }, { width = 10 })
    assert.truthy(text:find(long, 1, true), text)
  end)

  it("counts characters, not bytes, and accepts bytes that are not text", function()
    local text = grid.render({ { name = "a" }, { name = "b" } }, { { "é", "1" }, { "ab", "2" }, { "\255\254", "3" } })
    assert.same({ "a   b", "é   1", "ab  2", "\255\254  3" }, lines_of(text))
  end)

  it("has a header and \"(none)\" if there are no rows", function()
    assert.equal("a  b\n(none)", (grid.render({ { name = "a" }, { name = "b" } }, {})))
  end)

  it("does not change the caller's rows", function()
    local given = { table.move(row, 1, 4, 1, {}) }
    grid.render(columns, given, { width = 20 })
    assert.same({ row }, given)
  end)
end)
