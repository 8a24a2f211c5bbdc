-- The report of a simulation: figures, what happened, ten lines of text, a page with pictures, and what differs from another.

local figures = require "bybit.simulate.report.figures"
local iso = require("bybit.text.time").iso
local errors = require "bybit.errors"
local later = require "bybit.later"

local page = later.module "bybit.simulate.report.page"

---@class bybit.SimulationReport
---@field figures table profit_coin, profit_usd, drawdown_coin, drawdown_usd, sharpe, sortino, calmar (of daily returns of the equity in
---  coin, 365 days, no risk-free rate; nil where there are too few days), win_rate, profit_factor (of round trips, from flat to flat),
---  exposure, turnover, fees, funding, trades, and others
---@field orders table[] every order, as exchange:books() has them
---@field trades table[] every execution, oldest first
---@field equity { time: integer[], coin: number[], usd: number[], price: number[], position: number[] } what the account was worth,
---  as columns
---@field orders_left table[] orders that were open at the end
---@field unsettled table[] calls whose outcome is open
---@field requests integer how many requests were sent
---@field limited integer how many of them the exchange refused for a rate limit
---@field retries integer how many requests were not the first of their call
---@field unknowns integer how many calls ended with the outcome unknown
---@field faults table<string, integer> how often each kind of fault struck
---@field fault_events bybit.FaultEvent[] each fault that struck; simulate takes them as `events`
---@field nearest_liquidation number? how near the price came to the liquidation of a position, as a fraction of the price
---@field largest_position number the largest position, below 0: a short one
---@field begin integer ms: when it began
---@field stop integer ms: when it ended
---@field coin string in which profit_coin and the like are
---@field symbol string whose price is in the picture
---@field seed integer from which all was drawn
---@field error any what the strategy raised; nil: nothing
---@field traceback string? of the error
---@field cancelled boolean it did not end within a minute after its token, and was cancelled
---@field band { [string]: number }? profit_coin by path
local Report = {}
Report.__index = Report
Report.__name = "bybit.simulation_report"

local report = {}

-- The figures, in the order in which they are shown.
local SHOWN = { "profit_coin", "profit_usd", "drawdown_coin", "drawdown_usd", "sharpe", "sortino", "calmar", "win_rate",
  "profit_factor", "expectancy", "exposure", "turnover", "fees", "funding", "trades", "round_trips", "maker_share",
  "market_change" }


--- Makes a report of what a simulation has left.
---@param run table see simulate/ledger.lua
---@return bybit.SimulationReport
function report.new(run)
  local self = setmetatable({
    figures = figures.of(run), orders = run.orders, trades = run.executions, coins = run.coins, positions = run.positions,
    equity = { time = run.times, coin = run.equity, usd = run.usd, price = run.price, position = run.size },
    orders_left = run.orders_left, unsettled = run.unsettled, requests = run.journal.requests, limited = run.journal.limited,
    retries = run.stats.retries, unknowns = run.stats.unknowns, faults = run.faults, nearest_liquidation = run.nearest,
    largest_position = run.largest, begin = run.begin, stop = run.stop, coin = run.coin, symbol = run.symbol, seed = run.seed,
    path = run.settings.path, initial = run.initial, final = run.final, falls = run.falls, days = run.days, events = run.journal,
    exchange_errors = run.exchange_errors, fault_events = run.struck, cancelled = run.outcome.cancelled or false,
  }, Report)
  if run.outcome.failed then self.error, self.traceback = run.outcome.error, run.outcome.traceback end
  return self
end

---Gives the result of the same run on another path.
---@private
function Report:set_band(other)
  self.band = { [self.path] = self.figures.profit_coin, [other.path] = other.figures.profit_coin }
end

local function percent(x) return x and ("%.2f %%"):format(x * 100) or "-" end
local function ratio(x) return x and ("%.2f"):format(x) or "-" end
local function places_of(coin) return (coin == "USDT" or coin == "USDC") and 2 or 8 end

local function span_of(ms)
  if ms >= 2 * 86400000 then return ("%.1f days"):format(ms / 86400000) end
  if ms >= 2 * 3600000 then return ("%.1f hours"):format(ms / 3600000) end
  return ("%.1f minutes"):format(ms / 60000)
end

local function faults_of(self)
  local names, words = {}, {}
  for name in pairs(self.faults) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do words[i] = ("%s %d"):format(name, self.faults[name]) end
  return #words > 0 and table.concat(words, ", ") or "none"
end

