-- What cannot be written is no success: each command that prints, with a standard output that is full.

local bybit = require "bybit"
local cjson = require "cjson"
local command = require "spec.support.command"
local journals = require "spec.support.journals"

local KEY, SECRET = "paperKey0123456789", "paperSecretPaperSecretPaperSecret001"
local keys = { BYBIT_API_KEY = KEY, BYBIT_API_SECRET = SECRET }

local exchange

setup(function()
  exchange = bybit.paper.start { lag = 0, limits = false, seed = 7, keys = { { key = KEY, secret = SECRET } } }
end)

teardown(function() exchange:close() end)

-- Runs a command line with a full standard output; what it says then.
local function full(line, input)
  local _, errors, status = command.run(("--env %s %s >/dev/full"):format(exchange.url, line), { env = keys, input = input })
  return errors, status
end

local LINES = {
  "get_open_orders_real_time symbol=BTCUSD",
  "get_open_orders_real_time symbol=BTCUSD --json",
  "get_orders symbol=BTCUSD --all",
  "get_orders symbol=BTCUSD raw=true",
  "place_order symbol=BTCUSD side=Buy type=Market quantity=1",
  "request GET /v5/market/time",
  "request GET /v5/market/time --json",
}

describe("a full standard output", function()
  if not io.open("/dev/full", "w") then
    pending "this system has no /dev/full"
    return
  end

  local function unwritten(errors, status)
    assert.truthy(errors:find("standard output: No space left on device", 1, true), errors)
    assert.equal(5, status)
  end

  for _, line in ipairs(LINES) do
    it("fails " .. line, function() unwritten(full(line)) end)
  end

  it("fails help, the version, what a check finds, and a journal", function()
    local path = os.tmpname()
    local file <close> = assert(io.open(path, "w"))
    file:write "local client = require 'bybit'.client{}\nclient:place_oder{}\n"
    file:close()
    local name = journals.path(finally)
    assert(journals.open(name)):close()
    for _, line in ipairs { "help", "help place_order", "version", "--version", "check " .. path, "journal " .. name,
      "journal --json " .. name, "paper --port 0" } do
      local _, errors, status = command.run(line .. " >/dev/full")
      unwritten(errors, status)
    end
    os.remove(path)
  end)

  it("ends a session from a pipe, whoever prints", function()
    for _, input in ipairs { "1 + 1\n", "print 'x'\n", "io.write 'x'\n", "help()\n" } do unwritten(full("repl", input)) end
    local errors, status = full("repl", "x = 1\n")
    assert.equal("", errors) -- which prints nothing
    assert.equal(0, status)
  end)

  it("is told as JSON where JSON is asked for, and says that the call itself was done", function()
    local errors, status = full "place_order symbol=ETHUSD side=Buy type=Limit quantity=1 price=1000 --json"
    local told = cjson.decode(errors)
    assert.equal(5, status)
    assert.same({ "output", 5 }, { told.kind, told.status })
    assert.is_nil(told.outcome)
    local client <close> = bybit.client { environment = exchange }
    assert.equal(1, #client:get_open_orders_real_time { symbol = "ETHUSD" })
  end)
end)
