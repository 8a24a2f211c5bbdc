-- A process that trades on a key together with others: it places orders as fast as the share allows, each cancelled at once (IOC,
-- far from the market), and appends a line for each: `ok`, or what went wrong. Refusals by a limit that the client overcame are
-- lines too; that nothing is sent before the share was reached is none. A text for spec.support.process, which gets URL, KEY,
-- SECRET, SHARE, ON_LOSS, NOTES and TASKS as variables.
local bybit = require "bybit"

local notes = assert(io.open(os.getenv "NOTES", "a"))
notes:setvbuf "no"

local client <close> = bybit.client { environment = { url = os.getenv "URL" }, key = os.getenv "KEY", secret = os.getenv "SECRET",
  share = { path = os.getenv "SHARE", on_loss = os.getenv "ON_LOSS" or "divide" },
  log = function(event)
    local text = tostring(event.error)
    if event.error and event.method ~= "share" and not text:find("guard: the share", 1, true) then
      notes:write(event.level, " ", text, "\n")
    end
  end }

local function trade()
  while true do
    local ok, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", time_in_force = "IOC", quantity = 1,
      price = 20000 }
    if ok then
      notes:write "ok\n"
    elseif err.kind == "guard" then
      bybit.sleep(0.05)
    end
  end
end

bybit.run(function()
  for _ = 2, tonumber(os.getenv "TASKS" or "1") do bybit.spawn(trade) end
  trade()
end)
