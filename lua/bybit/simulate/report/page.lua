-- The page of a report: one file of HTML with SVG, for any browser: equity in coin and in USD, falls below them, price with fills,
-- position, and the figures.

local iso = require("bybit.text.time").iso

local page = {}

local WIDTH, LEFT, RIGHT, GAP = 960, 90, 20, 34
local MOST_POINTS, MOST_FILLS = 1200, 2000
local FEW = 100 -- fills that have larger marks
local HOUR = 3600000

local function escaped(text)
  return (tostring(text):gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end

-- A number without zeros at its end.
local function trimmed(text)
  return text:find(".", 1, true) and text:gsub("0+$", ""):gsub("%.$", "") or text
end

-- A number in as few digits as tell it.
local function short(x)
  if x == nil then return "-" end
  local size = math.abs(x)
  if size >= 1000 then return ("%.0f"):format(x) end
  if size >= 1 then return ("%.2f"):format(x) end
  local text = trimmed(("%.8f"):format(x))
  return text == "-0" and "0" or text
end

-- A number beside an axis that spans so much: with three digits of the span.
local function label(x, span)
  if span == 0 or x == 0 then return short(x) end
  return ("%%.%df"):format(math.max(0, math.min(8, 2 - math.floor(math.log(span, 10))))):format(x)
end

-- Where values of a panel stand. All the same: in the middle, and one label tells it.
local function scale(times, values, top, height, low, high)
  for _, v in ipairs(values) do low, high = math.min(low or v, v), math.max(high or v, v) end
  local from, to, range = times[1], times[#times], high - low
  local span = math.max(1, to - from)
  return {
    low = low, high = high, top = top, height = height,
    x = function(time) return LEFT + (time - from) / span * (WIDTH - LEFT - RIGHT) end,
    y = function(value) return range > 0 and top + height - (value - low) / range * height or top + height / 2 end,
  }
end

local function line(s, times, values, colour, filled)
  local step, points = math.max(1, #times // MOST_POINTS), {}
  for i = 1, #times, step do points[#points + 1] = ("%.1f,%.1f"):format(s.x(times[i]), s.y(values[i])) end
  local right = times[#times] > times[1] and s.x(times[#times]) or WIDTH - RIGHT -- no time has passed: it is a line all the same
  points[#points + 1] = ("%.1f,%.1f"):format(right, s.y(values[#times]))
  if filled then
    local zero = s.y(math.max(s.low, math.min(0, s.high)))
    return ('<polygon fill="%s" fill-opacity="0.35" points="%.1f,%.1f %s %.1f,%.1f"/>'):format(colour, s.x(times[1]), zero,
      table.concat(points, " "), right, zero)
  end
  return ('<polyline fill="none" stroke="%s" stroke-width="1.4" points="%s"/>'):format(colour, table.concat(points, " "))
end

local function frame(s, title)
  local out, span = {}, s.high - s.low
  local function axis(y, value)
    out[#out + 1] = ('<text x="%d" y="%d" class="axis">%s</text>'):format(LEFT - 6, y, label(value, span))
  end
  if span > 0 then
    axis(s.top + 10, s.high)
    axis(s.top + s.height, s.low)
  else
    axis(s.top + s.height // 2 + 4, s.low)
  end
  return ('<rect x="%d" y="%d" width="%d" height="%d" class="frame"/><text x="%d" y="%d" class="title">%s</text>%s'):format(LEFT,
    s.top, WIDTH - LEFT - RIGHT, s.height, LEFT, s.top - 7, escaped(title), table.concat(out))
end

-- How far below its highest value so far a line is, at each point.
local function below_peak(values)
  local peak, out = values[1], {}
  for i, v in ipairs(values) do
    peak = math.max(peak, v)
    out[i] = v - peak
  end
  return out
end

-- The fills of a symbol, and the lowest and the highest price among them.
local function fills_of(trades, symbol)
  local list, low, high = {}, nil, nil
  for _, t in ipairs(trades) do
    if t.symbol == symbol and t.type ~= "Funding" then
      local price = tonumber(t.price)
      list[#list + 1], low, high = t, math.min(low or price, price), math.max(high or price, price)
    end
  end
  return list, low, high
end

-- Triangles: one that points up, below its price, is a fill that bought.
local function marks(s, list)
  local out, step, size = {}, math.max(1, #list // MOST_FILLS), #list > FEW and 3 or 5
  for i = 1, #list, step do
    local t = list[i]
    local way, colour = -2 * size, "#d73027"
    if t.side == "Buy" then way, colour = 2 * size, "#1a9850" end
    out[#out + 1] = ('<path d="M%.1f %.1f l%d %d h%d z" fill="%s"><title>%s %s at %s, %s</title></path>'):format(s.x(t.time),
      s.y(tonumber(t.price)), -size, way, 2 * size, colour, t.side, t.quantity, t.price, iso(t.time):sub(1, 19))
  end
  return table.concat(out)
end

-- A range with room above and below for triangles.
local function widened(low, high, values)
  for _, v in ipairs(values) do low, high = math.min(low or v, v), math.max(high or v, v) end
  local more = (high - low) * 0.05
  return low - more, high + more
end

local function pictures(report)
  local e, out, top = report.equity, {}, 30
  local function panel(title, values, height, colour, filled, low, high)
    local s = scale(e.time, values, top, height, filled and 0 or low, filled and 0 or high)
    out[#out + 1] = frame(s, title) .. line(s, e.time, values, colour, filled)
    top = top + height + GAP
    return s
  end
  panel(("equity, %s"):format(report.coin), e.coin, 150, "#2166ac")
  panel(("below its peak, %s"):format(report.coin), below_peak(e.coin), 60, "#b2182b", true)
  panel("equity, USD", e.usd, 150, "#4d4d4d")
  panel("below its peak, USD", below_peak(e.usd), 60, "#b2182b", true)
  local list, low, high = fills_of(report.trades, report.symbol)
  local prices = panel(report.symbol .. " and fills", e.price, 220, "#878787", false, widened(low, high, e.price))
  out[#out + 1] = marks(prices, list)
  panel("position", e.position, 70, "#762a83", true)
  local first, last = e.time[1], e.time[#e.time]
  local shown = last - first < HOUR and 19 or 16 -- with seconds
  out[#out + 1] = ('<text x="%d" y="%d" class="axis start">%s</text><text x="%d" y="%d" class="axis">%s</text>'):format(LEFT,
    top - 12, iso(first):sub(1, shown), WIDTH - RIGHT, top - 12, iso(last):sub(1, shown))
  return ('<svg viewBox="0 0 %d %d" role="img">%s</svg>'):format(WIDTH, top, table.concat(out, "\n"))
end

local STYLE = [[
body { font: 14px/1.45 sans-serif; color: #222; background: #fff; max-width: 980px; margin: 24px auto; padding: 0 12px }
svg { width: 100%; height: auto } .frame { fill: none; stroke: #ccc } .title { font-size: 13px }
.axis { font-size: 10px; fill: #666; text-anchor: end } .start { text-anchor: start }
pre { background: #f6f6f6; padding: 12px; overflow: auto } table { border-collapse: collapse }
td { padding: 2px 18px 2px 0; border-bottom: 1px solid #eee } td + td { text-align: right; font-variant-numeric: tabular-nums }
@media (prefers-color-scheme: dark) { body { background: #1b1b1b; color: #ddd } pre { background: #262626 }
.frame { stroke: #444 } text { fill: #ccc } td { border-color: #333 } }]]

local function table_of(report, names)
  local rows = {}
  for _, name in ipairs(names) do
    local value = report.figures[name]
    rows[#rows + 1] = ("<tr><td>%s</td><td>%s</td></tr>"):format(name, value == nil and "-"
      or escaped(math.type(value) == "float" and short(value) or value))
  end
  return "<table>" .. table.concat(rows) .. "</table>"
end

--- The text of the page.
---@param report bybit.SimulationReport
---@param names string[] the figures to show
---@return string
function page.of(report, names)
  return table.concat({ '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    ("<title>%s, seed %d</title><style>%s</style></head><body>"):format(escaped(report.symbol), report.seed, STYLE),
    ("<h1>%s, seed %d</h1>"):format(escaped(report.symbol), report.seed), "<pre>" .. escaped(report) .. "</pre>",
    pictures(report),
    "<h2>Figures</h2>", table_of(report, names),
    report.traceback and "<h2>Error</h2><pre>" .. escaped(report.traceback) .. "</pre>" or "", "</body></html>\n" }, "\n")
end

return page
