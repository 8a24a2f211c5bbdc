-- `bybit fetch klines`: fills a file of candles from the exchange, goes on where it ended, and is read back by bybit.history.

local bybit = require "bybit"
local command = require "spec.support.command"

describe("bybit fetch klines", function()
  local exchange, path

  before_each(function()
    exchange = assert(bybit.paper.start { clock = "manual", seed = 3, start_time = 1704067200000 })
    path = os.tmpname()
    os.remove(path)
  end)
  after_each(function()
    exchange:close()
    os.remove(path)
  end)

  local function fetch(more)
    return command.run(("fetch klines BTCUSD --env %s --out %s %s"):format(exchange.url, path, more or ""))
  end

  local function read()
    local list = {}
    for kline in assert(bybit.history.klines(path)) do list[#list + 1] = kline end
    return list
  end

  local function text()
    local file <close> = assert(io.open(path))
    return file:read "a"
  end

  it("writes the candles that are final, oldest first, as the client reads them", function()
    exchange:walk(600)
    exchange:advance(5)
    local output, errors, status = fetch "--from 2024-01-01"
    assert.same({ path .. ": 10 candles added\n", "", 0 }, { output, errors, status })
    local client <close> = bybit.client { environment = { url = exchange.url } }
    local page = assert(client:get_klines { symbol = "BTCUSD", interval = "1", limit = 11 })
    local list = read()
    assert.equal(10, #list)
    for i, kline in ipairs(list) do
      local same = page[12 - i]
      assert.same({ same.start_time, tostring(same.open_price), tostring(same.low_price), tostring(same.volume) },
        { kline.start_time, tostring(kline.open_price), tostring(kline.low_price), tostring(kline.volume) })
    end
  end)

  it("goes on where it ended, so that two runs write what one would", function()
    exchange:walk(300)
    fetch "--from 2024-01-01"
    exchange:walk(300)
    local output = fetch "--from 2024-01-01"
    assert.truthy(output:find ": 5 candles added")
    local both = text()
    os.remove(path)
    fetch "--from 2024-01-01"
    assert.equal(text(), both)
    assert.equal(10, #read())
  end)

  it("stops before --to, and takes other intervals", function()
    exchange:walk(1800)
    fetch "--from 2024-01-01 --to 2024-01-01T00:10:00Z --interval 5"
    assert.equal(2, #read())
  end)

  it("tells what is wrong, and sends nothing", function()
    local function wrong(line)
      local _, errors, status = command.run("fetch " .. line)
      assert.equal(2, status)
      return errors
    end
    assert(wrong("klines BTCUSD"):find "%-%-from is missing")
    assert(wrong("klines BTCUSD --from yesterday"):find "a date such as")
    assert(wrong("klines BTCUSD --from 2024-01-02 --to 2024-01-01"):find "not after")
    assert(wrong("klines BTCUSD --from 2024-01-02 --interval 7"):find "minutes such as")
    assert(wrong("candles BTCUSD --from 2024-01-02"):find "bybit fetch klines")
  end)

  it("does not touch a file that is damaged, or begins later", function()
    exchange:walk(300)
    local file = assert(io.open(path, "w"))
    file:write "start_time,open,high,low,close,volume,turnover\n1704067200000,1,2,1\n"
    file:close()
    local before = text()
    local _, errors, status = fetch "--from 2024-01-01"
    assert.equal(2, status)
    assert(errors:find "line 2", errors)
    assert.equal(before, text())
    os.remove(path)
    fetch "--from 2024-01-01T00:02:00Z"
    _, errors, status = fetch "--from 2024-01-01"
    assert.equal(2, status)
    assert(errors:find "begins later", errors)
  end)
end)
