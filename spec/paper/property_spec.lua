-- Random trading: thousands of actions from a seed, and checks of the exchange's books after every few of them. The engine runs in
-- this process, for speed, and what it keeps as sums and in indexes is compared with the plain way; a shorter run goes over
-- HTTP. PAPER_ACTIONS (default 1200) makes it longer, PAPER_SEED repeats a run:
-- PAPER_ACTIONS=1000000 make test SPEC=spec/paper/property_spec.lua

local check = require "spec.support.paper_books_check"
local decimal = require("bybit.core").decimal
local plain = require "spec.support.paper_plain"
local random_trading = require "spec.support.paper_random"
local wire = require "spec.support.paper_wire"

local ACTIONS = tonumber(os.getenv "PAPER_ACTIONS" or 1200)
local SEED = math.tointeger(tonumber(os.getenv "PAPER_SEED" or os.time() % 1000000))

---------------------------------------------------------------------------------------------------------------
-- What must hold between two readings of an account's books, and between queries.

local function is_open(status) return status == "New" or status == "PartiallyFilled" or status == "Untriggered" end

-- Each order is either open or closed; a closed order never changes again.
local function check_lists(account, books, world)
  local listed = {}
  local function walk(path, params, open)
    local cursor
    repeat
      params.cursor, params.limit = cursor, 50
      local page = world.get(account, path, params)
      for _, o in ipairs(page.list) do
        assert(not listed[o.orderId], "listed twice: " .. o.orderId)
        listed[o.orderId] = o
        assert(is_open(o.orderStatus) == open, path .. " shows an order that is " .. o.orderStatus)
      end
      cursor = page.nextPageCursor
    until cursor == ""
  end
  for _, market in ipairs(world.markets) do
    walk("order/realtime", { category = market.category, symbol = market.symbol }, true)
    walk("order/history", { category = market.category, symbol = market.symbol }, false)
  end
  for _, o in ipairs(books.orders) do
    local shown = listed[o.order_id]
    if shown then
      assert(shown.orderStatus == o.status and shown.cumExecQty == o.filled_quantity, "listed otherwise: " .. o.order_id)
      listed[o.order_id] = nil
    else
      local gone = not o.open and o.filled_quantity == "0" or not o.open and account.now() - o.created_time > 7 * 86400000
      assert(gone, "missing from both lists: " .. o.order_id)
    end
  end
  assert(next(listed) == nil, "listed, but not in the books")
end

local function check_history(account, books)
  for _, o in ipairs(books.orders) do
    local before = account.ended[o.order_id]
    local now = o.status .. o.filled_quantity .. o.updated_time
    if before and before ~= now then error(("order %s was %s and is %s"):format(o.order_id, before, now), 0) end
    if not o.open then account.ended[o.order_id] = now end
  end
end

local function run(seed, count, world)
  local g = random_trading.generator(seed)
  random_trading.begin(world)
  local codes, coins = {}, {}
  for _, market in ipairs(world.markets) do coins[market.symbol] = market.coin end
  local function post(account, path, params)
    local checked = path == "order/create" or path == "order/amend"
    local coin = checked and coins[params.symbol]
    local function available() return decimal(world.books(account).coins[coin].available) end
    local before = checked and available()
    local code, result = world.post(account, path, params)
    codes[code] = (codes[code] or 0) + 1
    if code == 0 and checked then
      -- An accepted order is covered; only rounding may leave a gap. What funding has eaten of a position's margin was there before.
      local after = available()
      assert(after > before:min(0) - "0.00001", ("available was %s and is %s after %s"):format(before, after, path))
    end
    return code, result
  end
  local done
  local ok, trouble = xpcall(function()
    for i = 1, count do
      done = i
      local account = g.one_of(world.accounts)
      random_trading.act(g, world, account, post)
      if world.engine and i % 7 == 0 then plain.check(world.engine, world.chance) end
      if i % world.every == 0 or i == count then
        for _, each in ipairs(world.accounts) do
          local books = world.books(each)
          check.consistent(books)
          check_history(each, books)
          if i % (world.every * 4) == 0 or i == count then check_lists(each, books, world) end
        end
      end
    end
  end, function(message) return debug.traceback(tostring(message)) end)
  if not ok then error(("PAPER_SEED=%d, action %d: %s"):format(seed, done, trouble), 0) end
  return codes
end

---------------------------------------------------------------------------------------------------------------

describe("paper exchange, random actions", function()
  it("keep the books consistent, in process", function()
    for round = 0, math.max(0, ACTIONS // 1200 - 1) do
      local codes = run(SEED + round, math.min(ACTIONS, 1200), random_trading.in_process(SEED + round))
      assert.is_true(codes[0] > 300, "most actions should be accepted")
    end
  end)

  for _, kind in ipairs { "LINEAR", "HEDGED" } do
    it("keep the books consistent, in process: " .. kind, function()
      local world = random_trading.in_process(SEED, random_trading[kind], { USDT = "100000", USDC = "50000" })
      local codes = run(SEED, math.max(400, ACTIONS // 6), world)
      assert.is_true(codes[0] > 60, "many actions should be accepted")
    end)
  end

  it("keep the books consistent, over HTTP", function()
    local exchange <close> = wire.start()
    local world = random_trading.over_http(exchange)
    run(SEED, math.max(400, ACTIONS // 20), world)
    for _, account in ipairs(world.accounts) do account.of:hang_up() end
    assert.same({}, exchange:errors())
  end)

  it("are the same for the same seed", function()
    local texts = {}
    for i = 1, 2 do
      local world = random_trading.in_process(SEED)
      run(SEED, 300, world)
      local books = world.books(world.accounts[1])
      local lines = {}
      for j, o in ipairs(books.orders) do lines[j] = table.concat({ o.order_id, o.status, o.filled_quantity, o.price }, " ") end
      texts[i] = table.concat(lines, "\n")
    end
    assert.equal(texts[1], texts[2])
  end)
end)
