-- `bybit tail TOPIC ... --symbol NAME`: what streams tell, an event a line, until Ctrl-C.

local bybit = require "bybit"
local core = require "bybit.core"
local nearest = require "bybit.text.nearest"
local out = require "bybit.shell.out"
local printable = require "bybit.text.printable"
local topics = require "bybit.stream.topics"

local function moment(ms)
  return ms and bybit.iso(ms):match "T(.*)Z$" or ("-"):rep(12)
end

-- An event in a line. Records are words of our own and text from outside: a line never becomes two.
local function as_text(event, now)
  local record = event[event.kind]
  local parts = { moment(event.time or now), event.kind, record ~= nil and tostring(record) or nil }
  if not record and event.symbol then parts[#parts + 1] = event.symbol end
  if event.reason then parts[#parts + 1] = event.reason end
  if event.interval then parts[#parts + 1] = ("interval=%s%s"):format(event.interval, event.confirm and " closed" or "") end
  if event.changed then parts[#parts + 1] = "changed: " .. table.concat(event.changed, " ") end
  if event.dropped then parts[#parts + 1] = ("(%d before it were dropped)"):format(event.dropped) end
  return printable(table.concat(parts, " "))
end

local function as_json(event)
  return bybit.json.encode(event, { decimals = "string" })
end

-- The options in the words of client:stream.
local function params_of(words, options, wrong)
  local symbols = {}
  for name in (options.symbol or ""):gmatch "[^,]+" do symbols[#symbols + 1] = name end
  if not words[1] then wrong("tail: a topic expected, of " .. table.concat(topics.names, ", ")) end
  for _, word in ipairs(words) do
    local row = topics.row(word)
    if not row then
      wrong(("tail: no topic '%s'%s: there are %s"):format(word, nearest.hint(word, topics.names),
        table.concat(topics.names, ", ")))
    end
    for _, of in ipairs(row.of or {}) do
      local given = of == "symbol" and symbols[1] or of ~= "symbol" and options[of]
      if not given then wrong(("tail: %s needs --%s"):format(word, of)) end
    end
  end
  local params = { table.unpack(words) }
  params.symbols = symbols[1] and symbols or nil
  params.interval, params.record = options.interval, options.record
  return params
end

---@param words string[] topics
---@param options table --symbol, --interval, --json, --times, --record
---@param wrong fun(message: string)
---@param with_client fun(f: function): any
---@return integer status
return function(words, options, wrong, with_client)
  local params = params_of(words, options, wrong)
  local times = tonumber(options.times or math.huge)
  if not (times and times >= 1) then
    wrong(("option --times: a number above 0 expected, got %s"):format(options.times))
  end
  return with_client(function(client, token)
    params.cancel = token
    local count = 0
    for event in client:stream(params) do
      local text = options.json and as_json(event) or as_text(event, core.client.now(client))
      if not out.write_or_closed(text, "\n") then break end -- whoever read it has gone
      if event[event.kind] then count = count + 1 end
      if count >= times then break end
    end
    return 0
  end)
end
