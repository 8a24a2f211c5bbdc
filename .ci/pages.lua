-- What the reference says besides declarations and doc comments: an introduction and an example per subject. Each
-- example is run by a spec, after `local bybit = require "bybit"`, `client` being one of a paper exchange where BTCUSD
-- stands at 30000 and `exchange` that exchange. Codes are listed by their names in bybit.codes.

local PLACING = { "insufficient_balance", "price_above_limit", "price_below_limit", "price_out_of_range",
  "duplicate_client_order_id", "too_many_orders", "contract_reduce_only", "risk_limit_exceeded" }
local CHANGING = { "order_not_found", "order_closed", "quantity_not_above_filled", "order_unchanged", "insufficient_balance" }
local CANCELLING = { "order_not_found", "order_closed", "order_cancelled" }
local READING = { "invalid_symbol" }

local pages = {}

pages.methods = {
  place_order = { codes = PLACING, example = [[
local ack = assert(client:place_order {
  symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "29900.5", time_in_force = "PostOnly",
})
print(ack.order_id, ack.client_order_id)]] },
  place_conditional_order = { example = [[
-- A stop entry: buys at the market once the last price rises to 30500.
local ack = assert(client:place_conditional_order {
  symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100, trigger_price = "30500", base_price = "30000",
})
exchange:set_price("BTCUSD", "30500")
print(assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = ack.order_id }))]],
    codes = { "invalid_trigger_direction", "trigger_price_not_above", "trigger_price_not_below",
      "too_many_conditional_orders", "insufficient_balance", "duplicate_client_order_id" } },
  modify_order = { codes = CHANGING, example = [[
local order = assert(client:place_order {
  symbol = "BTCUSD", side = "Sell", type = "Limit", quantity = 100, price = 31000,
})
local ack, err = client:modify_order { symbol = "BTCUSD", order_id = order.order_id, new_price = "30900.5" }
if not ack and not err.unchanged then error(err) end
print(assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = order.order_id }).price)]] },
  modify_conditional_order = { codes = CHANGING, example = [[
local stop = assert(client:place_conditional_order {
  symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 100, trigger_price = 29000, trigger_direction = "Falling",
})
assert(client:modify_conditional_order {
  symbol = "BTCUSD", stop_order_id = stop.order_id, new_trigger_price = "29500",
})
print(assert(client:get_open_conditional_order_real_time {
  symbol = "BTCUSD", stop_order_id = stop.order_id }).trigger_price)]] },
  set_trading_stop = { codes = { "no_position", "invalid_stop_loss", "invalid_take_profit", "trading_stop_unchanged",
    "too_many_partial_tpsl" }, example = [[
assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100 })
assert(client:set_trading_stop {
  symbol = "BTCUSD", stop_loss_price = 29000, take_profit_price = 32000, trailing_stop_distance = 250,
})
for _, order in ipairs(assert(client:get_open_conditional_orders_real_time { symbol = "BTCUSD" })) do
  print(order.stop_order_type, order.trigger_price)
end]] },
  cancel_order = { codes = CANCELLING, example = [[
local order = assert(client:place_order {
  symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000, client_order_id = "mine-1",
})
local ack, err = client:cancel_order { symbol = "BTCUSD", client_order_id = "mine-1" }
if not ack and err.kind ~= "not_found" then error(err) end -- not found: it was filled or cancelled before
print(assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = order.order_id }).status)]] },
  cancel_conditional_order = { codes = CANCELLING, example = [[
local stop = assert(client:place_conditional_order {
  symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 100, trigger_price = 29000, base_price = 30000,
})
assert(client:cancel_conditional_order { symbol = "BTCUSD", stop_order_id = stop.order_id })]] },
  cancel_all_orders = { codes = READING, example = [[
assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000 })
local cancelled = assert(client:cancel_all_orders { symbol = "BTCUSD" })
print(#cancelled, cancelled[1].order_id)]] },
  cancel_all_conditional_orders = { codes = READING, example = [[
assert(client:place_conditional_order {
  symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 100, trigger_price = 29000, base_price = 30000,
})
print(#assert(client:cancel_all_conditional_orders { symbol = "BTCUSD", stop_order_type = "Stop" }))]] },
  get_orders = { codes = READING, example = [[
assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000 })
local page = assert(client:get_orders { symbol = "BTCUSD", limit = 50 })
print(page) -- ... order_id ... status ... New

for order in client:each("get_orders", { symbol = "BTCUSD" }) do -- every page
  print(order.create_time, order.side, order.quantity, order.price, order.status)
end]] },
  get_conditional_orders = { codes = READING, example = [[
assert(client:place_conditional_order {
  symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 100, trigger_price = 29000, base_price = 30000,
})
for order in client:each("get_conditional_orders", { symbol = "BTCUSD" }) do
  print(order.stop_order_id, order.trigger_price, order.trigger_direction, order.status)
end]] },
  get_open_order_real_time = { codes = { "order_not_found", "invalid_symbol" }, example = [[
local ack = assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100 })
local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = ack.order_id })
if order:is_done() then print(order.status, order.filled_quantity, "at", order.avg_price) end]] },
  get_open_orders_real_time = { codes = READING, example = [[
assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000 })
local orders = assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
print(#orders, orders[1].leaves_quantity)]] },
  get_open_conditional_order_real_time = { codes = { "order_not_found", "invalid_symbol" }, example = [[
local ack = assert(client:place_conditional_order {
  symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 31000, trigger_price = "30900",
  trigger_direction = "Rising",
})
print(assert(client:get_open_conditional_order_real_time { symbol = "BTCUSD", stop_order_id = ack.order_id }))]] },
  get_open_conditional_orders_real_time = { codes = READING, example = [[
assert(client:place_conditional_order {
  symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100, trigger_price = 31000, base_price = 30000,
})
for _, order in ipairs(assert(client:get_open_conditional_orders_real_time { symbol = "BTCUSD" })) do
  print(order.side, order.trigger_price, order.trigger_type)
end]] },
  get_user_trades = { codes = READING, example = [[
assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100 })
local fees = bybit.decimal(0)
for trade in client:each("get_user_trades", { symbol = "BTCUSD", trade_type = "Trade" }) do
  print(bybit.iso(trade.timestamp), trade.side, trade.quantity, "at", trade.price, trade.liquidity)
  fees = fees + trade.fee
end
print("fees", fees, "BTC")]] },
}

