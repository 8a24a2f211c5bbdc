-- Decodes a page of 50 orders with core.json.decode and with lua-cjson, turn about in one run, and prints the
-- ratio. The page is the exchange's own example of order/realtime, its order repeated with ids, prices and
-- quantities that differ, as compact as the exchange sends it.
--
--   make bench        or: LUA_CPATH='build/?.so;;' lua5.4 spec/bench/json_bench.lua

local cjson = require "cjson"
local json = require "bybit.core".json

local ROUNDS, CALLS = 40, 50

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- Drops the white space between tokens; strings (the fixture has no escapes) are left alone.
local function compact(text)
  return (text:gsub('"[^"]*"', function(s) return (s:gsub("%s", "\0")) end):gsub("%s", ""):gsub("%z", " "))
end

local function page(count)
  local text = compact(read "spec/fixtures/v5/order-realtime.response.json")
  local before, order, after = text:match '^(.-"list":%[)({.*})(%],"nextPageCursor".*)$'
  local list = {}
  for i = 1, count do
    list[i] = order
      :gsub("fd4300ae%-7847%-404e%-b947%-b46980a4d140", ("fd4300ae-7847-404e-b947-%012x"):format(i * 7919))
      :gsub("test%-000005", ("test-%06d"):format(i))
      :gsub('"1600%.00"', ('"%d.%02d"'):format(1600 + i, i))
      :gsub('"0%.10"', ('"0.%02d"'):format(10 + i))
      :gsub("1684738540559", tostring(1684738540559 + i))
  end
  return before .. table.concat(list, ",") .. after
end

local function seconds(decode, text)
  collectgarbage()
  collectgarbage "stop"
  local start = os.clock()
  for _ = 1, CALLS do decode(text) end
  local spent = os.clock() - start
  collectgarbage "restart"
  return spent / CALLS
end

local text = page(50)
assert(#json.decode(text).result.list == 50 and #cjson.decode(text).result.list == 50)

local best, ratios = {ours = math.huge, cjson = math.huge}, {}
for round = 1, ROUNDS do
  local first = round % 2 == 0
  local a = seconds(first and json.decode or cjson.decode, text)
  local b = seconds(first and cjson.decode or json.decode, text)
  local ours, theirs = first and a or b, first and b or a
  best.ours, best.cjson = math.min(best.ours, ours), math.min(best.cjson, theirs)
  ratios[round] = theirs / ours
end
table.sort(ratios)

print(("decode, 50 orders, %d bytes: core.json %.0f us, lua-cjson %.0f us (best of %d rounds of %d)"):format(
  #text, best.ours * 1e6, best.cjson * 1e6, ROUNDS, CALLS))
print(("lua-cjson / core.json: %.2f (median of rounds; from %.2f to %.2f)"):format(
  ratios[ROUNDS // 2], ratios[1], ratios[ROUNDS]))
