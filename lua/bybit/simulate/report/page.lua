-- The page of a report: one file of HTML with SVG, for any browser: equity in coin and in USD, falls below them, price with fills,
-- position, and the figures.

local iso = require("bybit.text.time").iso

local page = {}

local WIDTH, LEFT, RIGHT, GAP = 960, 90, 20, 34
local MOST_POINTS, MOST_FILLS = 1200, 2000

local function escaped(text)
  return (tostring(text):gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end

-- A number in as few digits as tell it.
local function short(x)
  if x == nil then return "-" end
  local size = math.abs(x)
  if size >= 1000 then return ("%.0f"):format(x) end
  if size >= 1 then return ("%.2f"):format(x) end
  return ("%.6g"):format(x)
end

-- Where values of a panel stand.
local function scale(times, values, top, height, low, high)
  for _, v in ipairs(values) do low, high = math.min(low or v, v), math.max(high or v, v) end
  if high == low then low, high = low - math.abs(low) * 0.001 - 1e-9, high + math.abs(high) * 0.001 + 1e-9 end
  local from, to = times[1], times[#times]
  local span = math.max(1, to - from)
  return {
    low = low, high = high, from = from, to = to, top = top, height = height,
    x = function(time) return LEFT + (time - from) / span * (WIDTH - LEFT - RIGHT) end,
    y = function(value) return top + height - (value - low) / (high - low) * height end,
  }
end

local function line(s, times, values, colour, filled)
  local step, points = math.max(1, #times // MOST_POINTS), {}
  for i = 1, #times, step do points[#points + 1] = ("%.1f,%.1f"):format(s.x(times[i]), s.y(values[i])) end
  points[#points + 1] = ("%.1f,%.1f"):format(s.x(times[#times]), s.y(values[#times]))
  if filled then
    local zero = s.y(math.max(s.low, math.min(0, s.high)))
    return ('<polygon fill="%s" fill-opacity="0.35" points="%.1f,%.1f %s %.1f,%.1f"/>'):format(colour, s.x(times[1]), zero,
      table.concat(points, " "), s.x(times[#times]), zero)
  end
  return ('<polyline fill="none" stroke="%s" stroke-width="1.4" points="%s"/>'):format(colour, table.concat(points, " "))
end

local function frame(s, title)
  return ('<rect x="%d" y="%d" width="%d" height="%d" class="frame"/><text x="%d" y="%d" class="title">%s</text>'
    .. '<text x="%d" y="%d" class="axis">%s</text><text x="%d" y="%d" class="axis">%s</text>'):format(LEFT, s.top,
    WIDTH - LEFT - RIGHT, s.height, LEFT, s.top - 7, escaped(title), LEFT - 6, s.top + 10, short(s.high), LEFT - 6,
    s.top + s.height, short(s.low))
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

local function fills(s, trades, symbol)
  local out, step = {}, math.max(1, #trades // MOST_FILLS)
  for i = 1, #trades, step do
    local t = trades[i]
    if t.symbol == symbol and t.type ~= "Funding" then
      local buy = t.side == "Buy"
      local y = math.max(s.top + 2, math.min(s.top + s.height - 2, s.y(tonumber(t.price))))
      out[#out + 1] = ('<path d="M%.1f %.1f l-3 %d h6 z" fill="%s"><title>%s %s at %s, %s</title></path>'):format(s.x(t.time), y,
        buy and 6 or -6, buy and "#1a9850" or "#d73027", t.side, t.quantity, t.price, iso(t.time):sub(1, 19))
    end
  end
  return table.concat(out)
end

local function pictures(report)
  local e, out, top = report.equity, {}, 30
  local function panel(title, values, height, colour, filled)
    local s = scale(e.time, values, top, height, filled and 0 or nil, filled and 0 or nil)
    out[#out + 1] = frame(s, title) .. line(s, e.time, values, colour, filled)
    top = top + height + GAP
    return s
  end
  panel(("equity, %s"):format(report.coin), e.coin, 150, "#2166ac")
  panel(("below its peak, %s"):format(report.coin), below_peak(e.coin), 60, "#b2182b", true)
  panel("equity, USD", e.usd, 150, "#4d4d4d")
  panel("below its peak, USD", below_peak(e.usd), 60, "#b2182b", true)
  local s = panel(report.symbol .. " and fills", e.price, 220, "#878787")
  out[#out + 1] = fills(s, report.trades, report.symbol)
  panel("position", e.position, 70, "#762a83", true)
  out[#out + 1] = ('<text x="%d" y="%d" class="axis start">%s</text><text x="%d" y="%d" class="axis">%s</text>'):format(LEFT,
    top - 12, iso(e.time[1]):sub(1, 16), WIDTH - RIGHT, top - 12, iso(e.time[#e.time]):sub(1, 16))
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
