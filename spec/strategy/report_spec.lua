-- The report of a simulation: figures against cases that are worked out by hand, and ratios against Python's statistics. figures_spec.lua
-- has whole runs that Python has worked out.

local bybit = require "bybit"
local core = require "bybit.core"
local figures = require "bybit.simulate.report.figures"
local shell = require "spec.support.shell"

local START = 1704067200000
local DAY = 86400000

local function candles(list, span)
  local rows = {}
  for i, c in ipairs(list) do
    rows[i] = { start_time = START + (i - 1) * span, open_price = c[1], high_price = c[2], low_price = c[3], close_price = c[4] }
  end
  return rows
end

local function simulate(options, strategy)
  options.seed, options.latency = options.seed or 1, options.latency or { 0, 0 }
  local report = bybit.paper.simulate(options, strategy)
  if report.error ~= nil then error(report.traceback, 0) end
  return report
end

local function market(client, side, quantity, more)
  local p = { symbol = "BTCUSD", side = side, type = "Market", quantity = quantity }
  for k, v in pairs(more or {}) do p[k] = v end
  assert(client:place_order(p))
end

local function near(expected, got, within)
  assert(got and math.abs(expected - got) <= (within or 1e-9) * math.max(1, math.abs(expected)),
    ("%s expected, got %s"):format(expected, tostring(got)))
end

