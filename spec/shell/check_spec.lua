-- `bybit check`: what it flags in a program's text, and what it does not flag.

local check = require "bybit.shell.check"
local words = require "bybit.errors"
local command = require "spec.support.command"
local shell = require "spec.support.shell"
local snippets = require "spec.support.snippets"

local HEAD = 'local bybit = require "bybit"\nlocal client <close> = bybit.client { environment = "paper" }\n'

-- The findings in a program, "line: message"; lines are counted after the head.
local function findings(text)
  local found = {}
  for i, finding in ipairs(assert(check.text(HEAD .. text))) do
    found[i] = ("%d: %s"):format(finding.line - 2, finding.message)
  end
  return found
end

describe("bybit check", function()
  for text, message in pairs {
    ["for o in client:each('get_orders', { symbol = 'BTCUSD' }) do if o.price == 30000 then print(o) end end"] =
      "a decimal never equals 30000 by ==: write x:eq(30000)",
    ["local p = bybit.decimal '5' if 5 ~= p then print(p) end"] = "a decimal never equals 5 by ~=: write not x:eq(5)",
    ["return function(trade) return trade.fee == '0' end"] = 'a decimal never equals "0" by ==: write x:eq("0")',
    ["return function(o) return (o.price * 2):round(1) == -1 end"] =
      "a decimal never equals -1 by ==: write x:eq(-1)",
    ["local o = assert(client:get_open_order_real_time { symbol = 'BTCUSD', order_id = 'x' }) print(o.stauts)"] =
      "order has no field 'stauts', did you mean 'status'?",
    ["for _, t in ipairs(assert(client:get_user_trades { symbol = 'BTCUSD' })) do print(t.pric) end"] =
      "trade has no field 'pric', did you mean 'price'?",
    ["local ack = client:cancel_order { symbol = 'BTCUSD', order_id = 'x' } print(ack.orderid)"] =
      "order id has no field 'orderid': here it is 'order_id'",
    ["print(bybit.enums.tif.GTC)"] = "bybit.enums has no 'tif': here it is 'time_in_force'",
    ["print(bybit.enums.side.long)"] = "bybit.enums.side has no 'long': here it is 'Buy'",
    ["client:place_order { symbol = 'BTCUSD', qty = 1 }"] = "place_order: unknown parameter 'qty': here it is 'quantity'",
    ["client:place_order { side = 'buy' }"] =
      "place_order: parameter 'side': 'buy' is not one of its values: one of 'Buy', 'Sell'; here it is 'Buy'",
    ["client:place_multiple_orders { { symbol = 'BTCUSD', qty = 1 } }"] =
      "place_multiple_orders: unknown parameter 'qty': here it is 'quantity'",
    ["client:place_multiple_orders { { side = 'Buy', type = 'Market', quantity = 1 } }"] =
      "place_multiple_orders: parameter 'symbol' is missing",
    ["client:cancel_multiple_orders { { symbol = 'BTCUSD', order_id = 'x' }, timout = 5 }"] =
      "cancel_multiple_orders: unknown parameter 'timout', did you mean 'timeout'?",
    ["for _, o in ipairs(assert(client:modify_multiple_orders { { symbol = 'BTCUSD', order_id = 'x', new_price = 1 } })) do "
      .. "print(o.eror) end"] = "batch order has no field 'eror'",
    ["client:create_order {}"] = "a client has no method 'create_order': here it is 'place_order'",
    ["return function(client) return client:plaec_order {} end"] =
      "a client has no method 'plaec_order', did you mean 'place_order'?",
    ["client:each('get_ordrs', {})"] = "each: there is no method 'get_ordrs', did you mean 'get_orders'?",
    ["client:each('get_orders', { limt = 5 })"] = "get_orders: unknown parameter 'limt', did you mean 'limit'?",
    ["print(bybit.codes.order_not_fond)"] = "bybit.codes has no 'order_not_fond', did you mean 'order_not_found'?",
    ["print(bybit.enums.side.Buyy)"] = "bybit.enums.side has no 'Buyy', did you mean 'Buy'?",
    ["return function(o) return ('%.2f'):format(o.price) end"] =
      "%f does not take a decimal: write %s, and x:round(places)",
    ["return function(o) return string.format('%s %d', o.price, o.quantity) end"] =
      "%d does not take a decimal: write %s, and x:round(places)",
    ["local t = {} return function(o) t[o.price] = true end"] =
      "a decimal as a key: equal decimals are different keys, use x:key()",
    -- The module.
    ["print(bybit.clinet)"] = "bybit has no 'clinet', did you mean 'client'?",
    ["bybit.slep(5)"] = "bybit has no 'slep', did you mean 'sleep'?",
    ["print(bybit.json.decod '{}')"] = "bybit.json has no 'decod', did you mean 'decode'?",
    ["print(bybit.paper.strt {})"] = "bybit.paper has no 'strt', did you mean 'start'?",
    -- Options.
    ["print(bybit.client { environment = 'testnet', timout = 5 })"] =
      "bybit.client: unknown option 'timout', did you mean 'timeout'?",
    ["local t = 5 print(bybit.client { environment = 'testnet', timout = t })"] =
      "bybit.client: unknown option 'timout', did you mean 'timeout'?",
    ["print(bybit.client { environment = 'testnet', timeout = 5000 })"] =
      "bybit.client: option 'timeout': seconds from 0.001 to 600 expected, got 5000",
    ["print(bybit.client { environment = 'testnet', api = 'v3' })"] =
      "bybit.client: option 'api': 'v5' or 'v2' expected, got v3",
    ["print(bybit.client { environment = 'testnet', required = { place_ordr = {} } })"] =
      "bybit.client: option 'required': no method 'place_ordr', did you mean 'place_order'?",
    ["print(bybit.client { environment = 'testnet', key = 'k' })"] =
      "bybit.client: 'key' goes with 'secret' or 'private_key'",
    ["print(bybit.paper.start { clok = 'manual' })"] =
      "bybit.paper.start: unknown option 'clok', did you mean 'clock'?",
    ["print(bybit.paper.start { clock = 'manul' })"] =
      [[bybit.paper.start: option 'clock': "real" or "manual" expected, got 'manul' (string)]],
    ["print(client:with { smybol = 'BTCUSD' })"] = "with: no method has a parameter 'smybol', did you mean 'symbol'?",
    -- Values of parameters.
    ["client:get_orders { symbol = 'BTCUSD', timeout = 5000 }"] = "get_orders: parameter 'timeout': seconds, at most 600 "
      .. "(this looks like milliseconds) expected, got 5000 (number)",
    ["client:cancel_order { symbol = 'BTCUSD', order_id = 5 }"] =
      "cancel_order: parameter 'order_id': a string expected, got 5 (number)",
    ["local s = 'BTCUSD' client:place_order { symbol = s, side = 'Buy', type = 'Limit', quantity = 1, price = 0.1 + 0.2 }"] =
      "place_order: parameter 'price': the float 0.30000000000000004 is not exact: write it as a string, or round it with "
      .. "bybit.decimal(x, places)",
    ["for o in client:each('get_orders', { symbol = 'BTCUSD', limit = 500 }) do print(o) end"] =
      "get_orders: parameter 'limit': a value from 1 to 50 expected, got 500 (number)",
    ["local T = 5 * 1000 client:get_orders { symbol = 'BTCUSD', timeout = T }"] = "get_orders: parameter 'timeout': seconds, "
      .. "at most 600 (this looks like milliseconds) expected, got 5000 (number)",
    ["local W = 'Canceled' return function(client) for o in client:each('get_orders', { symbol = 'BTCUSD' }) do "
      .. "if o.status == W then print(o) end end end"] = "order.status is never \"Canceled\": here it is 'Cancelled'",
    ["client:request('GET', '/v5/market/time', {}, { timout = 5 })"] =
      "request: unknown parameter 'timout', did you mean 'timeout'?",
    ["client:request('GET', '/v5/market/time', {}, { timeout = 5000 })"] = "request: parameter 'timeout': seconds, "
      .. "at most 600 (this looks like milliseconds) expected, got 5000 (number)",
    ["print(client:collect('get_orders', { symbol = 'BTCUSD' }, { prefech = true }))"] =
      "collect: unknown option 'prefech', did you mean 'prefetch'?",
    ["print(client:pages('get_orders', { symbol = 'BTCUSD' }, { prefetch = 5 }))"] =
      "pages: option 'prefetch': boolean expected, got 5",
    -- Kinds of contracts: the client's, a view's, the call's.
    ["client:place_order { symbol = 'BTCUSDT', side = 'Buy', type = 'Market', quantity = 1 }"] = "place_order: parameter "
      .. "'symbol': 'BTCUSDT' is no inverse contract: category = 'linear' is for it; perhaps 'BTCUSD'?",
    ["client:place_order { category = 'linear', symbol = 'BTCUSD', side = 'Buy', type = 'Market', quantity = 1 }"] =
      "place_order: parameter 'symbol': 'BTCUSD' is no linear contract: category = 'inverse' is for it; perhaps 'BTCUSDT'?",
    ["client:with { category = 'linear' }:set_leverage { symbol = 'ETHUSD', buy_leverage = 2, sell_leverage = 2 }"] =
      "set_leverage: parameter 'symbol': 'ETHUSD' is no linear contract: category = 'inverse' is for it; perhaps 'ETHUSDT'?",
    ["local c = bybit.client { environment = 'paper', category = 'linear' } c:get_positions {}"] =
      "get_positions: for linear contracts one of 'symbol', 'settle_coin' is needed",
    ["print(bybit.client { environment = 'paper', category = 'linear', api = 'v2' })"] =
      "bybit.client: option 'category': the v2 wire has inverse contracts only: use api = \"v5\" for linear ones",
    -- What is missing, and what does not go together.
    ["client:place_order { symbol = 'BTCUSD', side = 'Buy', type = 'Limit', quantity = 1 }"] =
      "place_order: parameter 'price' is missing: type = 'Limit' needs it",
    ["return function(client, q) client:place_order { side = 'Buy', type = 'Limit', quantity = q } end"] =
      "place_order: parameter 'price' is missing: type = 'Limit' needs it",
    ["client:with { symbol = 'BTCUSD' }:place_order { side = 'Buy', type = 'Market' }"] =
      "place_order: parameter 'quantity' is missing",
    ["client:cancel_all_orders()"] = "cancel_all_orders: parameter 'symbol' is missing",
    ["client:request('GET', '/v5/market/time', {}, { decimals = 1 })"] = "option 'decimals': true or false expected, got 1",
    ["client:cancel_order { symbol = 'BTCUSD' }"] =
      "cancel_order: exactly one of 'order_id', 'client_order_id' is needed, got none",
    ["client:cancel_order { symbol = 'BTCUSD', order_id = 'a', client_order_id = 'b' }"] =
      "cancel_order: exactly one of 'order_id', 'client_order_id' is needed, got more",
    ["client:get_orders { symbol = 'BTCUSD', status = 'Created' }"] = "get_orders: parameter 'status': 'Created' is not one of "
      .. "its values: one of 'New', 'PartiallyFilled', 'Untriggered', 'Rejected', 'PartiallyFilledCanceled', 'Filled', "
      .. "'Cancelled', 'Triggered', 'Deactivated'; here it is 'New'",
    ["client:request('PUT', '/v5/order/create')"] = "request: 'GET' or 'POST' expected, got PUT",
    -- '.' and ':'.
    ["client.cancel_all_orders { symbol = 'BTCUSD' }"] =
      "client.cancel_all_orders(...) is called with '.' in place of ':': write client:cancel_all_orders(...)",
    ["print(client.plaec_order)"] = "a client has no method 'plaec_order', did you mean 'place_order'?",
    ["local x = bybit.decimal '5' print(x.round(2))"] =
      "x.round(...) is called with '.' in place of ':': write x:round(...)",
    ["for o in client:each('get_orders', { symbol = 'BTCUSD' }) do print(o.is_open()) end"] =
      "o.is_open(...) is called with '.' in place of ':': write o:is_open(...)",
    ["client.exchange.set_price('BTCUSD', 5)"] =
      "object.set_price(...) is called with '.' in place of ':': write object:set_price(...)",
    ["local t = bybit.spawn(print) print(t.await())"] =
      "t.await(...) is called with '.' in place of ':': write t:await(...)",
    ["bybit:run(print)"] = "bybit:run(...) is called with ':' in place of '.': write bybit.run(...)",
    ["print(bybit.json:encode {})"] =
      "bybit.json:encode(...) is called with ':' in place of '.': write bybit.json.encode(...)",
    -- Words and codes in comparisons.
    ["for o in client:each('get_orders', { symbol = 'BTCUSD' }) do if o.status == 'Canceled' then print(o) end end"] =
      "order.status is never \"Canceled\": here it is 'Cancelled'",
    ["return function(order) return order.status ~= 'Fileld' end"] =
      "order.status is never \"Fileld\", did you mean 'Filled'?",
    ["for t in client:each('get_user_trades', { symbol = 'BTCUSD' }) do if t.side == 'buy' then print(t) end end"] =
      "trade.side is never \"buy\", did you mean 'Buy'?",
    ["local _, err = client:cancel_all_orders { symbol = 'BTCUSD' } if err.name == 'order_not_fond' then print(1) end"] =
      "err.name is never \"order_not_fond\", did you mean 'order_not_found'?",
    ["local _, err = client:cancel_all_orders { symbol = 'BTCUSD' } if err.name == 110001 then print(1) end"] =
      "err.name is never 110001",
    ["local _, err = client:cancel_all_orders { symbol = 'BTCUSD' } if err.code == '110001' then print(1) end"] =
      "err.code is a number, never \"110001\"",
    ["return function(err) return err.code == bybit.codes.order_not_found end"] =
      "err.code is a number: compare err.name with bybit.codes.order_not_found",
    ["return function(err) return err.kind == 'time_out' end"] = "err.kind is never \"time_out\", did you mean 'timeout'?",
    ["return function(err) return err.outcome == 'unkown' end"] =
      "err.outcome is never \"unkown\", did you mean 'unknown'?",
    -- Numbers.
    ["print(bybit.decimal(0.1 + 0.2))"] = "decimal: the float 0.30000000000000004 is not exact: write it as a string, or "
      .. "round it with bybit.decimal(x, places)",
    ["print(bybit.decimal '30,000')"] = "decimal: '30,000' is not a decimal: digits expected, such as '30000.50'",
    ["local x = bybit.decimal '5' print(x * (0.1 + 0.2))"] = "decimal: the float 0.30000000000000004 is not exact: write it "
      .. "as a string, or round it with bybit.decimal(x, places)",
    ["local x = bybit.decimal '5' print(x:rond(2))"] = "a decimal has no method 'rond', did you mean 'round'?",
    ["local n, x = 5, bybit.decimal '5' print(x == n)"] = "a decimal never equals a number by ==: write x:eq(y)",
    ["local sum = 0 for t in client:each('get_user_trades', { symbol = 'BTCUSD' }) do sum = sum + t.fee end print(sum)"] =
      "'sum' is a plain number until the first decimal is added: begin with bybit.decimal(0)",
    ["local x = bybit.decimal '5' print(tonumber(x))"] = "tonumber of a decimal is nil: write x:tonumber()",
    ["local x = bybit.decimal '5' print(math.abs(x))"] = "math.abs does not take a decimal: write x:abs()",
    ["local x = bybit.decimal '5' for i = 1, x do print(i) end"] = "a loop does not take a decimal: write x:tointeger()",
    ["local t = {} table.insert(t, assert(client:get_orders { symbol = 'BTCUSD' })) print(t)"] =
      "table.insert raises: the call gives three values; put its result in a local first",
    ["local t = {} table.insert(t, client:get_orders { symbol = 'BTCUSD' }) print(t)"] =
      "table.insert raises: the call gives three values; put its result in a local first",
    -- Texts of client:request.
    ["local t = assert(client:request('GET', '/v5/market/tickers', {})).list[1] print(t.lastPrice * 2)"] =
      "lastPrice is a text, which Lua makes a float here: write bybit.decimal(x)",
    ["local t = client:request('GET', '/v5/market/tickers', {}) print(t.list[1].lastPrice > 5)"] =
      "lastPrice is a text, which does not compare with a number: write bybit.decimal(x)",
    ["local t = client:request('GET', '/v5/market/tickers', {}).list[1] print(t.bid1Price < t.ask1Price)"] =
      "bid1Price and ask1Price are texts, compared letter by letter: write bybit.decimal(x)",
    ["for _, p in ipairs(client:request('GET', '/v5/position/list', {}).list) do print(p.size == 0) end"] =
      "size is a text, never 0: write bybit.decimal(x):eq(0)",
    ["local b = assert(client:request('GET', '/v5/market/orderbook', {})) print(b.b[1][1] + 1)"] =
      "it is a text, which Lua makes a float here: write bybit.decimal(x)",
    ["for t in client:each('/v5/market/tickers', {}) do print(t.lastPrice > 5) end"] =
      "lastPrice is a text, which does not compare with a number: write bybit.decimal(x)",
    ["totl = 1"] = "setting the undeclared global 'totl'",
    ["print(undeclared)"] = "undeclared global 'undeclared'",
  } do
    it("flags " .. text, function() assert.same({ "1: " .. message }, findings(text)) end)
  end

  for _, text in ipairs {
    "return function(o) return o.price:eq(5) and o.price > 5 and o.price:is_zero() end",
    "local config = { price = 5 } if config.price == 5 then print(config) end",
    "return function(o) return o.status == 'New' and o.create_time == 5 end",
    "return function(o) return ('%s %5.1f'):format(o.price, 1.5) end",
    "local ack = client:cancel_order { symbol = 'BTCUSD', order_id = 'x', confirm = true } "
      .. "print(ack.filled_quantity, ack:is_open())",
    "local btc = client:with { symbol = 'BTCUSD', raise = true } print(btc:get_orders {}[1].price)",
    "local o = client:get_open_order_real_time { symbol = 'ETHUSD', order_id = 'x' } o = { stauts = 1 } print(o.stauts)",
    "local function f(order) return order.anything end print(f)",
    "local key = 'side' client:place_order { [key] = 'Buy' }",
    "bybit.sleep = print bybit.mine = 5 print(bybit.mine)",
    "for o in client:each('get_orders', { symbol = 'ETHUSD' }) do o.seen = true print(o.seen) end",
    "local k = 'k' print(bybit.client { environment = 'testnet', key = k, secret = k, timeout = tonumber(k) })",
    "print(bybit.client { environment = { url = 'http://127.0.0.1:5' }, api = 'v2', journal = { path = 'x' } })",
    "return function(client, id) return client:cancel_order { order_id = id } end",
    "client:with { symbol = 'BTCUSD', type = 'Limit', price = 5 }:place_order { side = 'Buy', quantity = 1 }",
    "return function(q, r) return client:place_order { symbol = 'ETHUSD', side = 'Buy', type = 'Market', quantity = q, "
      .. "reduce_only = r } end",
    "return function(t) return client:place_order { symbol = 'ETHUSD', side = 'Buy', type = t, quantity = 1 } end",
    "return function(r) client:place_order { symbol = 'ETHUSD', side = 'Buy', type = 'Market', quantity = 0, reduce_only = r, "
      .. "close_on_trigger = r } end",
    "local t = 5 t = 5000 / 1000 client:get_orders { symbol = 'ETHUSD', timeout = t * 1000 }",
    "local t = 5000 return function(t) client:get_orders { symbol = 'ETHUSD', timeout = t } end, t",
    "client:request('GET', '/v5/market/time', {}, { timeout = 5, cancel = bybit.cancel_token() })",
    "for o in client:each('get_orders', { symbol = 'ETHUSD' }, { prefetch = true, max = 5 }) do print(o) end",
    "return function(client) client:send 'GET' client:request('PUT', 'http://x').price = 5 return client:receive '*l' end",
    "return function(client) return client:request('GET', 'http://x').price * 2, client.name end",
    "return function(client) client:get_orders { symbol = 'ETHUSD', status = 'Created' } end", -- v2 has it
    "return function(r) local v = client:with { symbol = 'ETHUSD', raise = r } table.insert({}, v:get_orders {}) end",
    "local t = bybit.spawn(print) t.mine = print t.mine()",
    "local t = 5000 local function f() client:get_orders { symbol = 'ETHUSD', timeout = t } end t = 5 f()",
    "print(client:collect('get_orders', { symbol = 'BTCUSD', max = 5 }))",
    "print(pcall(client.place_order, client, {})) print(client.place_order(client, {}))",
    "print(client.exchange.url, client.exchange:now())",
    "return function(config) return config.price == 5 or ('%.2f'):format(config.leverage) end",
    "return function(config) return config.side == 'buy' or config.status == 'running' end",
    "return function(order) return order.side == 'buy' end",
    "return function(err) return err.kind == 'mine' end",
    "local _, err = client:get_orders { symbol = 'ETHUSD' } if err and err.code == 10001 and err.name == nil then print(1) end",
    "for o in client:each('get_orders', { symbol = 'ETHUSD' }) do print(o.status == bybit.enums.order_status.New) end",
    "for o in client:each('get_orders', { symbol = 'ETHUSD' }) do print(o.status == 'PendingCancel') end",
    "print(bybit.decimal(0.1 + 0.2, 2), bybit.decimal(0.5) * 0.1, math.max(bybit.decimal(1), bybit.decimal(2)))",
    "local x, y = bybit.decimal(1), bybit.decimal(2) print(x == y, x.round, x:eq(y))",
    "local sum = 0 sum = sum + bybit.decimal(5) print(sum)",
    "local sum = bybit.decimal(0) for t in client:each('get_user_trades', { symbol = 'ETHUSD' }) do sum = sum + t.fee end "
      .. "print(sum)",
    "bybit.declare('get_moved', { verb = 'GET', path = '/v5/position/move-history' }) print(client:get_moved {})",
    "client:request('GET', '/v5/market/time', {}, { decimals = true })",
    "local n = 0 for _ in client:each('get_user_trades', { symbol = 'ETHUSD' }) do n = n + 1 end print(n)",
    "local t, btc = {}, client:with { symbol = 'ETHUSD', raise = true } table.insert(t, btc:get_orders {})",
    "local t = {} table.insert(t, (client:get_orders { symbol = 'ETHUSD' }))",
    "local t = assert(client:request('GET', '/v5/market/tickers', {})).list[1] print(bybit.decimal(t.lastPrice) > 5, "
      .. "bybit.decimal(1) * t.lastPrice, t.lastPrice == '0', tonumber(t.lastPrice) * 2, t.symbol == 'X')",
    "return function(factor) return client:request('GET', '/v5/market/tickers', {}).list[1].lastPrice * factor end",
  } do
    it("leaves alone " .. text, function() assert.same({}, findings(text)) end)
  end

  it("knows the words of errors that the guide lists", function()
    local text = shell.read "doc/errors.md"
    for heading, list in pairs { Outcome = words.outcomes, Kind = words.kinds } do
      local listed, known = {}, {}
      local rows = text:match("| " .. heading .. " | Meaning |\n[^\n]+\n(.-)\n\n")
      for word in rows:gmatch "|%s`([%w_]+)` |" do listed[word] = true end
      for _, word in ipairs(list) do known[word] = true end
      assert.same(listed, known)
    end
  end)

  it("says where a program's syntax is wrong", function()
    assert.same({ { line = 1, column = 5, message = "expected expression near '='" } }, check.text "x = = 3")
  end)

  it("finds nothing in the examples", function()
    local pipe <close> = assert(io.popen "ls examples/*.lua")
    for path in pipe:lines() do
      local file <close> = assert(io.open(path))
      assert.same({}, check.text(file:read "a", path), path)
    end
  end)

  -- Snippets of guides that show a mistake on purpose.
  local ON_PURPOSE = { ["x == 30000"] = true }

  it("finds nothing in the guides", function()
    local pipe <close> = assert(io.popen "ls README.md doc/*.md")
    for path in pipe:lines() do
      for _, block in ipairs(snippets.blocks(path, "lua")) do
        local found, lines = {}, {}
        for line in block.text:gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
        for _, finding in ipairs(assert(check.text(HEAD .. "local exchange = client.exchange\n" .. block.text))) do
          local line, shown = lines[finding.line - 3], false
          for text in pairs(ON_PURPOSE) do shown = shown or line:find(text, 1, true) end
          if not shown then found[#found + 1] = ("%s: %s"):format(line, finding.message) end
        end
        assert.same({}, found, path)
      end
    end
  end)

  -- These make mistakes on purpose, to see how they are refused.
  local REFUSED = { ["spec/paper/faults_spec.lua"] = 1, ["spec/client/options_spec.lua"] = 5,
    ["spec/wire/hints_spec.lua"] = 16, ["spec/stream/stream_spec.lua"] = 1, ["spec/stream/follow_spec.lua"] = 1,
    ["spec/strategy/simulate_spec.lua"] = 1 }

  it("finds in the specs what is wrong on purpose, and nothing else", function()
    local counts, pipe <close> = {}, assert(io.popen "find spec -name '*.lua'")
    for path in pipe:lines() do
      local file <close> = assert(io.open(path))
      local found = assert(check.text(file:read "a", path:gsub("%.lua$", "_spec.lua")))
      if #found > 0 then counts[path] = #found end
    end
    assert.same(REFUSED, counts)
  end)

  it("reads standard input, and prints JSON", function()
    local output, errors, status = command.run("check -", { input = "print(1)\n  x = 5\n" })
    assert.same({ "-:2:3: setting the undeclared global 'x'\n", "", 1 }, { output, errors, status })
    output, errors, status = command.run("check --json -", { input = "x = 5" })
    assert.same({ '[{"column":1,"file":"-","line":1,"message":"setting the undeclared global \'x\'"}]\n', "", 1 },
      { output, errors, status })
    output, errors, status = command.run("check - --json", { input = "print(1)" })
    assert.same({ "[]\n", "", 0 }, { output, errors, status })
  end)

  it("prints findings as compilers do, and tells by its exit status", function()
    local path = os.tmpname()
    finally(function() os.remove(path) end)
    local file = assert(io.open(path, "w"))
    file:write("#!/usr/bin/env lua5.4\nprint(\n  undeclared)\n")
    file:close()
    local output, errors, status = command.run("check " .. path)
    assert.equal(("%s:3:3: undeclared global 'undeclared'\n"):format(path), output)
    assert.equal("", errors)
    assert.equal(1, status)
    output, errors, status = command.run "check spec/shell/check_spec.lua"
    assert.equal("", output .. errors)
    assert.equal(0, status)
    output, errors, status = command.run "check /nowhere.lua"
    assert.equal("bybit: check: /nowhere.lua: No such file or directory\n", errors)
    assert.equal("", output)
    assert.equal(2, status)
  end)
end)
