-- A strategy for examples/host.c: it quotes a little below the market and follows it, until the host stops it. It is a
-- function of its client and of the token `stop`, and has no access to the computer that it runs on.

-- luacheck: read_globals bybit

local client, stop = ...

local SYMBOL, DISTANCE = "BTCUSD", 20 -- USD below the best bid
local quote, moves = nil, 0

local function best_bid()
  return assert(client:get_ticker { symbol = SYMBOL }).bid_price
end

local function follow()
  local price = (best_bid() - DISTANCE):to_step "0.5"
  if quote and quote.price:eq(price) then return end
  if quote then
    local _, err = client:modify_order { symbol = SYMBOL, client_order_id = quote.id, new_price = price }
    if err and err.kind == "not_found" then quote = nil end -- filled
    if err then return end
  else
    local ack = assert(client:place_order { symbol = SYMBOL, side = "Buy", type = "Limit", quantity = 100, price = price })
    quote = { id = ack.client_order_id }
  end
  quote.price, moves = price, moves + 1
end

local off <close> = bybit.defer(function() -- luacheck: ignore 211
  local cancelled = assert(client:cancel_all_orders { symbol = SYMBOL })
  print(("strategy: quoted %d times, cancelled %d at the end"):format(moves, #cancelled))
end)

print "strategy: quoting"
while not stop:cancelled() do follow() end -- a request is always in flight