describe("figures", function()

  it("of one round trip, by hand", function()
    -- Bought 300 at 30000.5, sold at 30999.5, each as taker: worth 0.00999983 and 0.00967758, fees 0.055 % of each.
    local report = simulate({ prices = { BTCUSD = candles({ { 30000, 30000, 30000, 30000 }, { 31000, 31000, 31000, 31000 },
      { 31000, 31000, 31000, 31000 } }, 60000) }, deposit = { BTC = "1" } }, function(client, stop)
      market(client, "Buy", 300)
      bybit.sleep(90)
      market(client, "Sell", 300)
      stop:wait()
    end)
    local f = report.figures
    local bought, sold = 300 / 30000.5, 300 / 30999.5
    near(0.00000550 + 0.00000532, tonumber(tostring(f.fees)), 1e-8)
    near(bought - sold - bought * 0.00055 - sold * 0.00055, f.profit_coin, 2e-8)
    near((1 + f.profit_coin) * 31000 - 30000, f.profit_usd, 1e-9)
    near(bought + sold, tonumber(tostring(f.turnover)), 2e-8)
    assert.same({ 2, 1, 1 }, { f.trades, f.round_trips, f.win_rate })
    assert.is_nil(f.profit_factor) -- nothing was lost
    near(90 / 180, f.exposure, 0.01)
    near(1 / 30, f.market_change)
    assert.equal(300, report.largest_position)
  end)

  it("of losses, winners and an open position: each round trip is from flat to flat, net of fees and funding", function()
    local report = simulate({ prices = { BTCUSD = candles({ { 30000, 30000, 30000, 30000 }, { 30300, 30300, 30300, 30300 },
      { 30000, 30000, 30000, 30000 }, { 30300, 30300, 30300, 30300 } }, 3600000) } }, function(client, stop)
      market(client, "Buy", 1000)
      bybit.sleep(3600.1)
      market(client, "Sell", 400) -- not flat yet
      market(client, "Sell", 1600) -- through flat: one ends, another begins
      bybit.sleep(3600)
      bybit.sleep(3600)
      market(client, "Buy", 1000) -- the short one loses nothing but fees
      market(client, "Buy", 500) -- stays open: none
      stop:wait()
    end)
    local f, profit = report.figures, {}
    for _, t in ipairs(report.trades) do profit[#profit + 1] = tonumber(t.profit or 0) - tonumber(t.fee) end
    assert.equal(2, f.round_trips)
    near(0.5, f.win_rate)
    local won = 1000 / 30000.5 - 1000 / 30299.5
    assert.is_true(f.profit_factor > 0 and tonumber(tostring(f.best_trip)) < won)
    assert.equal(1, #report.positions.BTCUSD.side > 0 and 1 or 0)
  end)

  -- Python works out the same from the same days.
  it("of ratios, as Python has them", function()
    local random = core.random(9)
    local returns, text = {}, {}
    for i = 1, 200 do
      returns[i] = (random:unit() - 0.48) / 50
      text[i] = ("%.17g"):format(returns[i])
    end
    local said = shell.capture(([[python3 -c '
import statistics, math
r = [%s]
m = statistics.fmean(r)
print(repr(m / statistics.stdev(r) * math.sqrt(365)))
print(repr(m / math.sqrt(statistics.fmean([min(x, 0) ** 2 for x in r])) * math.sqrt(365)))
print(repr(((1.37 / 1.0) ** (365 / 200) - 1) / 0.11))']]):format(table.concat(text, ",")))
    local sharpe, sortino, calmar = said:match "(%S+)\n(%S+)\n(%S+)"
    near(tonumber(sharpe), figures.sharpe(returns))
    near(tonumber(sortino), figures.sortino(returns))
    near(tonumber(calmar), figures.calmar(1, 1.37, 200 * DAY, 0.11))
    assert.is_nil(figures.sharpe { 0.1 })
    assert.is_nil(figures.sharpe { 0.1, 0.1 })
    assert.is_nil(figures.sortino { 0.1, 0.2 })
    assert.is_nil(figures.calmar(1, 2, DAY, 0))
  end)

  it("of days: returns are of the equity at the ends of days, the fall is the deepest from a peak", function()
    -- a day per candle; 10 BTC and a short position of the whole account's worth: coin moves against the price
    local closes = { 30000, 33000, 27000, 30000, 36000 }
    local list = {}
    for i, c in ipairs(closes) do
      local open = closes[i - 1] or 30000
      list[i] = { open, math.max(open, c), math.min(open, c), c }
    end
    local report = simulate({ prices = { BTCUSD = candles(list, DAY) }, deposit = { BTC = "10" } }, function(client, stop)
      assert(client:set_leverage { symbol = "BTCUSD", buy_leverage = 2, sell_leverage = 2 })
      market(client, "Sell", 30000)
      stop:wait()
    end)
    assert.equal(5, #report.days)
    -- worth at the ends of days, funding aside: 10 + 30000 * (1 / close - 1 / 29999.5) - fee
    local fee, entry = 30000 / 29999.5 * 0.00055, 29999.5
    for i = 1, 5 do
      local worth = 10 + 30000 / closes[i] - 30000 / entry - fee
      near(worth, report.days[i].coin, 0.002)
    end
    local f = report.figures
    local days, returns, before = report.days, {}, 10
    for i, d in ipairs(days) do returns[i], before = d.coin / before - 1, d.coin end
    near(figures.sharpe(returns), f.sharpe)
    -- in coin the deepest fall is from 27000 to 36000: 30000 / 27000 - 30000 / 36000
    near(30000 / 27000 - 30000 / 36000, f.drawdown_coin, 0.01)
    assert.is_true(f.drawdown_usd > 0)
    local charged = 0
    for _, t in ipairs(report.trades) do charged = charged + (t.type == "Funding" and -tonumber(t.fee) or 0) end
    near(charged, tonumber(tostring(f.funding)))
    assert.is_true(charged > 0) -- shorts are paid
  end)

  it("of linear contracts are in the quote coin", function()
    local list = { { 30000, 30000, 30000, 30000 }, { 31000, 31000, 31000, 31000 } }
    local report = simulate({ prices = { BTCUSDT = candles(list, 60000) } },
      function(client, stop)
        assert(client:place_order { category = "linear", symbol = "BTCUSDT", side = "Buy", type = "Market", quantity = "0.5" })
        stop:wait()
      end)
    assert.equal("USDT", report.coin)
    near(500 - 0.05 - 0.5 * 30000.1 * 0.00055, report.figures.profit_coin, 1e-6)
    near(report.figures.profit_coin, report.figures.profit_usd)
  end)

  it("of requests, by hand", function()
    local report = simulate({ duration = 60, latency = { 0.01, 0.01 }, faults = {
      { "code", code = 10006, path = "market/tickers", nth = 1 }, { "lost_answer", path = "order/create", nth = 2 },
      { "http", status = 503, path = "order/realtime", nth = { 1, 2 } } } }, function(client)
      local order = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 20000 }
      assert(client:get_ticker { symbol = "BTCUSD" }) -- two requests, the first of them refused
      assert(client:place_order(order)) -- one
      assert(client:get_open_orders_real_time { symbol = "BTCUSD" }) -- three, two of them struck
      order.deadline = 0.03 -- two: the answer of the first is lost, the second comes too late
      assert.is_nil(client:place_order(order))
    end)
    assert.same({ 8, 4, 1, 1 }, { report.requests, report.retries, report.unknowns, report.limited })
    assert.same({ code_10006 = 1, http_503 = 2, lost_answer = 1 }, report.faults)
    assert.same({ 2, 1 }, { #report.orders_left, #report.unsettled })
    assert(tostring(report):find("requests    8, 4 retries, 1 unknown, 1 limited; "
      .. "faults: code_10006 1, http_503 2, lost_answer 1\n"
      .. "at the end  2 orders left, 1 calls unsettled\n", 1, true), tostring(report))
  end)

  it("of days without an order: what the coin was worth when each ended", function()
    local list = {}
    for i = 1, 3000 do list[i] = { 30000 + i, 30010 + i, 29990 + i, 30001 + i } end
    local report = simulate({ prices = { BTCUSD = candles(list, 60000) }, deposit = { BTC = "2" } },
      function(_, stop) stop:wait() end)
    assert.same({ { time = START + DAY, coin = 2, usd = 2 * 31441 }, { time = START + 2 * DAY, coin = 2, usd = 2 * 32881 } },
      report.days)
    assert.equal(2 * 19, report.figures.drawdown_usd) -- each goes to its low first: from the high of one to the low of the next
  end)

  for side, worst in pairs { Buy = 29000, Sell = 31000 } do
    it("tell how near a liquidation was: " .. side, function()
      local flat, at = { 30000, 30000, 30000, 30000 }, nil
      local report = simulate({ prices = { BTCUSD = candles({ flat, { 30000, 31000, 29000, 30000 }, flat }, 60000) } },
        function(client, stop)
          market(client, side, 1000)
          at = assert(client:get_position { symbol = "BTCUSD" }).liquidation_price
          stop:wait()
        end)
      near(math.abs(worst - at:tonumber()) / worst, report.nearest_liquidation, 1e-12)
    end)
  end
end)

describe("a report", function()
  local report, other

  setup(function()
    local list = {}
    for i = 1, 300 do list[i] = { 30000 + i % 7 * 10, 30100 + i % 7 * 10, 29900 + i % 5 * 10, 30000 + (i + 1) % 7 * 10 } end
    local function run(quantity)
      return simulate({ seed = 4, prices = { BTCUSD = candles(list, 60000) }, journal = true, client = { id_prefix = "mm" },
        faults = { { "http", status = 503, probability = 0.1 } } }, function(client, stop)
        while not stop:wait(60) do
          client:sync_orders { symbol = "BTCUSD", { tag = "a", side = "Buy", quantity = quantity, price = 29950 },
            { tag = "b", side = "Sell", quantity = quantity, price = 30050 } }
        end
      end)
    end
    report, other = run(100), run(200)
  end)

  it("is ten lines", function()
    local text = tostring(report)
    assert.equal(9, select(2, text:gsub("\n", "")))
    assert(text:find "faults: http_503 %d+", text)
    assert(text:find "at the end  %d orders left", text)
    assert(text:find "seed        4")
  end)

  it("is one page of HTML with pictures, and needs nothing else", function()
    local path = os.tmpname()
    report:html(path)
    local file <close> = assert(io.open(path))
    local text = file:read "a"
    os.remove(path)
    assert.truthy(text:find "^<!DOCTYPE html>")
    for _, word in ipairs { "equity, BTC", "equity, USD", "BTCUSD and fills", "position", "profit_factor" } do
      assert(text:find(word, 1, true), word)
    end
    assert.is_nil(text:find "https?://")
    assert.is_nil(text:find "nan")
    assert.is_nil(text:find "%-?inf")
    local _, polylines = text:gsub("<polyline", "")
    local _, polygons = text:gsub("<polygon", "")
    local _, fills = text:gsub("<path", "")
    assert.same({ 3, 3 }, { polylines, polygons })
    assert.is_true(fills >= 2)
    local out <close> = assert(io.open(path, "w"))
    out:write(text:match "<svg.*</svg>")
    out:close()
    local well = shell.capture("python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1]); print(\"well\")' " .. path)
    os.remove(path)
    assert.equal("well\n", well)
  end)

  -- What stands beside the panels, from the top: the highest and the lowest value of each, or the only one.
  local function axes(options, strategy)
    local path = os.tmpname()
    simulate(options, strategy):html(path)
    local text, list = shell.read(path), {}
    os.remove(path)
    for label in text:gmatch '<text [^>]*class="axis">([^<]*)</text>' do list[#list + 1] = label end
    return list, text
  end

  it("has axes whose ends differ, and one label where all is the same", function()
    local price = { 30000, 30000, 30000, 30000 }
    local prices = { BTCUSD = candles({ price, price, price }, 60000) }
    assert.same({ "10.00", "0", "300000", "0", "30000", "0", "2024-01-01T00:03:00" }, (axes({ prices = prices },
      function(_, stop) stop:wait() end)))
    local list, text = axes({ prices = prices }, function(client, stop)
      bybit.sleep(70)
      market(client, "Buy", 1)
      stop:wait()
    end)
    -- bought a tick above the price, for a fee of 0.055 %: 1 / 30000.5 - 1 / 30000 - 0.00000002 is what is gone
    assert.same({ "10", "9.99999998", "0", "-0.00000002" }, { list[1]:gsub("%.0+$", ""), list[2], list[3], list[4] })
    assert.same({ "1", "0" }, { list[#list - 2]:gsub("%.0+$", ""), list[#list - 1] })
    assert.equal(1, select(2, text:gsub("<path", "")))
  end)

  it("has a line also where no time has passed", function()
    local list, text = axes({ duration = 60 }, function() end)
    assert.same({ "0", "0", "0" }, { list[2], list[4], list[6] })
    assert.equal(3, select(2, text:gsub("<polyline", "")))
    for points in text:gmatch '<polyline [^>]*points="([^"]*)"' do assert(points:find "^90%.0,.* 940%.0,", points) end
  end)

  it("keeps its points evenly apart, however long a run is", function()
    local list = {}
    for i = 1, 9000 do list[i] = { 30000 + i % 50, 30060, 29990, 30000 + (i + 1) % 50 } end
    local long = simulate({ prices = { BTCUSD = candles(list, 60000) } }, function(_, stop) stop:wait() end)
    local time = long.equity.time
    assert.is_true(#time > 1000 and #time <= 3000)
    for i = 2, #time - 1 do assert.is_true(time[i + 1] - time[i] < 600000) end
    assert.same({ START, START + 9000 * 60000 }, { time[1], time[#time] })
  end)

  it("tells what differs", function()
    assert.equal("", report:diff(report))
    local text = report:diff(other)
    assert(text:find "turnover%s+%S+ %-> %S+", text)
    assert.is_nil(text:find "seed ")
    assert.has_error(function() report:diff {} end)
  end)

  it("has a line for each request", function()
    local lines = report:journal()
    assert.equal(report.requests, #lines)
    assert(lines[1]:find "^2024%-01%-01T00:01:00.*GET /v5/order/realtime")
  end)
end)
