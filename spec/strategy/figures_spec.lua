-- Every figure of a report, and its ten lines, against Python's: spec/support/report_figures.py works out the same runs with an exchange of
-- its own, in fractions (spec/fixtures/report.tsv). Of inverse and of linear contracts.

local bybit = require "bybit"

-- The cases of the fixture.
local function cases()
  local list = {}
  for line in io.lines "spec/fixtures/report.tsv" do
    local f = {}
    for field in (line .. "\t"):gmatch "([^\t]*)\t" do f[#f + 1] = field end
    local case = list[#list]
    if f[1] == "case" then
      list[#list + 1] = { name = f[2], symbol = f[3], coin = f[4], deposit = f[5], seed = math.tointeger(tonumber(f[6])),
        candles = {}, orders = {}, figures = {}, lines = {} }
    elseif f[1] == "candle" then
      case.candles[#case.candles + 1] = { start_time = 1704067200000 + #case.candles * 4 * 3600000,
        open_price = bybit.decimal(f[2]), high_price = bybit.decimal(f[3]), low_price = bybit.decimal(f[4]),
        close_price = bybit.decimal(f[5]) }
    elseif f[1] == "order" then
      case.orders[#case.orders + 1] = { time = math.tointeger(tonumber(f[2])), side = f[3], quantity = f[4],
        price = f[5] ~= "-" and f[5] or nil }
    elseif f[1] == "figure" then
      case.figures[#case.figures + 1] = { name = f[2], value = tonumber(f[3]) }
    else
      case.lines[#case.lines + 1] = f[2]
    end
  end
  return list
end

local function simulate(case)
  local category = case.symbol:find "USDT$" and "linear" or "inverse"
  local report = bybit.paper.simulate({ seed = case.seed, prices = { [case.symbol] = case.candles }, latency = { 0, 0 },
    deposit = { [case.coin] = case.deposit }, client = { category = category } }, function(client, stop)
    for _, order in ipairs(case.orders) do
      if order.time > client:now() then bybit.sleep((order.time - client:now()) / 1000) end
      assert(client:place_order { symbol = case.symbol, side = order.side, type = order.price and "Limit" or "Market",
        quantity = order.quantity, price = order.price })
    end
    stop:wait()
  end)
  if report.error ~= nil then error(report.traceback, 0) end
  return report
end

local OF_REPORT = { requests = true, orders_left = true, largest_position = true, nearest_liquidation = true }

describe("a report says what Python does", function()
  local left = {} -- figures that no case has looked at

  for _, case in ipairs(cases()) do
    it("of " .. case.name, function()
      local report = simulate(case)
      for name in pairs(report.figures) do left[name] = left[name] == nil or left[name] end
      for _, figure in ipairs(case.figures) do
        local got = report.figures[figure.name]
        if OF_REPORT[figure.name] then got = report[figure.name] end
        if type(got) == "table" then got = #got end
        if type(got) == "userdata" then got = got:tonumber() end
        if figure.value ~= nil then left[figure.name] = false end
        local wanted, same = figure.value, got == figure.value
        if got and wanted then same = math.abs(got - wanted) <= 1e-11 * math.max(1, math.abs(wanted)) end
        assert(same, ("%s: Python has %s, the report %s"):format(figure.name, tostring(wanted), tostring(got)))
      end
      assert.equal(table.concat(case.lines, "\n"), tostring(report))
    end)
  end

  it("of every figure that there is", function()
    for name, is in pairs(left) do assert(not is, name) end
    assert.is_false(left.profit_factor)
  end)
end)
