-- Most requests change an order, are signed, and are in time. They take a short way through the exchange. Two exchanges with one
-- seed get the same requests; of one of them the short way is closed. What they answer is the same, to the last byte.

local core = require "bybit.core"
local inside = require "bybit.paper.inside"

local SEED = math.tointeger(tonumber(os.getenv "PAPER_SEED" or os.time() % 1000000))
local KEY, SECRET, NOW = "shortcutKey01", "shortcutSecretShortcutSecret0001", 1700000000000

local function exchange(clock, limits)
  local x = inside.start { seed = SEED, clock = function() return clock.ms * 1000000 end, key = KEY, secret = SECRET,
    limits = limits }
  x.wire.keys.readOnlyKey = { key = "readOnlyKey", secret = SECRET, id = 2, created = NOW, account = x.account, read_only = true }
  return x
end

local PATHS = { "/v5/order/create", "/v5/order/amend", "/v5/order/cancel", "/v5/order/cancel-all", "/v5/position/set-leverage" }

-- A request, mostly a good one; `ids` are those of orders.
local function draw(random, clock, ids)
  local function one_of(list) return list[random:integer(1, #list)] end
  local function rarely(value, other) return random:unit() < 0.04 and other or value end
  local path = PATHS[math.min(#PATHS, random:integer(1, 12) // 2 + 1)]
  local fields = { category = rarely("inverse", "spot"), symbol = rarely("BTCUSD", "NONE") }
  if path == PATHS[1] then
    fields.side, fields.orderType = one_of { "Buy", "Sell" }, one_of { "Limit", "Limit", "Market" }
    fields.qty = rarely("10", "0.5")
    fields.price = rarely(("%d.5"):format(30100 + random:integer(-90, 90)), "1.23")
    fields.orderLinkId = random:unit() < 0.5 and ("link-%d"):format(random:integer(1, 400)) or nil
    fields.timeInForce = rarely(nil, one_of { "PostOnly", "IOC", "FOK", "never" })
  elseif path == PATHS[5] then
    fields.buyLeverage = tostring(random:integer(1, 20))
    fields.sellLeverage = fields.buyLeverage
  elseif path ~= PATHS[4] then
    fields.orderId = #ids > 0 and one_of(ids) or "none"
    if path == PATHS[2] then fields.price = ("%d.5"):format(30100 + random:integer(-90, 90)) end
  end
  local names, parts = {}, {}
  for name in pairs(fields) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do parts[i] = ('"%s":"%s"'):format(name, fields[name]) end
  local body = rarely("{" .. table.concat(parts, ",") .. "}", "[1]")
  local timestamp = rarely(tostring(clock.ms), one_of { "", "soon", tostring(clock.ms - 5001), tostring(clock.ms + 1000) })
  local window = rarely(one_of { "5000", "" }, one_of { "0", "60001", "5000x" })
  if window == "" then window = nil end
  local key = rarely(KEY, one_of { "readOnlyKey", "nobody", "" })
  local sign = core.sign.hmac_sha256(SECRET, timestamp .. key .. (window or "") .. body)
  sign = rarely(sign, one_of { "", ("0"):rep(64), "0" })
  local target = rarely(path, one_of { path .. "?a=1", "/v5/order/nothing", "/v5/order/create-batch" })
  return { rarely("POST", "GET"), target, body, one_of { "127.0.0.1", "127.0.0.2" }, rarely(key, nil), rarely(timestamp, nil),
    rarely(sign, nil), window }
end

describe("the short way of a change", function()
  for name, limits in pairs { ["without limits"] = false, ["with those of the exchange"] = {}, ["with few"] = {
    ["order/create"] = 3, ip = 40 } } do
    it(("answers as the way of all requests does, %s (PAPER_SEED=%d)"):format(name, SEED), function()
      if limits and not next(limits) then limits = nil end
      local clock, random, ids, taken, accepted = { ms = NOW }, core.random(SEED), {}, 0, 0
      local short, long = exchange(clock, limits), exchange(clock, limits)
      long.wire.orders = {}
      local run = short.wire.short
      assert.is_function(run)
      short.wire.short = function(...)
        local done = run(...)
        if done then taken = taken + 1 end
        return done
      end
      for i = 1, 700 do
        local request = draw(random, clock, ids)
        local got, wanted = { short.wire:handle(table.unpack(request, 1, 8)) }, { long.wire:handle(table.unpack(request, 1, 8)) }
        if not pcall(assert.same, wanted, got) then
          error(("request %d, %s %s %s: %s, not %s"):format(i, request[1], request[2], request[3], got[2], wanted[2]))
        end
        ids[#ids + 1] = got[2]:match '"orderId":"([^"]+)"'
        if got[2]:find('"retCode":0', 1, true) then accepted = accepted + 1 end
        if random:unit() < 0.3 then clock.ms = clock.ms + random:integer(0, 400) end
      end
      assert.is_true(taken > 100 and accepted > 10, ("%d went the short way, %d were accepted"):format(taken, accepted))
      assert.same({}, short.errors)
    end)
  end
end)
