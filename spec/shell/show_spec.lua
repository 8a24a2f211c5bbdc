-- Results and help in a terminal of 80 columns.

local bybit = require "bybit"
local grid = require "bybit.text.grid"
local help = require "bybit.shell.help"
local objects = require "bybit.records.objects"
local show = require "bybit.shell.show"
local colour = require "bybit.shell.colour"
local dialect = require "bybit.wire.v5"

local function order(n)
  return setmetatable({ order_id = ("0123456789abcdef-%d"):format(n), symbol = "BTCUSD", side = "Buy", type = "Limit",
    quantity = bybit.decimal(100 * n), price = bybit.decimal "30000.50", filled_quantity = bybit.decimal(0),
    status = "PartiallyFilled", create_time = 1704067200000 }, objects.metatable "order")
end

local function orders(n)
  local list = {}
  for i = 1, n do list[i] = order(i) end
  return setmetatable(list, objects.metatable("order").__list)
end

describe("grid", function()
  local columns = { { name = "order_id", kind = "id" }, { name = "filled_quantity", kind = "number" }, { name = "status" } }

  it("aligns cells, numbers to the right, and breaks wide headers", function()
    assert.equal(table.concat({
      "           filled_",
      "order_id  quantity  status",
      "abcdefgh       100  New",
      "bb               5  Filled",
    }, "\n"), (grid.render(columns, { { "abcdefgh", "100", "New" }, { "bb", "5", "Filled" } })))
  end)

  it("shortens ids if there is no room, then leaves columns out and names them", function()
    local id = "0123456789abcdef"
    local text, whole = grid.render(columns, { { id, "100", "New" } }, { width = 30 })
    assert.truthy(text:find("01234567..       100  New", 1, true), text)
    assert.is_true(whole)
    text, whole = grid.render(columns, { { id, "100", "New" } }, { width = 22 })
    assert.truthy(text:find("(too narrow for status)", 1, true), text)
    assert.is_false(whole)
    assert.truthy(grid.render(columns, { { id, "100", "New" } }):find(id, 1, true), "without a width nothing is cut")
  end)

  it("cuts long lists, and says what is not shown", function()
    local rows = {}
    for i = 1, 30 do rows[i] = { tostring(i), "1", "New" } end
    local text = grid.render(columns, rows, { max = 20 })
    assert.truthy(text:find("\n20 .*\n%.%.%. 10 more$"), text)
    assert.is_nil(text:find("\n21 "))
  end)
end)

