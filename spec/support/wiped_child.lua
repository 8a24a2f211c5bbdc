-- A client whose credentials only C has held, and then a look for them in all of this process's memory: once while it is
-- open, and once after it is closed. Prints how often each needle was found: "open" or "closed", name, count.
--
-- usage: lua wiped_child.lua FILE NEEDLES...: FILE holds the credentials; a needle is "name:hex of the bytes, last first",
-- so that nothing here is a copy of what is looked for. Neither is the pattern: each byte is a set of its own in it.

local bybit = require "bybit"
local core = require "bybit.core"

local FILE = arg[1]
local REGION_MOST = 256 * 1024 * 1024 -- bytes: a sanitizer's shadow is larger
local PIECE = 1024 * 1024

local function pattern_of(hex)
  local sets = {}
  for i = #hex - 1, 1, -2 do
    local c = string.char(tonumber(hex:sub(i, i + 1), 16))
    sets[#sets + 1] = "[" .. (c:find "%p" and "%" or "") .. c .. "]"
  end
  return table.concat(sets)
end

local needles = {}
for i = 2, #arg do
  local name, hex = arg[i]:match "^(.-):(%x+)$"
  needles[#needles + 1] = { name = name, pattern = pattern_of(hex), size = #hex // 2 }
end

-- The places in memory that may be written: { from, to }.
local function regions()
  local list = {}
  for line in io.lines "/proc/self/maps" do
    local from, to, flags = line:match "^(%x+)%-(%x+) (%S+)"
    from, to = tonumber(from, 16), tonumber(to, 16)
    if flags:find "^rw" and to - from <= REGION_MOST then list[#list + 1] = { from, to } end
  end
  return list
end

local function look(when)
  local memory <close> = assert(io.open("/proc/self/mem", "rb"))
  for _, needle in ipairs(needles) do
    local count = 0
    for _, region in ipairs(regions()) do
      for at = region[1], region[2] - 1, PIECE do
        memory:seek("set", at)
        local bytes = memory:read(math.min(PIECE + needle.size, region[2] - at))
        if bytes and bytes:find(needle.pattern) then count = count + 1 end
        bytes = nil -- luacheck: ignore 311
        collectgarbage()
      end
    end
    print(when, needle.name, count)
  end
end

local client = bybit.client { environment = { url = "http://127.0.0.1:1" }, credentials = { file = FILE } }
local order = { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, deadline = 0.05 }
for _ = 1, 3 do
  assert(not client:place_order(order))
  assert(not client:get_open_orders_real_time { symbol = "BTCUSD", deadline = 0.05 })
end
look "open"
client:close()
collectgarbage()
collectgarbage()
core.loop.step(0)
look "closed"
