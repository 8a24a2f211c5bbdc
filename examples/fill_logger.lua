-- Writes each fill of the account into a CSV file, once, whatever happens to this program: kill it with SIGKILL at any moment, start it
-- again, and it goes on where the file ends. Beside the file lies its bookmark, which says what was delivered. A fill is written
-- before its bookmark; if the program dies in between, the fill comes again, and its id is in the file already.
--
--   lua5.4 examples/fill_logger.lua FILE [SYMBOL]
--   lua5.4 examples/fill_logger.lua            shows it on paper: the logger is a process of its own, which is killed while it writes

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local ENVIRONMENT = "testnet"
local COLUMNS = { "timestamp", "trade_id", "order_id", "side", "quantity", "price", "fee" }

local function text_of(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "a" or nil
end

-- A whole text, or what was there before: never half of one.
local function save(path, text)
  local file = assert(io.open(path .. ".new", "wb"))
  assert(file:write(text))
  assert(file:close())
  assert(os.rename(path .. ".new", path))
end

-- The ids of the fills in the file. A last line that is not whole is cut off: its fill comes again.
local function ids_in(path)
  local ids, text = {}, text_of(path)
  if not text then
    save(path, table.concat(COLUMNS, ",") .. "\n")
    return ids
  end
  local whole = text:match "^.*\n" or ""
  if whole ~= text then save(path, whole) end
  for line in whole:gmatch "[^\n]+" do ids[line:match "^[^,]*,([^,]*)" or ""] = true end
  return ids
end

local function log(client, stop, path, symbol)
  local place = path .. ".bookmark"
  local ids = ids_in(path)
  local since = text_of(place)
  if not since then
    since = bybit.iso(client:now())
    save(place, since)
  end
  local file <close> = assert(io.open(path, "ab"))
  file:setvbuf "no" -- a line is one write
  for event in client:follow { symbol = symbol, since = since, cancel = stop } do
    local trade = event.trade
    if trade and not ids[trade.trade_id] then
      local row = {}
      for i, name in ipairs(COLUMNS) do row[i] = tostring(trade[name]) end
      assert(file:write(table.concat(row, ","), "\n"))
    end
    if trade or event.kind == "live" then save(place, event.bookmark) end
  end
end

-------------------------------------------------------------------------------------------------------------
-- On paper.

local KILLS, ORDERS = 3, 12 -- orders before each kill, and as many while nobody logs

local function trade(client, orders)
  for i = 1, orders do
    assert(client:place_order { symbol = "BTCUSD", side = i % 2 == 0 and "Sell" or "Buy", type = "Market", quantity = i })
  end
end

local function lines_in(path) return select(2, (text_of(path) or ""):gsub("\n", "")) end

local function show()
  local exchange <close> = bybit.paper.start { seed = 9, limits = false }
  local client <close> = bybit.client { environment = exchange }
  local path = os.tmpname()
  os.remove(path)
  local command = ("echo $$; LOGGER_URL=%s BYBIT_API_KEY=%s BYBIT_API_SECRET=%s exec %s %s %s BTCUSD"):format(exchange.url,
    exchange.key, exchange.secret, os.getenv "LUA" or "lua5.4", arg[0], path)
  local made = 0
  local function wait_for(count)
    while lines_in(path) < count + 1 do bybit.sleep(0.02) end -- and the line with the names
  end
  for kill = 0, KILLS do
    local logger = assert(io.popen(command))
    local pid = logger:read "l"
    while not text_of(path .. ".bookmark") do bybit.sleep(0.02) end
    trade(client, ORDERS)
    made = made + ORDERS
    wait_for(kill < KILLS and made - ORDERS // 2 or made) -- half of them are still to be written
    os.execute("kill -9 " .. pid)
    logger:close()
    if kill < KILLS then
      trade(client, ORDERS) -- nobody is there to hear of these
      made = made + ORDERS
    end
  end
  local seen, twice = {}, 0
  for line in text_of(path):gmatch "[^\n]+" do
    local id = line:match "^%d+,([^,]+)"
    if id and seen[id] then twice = twice + 1 end
    if id then seen[id] = true end
  end
  local fills, missing = 0, 0
  for fill in client:each("get_user_trades", { symbol = "BTCUSD" }) do
    fills = fills + 1
    if not seen[fill.trade_id] then missing = missing + 1 end
  end
  print(("%d fills, killed %d times: %d missing, %d twice"):format(fills, KILLS + 1, missing, twice))
  os.remove(path)
  os.remove(path .. ".bookmark")
end

if not arg[1] then return show() end

local url = os.getenv "LOGGER_URL"
local options = { environment = url and { url = url } or ENVIRONMENT, credentials = "env" }
if url then options.visibility = 0.2 end -- seconds: the paper exchange shows all of its fills by then
bybit.main(options, function(client, stop)
  log(client, stop, arg[1], arg[2] or "BTCUSD")
end)
