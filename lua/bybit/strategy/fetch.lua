-- Fills a file of candles from the exchange: what is there already stays, and what is missing at its end is added.

local history = require "bybit.history.klines"

local fetch = {}

local PAGE = 1000 -- the most candles of an answer (V5 documentation, market/kline)
local HEAD = "start_time,open,high,low,close,volume,turnover\n"
local MINUTE = 60000

--- ms of an interval's word; nil for one that has no fixed length.
---@param word string
---@return integer?
function fetch.span(word)
  if word == "D" then return 1440 * MINUTE end
  if word == "W" then return 7 * 1440 * MINUTE end
  local minutes = word:find "^%d+$" and math.tointeger(tonumber(word))
  return minutes and minutes > 0 and minutes * MINUTE or nil
end

-- When the first and the last candle of a file begin; nil when there is no such file, or it is empty.
local function ends_of(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local size = file:seek "end"
  file:close()
  if size == 0 then return nil end
  local reader, why = history.open(path)
  if not reader then error(why, 0) end
  local first, last
  for row in function() return reader:next() end do
    first, last = first or row.start_time, row.start_time
  end
  return first, last
end

local function line_of(k)
  return ("%d,%s,%s,%s,%s,%s,%s\n"):format(k.start_time, k.open_price, k.high_price, k.low_price, k.close_price, k.volume or "",
    k.turnover or "")
end

--- Fetches candles into a file. Raises when the file cannot be read or written; nil and an error when the exchange does not answer: then
--- what came before is in the file, and the same call goes on from there.
---@param client table
---@param p {path: string, symbol: string, interval: string, from: integer, to: integer, cancel: userdata?,
--- progress: fun(part: number)?} from, to: ms; candles that begin in between, if they are final
---@return integer? added
---@return bybit.Error? err
function fetch.klines(client, p)
  local span = fetch.span(p.interval)
  local first, last = ends_of(p.path)
  local from = (p.from + span - 1) // span * span
  if first and first > from then
    error(("%s begins later, at %d: fetch into another file, or remove this one"):format(p.path, first), 0)
  end
  if last then from = math.max(from, last + span) end
  local to = math.min(p.to, client:now() // span * span) -- the newest candle is not final
  local file, why = io.open(p.path, "ab")
  if not file then error(why, 0) end
  local closing <close> = file -- luacheck: ignore 211
  if not last then assert(file:write(HEAD)) end
  local added, begin = 0, from
  while from < to do
    local stop = math.min(from + PAGE * span, to)
    local page, err = client:get_klines { symbol = p.symbol, interval = p.interval, start_time = from, end_time = stop - 1,
      limit = PAGE, cancel = p.cancel }
    if not page then return nil, err end
    for i = #page, 1, -1 do -- newest first
      local k = page[i]
      if k.start_time >= from and k.start_time < stop then
        assert(file:write(line_of(k)))
        added = added + 1
      end
    end
    assert(file:flush())
    from = stop
    if p.progress then p.progress((from - begin) / (to - begin)) end
  end
  return added
end

return fetch
