-- A halt reaches every process that uses the share, with each kind of share: none sends more than one request that adds risk after it, also
-- one that was in the middle of trading. Cancels go out. Whoever asks first takes it back for all.

local bybit = require "bybit"
local machine = require "spec.support.machine"
local redis = require "spec.support.redis"
local shares = require "spec.support.shares"

local TRADER = [[
client = bybit.client { environment = { url = "%s" }, key = "%s", secret = "%s", share = "%s" }
placed = 0
function order()
  local ok, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 20000 }
  if ok then placed = placed + 1 end
  return ok and "placed" or err.kind .. " " .. err.outcome
end]]

local SHARES = {
  file = shares.file,
  server = function()
    local server = redis.start()
    return server.url, function() server:close() end
  end,
}

for kind, open in pairs(SHARES) do
  describe("a halt, with a share on a " .. kind .. ",", function()
    local missing = kind == "server" and redis.missing

    it("is known to three processes with their next request, and cancels go out", function()
      if missing then return pending(missing) end
      local exchange <close> = bybit.paper.start { lag = 0, limits = { ["order/create"] = 1000 } }
      local share, close = open()
      local m <close> = setmetatable({ machine.new() }, { __close = function(self) self[1]:close() close() end })
      local programs = {}
      for i = 1, 3 do
        programs[i] = m[1]:start()
        programs[i]:ask(TRADER:format(exchange.url, exchange.key, exchange.secret, share))
        assert.equal("placed", programs[i]:ask "return order()")
      end
      local first, busy, idle = programs[1], programs[2], programs[3]
      busy:tell "local said repeat said = order() until said ~= 'placed' return said"
      while #exchange:books().orders < 12 do bybit.sleep(0.01) end -- it trades, on a server by turns that were taken ahead
      assert.equal("true", first:ask "return client:halt 'the model is wrong'")
      local there = #exchange:books().orders
      assert.equal("guard not_sent", busy:hear())
      assert.is_true(#exchange:books().orders <= there + 1)
      assert.equal("guard not_sent\tguard not_sent", idle:ask "return order(), order()")
      assert.equal("1\ttrue", idle:ask "return placed, client:cancel_all_orders { symbol = 'BTCUSD' } ~= nil")
      for _, order in ipairs(exchange:books().orders) do assert.equal("Cancelled", order.status) end
      assert.equal("true", idle:ask "return client:resume()")
      assert.equal("placed", first:ask "return order()")
      assert.equal("placed", busy:ask "return order()")
    end)
  end)
end
