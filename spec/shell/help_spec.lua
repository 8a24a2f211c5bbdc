-- Help on a method agrees with the declarations, in both dialects; its examples run on paper.

local bybit = require "bybit"
local enums = require "bybit.records.enums"
local help = require "bybit.shell.help"
local show = require "bybit.shell.show"

local WIDTHS = { 72, 80, 120 }

-- The page with its lines joined, so that a wrapped text can be found.
local function flat(text)
  return (text:gsub("%s+", " "))
end

-- The text about one parameter: from its name to the next parameter's name, or to the end of the list.
local function part(text, name)
  local lines, inside = {}, false
  for line in text:gmatch "[^\n]*" do
    local first = line:match "^  (%l[%w_]*)  +%S"
    if first then inside = first == name end
    if not first and not line:find "^   " then inside = false end
    if inside then lines[#lines + 1] = line end
  end
  return flat(table.concat(lines, " "))
end

local function assert_holds(text, wanted, where)
  assert.truthy(text:find(flat(tostring(wanted)), 1, true), ("%s: '%s' is not in: %s"):format(where, tostring(wanted), text))
end

for _, api in ipairs { "v5", "v2" } do
  local dialect = require("bybit.wire." .. api)

  describe("help in " .. api, function()
    for _, name in ipairs(help.methods(dialect)) do
      local row = dialect.endpoints[name]

      it("tells all of " .. name, function()
        local page = help.method(dialect, name, { width = 80 })
        assert_holds(flat(page), row.doc, name)
        assert_holds(flat(page), row.source, name)
        for _, p in ipairs(row.params) do
          local text, where = part(page, p[1]), name .. "." .. p[1]
          assert.not_equal("", text, where)
          if p.unit then assert_holds(text, p.unit, where) end
          if p.default ~= nil then assert_holds(text, "default " .. tostring(p.default), where) end
          for _, word in ipairs(p.default_by and enums.order_type.values or {}) do
            if p.default_by[word] then assert_holds(text, ("%s with %s"):format(p.default_by[word], word), where) end
          end
          if p.required then assert_holds(text, "required", where) end
          if p.required_when then assert_holds(text, "required when " .. p.required_when[1], where) end
          for _, bound in ipairs { p.min or "", p.max or "", p.above or "", p.also or "", p.doc or "" } do
            assert_holds(text, bound, where)
          end
          local words = p[3] == "enum" and (p.values or enums[p.enum].values) or {}
          for _, word in ipairs(words) do assert_holds(text, word, where) end
        end
      end)

      it("fits the terminal with " .. name, function()
        for _, width in ipairs(WIDTHS) do
          local page = help.method(dialect, name, { width = width, defaults = { symbol = "BTCUSD" } })
          for line in page:gmatch "[^\n]+" do
            if not line:find "Source:" then assert.is_true(#line <= width, line) end
          end
        end
      end)
    end
  end)

  describe("the example in " .. api, function()
    local exchange, client

    setup(function()
      exchange = bybit.paper.start { lag = 0, limits = false, seed = 7 }
      exchange:set_price("BTCUSD", 30000)
      client = bybit.client { environment = exchange, api = api }
    end)
    teardown(function()
      client:close()
      exchange:close()
    end)

    -- The exchange may refuse these examples: they need a position that fits, or a contract of another kind.
    local REFUSED = { set_trading_stop = true, add_or_reduce_margin = true, set_auto_add_margin = true }

    local function answered(name, result, err)
      if result ~= nil then return end
      -- Examples name orders that do not exist. The exchange may say only that.
      assert.truthy(err.kind == "not_found" or REFUSED[name] and err.kind == "exchange", ("%s: %s"):format(name, tostring(err)))
    end

    for _, name in ipairs(help.methods(dialect)) do
      it("of " .. name .. " runs as it is printed", function()
        local page = help.method(dialect, name, { width = 80 })
        local code = assert(page:match "Example:\n(.*)$", page)
        assert.is_nil(code:find "=%s*\n", "a value stands beside its name")
        local function method(params) return client[name](client, params) end
        local call = assert(load("return " .. code, "=" .. name, "t", { [name] = method }))
        local result, err = call()
        answered(name, result, err)
        for _, entry in ipairs(dialect.endpoints[name].elements and result or {}) do
          answered(name, not entry.error and entry or nil, entry.error)
        end
        if name:find "^place_" or name:find "^get_.*s$" then assert.truthy(result, tostring(err)) end
        assert.is_string(show.text(result))
      end)
    end
  end)
end

describe("rules between parameters", function()
  it("are worded for each wire", function()
    local function page(api) return help.method(require("bybit.wire." .. api), "place_conditional_order", { width = 80 }) end
    assert_holds(page "v5", "One of base_price and trigger_direction, not both.", "v5")
    assert_holds(page "v2", "If trigger_direction is given, it must agree with base_price.", "v2")
    assert.is_nil(page("v2"):find('trigger_direction = "', 1, true))
  end)
end)

describe("help.wrap", function()
  it("breaks only between words", function()
    assert.equal("a bb\nccc", help.wrap("a bb ccc", 5))
    assert.equal("verylongword\nx", help.wrap("verylongword x", 5))
    assert.equal("  a b\n    c", help.wrap("a b c", 5, "  ", "    "))
    assert.equal("", help.wrap("", 5))
  end)
end)
