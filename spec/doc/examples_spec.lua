-- Every example runs in a short form, and prints what it promises.
local bybit = require "bybit"
local shell = require "spec.support.shell"

local LUA = os.getenv "LUA" or "lua5.4"

local capture = shell.capture

-- Examples, with arguments that make them short, and Lua patterns that their output must match.
local CASES = {
  market_maker = { environment = "DEMO_SECONDS=1.5", "trades +%d", "balance +[%d.]+ BTC, changed by %-?[%d.]+", "position +0" },
  grid = { arguments = "10", "levels filled, %d+ of them answered", "fees [%d.]+ BTC" },
  momentum = { arguments = "4", "%d+ positions closed", "profit %-?[%d.]+ BTC after fees, funding %-?[%d.]+, balance" },
  pair_maker = { arguments = "1", "the first run was killed",
    "BTCUSD: %d+ calls of an earlier run settled, %d+ quotes taken over",
    "BTCUSD: %d+ fills, .*, 0 orders left", "ETHUSD: %d+ fills, .*, 0 orders left" },
  trailing_stops = { arguments = "60", "had no stop loss: set to", "closed by a TrailingStop" },
  dca = { arguments = "4", "0%.0125 x 4: exact" },
  bracket = { "filled: 2000 at", "closed by a %a+", "net %-?[%d.]+ BTC" },
  custom_endpoint = { "leverage\t12.5\tas the exchange tells it", "refused.*leverage not allowed %(110013%)" },
  cqueues = { "BTCUSD  bid [%d.]+, quote %a+", "XRPUSD  bid", "own coroutine ran on meanwhile" },
  luv = { arguments = "0.7", "BTCUSD [%w. ]+, after %d+ looks", "%d+ looks at BTCUSD, last [%d.]+" },
  imbalance = { arguments = "1.5", "%d+ looks at the book, %d+ moves, changed by %-?[%d.]+ BTC after fees; position 0" },
  fill_logger = { "84 fills, killed 4 times: 0 missing, 0 twice" },
  watch = { environment = "WATCH_SECONDS=1.5", "BTCUSD", "ETHUSD" },
  reconcile = { "1 order of an earlier run is open", "guard: intents of an earlier run are open", "settled: rec%-%w+ was placed",
    "1 orders live", "a new order now:\trec%-" },
  fault_drill = { arguments = "30 2", "faults: %d+ ", "0 not meant, 0 missing" },
  export_trades = { arguments = "/dev/null", "126 executions from 2024%-01%-01" },
  backtest = { environment = "DAYS=3 HTML=/dev/null", "span +2025%-01%-01T00:00 to 2025%-01%-04T00:00", "trades +%d+ fills",
    "0 orders left, 0 calls unsettled" },
  explore = { environment = "SEEDS=4", "careless: broken by seed %d+\n  an order that nobody settled",
    "careful: 4 seeds, no failure" },
  proved_maker = { environment = "SEEDS=8 FIRST=2", "seeds 2 to 9: no order left, none twice" },
  equity_svg = { arguments = "/dev/null 10", "%d+ prices, %d+ fills" },
}

-- spec/e2e/host_spec.lua runs it, in a sandboxed state without require.
local ELSEWHERE = { strategy = true }

describe("example", function()
  for name, case in pairs(CASES) do
    it(name, function()
      local output = capture(("%s %s examples/%s.lua %s"):format(case.environment or "", LUA, name, case.arguments or ""))
      for _, pattern in ipairs(case) do
        assert(output:find(pattern), ("%s: '%s' expected in\n%s"):format(name, pattern, output))
      end
    end)
  end

  it("files are all run by a spec, and open with bybit.strict", function()
    local list <close> = assert(io.popen "ls examples/*.lua")
    for path in list:lines() do
      local name = path:match "([%w_]+)%.lua$"
      assert(CASES[name] or ELSEWHERE[name], path .. " is run by no spec")
      assert(ELSEWHERE[name] or shell.read(path):find '\nrequire "bybit.strict"', path .. " does without bybit.strict")
    end
  end)

  it("export_trades writes each execution once, as the exchange wrote it", function()
    local path = os.tmpname()
    capture(("%s examples/export_trades.lua %s"):format(LUA, path))
    local seen, rows = {}, 0
    for line in io.lines(path) do
      local id = line:match "^[^,]+,([^,]+),"
      assert(not seen[id], "twice: " .. id)
      seen[id], rows = true, rows + 1
    end
    os.remove(path)
    assert.equal(126 + 1, rows) -- and the header line
    assert.truthy(seen.trade_id)
  end)

  it("equity_svg draws well-formed XML", function()
    local path = os.tmpname()
    capture(("%s examples/equity_svg.lua %s 20"):format(LUA, path))
    -- pyexpat, not xml: a minimal Python has only this one.
    capture(("python3 -c 'import sys, pyexpat; pyexpat.ParserCreate().ParseFile(open(sys.argv[1], \"rb\"))' %s"):format(path))
    os.remove(path)
  end)

  it("signed_request.sh trades with only curl and openssl", function()
    local exchange <close> = bybit.paper.start()
    local output = capture(("LD_PRELOAD= BYBIT_URL=%s BYBIT_API_KEY=%s BYBIT_API_SECRET=%s sh examples/signed_request.sh"):format(
      exchange.url, exchange.key, exchange.secret))
    local _, answers = output:gsub('"retCode":0', "")
    assert(answers == 2 and output:find('"price":"29000.50?"'), output)
  end)
end)