-- The band between the paths, or which path it was.
local function band_of(self)
  if not self.band then return ("path %s"):format(self.path) end
  local parts = {}
  for _, path in ipairs { "adverse", "adaptive", "seeded" } do
    parts[#parts + 1] = self.band[path] and ("%s %.8f"):format(path, self.band[path]) or nil
  end
  return table.concat(parts, ", ")
end

function Report:__tostring()
  local f, n = self.figures, places_of(self.coin)
  local function coin(x) return x and ("%." .. n .. "f"):format(tonumber(tostring(x))) or "-" end
  local lines = {
    ("span        %s to %s, %s"):format(iso(self.begin):sub(1, 16), iso(self.stop):sub(1, 16), span_of(self.stop - self.begin)),
    ("profit      %s %s, %.2f USD; the market %s"):format(coin(f.profit_coin), self.coin, f.profit_usd, percent(f.market_change)),
    ("drawdown    %s %s (%s), %.2f USD (%s)"):format(coin(f.drawdown_coin), self.coin, percent(f.drawdown_part), f.drawdown_usd,
      percent(f.drawdown_usd_part)),
    ("ratios      sharpe %s, sortino %s, calmar %s"):format(ratio(f.sharpe), ratio(f.sortino), ratio(f.calmar)),
    ("trades      %d fills, %d round trips, %s won, profit factor %s"):format(f.trades, f.round_trips, percent(f.win_rate),
      ratio(f.profit_factor)),
    ("costs       fees %s, funding %s, turnover %s %s"):format(coin(f.fees), coin(f.funding), coin(f.turnover), self.coin),
    ("position    exposure %s, largest %g, liquidation never nearer than %s"):format(percent(f.exposure), self.largest_position,
      percent(self.nearest_liquidation)),
    ("requests    %d, %d retries, %d unknown, %d limited; faults: %s"):format(self.requests, self.retries, self.unknowns,
      self.limited, faults_of(self)),
    ("at the end  %d orders left, %d calls unsettled%s%s"):format(#self.orders_left, #self.unsettled,
      self.cancelled and ", cancelled since it did not end" or "",
      self.error ~= nil and ", error: " .. tostring(self.error):match "[^\n]*" or ""),
    ("seed        %d, %s"):format(self.seed, band_of(self)),
  }
  return table.concat(lines, "\n")
end

---What happened, a line for each request; with the option `journal = true`. Two runs of one seed have the same.
---@return string[]
function Report:journal()
  if not self.events.full then errors.raise "journal: run the simulation with journal = true" end
  return self.events:lines()
end

---Writes a page with figures and pictures, which needs no other file: equity in coin and USD, its falls, price with fills, position.
---Raises when it cannot be written.
---@param path string
function Report:html(path)
  local file, why = io.open(path, "w")
  if not file then errors.raise("html: " .. why) end
  local closing <close> = file -- luacheck: ignore 211
  local done
  done, why = file:write(page.of(self, SHOWN))
  if not done then errors.raise("html: " .. why) end
end

local function shown(value)
  if value == nil then return "-" end
  return math.type(value) == "float" and ("%.8g"):format(value) or tostring(value)
end

---What differs from another report: a line for each figure that is not the same, and for requests, retries, unknown outcomes and what was
---left at the end. Empty when nothing does.
---@param other bybit.SimulationReport
---@return string
function Report:diff(other)
  if getmetatable(other) ~= Report then errors.raise("diff: another report expected, got " .. type(other)) end
  local rows = {}
  for _, name in ipairs(SHOWN) do rows[#rows + 1] = { name, self.figures[name], other.figures[name] } end
  for _, name in ipairs { "requests", "retries", "unknowns", "limited", "seed", "path", "nearest_liquidation",
    "largest_position" } do
    rows[#rows + 1] = { name, self[name], other[name] }
  end
  rows[#rows + 1] = { "orders", #self.orders, #other.orders }
  rows[#rows + 1] = { "orders_left", #self.orders_left, #other.orders_left }
  rows[#rows + 1] = { "unsettled", #self.unsettled, #other.unsettled }
  rows[#rows + 1] = { "cancelled", self.cancelled, other.cancelled }
  local lines = {}
  for _, row in ipairs(rows) do
    local a, b = shown(row[2]), shown(row[3])
    if a ~= b then lines[#lines + 1] = ("%-20s %20s -> %s"):format(row[1], a, b) end
  end
  return table.concat(lines, "\n")
end

report.Report = Report
return report
