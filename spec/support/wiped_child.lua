-- A client whose credentials only C has held. Then all memory of this process is searched for them: while the client is open,
-- after it is closed, or after it is closed unused. Prints how often each needle was found: name, count.
--
-- usage: lua wiped_child.lua open|closed|unused FILE NEEDLES...: FILE holds the credentials; a needle is "name:hex of the
-- bytes, last first", so that nothing here is a copy of what is searched for. The pattern is no copy either: each byte is a
-- set in it. Memory is read in small pieces, so that the buffers do not overwrite freed memory.

local bybit = require "bybit"
local core = require "bybit.core"

local WHEN, FILE = arg[1], arg[2]
local REGION_MOST = 256 * 1024 * 1024 -- bytes: a sanitizer's shadow is larger
local PIECE = 4096
local ZEROS = ("\0"):rep(PIECE)

local function pattern_of(hex)
  local sets = {}
  for i = #hex - 1, 1, -2 do
    local c = string.char(tonumber(hex:sub(i, i + 1), 16))
    sets[#sets + 1] = "[" .. (c:find "%p" and "%" or "") .. c .. "]"
  end
  return table.concat(sets)
end

local needles = {}
for i = 3, #arg do
  local name, hex = arg[i]:match "^(.-):(%x+)$"
  needles[#needles + 1] = { name = name, pattern = pattern_of(hex) }
end

-- The writable regions of memory: { from, to }.
local function regions()
  local list = {}
  for line in io.lines "/proc/self/maps" do
    local from, to, flags = line:match "^(%x+)%-(%x+) (%S+)"
    from, to = tonumber(from, 16), tonumber(to, 16)
    if flags:find "^rw" and to - from <= REGION_MOST then list[#list + 1] = { from, to } end
  end
  return list
end

local memory <close> = assert(io.open("/proc/self/mem", "rb"))

local function look()
  local places, counts = regions(), {}
  for _, needle in ipairs(needles) do counts[needle] = 0 end
  for _, region in ipairs(places) do
    local before = ""
    for at = region[1], region[2] - 1, PIECE do
      memory:seek("set", at)
      local bytes = memory:read(PIECE) or ""
      local both = before .. bytes
      for _, needle in ipairs(bytes == ZEROS and {} or needles) do -- most pages hold only zeros
        if both:find(needle.pattern) then counts[needle] = counts[needle] + 1 end
      end
      before = bytes:sub(-1000)
    end
  end
  for _, needle in ipairs(needles) do print(needle.name, counts[needle]) end
end

local client = bybit.client { environment = { url = "http://127.0.0.1:1" }, credentials = { file = FILE } }
local order = { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, deadline = 0.05 }
for _ = 1, WHEN == "unused" and 0 or 3 do
  assert(not client:place_order(order))
  assert(not client:get_open_orders_real_time { symbol = "BTCUSD", deadline = 0.05 })
end
if WHEN ~= "open" then
  client:close()
  client = nil -- luacheck: ignore 311
  collectgarbage()
  collectgarbage()
  core.loop.step(0)
end
look()
