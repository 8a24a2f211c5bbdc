-- Completion in a session: the words that may follow a text.

local complete = require "bybit.shell.complete"
local objects = require "bybit.records.objects"
local bybit = require "bybit"

local values = {
  orders = { setmetatable({}, objects.metatable "order") }, table = table, price = bybit.decimal "1",
  client = setmetatable({}, { __name = "bybit.client" }), btc = setmetatable({}, { __name = "bybit.view" }),
  trap = setmetatable({}, { __index = function() error "completion must run nothing" end }),
}

local words = {
  dialect = require "bybit.wire.v5",
  names = function() return { "place_order", "place_conditional_order", "print", "orders", "help" } end,
  value = function(name) return values[name] end,
  pages = function() return { "place_order", "position" } end,
  symbols = function() return { "BTCUSD", "ETHUSD" } end,
}

local function at(text)
  local from, found = complete.at(words, text)
  return text:sub(from), found
end

local function assert_completes(text, wanted)
  local _, found = at(text)
  assert.same(wanted, found)
end

describe("completion", function()
  for text, wanted in pairs {
    ["place_o"] = { "place_order{" },
    ["pl"] = { "place_conditional_order", "place_order" },
    ["x = place_o"] = { "place_order{" },
    ["place_order{si"] = { "side = " },
    ["place_order{side = 'Buy', take_profit_"] = { "take_profit_price", "take_profit_trigger_type" },
    ["place_order{side = 'Buy', sid"] = {},
    ["place_order({si"] = { "side = " },
    ["place_order{\nside = 'Buy',\nquan"] = { "quantity = " },
    ["place_order{"] = { "quantity", "side", "type" }, -- what has to be given comes first; the session has the symbol
    ["place_order{side = 'Buy', quantity = 1, "] = { "type = " },
    ["place_order{side = "] = { '"Buy"', '"Sell"' },
    ['place_order{side = "'] = { "Buy", "Sell" },
    ['place_order{side = "S'] = { "Sell" },
    ["place_order{side = 'S"] = { "Sell" },
    ["place_order{reduce_only = t"] = { "true" },
    ["place_multiple_orders{ {si"] = { "side = " },
    ["place_multiple_orders({ { side = 'Buy' }, { trigger_p"] = { "trigger_price = " },
    ['cancel_multiple_orders{ { symbol = "E'] = { "ETHUSD" },
    ['place_order{symbol = "E'] = { "ETHUSD" },
    ['place_order{client_order_id = "x'] = {},
    ["place_order{quantity = ord"] = { "orders" },
    ["set_trading_stop{trailing_stop_p"] = { "trailing_stop_price = " },
    ["client:modify_o"] = { "modify_order" },
    ["client:cancel_o"] = { "cancel_order" },
    ["client:wi"] = { "with" },
    ["client:re"] = { "reconcile", "request", "request_demo_funds", "resolve", "resume" },
    ["client:bu"] = { "budget" },
    ["btc:w"] = { "warm", "with" },
    ["client:dis"] = { "dismiss" },
    ["client:clo"] = { "close" },
    ["btc:modify_o"] = { "modify_order" },
    ["client:place_order{quan"] = { "quantity = " },
    ['each("get_u'] = { "get_user_trades" },
    ['each("get_orders", {lim'] = { "limit = " },
    ['help "po'] = { "position" },
    ['help("pl'] = { "place_order" },
    ['symbol "B'] = { "BTCUSD" },
    ["orders[1].avg_p"] = { "avg_price" },
    ["orders[2].avg_p"] = {},
    ["nothing.avg_p"] = {},
    ["table.unp"] = { "unpack" },
    ["trap.x.y"] = {},
    ["price:to_s"] = { "to_step" },
  } do
    it("of " .. text:gsub("\n", " "), function() assert_completes(text, wanted) end)
  end

  it("offers the common options after a method's own parameters", function()
    local _, found = at "get_orders{"
    local seen = {}
    for _, name in ipairs(found) do seen[name] = true end
    assert.is_true(seen.limit and seen.timeout and seen.cursor)
  end)

  it("returns words from the place where readline thinks that the word begins", function()
    local line = 'place_order{symbol="BTCUSD",si'
    -- For readline a quote begins a word, a comma does not.
    assert.same({ ",side = " }, complete.readline(words, "", line, 28, #line))
    assert.same({ "quantity = " }, complete.readline(words, "place_order{\n", "quan", 1, 4))
    assert.same({ "orders[1].avg_price" }, complete.readline(words, "", "orders[1].avg_p", 1, 15))
  end)
end)