describe("show", function()
  it("fits a list of orders into 80 columns and cuts it", function()
    local text = show.text(orders(25), { width = 80 })
    assert.truthy(text:find("01234567..  BTCUSD  Buy   Limit       100  30000.50         0  PartiallyFilled", 1, true), text)
    assert.truthy(text:find "\n%.%.%. 5 more$", text)
    for line in text:gmatch "[^\n]+" do assert.is_true(#line <= 80, line) end
    assert.equal("(none)", show.text(orders(0)))
  end)

  it("shows a record as its fields in declared order, moments in both forms", function()
    local text = show.text(order(1))
    assert.truthy(text:find "^  order_id         0123456789abcdef%-1\n  symbol           BTCUSD\n", text)
    assert.truthy(text:find("  create_time      1704067200000  2024-01-01T00:00:00.000Z", 1, true), text)
    local odd = order(1)
    odd.newField, odd.anotherField = "x", "y" -- undeclared fields come last, sorted by name
    assert.truthy(show.text(odd):find "\n  anotherField     y\n  newField         x$", show.text(odd))
  end)

  it("shows free tables with sorted keys, on one line if they fit", function()
    assert.equal('{ 1, 2, a = "x", b = 1.50 }', show.text { 1, 2, b = bybit.decimal "1.50", a = "x" })
    assert.equal("{}", show.text {})
    local deep = { list = { { name = ("x"):rep(50), more = { ("y"):rep(50) } } } }
    assert.equal(('list:\n  [1]:\n    more = { "%s" }\n    name = "%s"'):format(("y"):rep(50), ("x"):rep(50)), show.text(deep))
    assert.equal(" a  b\n 1  two\n33  4", show.text { { a = "1", b = "two" }, { a = "33", b = "4" } })
    local long = {}
    for i = 1, 500 do long[i] = { ("z"):rep(40), i } end
    assert.truthy(show.text(long, { rows = 5 }):find "%.%.%. 495 more$")
  end)

  it("quotes text, and escapes control characters", function()
    assert.equal('"a\\"b\\27[2J"', show.text 'a"b\27[2J')
    assert.equal("nil", show.text(nil))
    assert.equal("1.50", show.text(bybit.decimal "1.50"))
    local loop = {}
    loop.loop = loop
    assert.truthy(#show.text(loop) < 10000, "a table in itself ends")
  end)
end)

describe("help", function()
  it("names every parameter of every method, its words and bounds, from the declarations", function()
    for _, name in ipairs(help.methods(dialect)) do
      local text = help.method(dialect, name, { width = 80 })
      for _, p in ipairs(dialect.endpoints[name].params) do
        assert.truthy(text:find("\n  " .. p[1] .. " ", 1, true), name .. ": " .. p[1])
      end
      for line in text:gmatch "[^\n]+" do assert.is_true(#line <= 80, line) end
    end
    local text = help.method(dialect, "get_orders", { width = 80 })
    assert.truthy(text:find "\n  limit +integer, records, 1 to 50%.", text)
  end)

  it("has an example for every method that the method accepts", function()
    -- A transport that sends nothing: a wrong call raises before it is used.
    local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, key = "keykeykey", secret = "s",
      deadline = 0.001, transport = { start = function() return { error = "network", message = "none", sent = false } end } }
    for _, name in ipairs(help.methods(dialect)) do
      local params = {}
      for _, pair in ipairs(help.sample(dialect.endpoints[name])) do params[pair[1]] = pair[2] end
      if dialect.endpoints[name].elements then params = { params } end
      local ok, result, err = pcall(client[name], client, params)
      assert.is_true(ok, name .. ": " .. tostring(result))
      assert.is_nil(result)
      assert.equal(name, err.method)
    end
  end)

  it("has pages for records and enums, and a suggestion for an unknown word", function()
    assert.truthy(help.page(dialect, "position", { width = 80 }):find("liquidation_price", 1, true))
    assert.truthy(help.page(dialect, "time_in_force", { width = 80 }):find("GTC, IOC, FOK", 1, true))
    assert.truthy(help.page(dialect, "options", { width = 80 }):find("deadline", 1, true))
    local text, message = help.page(dialect, "amend_order", { width = 80 })
    assert.is_nil(text)
    assert.equal("no help on 'amend_order': here it is 'modify_order'", message)
  end)

  it("removes control characters from the exchange's texts", function()
    local function text_of(body, call)
      local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, key = "keykeykey", secret = "s",
        transport = { start = function() return { status = 200, body = body } end } }
      local value = assert(call(client))
      return { show.text(value), show.line(value), tostring(value), tostring(value[1]) }
    end
    local evil = "\\u001b[2J\\u009b31m\\u202e\\r\\n\\u0007"
    local list = ('{"retCode":0,"retMsg":"OK","result":{"list":[{"symbol":"BTC%sUSD","orderId":"%s","odd%s":"x%s"}]}}')
      :gsub("%%s", (evil:gsub("%%", "%%%%")))
    local seen = text_of(list, function(client) return client:get_open_orders_real_time { symbol = "BTCUSD" } end)
    for _, text in ipairs(text_of(list, function(client) return client:request("GET", "/v5/order/realtime") end)) do
      seen[#seen + 1] = text
    end
    for _, text in ipairs(text_of(list, function(client)
      return { (client:get_open_order_real_time { symbol = "BTCUSD", order_id = "x" }) }
    end)) do seen[#seen + 1] = text end
    for _, text in ipairs(seen) do
      assert.is_nil(text:gsub("\n", ""):find "[%c\127]" or text:find "\xC2[\x80-\x9F]", text)
    end
  end)
end)

describe("colours", function()
  local KEY, TEXT, NUMBER, WORD, BOLD, OFF = "\27[36m", "\27[32m", "\27[33m", "\27[35m", "\27[1m", "\27[0m"

  local function coloured(value) return show.text(value, { width = 80, colours = true }) end

  it("tell keys, texts, numbers and words of a free table apart", function()
    local value = { a = 1, b = "x, y = 2 \"z", c = false, d = { -1.5, bybit.decimal "0.10" }, ["e f"] = bybit.null }
    assert.equal(table.concat { "{ ", KEY, "a", OFF, " = ", NUMBER, "1", OFF, ", ", KEY, "b", OFF, " = ", TEXT,
      '"x, y = 2 \\"z"', OFF, ", ", KEY, "c", OFF, " = ", WORD, "false", OFF, ", ", KEY, "d", OFF, " = { ", NUMBER, "-1.5", OFF,
      ", ", NUMBER, "0.10", OFF, " }, [", TEXT, '"e f"', OFF, "] = ", WORD, "null", OFF, " }" }, coloured(value))
    assert.equal(TEXT .. '"30000"' .. OFF, coloured "30000")
    assert.equal(NUMBER .. "30000" .. OFF, coloured(30000))
  end)

  it("of a record follow its values, whatever their texts look like", function()
    local record = setmetatable({ order_id = "123", quantity = bybit.decimal "5", reduce_only = true },
      objects.metatable "order")
    assert.equal(table.concat { "  ", KEY, "order_id", OFF, "     ", TEXT, "123", OFF, "\n  ", KEY, "quantity", OFF, "     ",
      NUMBER, "5", OFF, "\n  ", KEY, "reduce_only", OFF, "  ", WORD, "true", OFF }, coloured(record))
  end)

  it("of a list are in its header", function()
    local text = coloured(orders(2))
    local plain = show.text(orders(2), { width = 80 })
    local n = 0
    for line in plain:gmatch "[^\n]+" do
      n = n + 1
      if line:find "^01234567" then break end
      assert.truthy(text:find(BOLD .. line .. OFF, 1, true), line)
    end
    assert.is_true(n > 1)
    assert.is_nil(text:match "(01234567.*)":find "\27")
  end)

  it("change nothing of what is seen: width, cuts, lines", function()
    local long = {}
    for i = 1, 30 do long["key" .. i] = { name = ("long "):rep(i), n = i, deep = { ("x"):rep(5 * i), i } } end
    for _, value in ipairs { long, orders(30), order(1), { { a = 1, b = 2 }, { a = 3, b = 4 } }, { text = ("y"):rep(200) }, "a",
      setmetatable({}, { __tostring = function() return 'help: key = "x"' end }) } do
      for _, width in ipairs { 40, 80 } do
        assert.equal(show.text(value, { width = width }), colour.plain(show.text(value, { width = width, colours = true })))
      end
    end
  end)

  it("leave out what a foreign text brings along", function()
    assert.is_nil(coloured({ a = "\27[5mblink" }):find("\27[5m", 1, true))
    local record = setmetatable({ order_id = "\27[5mblink" }, objects.metatable "order")
    assert.is_nil(coloured(record):find("\27[5m", 1, true))
  end)
end)

