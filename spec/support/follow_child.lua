-- A program that follows an account and writes down each fill with its bookmark, in one write, so that both are there or neither is.
-- It is killed at any moment. A text for spec.support.process, which gets URL, KEY, SECRET, FILE and STREAMS as variables.
local bybit = require "bybit"

local path = os.getenv "FILE"

-- The last whole line's bookmark; a line that was cut off is taken away.
local function last_mark()
  local file = io.open(path)
  if not file then return nil end
  local text = file:read "a"
  file:close()
  local whole = text:match "^(.*\n)" or ""
  if whole ~= text then -- never half of it, even if this program is killed here
    file = assert(io.open(path .. ".new", "w"))
    assert(file:write(whole))
    assert(file:close())
    assert(os.rename(path .. ".new", path))
  end
  local mark
  for line in whole:gmatch "[^\n]+" do mark = line:match "(%S+)$" end
  return mark
end

local client = bybit.client { environment = { url = os.getenv "URL" }, key = os.getenv "KEY", secret = os.getenv "SECRET",
  visibility = 0.1, rate = false, streams = os.getenv "STREAMS" == "true" }
local mark = last_mark()
local file = assert(io.open(path, "a"))
file:setvbuf "full"
for event in client:follow { symbol = "BTCUSD", since = mark, poll = 0.05, audit = 1, heartbeat = 1, patience = 1 } do
  if event.kind == "trade" then
    file:write(event.trade.trade_id, " ", event.late and "late" or "-", " ", event.bookmark, "\n")
    file:flush()
  elseif event.kind == "live" then
    if not mark then
      file:write("- - ", event.bookmark, "\n")
      file:flush()
    end
    io.stdout:write "live\n"
    io.stdout:flush()
  end
end
