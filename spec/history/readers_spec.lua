-- bybit.history: files of prices as people have them, and files that are damaged or hostile. Python packs the gzip files.

local bybit = require "bybit"
local core = require "bybit.core"
local shell = require "spec.support.shell"

local history = bybit.history

describe("bybit.history", function()
  local directory

  setup(function() directory = shell.capture "mktemp -d":gsub("\n", "") end)
  teardown(function() os.execute("rm -rf " .. directory) end)

  local function file(name, text)
    local path = directory .. "/" .. name
    local out <close> = assert(io.open(path, "wb"))
    out:write(text)
    return path
  end

  -- Packs a file as several members, as `cat a.gz b.gz` leaves them.
  local function packed(name, ...)
    local paths = {}
    for i, text in ipairs { ... } do paths[i] = file(name .. i, text) end
    local path = directory .. "/" .. name
    assert(os.execute(("python3 -c 'import gzip,sys\nfor p in sys.argv[2:]: open(sys.argv[1],\"ab\").write("
      .. "gzip.compress(open(p,\"rb\").read()))' %s %s"):format(path, table.concat(paths, " "))))
    return path
  end

  local function all(reader)
    local list = {}
    for row in assert(reader) do list[#list + 1] = row end
    return list
  end

  local function shown(row)
    return ("%s %s %s %s %s %s"):format(bybit.iso(row.start_time):sub(1, 16), row.open_price, row.high_price, row.low_price,
      row.close_price, row.volume)
  end

  local WANTED = { "2024-01-01T00:00 42000.5 42010 41990 42001 1500", "2024-01-01T00:01 42001 42005 42000.5 42003 900" }

  -- The same two candles in the forms that people have.
  local FORMS = {
    ["names in lower case, seconds"] = "timestamp,open,high,low,close,volume\n1704067200,42000.5,42010,41990,42001,1500\n"
      .. "1704067260,42001,42005,42000.5,42003,900\n",
    ["ms, other order, columns that nobody knows"] = "symbol,Close,Open,Low,High,Trades,Volume,Open Time\n"
      .. "BTCUSD,42001,42000.5,41990,42010,7,1500,1704067200000\nBTCUSD,42003,42001,42000.5,42005,7,900,1704067260000\n",
    ["dates, semicolons, CRLF, a byte order mark"] = "\xEF\xBB\xBFDatetime;Open;High;Low;Close;Volume\r\n"
      .. "2024-01-01 00:00:00;42000.5;42010;41990;42001;1500\r\n2024-01-01 00:01:00;42001;42005;42000.5;42003;900\r\n",
    ["date and time apart"] = "Date,Time,Open,High,Low,Close,Volume\n2024.01.01,00:00,42000.5,42010,41990,42001,1500\n"
      .. "2024.01.01,00:01,42001,42005,42000.5,42003,900",
    ["quotes, empty lines, microseconds"] = '"time","open","high","low","close","volume"\n\n'
      .. '"1704067200000000","42000.5","42010","41990","42001","1500"\n\n"1704067260000000",42001,42005,42000.5,42003,900\n\n',
    ["the exchange's files for MetaTrader"] = "2024.01.01 00:00,42000.5,42010,41990,42001,1500\n"
      .. "2024.01.01 00:01,42001,42005,42000.5,42003,900\n",
    ["eight columns without names"] = "2024.01.01,00:00,42000.5,42010,41990,42001,1500,0\n"
      .. "2024.01.01,00:01,42001,42005,42000.5,42003,900,0\n",
    ["rows as market/kline answers"] = "1704067200000,42000.5,42010,41990,42001,1500,0.0357\n"
      .. "1704067260000,42001,42005,42000.5,42003,900,0.0214\n",
    ["ISO text, a comment, tabs, an exponent"] = "# from somewhere\ndate\topen\thigh\tlow\tclose\tvolume\n"
      .. "2024-01-01T00:00:00Z\t42000.5\t42010\t41990\t42001\t1.5e+03\n2024-01-01T00:01:00Z\t42001\t42005\t42000.5\t42003\t900\n",
  }

  for name, text in pairs(FORMS) do
    it("reads candles: " .. name, function()
      local list = all(history.klines(file("form.csv", text)))
      assert.same(WANTED, { shown(list[1]), shown(list[2]) })
      assert.equal(2, #list)
    end)
  end

  it("gives records as the client does", function()
    local list = all(history.klines(file("a.csv", FORMS["names in lower case, seconds"])))
    assert.equal("kline{start_time=2024-01-01T00:00:00.000Z open_price=42000.5 high_price=42010 low_price=41990 "
      .. "close_price=42001 volume=1500}", tostring(list[1]))
    assert.has_error(function() return list[1].opne_price end)
  end)

  it("moves the clock of a file that is ahead of UTC", function()
    local path = file("a.csv", "2024.01.01 03:00,42000.5,42010,41990,42001,1500\n")
    assert.equal("2024-01-01T00:00:00.000Z", bybit.iso(all(history.klines(path, { utc_offset = 3 }))[1].start_time))
  end)

  it("reads several files one after the other; months overlap by a minute", function()
    local first = FORMS["names in lower case, seconds"]
    local second = "timestamp,open,high,low,close,volume\n1704067260,42001,42005,42000.5,42003,900\n1704067320,1,2,1,2,5\n"
    local list = all(history.klines { file("a.csv", first), file("b.csv", second) })
    assert.equal(3, #list)
    assert.equal("5", tostring(list[3].volume))
  end)

  it("reads gzip: also in several members, and over many pieces", function()
    local rows = { "timestamp,open,high,low,close,volume" }
    for i = 1, 20000 do rows[i + 1] = ("%d,100,101,99,100.5,%d"):format(1704067200 + 60 * i, i) end
    local text = table.concat(rows, "\n") .. "\n"
    local half = text:find("\n", #text // 2, true)
    local list = all(history.klines(packed("big.csv.gz", text:sub(1, half - 7), text:sub(half - 6))))
    assert.equal(20000, #list)
    assert.equal("20000", tostring(list[20000].volume))
  end)

  it("reads the exchange's files of trades, and others", function()
    local path = file("t.csv", "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,"
      .. "foreignNotional\n"
      .. "1704067200.1234,BTCUSD,Buy,100,42000.5,PlusTick,abc,238092,100,0.0023809\n"
      .. "1704067200.9,BTCUSD,Sell,20,42000,MinusTick,abd,47619,20,0.00047619\n")
    local list = all(history.trades(path))
    assert.equal("public_trade{timestamp=2024-01-01T00:00:00.123Z symbol=BTCUSD side=Buy quantity=100 price=42000.5}",
      tostring(list[1]))
    assert.same({ "abd", "Sell" }, { list[2].trade_id, list[2].side })
    local other = all(history.trades(file("o.csv", "time,px,qty\n1704067200123,5,0.001\n")))
    assert.equal("0.001", tostring(other[1].quantity))
  end)

  local SNAPSHOT = '{"topic":"orderbook.500.BTCUSD","ts":1704067200000,"type":"snapshot","data":{"s":"BTCUSD",'
    .. '"b":[["42000.5","100"],["42000","5"]],"a":[["42001","7"]],"u":10,"seq":5},"cts":1704067199990}\n'
  local function delta(u) return SNAPSHOT:gsub("snapshot", "delta"):gsub('"u":10', '"u":' .. u) end

  it("reads messages of order books", function()
    local list = all(history.order_book(file("b.jsonl", SNAPSHOT .. delta(11) .. delta(12))))
    assert.same({ 3, "snapshot", "delta", "BTCUSD", 12 }, { #list, list[1].type, list[2].type, list[3].symbol,
      list[3].update_id })
    assert.same({ "42000.5", "100", "42001" }, { tostring(list[1].bids[1].price), tostring(list[1].bids[1].quantity),
      tostring(list[1].asks[1].price) })
  end)

  -- What is wrong with a file, and where: kind, text, what the message says.
  local HEAD = "timestamp,open,high,low,close,volume\n1704067200,1,2,1,2,5\n"
  local WRONG = {
    { "klines", HEAD .. "x,1,2,1,2,5\n", "line 3: 'x' is no moment" },
    { "klines", HEAD .. "1704067260,1,2,1,-2,5\n", "line 3: close '-2' is no price" },
    { "klines", HEAD .. "1704067260,1,nan,1,2,5\n", "line 3: high 'nan' is no price" },
    { "klines", HEAD .. "1704067260,0x10,2,1,2,5\n", "line 3: open '0x10' is no price" },
    { "klines", HEAD .. "1704067260,0,2,1,2,5\n", "line 3: open '0' is no price" },
    { "klines", HEAD .. "1704067260,1,2\n", "line 3: low 'nil' is no price" },
    { "klines", HEAD .. "1704067260,1,2,1,3,5\n", "line 3: open 1 and close 3 are not between low 1 and high 2" },
    { "klines", HEAD .. "1704067260,1,2,1,2,many\n", "line 3: volume or turnover" },
    { "klines", HEAD .. "1704067140,1,2,1,2,5\n", "line 3: time does not go forward" },
    { "klines", HEAD .. "1704067200,1,2,1,2,5\n", "line 3: time does not go forward" },
    { "klines", HEAD .. "170406720,1,2,1,2,5\n", "line 3: '170406720' is no moment" },
    { "klines", HEAD .. '"1704067260,1,2,1,2,5\n', "line 3: quotes that do not end" },
    { "klines", HEAD .. ("9"):rep(5000000), "line 3: the line is longer than" },
    { "klines", HEAD .. (","):rep(100000), "line 3: " },
    { "trades", "time,px,qty\n1704067200,5,1\n1704067199,5,1\n", "line 3: time goes back" },
    { "trades", "time,px,qty,side\n1704067200,5,1,Long\n", "line 2: side 'Long'" },
    { "trades", "time,px,qty\n1704067200,5,0\n", "line 2: size '0'" },
    { "order_book", SNAPSHOT .. "{", "line 2: no JSON" },
    { "order_book", SNAPSHOT .. "[]", "line 2: no message of an order book" },
    { "order_book", delta(11), "line 1: a change comes before the first snapshot" },
    { "order_book", SNAPSHOT .. delta(12), "line 2: update 12 follows update 10: messages are missing" },
    { "order_book", SNAPSHOT:gsub("42000.5", "oops"), "line 1: 'b': level 1" },
    { "order_book", ("["):rep(100000), "line 1: no JSON" },
  }

  for _, case in ipairs(WRONG) do
    it(("tells the line: %s"):format(case[3]), function()
      local path = file("wrong.csv", case[2])
      local ok, why = pcall(all, history[case[1]](path))
      assert.is_false(ok)
      assert(tostring(why):find(path .. ", " .. case[3], 1, true), tostring(why))
    end)
  end

  it("tells of a file that is not there, is no file, is empty, has not the columns, or is packed otherwise", function()
    local function why(kind, path) return select(2, history[kind](path)) end
    assert(why("klines", directory .. "/none.csv"):find "No such file")
    assert(why("klines", directory):find "directory")
    assert(why("klines", file("e.csv", "")):find "empty")
    assert(why("klines", file("c.csv", "time,open,high,low\n")):find
      "line 1: no column 'close': its columns are time, open, high, low")
    assert(why("trades", file("c.csv", "a,b\n")):find "no column 'timestamp'")
    assert(why("order_book", file("z.zip", "PK\3\4....")):find "zip archive: unpack it first")
  end)

  it("tells of a gzip file that is cut short, or damaged, and is not drowned by one that is packed too well", function()
    local text = FORMS["names in lower case, seconds"]:rep(1) .. ("1704067320,1,2,1,2,5\n"):rep(1)
    local path = packed("whole.csv.gz", text)
    local source <close> = assert(io.open(path, "rb"))
    local bytes = source:read "a"
    local ok, why = pcall(all, history.klines(file("cut.gz", bytes:sub(1, -12))))
    assert.is_false(ok)
    assert(tostring(why):find "cut short", why)
    local bad = bytes:sub(1, 40) .. string.char(bytes:byte(41) ~ 0xFF, bytes:byte(42) ~ 0xFF) .. bytes:sub(43)
    ok, why = pcall(function() return all(assert(history.klines(file("bad.gz", bad)))) end)
    assert.is_false(ok)
    assert(tostring(why):find "damaged", why)
    local bomb = packed("bomb.gz", ("0"):rep(50000000))
    local before = collectgarbage "count"
    local _, message = history.klines(bomb)
    assert(message:find "longer than", message)
    assert.is_true(collectgarbage "count" - before < 20000)
  end)

  it("raises for what cannot be meant", function()
    assert.has_error(function() history.klines(5) end)
    assert.has_error(function() history.klines {} end)
    assert.has_error(function() history.klines("a", { ofset = 1 }) end)
    assert.has_error(function() history.klines("a", { utc_offset = 100 }) end)
    assert.has_error(function() return history.candles end)
  end)

  it("tells how far it is", function()
    local seen = {}
    local reader = assert(history.klines(file("a.csv", FORMS["names in lower case, seconds"]), { progress = function(part)
      seen[#seen + 1] = part
    end }))
    all(reader)
    assert.equal(1, seen[#seen])
    assert(tostring(reader):find "100 %% read", tostring(reader))
  end)
end)

describe("core.gzip", function()

  it("is closed once, and refuses what is out of order", function()
    local gzip = core.gzip()
    gzip:close()
    gzip:close()
    assert.has_error(function() gzip:inflate "x" end)
    assert.has_error(function() core.gzip():inflate(("x"):rep((1 << 24) + 1)) end)
  end)
end)
