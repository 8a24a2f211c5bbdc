-- `bybit fetch klines SYMBOL --from DATE --to DATE`: fills a file of candles from the exchange.

local fetch = require "bybit.strategy.fetch"
local enums = require "bybit.records.enums"
local moments = require "bybit.history.moments"
local nearest = require "bybit.text.nearest"
local out = require "bybit.shell.out"
local progress = require "bybit.strategy.progress"

-- A moment of the command line, in ms.
local function moment(name, text, wrong)
  if not text then wrong(("fetch: --%s is missing, a date such as 2025-01-31"):format(name)) end
  return moments.read(text) or wrong(("fetch: --%s: a date such as 2025-01-31 expected, got %s"):format(name, text))
end

local function interval_of(options, wrong)
  local word, words = options.interval or "1", enums.kline_interval.values
  for _, known in ipairs(words) do
    if known == word and fetch.span(word) then return word end
  end
  wrong(("fetch: --interval: minutes such as 1, 5, 60, or D, W expected, got %s%s"):format(word, nearest.hint(word, words)))
end

---@param words string[] klines, and the symbol
---@param options table --from, --to, --interval, --out
---@param wrong fun(message: string)
---@param with_client fun(f: function): any
---@return integer status
return function(words, options, wrong, with_client)
  if words[1] ~= "klines" or not words[2] or words[3] then
    wrong "fetch: what to fetch, and a symbol, expected: bybit fetch klines BTCUSD --from 2025-01-01 --to 2025-02-01"
  end
  local interval, symbol = interval_of(options, wrong), words[2]
  local from = moment("from", options.from, wrong)
  local to = options.to and moment("to", options.to, wrong) or math.maxinteger
  if to <= from then wrong "fetch: --to is not after --from" end
  local path = options.out or ("%s_%s.csv"):format(symbol, interval)
  return with_client(function(client, token)
    local time, err = client:get_server_time { cancel = token }
    if not time then error(err, 0) end
    local done, added, why = pcall(fetch.klines, client, { path = path, symbol = symbol, interval = interval, from = from,
      to = to, cancel = token, progress = progress.of(true, symbol) })
    if not done and type(added) == "string" then wrong("fetch: " .. added:gsub("^%S+%.lua:%d+: ", "")) end
    if not done then error(added, 0) end
    if not added then error(why, 0) end
    out.write(("%s: %d candles added\n"):format(path, added))
    return 0
  end)
end
