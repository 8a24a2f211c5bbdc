-- `bybit backtest` and `bybit explore`: a program's strategy in a simulation, from the command line.

local command = require "spec.support.command"
local shell = require "spec.support.shell"

describe("bybit backtest and explore", function()
  local directory

  setup(function() directory = shell.capture "mktemp -d":gsub("\n", "") end)
  teardown(function() os.execute("rm -rf " .. directory) end)

  local function file(name, text)
    local path = directory .. "/" .. name
    local out <close> = assert(io.open(path, "w"))
    out:write(text)
    return path
  end

  -- A program as it trades: real money, if it were run.
  local MAIN = [[
    local bybit = require "bybit"
    bybit.main({ environment = "mainnet", credentials = "env", id_prefix = "mm" }, function(client, stop)
      assert(client:sync_orders { symbol = "BTCUSD", { tag = "bid", side = "Buy", quantity = 100, price = 29000 } })
      stop:wait()
      assert(client:sync_orders { symbol = "BTCUSD" })
    end)]]

  local function candles()
    local rows = { "start_time,open,high,low,close" }
    for i = 0, 99 do rows[#rows + 1] = ("%d,30000,30010,28990,30000"):format(1704067200 + i * 60) end
    return file("candles.csv", table.concat(rows, "\n") .. "\n")
  end

  it("runs the program that trades, without its exchange and its keys, on the prices of a file", function()
    local page = directory .. "/page.html"
    local output, errors, status = command.run(("backtest %s --prices %s --from 2024-01-01T00:10:00Z --to 2024-01-01T00:20:00Z "
      .. "--seed 7 --html %s"):format(file("main.lua", MAIN), candles(), page))
    assert.same({ "", 0 }, { errors, status })
    assert(output:find "span        2024%-01%-01T00:10 to 2024%-01%-01T00:20, 10%.0 minutes", output)
    assert(output:find "trades      1 fills", output)
    assert(output:find "seed        7, adverse %-?[%d.]+, adaptive %-?[%d.]+", output)
    assert(shell.read(page):find "<svg")
  end)

  it("takes a file that returns a strategy, with options of its own", function()
    local path = file("returned.lua", [[return { options = { duration = 120, deposit = { BTC = "1" } },
      strategy = function(client, stop)
      print(require "bybit".iso(client:now()), client:get_balance({ coin = "BTC" }).wallet_balance)
      stop:wait()
    end }]])
    local output, _, status = command.run("backtest " .. path)
    assert.equal(0, status)
    assert(output:find "^2024%-01%-01T00:00:00.*\t1\n", output)
    assert(output:find "2%.0 minutes", output)
  end)

  it("does what the guide shows, with the program that it shows, in a shorter form", function()
    local text, ran = shell.read "doc/backtests.md", {}
    local program = text:match "\n    (local bybit = require.-)\n\n%S":gsub("\n    ", "\n")
    local path, prices, page = file("maker.lua", program), candles(), directory .. "/guide.html"
    for line in text:gmatch "\n    %$ bybit ([^\n]+)" do
      local name = line:match "^%a+"
      local words = line:gsub("maker%.lua", path):gsub("BTCUSD_1%.csv", prices):gsub("report%.html", page)
        :gsub("%-%-duration %d+", "--duration 120"):gsub("%-%-seeds %d+", "--seeds 3")
        :gsub("%-%-from %S+ %-%-to %S+", "--from 2024-01-01T00:10:00Z --to 2024-01-01T00:20:00Z")
      ran[name] = (ran[name] or 0) + 1
      if name ~= "fetch" then -- it asks the real exchange; spec/shell/fetch_spec.lua fetches from one on paper
        local output, errors, status = command.run(words)
        assert.same({ line, 0 }, { line, status }, errors)
        if name == "backtest" then assert(output:find "0 orders left, 0 calls unsettled", output) end
        if name == "explore" then assert(output:find "no failure in 3 seeds", output) end
      end
    end
    assert.same({ check = 1, fetch = 1, backtest = 2, explore = 1 }, ran)
    assert(shell.read(page):find "<svg")
  end)

  it("tells an error of the strategy, with status 1", function()
    local output, errors, status = command.run("backtest " .. file("bad.lua", "return function() error 'broken' end"))
    assert.equal(1, status)
    assert(output:find "error: .*broken", output)
    assert(errors:find "bad%.lua:1: broken", errors)
  end)

  it("finds the seed that breaks a strategy, and tells how to run it again", function()
    local path = file("careless.lua", [[return {
      options = { faults = { { "lost_answer", probability = 0.5 } } }, strategy = function(client, stop)
        while not stop:wait(20) do
          client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 20000, deadline = 1 }
        end
      end }]])
    local output, _, status = command.run(("explore %s --seeds 20 --duration 60"):format(path))
    assert.equal(1, status)
    local seed = output:match "^seed (%d+): an order that nobody settled: place_order "
    assert(seed, output)
    local _, lines = output:gsub("\n  request %d+, %u+ /v5/%S+: lost_answer", "")
    assert.is_true(lines > 0 and lines < 10)
    local again = output:match "again: bybit (.-)\n"
    assert.equal(("explore %s --seed %s --seeds 1 --duration 60"):format(path, seed), again)
    assert.equal(output, (command.run(again)))
  end)

  it("says when no seed does", function()
    local path = file("idle.lua", "return function(client, stop) stop:wait() end")
    local output, _, status = command.run("explore " .. path .. " --seeds 5 --duration 30")
    assert.same({ "no failure in 5 seeds from 1 on\n", 0 }, { output, status })
  end)

  it("tells what is wrong with the command line", function()
    local function wrong(line)
      local _, errors, status = command.run(line)
      assert.equal(2, status)
      return errors
    end
    assert(wrong "backtest":find "one file expected")
    assert(wrong "backtest /nowhere.lua":find "cannot read the strategy")
    assert(wrong("backtest " .. file("nothing.lua", "return 5")):find "no strategy")
    assert(wrong("backtest " .. file("main.lua", MAIN) .. " --prices /nowhere.csv"):find "No such file")
    assert(wrong("backtest " .. file("main.lua", MAIN) .. " --seed x"):find "a number expected")
    assert(wrong("backtest " .. file("main.lua", MAIN) .. " --seeds 5"):find "takes no option %-%-seeds")
  end)
end)
