-- Faults on purpose: what a caller sees of each fault, what the exchange has done, and that a seed repeats them.

local cjson = require "cjson"
local paper = require "bybit.paper"
local raw = require "spec.support.raw_http"
local socket = require "socket"
local wire = require "spec.support.paper_wire"

local TIME = "/v5/market/time"

-- How a connection ends: "reset", which the socket knows before it is read, or "closed". LuaSocket calls both "closed" when it
-- reads.
local function ending(connection)
  local stop = socket.gettime() + 5
  repeat
    if connection.tcp:getoption "error" then return "reset" end
    socket.select({ connection.tcp }, nil, 1)
    if connection.tcp:getoption "error" then return "reset" end
    connection.tcp:settimeout(0)
    local _, why = connection.tcp:receive(1)
    connection.tcp:settimeout(5)
  until why == "closed" or socket.gettime() > stop
  return "closed"
end

describe("paper faults", function()
  local exchange, caller

  before_each(function() exchange, caller = wire.start() end)
  after_each(function()
    caller:hang_up()
    assert.same({}, exchange:errors())
    exchange:close()
  end)

  local ORDER = { symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "100", price = "29990" }

  -- Places an order under these faults. Returns the answer, and how many orders there are.
  local function place(rules)
    exchange:faults(rules)
    local answer = caller:send("POST", "order/create", ORDER)
    exchange:faults(false)
    return answer, #exchange:books().orders
  end

  describe("that end the connection", function()
    for name, case in pairs {
      ["lost_request"] = { { "lost_request" }, "closed", 0 },
      ["lost_answer"] = { { "lost_answer" }, "closed", 1 },
      ["reset"] = { { "reset" }, "reset", 0 },
      ["reset, executed"] = { { "reset", executed = true }, "reset", 1 },
      ["restart"] = { { "restart" }, "reset", 0 },
    } do
      it(name, function()
        exchange:faults { case[1] }
        local connection <close> = raw.connect(exchange.port)
        connection:send(caller:bytes("POST", "order/create", ORDER))
        assert.equal(case[2], ending(connection))
        assert.equal(case[3], #exchange:books().orders)
        exchange:faults(false)
        assert.equal(0, (caller:get "market/time").retCode)
      end)
    end

    for how, reset in pairs { closed = false, reset = true } do
      it("in the middle of the body: " .. how, function()
        exchange:faults { { "cut", at = 10, reset = reset } }
        local connection <close> = raw.connect(exchange.port)
        connection:send(caller:bytes("POST", "order/create", ORDER))
        local head = {}
        for line in function() return connection.tcp:receive "*l" end do
          if line == "" then break end
          head[#head + 1] = line
        end
        assert.is_true(tonumber(table.concat(head, "\n"):match "Content%-Length: (%d+)") > 100)
        assert.equal('{"retCode"', connection.tcp:receive(10))
        assert.equal(how, ending(connection))
        assert.equal(1, #exchange:books().orders)
      end)
    end

    it("at a random byte if none is given, never after the last", function()
      exchange:faults { { "cut" } }
      for _ = 1, 30 do
        local connection <close> = raw.connect(exchange.port)
        connection:send(raw.text("GET", TIME))
        local text = connection.tcp:receive "*a"
        assert.is_true(#text:match "\r\n\r\n(.*)$" < tonumber(text:match "Content%-Length: (%d+)"))
      end
    end)
  end)

  describe("that stand in for an answer", function()
    for _, case in ipairs {
      { { "code", code = 10006 }, 200, 10006, "Too many visits. Exceeded the API Rate Limit.", 0 },
      { { "code", code = 10016 }, 200, 10016, "Server error.", 0 },
      { { "code", code = 10016, executed = true }, 200, 10016, "Server error.", 1 },
      { { "code", code = 10000, executed = true }, 200, 10000, "Server Timeout", 1 },
      { { "code", code = 429 }, 200, 429, "The trading server is overloaded, please try again later.", 0 },
      { { "code", code = 110005, message = "in liquidation" }, 200, 110005, "in liquidation", 0 },
      { { "http", status = 403 }, 403, nil, "access too frequent", 0 },
      { { "http", status = 429 }, 429, nil, "Too Many Requests", 0 },
      { { "http", status = 502 }, 502, nil, nil, 0 },
      { { "http", status = 503, executed = true }, 503, nil, nil, 1 },
    } do
      local rule = case[1]
      it(("%s %d%s"):format(rule[1], rule.code or rule.status, rule.executed and ", executed" or ""), function()
        local answer, orders = place { rule }
        assert.equal(case[2], answer.status)
        if case[3] then
          local envelope = cjson.decode(answer.body)
          assert.equal(case[3], envelope.retCode)
          assert.equal(case[4], envelope.retMsg)
          assert.equal(exchange:now(), envelope.time)
        elseif case[4] then
          assert.equal(case[4], answer.body)
        else
          assert.truthy(answer.body:find("<html>", 1, true))
        end
        assert.equal(case[5], orders)
      end)
    end

    it("10006 says when to try again", function()
      local answer = place { { "code", code = 10006 } }
      assert.equal("0", answer.headers["x-bapi-limit-status"])
      assert.equal(exchange:now() + 1000, tonumber(answer.headers["x-bapi-limit-reset-timestamp"]))
    end)
  end)

  describe("of order and time", function()
    it("delay: one answer is late, others are not", function()
      exchange:faults { { "delay", seconds = 0.2, path = "order/create" } }
      local late <close> = raw.connect(exchange.port)
      local prompt <close> = raw.connect(exchange.port)
      local begun = socket.gettime()
      late:send(caller:bytes("POST", "order/create", ORDER))
      prompt:send(raw.text("GET", TIME))
      assert.equal(200, prompt:answer().status)
      assert.same({}, (socket.select({ late.tcp }, nil, 0))) -- the late one has not arrived yet
      assert.equal(0, cjson.decode(late:answer().body).retCode)
      assert.is_true(socket.gettime() - begun >= 0.19)
    end)

    it("late_request: the connection ends, and the order comes to life later, at its moment", function()
      local sent = exchange:now()
      local answer, orders = place { { "late_request", seconds = 3 } }
      assert.is_nil(answer)
      assert.equal(0, orders)
      exchange:advance(2.999)
      assert.equal(0, #exchange:books().orders)
      exchange:advance(10)
      local list = exchange:books().orders
      assert.equal(1, #list)
      assert.equal(sent + 3000, list[1].created_time)
    end)

    it("late_request: comes also while the market walks, and with the next request by a real clock", function()
      place { { "late_request", seconds = 0.25 } }
      exchange:walk(1)
      assert.equal(exchange:now() - 750, exchange:books().orders[1].created_time)
      local real <close> = assert(paper.start { faults = { { "late_request", seconds = 0.05, path = "order/create" } } })
      local other = wire.caller(real)
      assert.is_nil((other:send("POST", "order/create", ORDER)))
      socket.sleep(0.06)
      other:must("GET", "market/time", {})
      assert.equal(1, #real:books().orders)
      other:hang_up()
    end)

    it("late_request: is refused after its receive window, and lost while the exchange is away", function()
      local _, orders = place { { "late_request", seconds = 5.1 } }
      exchange:advance(6)
      assert.equal(0, orders + #exchange:books().orders)
      exchange:faults { { "late_request", seconds = 1, path = "order/create" }, { "restart", seconds = 2, path = "market/time" } }
      caller:send("POST", "order/create", ORDER)
      caller:send("GET", "market/time", {})
      exchange:advance(4)
      assert.equal(0, #exchange:books().orders)
    end)

    it("reorder: the next answer overtakes an answer", function()
      exchange:faults { { "reorder", nth = 1, seconds = 30 } }
      local first <close> = raw.connect(exchange.port)
      local second <close> = raw.connect(exchange.port)
      first:send(raw.text("GET", TIME))
      socket.sleep(0.01)
      assert.same({}, (socket.select({ first.tcp }, nil, 0)))
      second:send(raw.text("GET", TIME))
      assert.equal(200, second:answer().status)
      assert.equal(200, first:answer().status) -- and not after 30 s
    end)

    it("an exchange can close, and callers can disconnect, while answers wait", function()
      exchange:faults { { "delay", seconds = 60 } }
      local kept <close> = raw.connect(exchange.port)
      local gone = raw.connect(exchange.port)
      kept:send(raw.text("GET", TIME))
      gone:send(raw.text("GET", TIME))
      while (exchange:fault_counts().delay or 0) < 2 do socket.sleep(0.001) end
      gone:close()
      local other <close> = assert(paper.start())
      assert.is_nil(other:fault_counts().delay)
    end)

    it("skew: the exchange's clock is different, and it refuses what is signed by the true clock", function()
      local before = exchange:now()
      exchange:faults { skew = -1500 }
      assert.equal(before - 1500, exchange:now())
      caller.clock = function() return before end
      assert.equal(10002, (caller:get("account/info")).retCode)
      exchange:faults(false)
      assert.equal(0, (caller:get("account/info")).retCode)
    end)

    it("lag: an order is acknowledged at once and shows later", function()
      exchange:faults { lag = 50 }
      local id = caller:place()
      assert.is_nil(caller:order(id))
      assert.same({}, caller:must("GET", "order/realtime").list)
      exchange:advance(0.05)
      assert.equal("New", caller:order(id).orderStatus)
    end)
  end)

  describe("of memory", function()
    it("forget: order/realtime forgets closed orders after a while, history does not", function()
      local id = caller:place()
      caller:must("POST", "order/cancel", { symbol = "BTCUSD", orderId = id })
      exchange:faults { forget = 2 }
      assert.equal("Cancelled", caller:order(id).orderStatus)
      exchange:advance(2)
      assert.is_nil(caller:order(id))
      assert.same({}, caller:must("GET", "order/realtime", { openOnly = 1 }).list)
      assert.equal(id, caller:must("GET", "order/history", { orderId = id }).list[1].orderId)
    end)

    it("restart: all connections end, order/realtime forgets closed orders, and for a while nothing answers", function()
      local open, closed = caller:place(), caller:place()
      caller:must("POST", "order/cancel", { symbol = "BTCUSD", orderId = closed })
      local idle <close> = raw.connect(exchange.port)
      idle:send(raw.text("GET", TIME))
      assert.equal(200, idle:answer().status)
      exchange:faults { { "restart", nth = 2, seconds = 3 } }
      assert.equal("New", caller:order(open).orderStatus)
      assert.is_nil((caller:send("GET", "order/realtime", {})))
      assert.equal("reset", ending(idle))
      exchange:advance(2.9)
      assert.is_nil((caller:send("GET", "order/realtime", {})))
      exchange:advance(0.1)
      assert.equal("New", caller:order(open).orderStatus)
      assert.is_nil(caller:order(closed))
      assert.equal(closed, caller:must("GET", "order/history", { orderId = closed }).list[1].orderId)
    end)
  end)

  describe("strike", function()
    -- The results of that many requests: "." for an answer, "x" for the end of the connection.
    local function strikes(rules, requests)
      exchange:faults(rules)
      local out = {}
      for i, path in ipairs(requests) do out[i] = caller:send("GET", path, {}) and "." or "x" end
      return table.concat(out)
    end

    local time, info = "market/time", "account/info"

    it("exactly the requests that a script names", function()
      assert.equal("..x.", strikes({ { "lost_answer", nth = 3 } }, { time, time, time, time }))
      assert.equal(".x.x", strikes({ { "lost_answer", nth = { 2, 4 } } }, { time, time, time, time }))
      assert.equal("xx..", strikes({ { "lost_answer", times = 2 } }, { time, time, time, time }))
      assert.equal(".x.x", strikes({ { "lost_answer", path = info } }, { time, info, time, info }))
      assert.equal("...x", strikes({ { "lost_answer", path = info, nth = 2 } }, { time, info, time, info }))
      assert.equal("x.x.", strikes({ { "lost_answer", path = "market/" } }, { time, info, time, info }))
      assert.equal("....", strikes({ { "lost_answer", verb = "POST" } }, { time, info, time, info }))
    end)

    it("at random, the same with the same seed", function()
      local many = {}
      for i = 1, 60 do many[i] = time end
      local one = strikes({ { "lost_answer", probability = 0.3 }, seed = 5 }, many)
      local two = strikes({ { "lost_answer", probability = 0.3 }, seed = 5 }, many)
      local other = strikes({ { "lost_answer", probability = 0.3 }, seed = 6 }, many)
      assert.equal(one, two)
      assert.not_equal(one, other)
      local _, struck = one:gsub("x", "")
      assert.is_true(struck > 5 and struck < 35)
    end)

    it("and are counted", function()
      strikes({ { "lost_answer", nth = { 1, 2 } }, { "code", code = 10016, executed = true, nth = 3 },
        { "http", status = 503, nth = 4 } }, { time, time, time, time, time })
      assert.same({ lost_answer = 2, code_10016_executed = 1, http_503 = 1 }, exchange:fault_counts())
    end)

    it("from the start, as an option", function()
      local other <close> = assert(paper.start { faults = { { "http", status = 500, times = 1 } } })
      assert.equal(500, raw.request(other.port, "GET", TIME).status)
      assert.equal(200, raw.request(other.port, "GET", TIME).status)
    end)
  end)

  it("raise if they are wrong; the message names them", function()
    for text, wanted in pairs {
      ["faults: rule 1: unknown kind 'lost'"] = { { "lost" } },
      ["faults: rule 2 %(delay%): 'seconds' is missing"] = { { "reset" }, { "delay" } },
      ["faults: rule 1 %(code%): 'code' is missing"] = { { "code" } },
      ["faults: rule 1 %(http%): 'status': 400 to 599 expected"] = { { "http", status = 200 } },
      ["faults: rule 1 %(reset%): unknown field 'propability'"] = { { "reset", propability = 1 } },
      ["faults: rule 1 %(reset%): 'probability': 0 to 1 expected"] = { { "reset", probability = 2 } },
      ["faults: rule 1 %(lost_answer%): 'executed' is not a choice here"] = { { "lost_answer", executed = false } },
      ["faults: rule 1 %(reset%): 'nth': whole numbers from 1 expected"] = { { "reset", nth = { 0 } } },
      ["faults: faults: unknown field 'lags'"] = { lags = 1 },
      ["faults: a table or false expected, got 'all' %(string%)"] = "all",
    } do
      assert.error_matches(function() exchange:faults(wanted) end, text)
    end
    assert.error_matches(function() paper.start { faults = { { "lost" } } } end,
      "bybit.paper.start: faults: rule 1: unknown kind 'lost'")
  end)
end)

-- The rules are gone through in C. Here is what they mean, rule by rule.
describe("the rules of faults", function()
  local core = require "bybit.core"
  local faults = require "bybit.paper.faults"

  local function strikes(rule, random)
    rule.seen = rule.seen + 1
    if rule.left <= 0 then return false end
    local named = not rule.nth
    for _, n in ipairs(type(rule.nth) == "table" and rule.nth or { rule.nth }) do named = named or n == rule.seen end
    if not named or rule.probability and random:unit() >= rule.probability then return false end
    rule.left = rule.left - 1
    return true
  end

  local function is_about(rule, closing, verb, place)
    local own = rule.path or rule.topic
    return (not rule.verb or rule.verb == verb)
      and (not own or own == place or own:sub(-1) == closing and place:sub(1, #own) == own)
  end

  local function plainly(rules, random, closing, verb, place)
    local struck
    for i, rule in ipairs(rules) do
      if is_about(rule, closing, verb, place) and strikes(rule, random) then struck = struck or i end
    end
    return struck
  end

  local PATHS = { "order/create", "order/", "order/amend", "position/list" }
  local TOPICS = { "order", "orderbook.", "orderbook.50.BTCUSD" }

  local function any_rule(random, i, of_frames)
    local function maybe(chance, value) if random:unit() < chance then return value end end
    local rule = { "code", code = i, probability = maybe(0.6, random:unit()), times = maybe(0.3, random:integer(0, 6)),
      nth = maybe(0.2, random:integer(1, 5)) or maybe(0.2, { random:integer(1, 5), random:integer(1, 40) }) }
    if of_frames then
      rule[1], rule.code, rule.topic = "stream_swallow", nil, maybe(0.6, TOPICS[random:integer(1, #TOPICS)])
    else
      rule.path, rule.verb = maybe(0.5, PATHS[random:integer(1, #PATHS)]), maybe(0.4, random:unit() < 0.5 and "GET" or "POST")
    end
    return rule
  end

  it("strike the same, and draw the same, as when each is looked at", function()
    local random, struck = core.random(20261205), 0
    for round = 1, 60 do
      local given, requests, frames = { seed = round }, {}, {}
      for i = 1, random:integer(0, 8) do
        local of_frames = random:unit() < 0.3
        given[i] = any_rule(random, i, of_frames)
        local copy = { seen = 0, left = given[i].times or math.huge, number = i }
        for name, value in pairs(given[i]) do copy[name] = value end
        table.insert(of_frames and frames or requests, copy)
      end
      local injected, draws = faults.new(1), core.random(round)
      injected:set(given)
      for _ = 1, 60 do
        local got, wanted
        if random:unit() < 0.3 then
          local topic = ({ "order", "orderbook.50.BTCUSD", "orderbook", "trade" })[random:integer(1, 4)]
          got, wanted = injected:pick_frame(topic), plainly(frames, draws, ".", nil, topic)
          wanted = wanted and frames[wanted].number
        else
          local verb, path = random:unit() < 0.5 and "GET" or "POST", PATHS[random:integer(1, #PATHS)]
          got, wanted = injected:pick(verb, "/v5/" .. path, 0), plainly(requests, draws, "/", verb, path)
          wanted = wanted and requests[wanted].number
        end
        assert.equal(wanted, got and got.number)
        struck = struck + (got and 1 or 0)
      end
      assert.equal(draws:bits(), injected.random:bits())
    end
    assert.is_true(struck > 500)
  end)
end)