-- The other pages: file, title, text, example, text after it; owners: whose functions it lists.
pages.topics = {
  { file = "client", title = "Clients", owners = { "bybit.Client" }, options = true, intro = [[
`bybit.client(options)` makes a client. Several may live side by side, each with keys of its own; one may be shared by many
tasks. A client has the [methods](index.md#methods) of its wire, and the functions below.]], example = [[
local c <close> = bybit.client { environment = exchange, timeout = 5, id_prefix = "mm" }
print(assert(c:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000 }))

-- An endpoint that has no method: wire names, strings as text.
local ticker = assert(c:request("GET", "/v5/market/tickers", { symbol = "BTCUSD" })).list[1]
print(ticker.bid1Price, ticker.ask1Price)]] },
  { file = "calls", title = "Calls, results, responses", common = true, classes = { "bybit.Response" }, intro = [[
Every method takes one table and returns `result, nil, response`, or `nil, err, response`. A wrong call (an unknown or
missing parameter, a wrong type, a word that the enum has not, a number that is not exact) raises before anything is sent.
Results are plain tables: money, prices and sizes are [decimals](numbers.md), times are integers in milliseconds, what the
exchange sends empty is nil. Reading a field that a record has not raises, with the nearest name.]], example = [[
local ok, message = pcall(client.place_order, client, { symbol = "BTCUSD", qty = 100 })
print(ok, message)              -- false  place_order: unknown parameter 'qty': here it is 'quantity'

local orders, err, response = client:get_orders { symbol = "BTCUSD", timeout = 5 }
print(orders and #orders, err, response)   -- 0  nil  200, ... ms]] },
  { file = "numbers", title = "Numbers", owners = { "bybit.Decimal" }, functions = { "bybit.decimal" }, intro = [[
Money, prices and sizes are decimals of up to 34 digits. Reading one from the wire or from a caller never rounds: what does
not fit is an error. Arithmetic that must round (division, results past 34 digits) rounds half to even. Rounding modes:
`half_even`, `half_up`, `half_down`, `up`, `down`, `ceiling`, `floor`.

Traps that Lua leaves:

- `x == 30000` is false for a decimal and a plain number: Lua asks no metamethod. Write `x:eq(30000)`, `x:compare(30000)`,
  `x:is_zero()`, or use `<` and `>`, which work.
- Equal decimals are different table keys: use `x:key()`.
- A sum that starts with `0` is an integer while it is empty: start with `bybit.decimal(0)`.
- `("%.2f"):format(x)` raises: `x:round(2)` always has two places.
- `table.insert(t, assert(client:get_orders{...}))` passes three values on: put the call in a local first.]], example = [[
local decimal = bybit.decimal
local bid = decimal "30000.50"
print(bid * 0.999, bid / 3, -bid, bid // 1, bid ^ 2)
print(bid:eq(30000.5), bid:compare(30001), bid:key())             -- true  -1  30000.5
print((bid * 0.999):to_step "0.5", bid:round(0, "half_up"))       -- 29970.0  30001
print(pcall(decimal, 0.1 + 0.2))                                  -- false ...
print(decimal(0.1 + 0.2, 2))                                      -- 0.30]] },
  { file = "errors", title = "Errors", classes = { "bybit.Error" }, intro = [[
A call that failed returns `nil, err`. `err` is a table that prints as one line: what was asked, why it failed, what is known
of the order, and the caller's place.

    place_order BTCUSD Buy 100 @ 30000.5: insufficient balance (110007), nothing was placed; mm.lua:41

`err.kind` says where it went wrong:

| Kind | Meaning |
|---|---|
| `exchange` | it answered with an error code: `err.code`, `err.name` (see [codes](codes.md)) |
| `auth` | it refused the key, the signature or the timestamp |
| `rate_limit` | too many requests |
| `http` | an answer that is none of the exchange's: HTML, a proxy's error |
| `network`, `timeout`, `tls` | the connection, the time, the certificate |
| `decode`, `too_large` | an answer that could not be read, or was too long |
| `cancelled` | a token or a task was cancelled |
| `closed` | the client was closed while the call was in flight |
| `guard` | a guard rail of your own refused it |
| `not_found` | there is no such order to read, amend or cancel |

`err.outcome` says what is known of a call that changes something, and is never a guess:

| Outcome | Meaning |
|---|---|
| `not_sent` | refused before the first byte left: it is not live and never will be |
| `rejected` | the exchange said that it did not act, or its absence was proved |
| `unknown` | it may be live |

`err.retryable` means that making the same call again is safe and may succeed. It is never true while the outcome is
unknown. `err.unchanged` is true where the exchange refused only because everything is already as asked.]], example = [[
local ack, err = client:place_order {
  symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 1000000,
}
if not ack then
  if err.outcome == "unknown" then
    print("look it up:", err.client_order_id)
  elseif err.name == bybit.codes.price_above_limit then   -- a name that does not exist raises
    print("too high:", err)
  else
    print(err)
  end
end]] },
  { file = "tasks", title = "Tasks", owners = { "bybit.Task", "bybit.Token" },
    functions = { "bybit.run", "bybit.spawn", "bybit.sleep", "bybit.all", "bybit.race", "bybit.within", "bybit.wrap",
      "bybit.defer", "bybit.cancel_token", "bybit.on_error", "bybit.blocking", "bybit.main", "bybit.step", "bybit.fd",
      "bybit.next_timeout" }, intro = [[
Calls block when they are made from ordinary code. Inside a task they yield, so that many run at once over shared
connections, without threads. Tasks are structured: a body that returns waits for its children; one that fails, or is
cancelled, cancels them and waits for their cleanup; an error reaches whoever awaits the task. In a host with a loop of its
own, poll `bybit.fd()` for reading and call `bybit.step()`.]], example = [[
bybit.run(function()
  local function count(symbol)
    return #assert(client:get_open_orders_real_time { symbol = symbol })
  end
  local btc, eth = bybit.spawn(count, "BTCUSD"), bybit.spawn(count, "ETHUSD")
  print(btc:await(), eth:await())

  local done, err = bybit.within(2, function()
    local off <close> = bybit.defer(function() client:cancel_all_orders { symbol = "BTCUSD" } end)
    bybit.sleep(60)
  end)
  print(done, err)                                  -- nil  within: timeout: not done in 2 s ...
end)]] },
  { file = "paper", title = "The paper exchange", owners = { "bybit.paper", "bybit.paper.Exchange" },
    classes = { "bybit.paper.Options", "bybit.paper.Key" }, intro = [[
`bybit.paper` is a V5-compatible exchange on loopback, for any V5 client in any language. It verifies signatures and
timestamps, matches against a seeded synthetic market, and answers with the exchange's own codes and shapes. With
`clock = "manual"` it stands still until it is told to move: a client of it takes its time from it, and waiting moves it on.
Alone, in the foreground: `lua5.4 -e 'require"bybit.paper".serve{port=8080}'`.]], example = [[
local e <close> = bybit.paper.start { clock = "manual", seed = 1 }
local trader <close> = bybit.client { environment = e }
e:set_price("BTCUSD", 30000)
local ack = assert(trader:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29900 })
e:set_price("BTCUSD", 29899)
print(assert(trader:get_open_order_real_time { symbol = "BTCUSD", order_id = ack.order_id }).status)  -- Filled]],
    example_only = true },
  { file = "other", title = "JSON, signatures, times", owners = { "bybit.json", "bybit.sign" },
    functions = { "bybit.iso", "bybit.time" }, intro = [[
What the module itself is made of, for your own use.]], example = [[
local t = bybit.json.decode '{"price": 30000.50, "ids": [9007199254740993], "none": null}'
print(t.price, t.ids[1], t.none == bybit.null)      -- 30000.50  9007199254740993  true
print(bybit.json.encode { qty = bybit.decimal "0.10", list = bybit.json.array() })

print(bybit.sign.hmac_sha256("secret", "1700000000000KEY5000category=linear"))
print(bybit.iso(1767225600000), bybit.time "2026-01-01T00:00:00Z")]] },
}

return pages
