-- Draws a strategy's equity, the price and every fill as an SVG picture. It reads the exchange's executions page by page, and
-- uses the prices that it saw on the way. Money is summed in exact decimals; floats are used only for places in the picture.
--
--   lua5.4 examples/equity_svg.lua [FILE] [minutes]          (equity.svg without FILE)
--
-- So that there is something to draw, a strategy buys below a slow average of the price and sells above it.

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local ENVIRONMENT = "paper" -- "testnet"
local SYMBOL = "BTCUSD"
local QUANTITY, MOST = 500, 3000
local FILE = arg[1] or "equity.svg"
local MINUTES = tonumber(arg[2] or 90)

local exchange <close> = ENVIRONMENT == "paper" and bybit.paper.start { clock = "manual", seed = 21 } or nil
local client <close> = bybit.client {
  environment = exchange or ENVIRONMENT, credentials = not exchange and "env" or nil, id_prefix = "svg",
}
local decimal = bybit.decimal

local function last_price()
  return assert(client:get_ticker { symbol = SYMBOL }).last_price
end

-- Trades, and keeps the prices: { time, price }.
local function trade()
  local seen, average, held = {}, nil, 0
  local stop = client:now() + MINUTES * 60000
  while client:now() < stop do
    local price = last_price()
    seen[#seen + 1] = { client:now(), price }
    average = average and (average * 19 + price) / 20 or price
    local side = price < average - 3 and held < MOST and "Buy" or price > average + 3 and held > -MOST and "Sell" or nil
    if side then
      assert(client:place_order { symbol = SYMBOL, side = side, type = "Market", quantity = QUANTITY })
      held = held + (side == "Buy" and QUANTITY or -QUANTITY)
    end
    if exchange then exchange:step(10) end
    bybit.sleep(30)
  end
  return seen
end

---------------------------------------------------------------------------------------------------------------
-- Books: coin bought and sold so far, contracts held. The worth of inverse contracts is contracts / price.

local function fills(from)
  local list = {}
  for t in client:each("get_user_trades", { symbol = SYMBOL, start_time = from }) do
    if t:is_fill() then table.insert(list, 1, t) end -- the exchange lists the newest first
  end
  return list
end

-- The equity in coin at each moment at which a price was seen.
local function equity(seen, list)
  local line, i, coin, contracts = {}, 1, decimal(0), decimal(0)
  for n, point in ipairs(seen) do
    while list[i] and list[i].timestamp <= point[1] do
      local t, sign = list[i], list[i].side == "Buy" and 1 or -1
      coin, contracts = coin + t.value * sign - t.fee, contracts + t.quantity * sign
      i = i + 1
    end
    line[n] = { point[1], coin - contracts / point[2] }
  end
  return line
end

---------------------------------------------------------------------------------------------------------------
-- The picture.

local WIDTH, PANEL, MARGIN = 960, 260, 70

local function scale(line, from, to)
  local low, high = line[1][2], line[1][2]
  for _, point in ipairs(line) do low, high = low:min(point[2]), high:max(point[2]) end
  local span = (high - low):tonumber()
  local function x(time) return MARGIN + (time - from) / math.max(1, to - from) * (WIDTH - 2 * MARGIN) end
  local function y(value, top) return top + PANEL - 20 - (value - low):tonumber() / math.max(1e-12, span) * (PANEL - 40) end
  return x, y, low, high
end

local function polyline(line, x, y, top, colour)
  local points = {}
  for i, point in ipairs(line) do points[i] = ("%.1f,%.1f"):format(x(point[1]), y(point[2], top)) end
  return ('<polyline fill="none" stroke="%s" stroke-width="1.5" points="%s"/>'):format(colour, table.concat(points, " "))
end

local function text(x, y, words, more)
  return ('<text x="%.1f" y="%.1f" %s>%s</text>'):format(x, y, more or "", words)
end

local function panel(out, title, line, top, from, to, colour, places)
  local x, y, low, high = scale(line, from, to)
  out[#out + 1] = ('<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#ccc"/>'):format(MARGIN, top,
    WIDTH - 2 * MARGIN, PANEL)
  out[#out + 1] = text(MARGIN, top - 8, title)
  out[#out + 1] = text(MARGIN - 6, top + 24, tostring(high:round(places)), 'text-anchor="end" font-size="10"')
  out[#out + 1] = text(MARGIN - 6, top + PANEL - 16, tostring(low:round(places)), 'text-anchor="end" font-size="10"')
  out[#out + 1] = polyline(line, x, y, top, colour)
  return x, y
end

local function draw(seen, line, list)
  local from, to = seen[1][1], seen[#seen][1]
  local out = { ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="13">')
    :format(WIDTH, 2 * PANEL + 120), '<rect width="100%" height="100%" fill="white"/>' }
  local x, y = panel(out, SYMBOL .. " and fills", seen, 40, from, to, "#456", 1)
  for _, t in ipairs(list) do
    local px, py = x(t.timestamp), math.min(40 + PANEL - 4, math.max(44, y(t.price, 40)))
    local buy = t.side == "Buy"
    out[#out + 1] = ('<path d="M%.1f %.1f l-4 %d h8 z" fill="%s"><title>%s %s at %s</title></path>'):format(px, py,
      buy and 8 or -8, buy and "#2a7" or "#c33", t.side, t.quantity, t.price)
  end
  panel(out, "equity, BTC", line, 2 * 40 + PANEL, from, to, "#06c", 8)
  out[#out + 1] = text(MARGIN, 2 * PANEL + 105, ("%s to %s, %d fills"):format(bybit.iso(from), bybit.iso(to), #list))
  out[#out + 1] = "</svg>"
  local file <close> = assert(io.open(FILE, "w"))
  file:write(table.concat(out, "\n"), "\n")
end

local start = client:now()
local seen = trade()
local list = fills(start)
local line = equity(seen, list)
draw(seen, line, list)
print(("%s: %d prices, %d fills, equity %s BTC at the end"):format(FILE, #seen, #list, line[#line][2]:round(8)))
