-- The file of a journal: who may use it, which files are refused and left unchanged; a full disk, a kill and a fork do not break
-- it.

local core = require "bybit.core"
local journals = require "spec.support.journals"
local process = require "spec.support.process"
local room = require "bybit.journal"

local open, intent, sql = journals.open, journals.intent, journals.sql

local function path() return journals.path(finally) end

local function refused(name, why, change)
  local before = journals.bytes(name)
  local journal, message = open(name, change)
  assert.is_nil(journal)
  assert.truthy(message:find(why, 1, true), message)
  assert.equal(before, journals.bytes(name), "it was written to")
end

-- Makes a closed journal with that many intents; every third is open.
local function filled(count)
  local name = path()
  local journal = assert(open(name))
  for i = 1, count do
    local id = assert(journal:begin(intent { client_order_id = "id-" .. i }))
    if i % 3 ~= 0 then assert(journal:finish(id, i % 3 == 1 and "done" or "rejected", 1700000000000 + i)) end
  end
  journal:close()
  return name
end

describe("the file of a journal", function()
  it("is a database with a public schema that other programs can read", function()
    local name = filled(3)
    assert.equal("1|place_order|BTCUSD|id-1|done\n2|place_order|BTCUSD|id-2|rejected\n3|place_order|BTCUSD|id-3|",
      sql(name, "SELECT id, method, symbol, client_order_id, outcome FROM intents"))
    assert.equal("account|a\napi|v5\nexchange|http://127.0.0.1:1\nversion|1", sql(name, "SELECT * FROM meta"))
    local plan = sql(name, "EXPLAIN QUERY PLAN SELECT * FROM intents WHERE outcome IS NULL ORDER BY id")
    assert.truthy(plan:find("intents_open", 1, true), plan)
  end)

  it("is readable by its owner only, even if it was readable by others before", function()
    local name = path()
    local journal = assert(open(name))
    journal:begin(intent())
    for _, tail in ipairs { "", "-wal", "-shm" } do assert.equal("600", journals.mode(name .. tail)) end
    journal:close()
    os.execute(("chmod 644 '%s'"):format(name))
    assert(open(name)):close()
    assert.equal("600", journals.mode(name))
  end)

  it("belongs to one client at a time, in this process or another, under any name of the file", function()
    local name = path()
    local journal <close> = assert(open(name))
    journal:begin(intent())
    local other = path()
    os.execute(("ln -s '%s' '%s'"):format(name, other))
    for _, called in ipairs { name, other } do
      local second, why = open(called)
      assert.is_nil(second)
      assert.equal("another client has it open", why)
    end
    local child <close> = process.start([[
      local journals = require "spec.support.journals"
      print(journals.open(os.getenv "NAME"))
    ]], { NAME = name })
    assert.equal("nil\tanother client has it open", child:line())
    child:wait()
    assert(journal:begin(intent()), "the attempts of others took nothing away")
    assert.equal("Error: stepping, database is locked (5)", (sql(name, "DELETE FROM intents"):gsub("^Error:.-line %d+: ", "")))
    assert.equal("2", sql(name, "SELECT count(*) FROM intents"), "reading is free")
  end)

  it("belongs to one client, even while other journals are opened and closed", function()
    local names, journals_open = { path(), path(), path() }, {}
    for i, name in ipairs(names) do journals_open[i] = assert(open(name)) end
    journals_open[2]:close()
    for _, i in ipairs { 1, 3 } do
      assert.equal("another client has it open", select(2, open(names[i])))
      assert(journals_open[i]:begin(intent()))
    end
    journals_open[2] = assert(open(names[2]))
    journals_open[1]:close()
    assert.equal("another client has it open", select(2, open(names[2])))
    assert.equal("another client has it open", select(2, open(names[3])))
    assert(open(names[1])):close()
    for i = 2, 3 do journals_open[i]:close() end
    for _, name in ipairs(names) do assert(open(name)):close() end
  end)

  it("keeps its lock when the program opens and closes the file itself", function()
    local name = path()
    local journal <close> = assert(open(name))
    journal:begin(intent())
    assert.is_true(#journals.bytes(name) > 0)
    local child <close> = process.start([[print(require "spec.support.journals".open(os.getenv "NAME"))]], { NAME = name })
    assert.equal("nil\tanother client has it open", child:line())
    child:wait()
  end)

  it("is left unchanged if it is not a journal, or is damaged", function()
    local name = path()
    for text, why in pairs { [""] = "it is empty", x = "too short", [("text\n"):rep(100)] = "it is not a journal",
      ["SQLite format 3\0" .. ("\0"):rep(4080)] = "it is not a journal" } do
      journals.write(name, text)
      refused(name, why)
    end
    os.remove(name)
    sql(name, "CREATE TABLE intents(id); INSERT INTO intents VALUES(1)")
    refused(name, "it is not a journal")
    refused("/dev/null", "it is not a regular file")
  end)

  it("is left unchanged if its version is newer", function()
    local name = filled(3)
    sql(name, "PRAGMA user_version = 2")
    refused(name, "it was made by another version of this module")
  end)

  it("is left unchanged if it belongs to another account: the message names both", function()
    local name = filled(3)
    refused(name, "it belongs to another exchange: 'http://127.0.0.1:1', this client's is 'x'", { exchange = "x" })
    refused(name, "it belongs to another account: 'a', this client's is 'b'", { account = "b" })
    refused(name, "it belongs to another api: 'v5', this client's is 'v2'", { api = "v2" })
    sql(name, "DELETE FROM meta WHERE key = 'api'")
    refused(name, "it does not tell its api")
  end)

  it("is not created over the remaining files of a deleted journal", function()
    local name = path()
    local journal = assert(open(name))
    journal:begin(intent())
    local log = journals.bytes(name .. "-wal")
    journal:close()
    os.remove(name)
    journals.write(name .. "-wal", log)
    local again, why = open(name)
    assert.is_nil(again)
    assert.truthy(why:find("the file is gone, but its -wal", 1, true), why)
  end)

  it("that is cut anywhere is refused and left unchanged, however short it is", function()
    local name = filled(60)
    local whole = journals.bytes(name)
    local function cut(size)
      journals.write(name, whole:sub(1, size))
      refused(name, "it is")
    end
    for size = 0, #whole - 1, 509 do cut(size) end
    for size = 512, #whole - 1, 512 do cut(size) end
    for less = 1, 100 do cut(#whole - less) end
  end)

  it("that is large and lacks its end is refused too", function()
    local name = path()
    open(name):close()
    journals.fill(name, 20000)
    local whole = journals.bytes(name)
    assert.is_true(#whole > 2 * 1024 * 1024, "it is too large to be read as a whole at opening")
    for _, less in ipairs { 1, 100, 1024, 4096, 5000, 1024 * 1024 } do
      journals.write(name, whole:sub(1, -1 - less))
      refused(name, "its end is missing")
    end
    journals.write(name, whole)
    assert(open(name)):close()
  end)

  it("that was changed anywhere is refused, or tells every intent", function()
    local name = filled(60)
    local whole = journals.bytes(name)
    local random = core.random(11)
    local changed = 0
    for _ = 1, tonumber(os.getenv "CASES") or 300 do
      local at = random:integer(1, #whole)
      journals.write(name, whole:sub(1, at - 1) .. string.char(whole:byte(at) ~ (1 << random:integer(0, 7))) .. whole:sub(at + 1))
      local before = journals.bytes(name)
      local journal = open(name)
      if journal then
        assert.equal(20, #journal:open_intents(), "at " .. at)
        assert.equal(60, #journal:select(), "at " .. at)
        journal:close()
      else
        changed = changed + 1
        assert.equal(before, journals.bytes(name))
      end
      os.remove(name .. "-wal")
      os.remove(name .. "-shm")
    end
    assert.is_true(changed > 5, changed .. ": nearly nothing was noticed")
  end)

  it("holds all that was committed, wherever its write-ahead log is cut", function()
    local name, copy = path(), path()
    local journal <close> = assert(open(name))
    local ends = {}
    for i = 1, 6 do
      assert(journal:begin(intent { client_order_id = "id-" .. i }))
      ends[i] = #journals.bytes(name .. "-wal")
    end
    local file, log = journals.bytes(name), journals.bytes(name .. "-wal")
    for size = 0, #log, 331 do
      journals.write(copy, file)
      journals.write(copy .. "-wal", log:sub(1, size))
      local whole = 0
      for i = 1, 6 do whole = ends[i] <= size and i or whole end
      local cut <close> = assert(open(copy))
      assert.equal(whole, #cut:select(), size)
      cut:close()
      os.remove(copy .. "-shm")
    end
  end)

  for what, command in pairs { deleted = "rm '%s'", renamed = "mv '%s' '%s.away'",
    replaced = "cp '%s' '%s.new' && mv '%s.new' '%s'", ["robbed of its log"] = "rm '%s-wal'" } do
    it("is not written to when it was " .. what, function()
      local name = path()
      local journal = assert(open(name))
      assert(journal:begin(intent()))
      assert(journal:begin(intent()))
      os.execute(command:gsub("%%s", name))
      local id, why = journal:begin(intent())
      assert.is_nil(id)
      assert.truthy(why:find("is no longer there", 1, true), why)
      local beside = io.open(name, "rb") and journals.bytes(name)
      journal:close()
      if beside and what ~= "robbed of its log" then assert.equal(beside, journals.bytes(name)) end
      if what == "renamed" then
        assert.equal("2", sql(name .. ".away", "SELECT count(*) FROM intents"), "what was written is where the file is")
        os.remove(name .. ".away")
      end
    end)
  end
end)

describe("a journal", function()
  it("selects intents by their fields", function()
    local journal <close> = assert(open(path()))
    assert(journal:begin(intent { client_order_id = "a", time = 1000 }))
    assert(journal:begin(intent { client_order_id = "b", symbol = "ETHUSD", time = 2000 }))
    assert(journal:begin(intent { client_order_id = "a", kind = "cancel", method = "cancel_order", time = 3000 }))
    assert(journal:finish(2, "rejected", 2500))
    local function ids(filter)
      local list = {}
      for i, row in ipairs(journal:select(filter)) do list[i] = row.id end
      return list
    end
    assert.same({ 1, 2, 3 }, ids())
    assert.same({ 1, 3 }, ids { symbol = "BTCUSD" })
    assert.same({ 3 }, ids { method = "cancel_order" })
    assert.same({ 1, 2 }, ids { kind = "place" })
    assert.same({ 1, 3 }, ids { client_order_id = "a" })
    assert.same({ 2 }, ids { outcome = "rejected" })
    assert.same({ 1, 3 }, ids { outcome = false })
    assert.same({ 2, 3 }, ids { since = 2000 })
    assert.same({ 2, 3 }, ids { limit = 2 })
    assert.same({}, ids { kind = "place", outcome = false, since = 1500 })
    assert.has_error(function() journal:select { simbol = "x" } end, "journal: unknown field 'simbol'")
    assert.same({ "BTCUSD", "ETHUSD" }, journal:symbols())
    local row = journal:open_intents()[1]
    assert.same(intent { client_order_id = "a", time = 1000, id = 1 }, row)
  end)

  it("holds a whole intent of any size", function()
    local name, sizes = path(), { 0, 1, 4000, 5000, 60000, 70000, 140000, 1000000 }
    local journal = assert(open(name))
    local params = {}
    for i, size in ipairs(sizes) do
      params[i] = ("0123456789"):rep(size // 10 + 1):sub(1, size)
      assert.equal(i, assert(journal:begin(intent { params = params[i] })))
    end
    for i, row in ipairs(journal:open_intents()) do assert.is_true(params[i] == row.params, "of " .. sizes[i]) end
    journal:close()
    assert.equal("ok", sql(name, "PRAGMA integrity_check"))
    local again <close> = assert(open(name))
    for i, row in ipairs(again:open_intents()) do assert.is_true(params[i] == row.params, "of " .. sizes[i]) end
  end)

  it("says why it cannot be read", function()
    local name = path()
    sql(name, "CREATE TABLE meta(key, value); INSERT INTO meta VALUES('version', '1')")
    local journal <close> = assert(room.read(name))
    assert.same({ nil, "no such table: intents" }, { journal:select() })
    assert.same({ nil, "no such table: symbols" }, { journal:symbols() })
  end)

  it("owns the orders that were placed with it, or may have been", function()
    local journal <close> = assert(open(path()))
    for i, outcome in ipairs { "done", "rejected", "not_sent", "unclear", "dismissed", "open" } do
      local id = assert(journal:begin(intent { client_order_id = outcome }))
      if outcome ~= "open" then assert.is_true(journal:finish(id, outcome, i)) end
    end
    assert(journal:begin(intent { client_order_id = "amended", kind = "amend" }))
    local owned = journal:owned { "done", "rejected", "not_sent", "unclear", "dismissed", "open", "amended", "other", "open" }
    assert.same({ done = true, unclear = true, dismissed = true, open = true }, owned)
    assert.same({}, journal:owned {})
    assert.has_error(function() journal:owned { "done", 7, true } end,
      "journal: a list of strings expected, got number at 2")
    assert.has_error(function() journal:finish(1, "placed", 1) end)
  end)

  it("owns an id that was first refused and later placed", function()
    local name = path()
    local journal <close> = assert(open(name))
    local function placed(id, outcome)
      assert(journal:finish(assert(journal:begin(intent { client_order_id = id })), outcome, 1))
    end
    placed("again", "rejected")
    placed("again", "done")
    placed("again", "rejected")
    assert.same({ again = true }, journal:owned { "again" })
  end)

  it("tells how and when each intent ended, through our functions and through SQL", function()
    local name = path()
    local words = { "done", "rejected", "not_sent", "unclear", "dismissed" }
    local journal <close> = assert(open(name))
    for i, outcome in ipairs(words) do
      assert.is_true(journal:finish(assert(journal:begin(intent())), outcome, 1700000000000 + i))
    end
    assert(journal:begin(intent()))
    for i, row in ipairs(journal:select()) do
      assert.equal(words[i], row.outcome)
      assert.equal(words[i] and 1700000000000 + i, row.ended)
    end
    for i, outcome in ipairs(words) do
      local rows = journal:select { outcome = outcome }
      assert.same({ 1, i }, { #rows, rows[1].id })
    end
    journal:close()
    assert.equal("done|1700000000001\nrejected|1700000000002\nnot_sent|1700000000003\nunclear|1700000000004\n"
      .. "dismissed|1700000000005\n|", sql(name, "SELECT outcome, ended FROM intents ORDER BY id"))
  end)

  it("deletes old ended intents when it is opened, and no open one", function()
    local name, day = path(), 86400000
    local journal = assert(open(name))
    for i = 1, 9 do
      local id = assert(journal:begin(intent { time = 1700000000000 - (10 - i) * 10 * day }))
      if i ~= 2 then assert(journal:finish(id, "done", 1)) end
    end
    journal:close()
    local again = assert(open(name))
    local left = {}
    for i, row in ipairs(again:select()) do left[i] = row.id end
    assert.same({ 2, 7, 8, 9 }, left)
    assert.equal(10, assert(again:begin(intent())))
    again:close()
    local shorter = assert(open(name, { keep = 5 }))
    assert.equal(2, #shorter:select())
    shorter:close()
    local running <close> = assert(open(name))
    for i = 1, 200 do
      assert(running:finish(assert(running:begin(intent { time = 1700000000000 + i * day })), "done", 1))
    end
    assert.is_true(#running:select() < 100, "it drops them while it runs, too")
  end)

  it("can be read while a client has it open, and after that", function()
    local name = path()
    local journal = assert(open(name))
    journal:begin(intent())
    local beside = assert(room.read(name))
    assert.equal(1, #beside:select())
    journal:begin(intent())
    assert.equal(2, #beside:select())
    assert.is_nil((beside:begin(intent())))
    beside:close()
    assert(journal:begin(intent()), "its locks are as they were")
    journal:close()
    assert.has_error(function() journal:select() end)
    local after <close> = assert(room.read(name))
    assert.equal(3, #after:select())
    assert.is_nil((room.read(name .. "x")))
  end)

  it("is opened by reading a few pages, whatever it holds", function()
    local function read_to_open(count)
      local name = path()
      assert(open(name)):close()
      journals.fill(name, count)
      local function total() return tonumber(journals.bytes("/proc/self/io"):match "rchar: (%d+)") end
      local before, memory = total(), collectgarbage "count"
      local journal <close> = assert(open(name))
      assert.equal(count // 50000, #journal:open_intents())
      assert.is_true(collectgarbage "count" - memory < 100)
      return total() - before
    end
    local large = read_to_open(tonumber(os.getenv "INTENTS") or 100000)
    assert.is_true(large < 200000, large)
  end)
end)

describe("a journal on a full disk", function()
  -- A limit on the file's size stands for the full disk: writing past it fails too, and would end the process by a signal.
  local CHILD = [[
    local bybit = require "bybit"
    local scripted = require "spec.support.scripted_exchange"
    local sent = 0
    local client = scripted.client(function(request)
      sent = sent + 1
      return scripted.answer(0, ('{"orderId":"o-1","orderLinkId":"%s"}'):format(request.params.orderLinkId or ""))
    end, { journal = os.getenv "NAME" })
    local function place(symbol)
      return client:place_order { symbol = symbol or "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 1 }
    end
    local function limit(size)
      assert(os.execute("prlimit --pid $PPID --fsize=" .. size .. ":unlimited"))
    end
    limit(100) -- the second write repeats what failed with the first intent
    assert(not place "EOSUSD")
    limit "unlimited"
    assert(place "EOSUSD")
    sent = 0
    for _ = 1, 3 do assert(place()) end
    limit(100)
    local ack, err = place()
    print(ack, sent, err.kind, err.outcome, err.message)
    print(client:cancel_order { symbol = "BTCUSD", order_id = "o-1" } ~= nil,
      select(3, client:cancel_order { symbol = "BTCUSD", order_id = "o-1" }).unjournalled)
    print(place "ETHUSD")
    limit(100000) -- the growing log does not fit; a new log does
    sent = 0
    local placed, refused = 0, 0
    for _ = 1, 100 do
      ack, err = place()
      placed, refused = placed + (ack and 1 or 0), refused + (ack and 0 or 1)
      assert(ack or err.outcome == "not_sent" and err.kind == "guard")
    end
    print(placed == sent, placed > 80, refused > 0)
    limit "unlimited"
    for _, symbol in ipairs { "ETHUSD", "XRPUSD", "BTCUSD" } do assert(place(symbol)) end
    client:close()
    print(placed + 7)
  ]]

  it("stops calls that add risk, lets cancels through, and works again when there is room", function()
    local name = path()
    local child <close> = process.start(CHILD, { NAME = name })
    local why = "the journal cannot be written: File too large"
    assert.equal("nil\t3\tguard\tnot_sent\t" .. why, child:line())
    assert.equal("true\tFile too large", child:line())
    assert.truthy(child:line():find(why, 1, true))
    assert.equal("true\ttrue\ttrue", child:line())
    local placed = child:line()
    local how, status, _, errors = child:wait()
    assert.equal("exit", how, errors)
    assert.equal(0, status, errors)
    assert.equal(placed, sql(name, "SELECT count(*) FROM intents WHERE outcome = 'done'"))
    assert.equal("0", sql(name, "SELECT count(*) FROM intents WHERE outcome IS NULL"))
    assert.equal("BTCUSD\nEOSUSD\nETHUSD\nXRPUSD", sql(name, "SELECT symbol FROM symbols ORDER BY symbol"))
    assert.equal("ok", sql(name, "PRAGMA integrity_check"))
  end)
end)

describe("a forked child", function()
  local function run(text, variables)
    local child <close> = process.start(text, variables, (os.getenv "BUILD" or "build") .. "/support/forks")
    local how, status, output, errors = child:wait()
    assert.equal("exit", how, errors)
    assert.equal(0, status, errors)
    return output
  end

  it("uses neither its parent's client nor its journal, and its end does not disturb them", function()
    local name = path()
    local output = run([[
      local bybit = require "bybit"
      local core = require "bybit.core"
      local exchange <close> = bybit.paper.start { limits = false }
      exchange:set_price("BTCUSD", 31000)
      local client = bybit.client { environment = exchange, journal = os.getenv "NAME" }
      local order = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 30000 }
      assert(client:place_order(order))
      local journal = core.client.table(client).journal
      local function say(...) io.stdout:write(table.concat({ ... }, " "), "\n") end
      say("child", fork(function()
        local ok, why = pcall(client.place_order, client, order)
        say(tostring(ok), (why:gsub("^.-: ", "")))
        say(select(2, pcall(client.get_open_orders_real_time, client, { symbol = "BTCUSD" })):gsub("^.-: ", "") .. "")
        say(select(2, journal:begin { time = 1, method = "x", kind = "place" }))
        say(select(2, journal:finish(1, "done", 1)))
        say((select(2, pcall(journal.owned, journal, { "x" }))))
        client:close()
        journal:close()
        client, journal = nil, nil
        collectgarbage()
      end))
      assert(client:place_order(order))
      assert(journal:begin { time = 1, method = "x", kind = "place" })
      say(#journal:select())
      client:close()
    ]], { NAME = name })
    local no = "a client cannot be used after fork: make a new one"
    assert.equal(table.concat({ "false " .. no, no, "a journal cannot be used after fork", "a journal cannot be used after fork",
      "a journal cannot be used after fork", "child 0", "3", "" }, "\n"), output)
    assert.equal("3", sql(name, "SELECT count(*) FROM intents"))
  end)

  it("does not hold the file when its parent has ended", function()
    local name = path()
    local output = run([[
      local journals = require "spec.support.journals"
      local name, beside = os.getenv "NAME", assert(journals.open(os.getenv "BESIDE"))
      local journal = assert(journals.open(name))
      beside:close() -- this does not affect the other
      fork(function() os.execute "sleep 3" end, true) -- the child lives for a while
      fork(function() print(journals.open(name)) end)
      journal:close()
      fork(function()
        local again
        for _ = 1, 15 do -- the child gives the file back when it first runs, which may be later than this
          again = again or journals.open(name)
          if not again then os.execute "sleep 0.1" end
        end
        print(again ~= nil)
      end)
    ]], { NAME = name, BESIDE = path() })
    assert.equal("nil\tanother client has it open\ntrue\n", output)
  end)
end)
