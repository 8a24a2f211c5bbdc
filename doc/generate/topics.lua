-- The pages of the reference about a subject. (The example of a method is in its row.) Examples are run when the reference is made, and
-- by a spec: `bybit` is the module, `exchange` a paper exchange where BTCUSD is at 30000, `client` a client of it. What the fields of a
-- page say:
--
--   file, title   the name of its file, and its title
--   intro         its first paragraph
--   example       a program; the page shows what it prints
--   alone         the example makes an exchange of its own
--   options       the page lists the options of a client
--   common        the page lists the options of every call
--   owners        the page lists all functions of these
--   functions     single functions that the page lists
--   classes       tables whose fields the page lists

return {
  { file = "client", title = "Clients", owners = { "bybit.Client" }, functions = { "bybit.declare" }, options = true, intro = [[
`bybit.client(options)` makes a client. A program may have several clients, each with its own keys; many tasks may share
one. A client has the [methods](README.md#methods) of its wire, and the functions below.]], example = [[
local c <close> = bybit.client { environment = exchange, timeout = 5, id_prefix = "mm" }
local ack = assert(c:place_order {
  symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000,
})
print(ack.client_order_id:sub(1, 3))

-- Any endpoint, under the exchange's own names; with decimals its numbers are exact. bybit.declare makes a method of one.
local limits = assert(c:request("GET", "/v5/market/price-limit", { symbol = "BTCUSD" }, { decimals = true }))
print(limits.buyLmt - limits.sellLmt)]] },
  { file = "call", title = "Calls and responses", common = true, classes = { "bybit.Response" }, intro = [[
Every method takes one table. It returns `result, nil, response`, or `nil, err, response`. A wrong call raises before
anything is sent. [The guide](../calls.md) tells the rest.]], example = [[
local orders, err, response = client:get_orders { symbol = "BTCUSD", timeout = 5 }
print(orders and #orders, err, response)
print(response.status, response.attempts, response.requests)]] },
  { file = "decimal", title = "Decimals", owners = { "bybit.Decimal" }, functions = { "bybit.decimal" }, intro = [[
Exact numbers of up to 34 digits. [The guide](../numbers.md) tells how they behave and what to mind. Rounding modes:
`half_even`, `half_up`, `half_down`, `up`, `down`, `ceiling`, `floor`.]], example = [[
local bid = bybit.decimal "30000.50"
print(bid * 0.999, bid / 3, -bid, bid // 1, bid ^ 2)
print(bid:eq(30000.5), bid:compare(30001), bid:key())
print((bid * 0.999):to_step "0.5", bid:round(0, "half_up"))
print(bybit.decimal(0.1 + 0.2, 2))]] },
  { file = "instrument", title = "Instruments", owners = { "bybit.Instrument" }, intro = [[
`client:instrument "BTCUSD"` is a contract: its [fields](record_instrument.md),
  the client's methods with the symbol filled in, and
exact arithmetic, inverse or linear. With the option `check_instruments` the client checks every order by it before it is sent.]],
    example = [[
local btc = assert(client:instrument "BTCUSD")
print(btc.tick_size, btc:round_price(30000.3, "Buy"), btc:round_quantity(10.9))

-- The most that loses no more than 0.001 BTC, fees included, if it is stopped out at 29500.
local quantity = btc:quantity_for { risk = "0.001", side = "Buy", entry = 30000, exit = 29500, fees = true }
print(quantity, btc:value(quantity, 30000), btc:profit("Buy", quantity, 30000, 29500))
print(btc:liquidation_price { side = "Buy", quantity = quantity, entry = 30000, leverage = 10 })
print(btc:check { type = "Limit", quantity = quantity, price = "30000.3" })

assert(btc:place_order { side = "Buy", type = "Market", quantity = quantity, stop_loss_price = 29500 })
print(assert(btc:get_position {}))]] },
  { file = "error", title = "Errors", classes = { "bybit.Error" }, intro = [[
What a call that failed returns beside nil. [The guide](../errors.md) tells the kinds, the outcomes and what to do.
[Codes](codes.md) lists what the exchange may answer.]], example = [[
local ack, err = client:place_order {
  symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 1000000,
}
print(ack, err.kind, err.name, err.code, err.outcome)
print(err)]] },
  { file = "task", title = "Tasks", owners = { "bybit.Task", "bybit.Token" },
    functions = { "bybit.run", "bybit.spawn", "bybit.sleep", "bybit.all", "bybit.race", "bybit.within", "bybit.wrap",
      "bybit.defer", "bybit.cancel_token", "bybit.on_error", "bybit.blocking", "bybit.main", "bybit.step", "bybit.fd",
      "bybit.next_timeout" }, intro = [[
Many calls at once, without threads. [The guide](../tasks.md) tells how tasks belong together and how they end.]],
    example = [[
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
  print(done, err)
end)]] },
  { file = "paper_exchange", title = "Paper exchange", alone = true, functions = { "bybit.paper.start", "bybit.paper.serve" },
    owners = { "bybit.paper.Exchange" }, classes = { "bybit.paper.Options", "bybit.paper.Key" }, intro = [[
`bybit.paper` is an exchange on loopback that speaks V5 and v2. [The guide](../paper.md) tells what it simulates. See also
its [endpoints](endpoints.md) and its [faults](faults.md).]], example = [[
local e <close> = bybit.paper.start { clock = "manual", seed = 1 }
local trader <close> = bybit.client { environment = e }
e:set_price("BTCUSD", 30000)
local ack = assert(trader:place_order {
  symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29900,
})
e:set_price("BTCUSD", 29899)
local order = assert(trader:get_open_order_real_time { symbol = "BTCUSD", order_id = ack.order_id })
print(order.status, order.filled_quantity)]] },
  { file = "history", title = "Files of prices", owners = { "bybit.history", "bybit.Reader" }, intro = [[
Readers of files that people have: the exchange's public files, and any CSV file whose first line names its columns. A
`for` walks them, and simulations take them. `bybit fetch klines` fills such a file from the exchange.]], example = [[
local path = os.tmpname()
local file = io.open(path, "w")
file:write "Date,Open,High,Low,Close,Volume\n2024-01-01 00:00:00,42000,42010.5,41990,42001,1500\n"
file:close()
for kline in assert(bybit.history.klines(path)) do print(kline) end
os.remove(path)]] },
  { file = "simulation", title = "Simulations", alone = true, functions = { "bybit.paper.simulate", "bybit.paper.explore" },
    owners = { "bybit.SimulationReport" }, classes = { "bybit.paper.SimulationOptions", "bybit.SimulationReport",
      "bybit.Failure", "bybit.FaultEvent" }, intro = [[
`bybit.paper.simulate` runs a strategy against the paper exchange's rules in virtual time, as a function of its seed.
[The guide](../backtests.md) takes you from an idea to a proved strategy.]], example = [[
local report = bybit.paper.simulate({ seed = 3, duration = 3600, client = { id_prefix = "mm" } }, function(client, stop)
  while not stop:wait(10) do
    local t = assert(client:get_ticker { symbol = "BTCUSD" })
    assert(client:sync_orders { symbol = "BTCUSD",
      { tag = "bid", side = "Buy", quantity = 100, price = t.bid_price - 5 },
      { tag = "ask", side = "Sell", quantity = 100, price = t.ask_price + 5 } })
  end
  assert(client:sync_orders { symbol = "BTCUSD" })
end)
print(report)]] },
  { file = "values", title = "JSON, signatures, times", owners = { "bybit.json", "bybit.sign" },
    functions = { "bybit.iso", "bybit.time" }, intro = [[
Tools that the module uses itself, and that a program may use too.]], example = [[
local t = bybit.json.decode '{"price": 30000.50, "ids": [9007199254740993], "none": null}'
print(t.price, t.ids[1], t.none == bybit.null)
print(bybit.json.encode { qty = bybit.decimal "0.10", list = bybit.json.array() })

print(bybit.sign.hmac_sha256("secret", "1700000000000KEY5000category=linear"))
print(bybit.iso(1767225600000), bybit.time "2026-01-01T00:00:00Z")]] },
}
