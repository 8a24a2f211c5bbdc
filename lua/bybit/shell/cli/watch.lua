-- `bybit watch METHOD name=value ...`: looks again and again, until Ctrl-C; without a method at the market, the wallet, the
-- position and the open orders. Without --every it looks as soon as a stream tells that something has changed.

local call = require "bybit.shell.cli.call"
local categories = require "bybit.wire.categories"
local core = require "bybit.core"
local errors = require "bybit.errors"
local overview = require "bybit.shell.repl.overview"
local pulse = require "bybit.shell.pulse"
local screen = require "bybit.shell.screen"

local EVERY = 2 -- seconds

local function number(options, name, otherwise)
  if options[name] == nil then return otherwise end
  local value = tonumber(options[name])
  return value and value > 0 and value
    or call.wrong(("option --%s: a number above 0 expected, got %s"):format(name, options[name]))
end

-- What a look shows; a failed one its error, and the next one is made. A wrong call would fail each time, so it raises.
local function look(ask)
  local ok, text = pcall(ask)
  if ok then return text end
  if not errors.is(text) then error(text, 0) end
  return call.message(text)
end

---@param client table
---@param method string? one that reads
---@param params table
---@param options table --every, --times, --json, --symbol
---@param token userdata cancelled by Ctrl-C
---@return integer status
return function(client, method, params, options, token)
  local every, times, place = number(options, "every", EVERY), number(options, "times", math.huge), screen.new()
  params.cancel = token
  local category = core.client.table(client).category
  local symbol = options.symbol or categories.kinds[category].first
  local beat <close> = pulse.open(client, method, method and params or { symbol = symbol, cancel = token }, options.every ~= nil)
  local function ask()
    if not method then
      return overview(client, symbol, category, core.terminal.size() or 80, token)
    end
    local result, err = client[method](client, params)
    if result == nil then error(err, 0) end
    return call.text(result, core.client.table(client).class.dialect.endpoints[method], options)
  end
  for n = 1, times do
    local text = look(ask)
    if token:cancelled() then break end
    local head = ("%s, %severy %g s; Ctrl-C ends it\n"):format(method or "overview", beat:words(), every)
    place:draw(options.json and text or head .. text)
    if n < times then beat:wait(every) end
    if token:cancelled() then break end
  end
  return 0
end
