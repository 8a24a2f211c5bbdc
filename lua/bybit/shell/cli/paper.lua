-- `bybit paper`: serves the paper exchange until Ctrl-C, for any V5 client in any language.

local core = require "bybit.core"
local out = require "bybit.shell.out"
local tasks = require "bybit.tasks"

local PORT = 8080

local function integer(options, name, default, wrong)
  if options[name] == nil then return default end
  return math.tointeger(tonumber(options[name]))
    or wrong(("option --%s: a number expected, got %s"):format(name, options[name]))
end

-- The keys from the environment variables, for scripts that choose them. Nil: the exchange makes a pair.
local function keys()
  local key, secret = os.getenv "BYBIT_API_KEY", os.getenv "BYBIT_API_SECRET"
  return key and key ~= "" and secret and secret ~= "" and { { key = key, secret = secret } } or nil
end

---@param options table --port, --seed
---@param wrong fun(message: string)
---@return integer status
return function(options, wrong)
  if not package.searchpath("bybit.paper", package.path) then wrong "paper: the rock bybit-paper is not installed" end
  local given = keys()
  local port, seed = integer(options, "port", PORT, wrong), integer(options, "seed", nil, wrong)
  local exchange, message = require("bybit.paper").start { port = port, seed = seed, keys = given }
  if not exchange then wrong(("paper: port %d: %s"):format(port, message)) end
  local stop = tasks.cancel_token()
  local signals <close> = core.signals(stop) -- luacheck: ignore 211
  out.write(("paper exchange at %s (V5 and v2, category inverse; Ctrl-C ends it)\n"):format(exchange.url))
  if given then
    out.write "  its keys are those of BYBIT_API_KEY and BYBIT_API_SECRET\n"
  else
    out.write("to trade on it from another shell:\n",
      ("  export BYBIT_API_KEY=%s BYBIT_API_SECRET=%s\n"):format(exchange.key, exchange.secret))
  end
  out.write(("  bybit --env %s\n"):format(exchange.url))
  while not stop:cancelled() do stop:wait(3600) end
  exchange:close()
  return 0
end
