-- Faults on purpose, so that a strategy can be tested against them: lost requests and answers, resets, bodies that break
-- off, delays, error pages and codes with and without execution, restarts. A seed or the rules themselves say which request
-- a fault strikes. The wire asks here before it answers; the server does to the answer what the fault says.

local core = require "bybit.core"
local striker = require("bybit.paper_engine").rules
local printable = require "bybit.text.printable"

local faults = {}

local LONG = 1000000000
local SECONDS = { "number", 0, 3600 }

-- Each kind: whether the request is carried out (`either`: as the rule says, by default not), whether the engine sees it in any case,
-- what the server does to the answer, the fields of a rule of this kind besides those of every rule, and its meaning in words.
local KINDS = {
  lost_request = { instruct = { silent = true }, doc = "The connection ends before the exchange has seen the request." },
  late_request = { late = true, instruct = { silent = true, late = true }, fields = { seconds = SECONDS }, needs = "seconds",
    doc = "The connection ends, and the request comes to the exchange `seconds` late, when the client has given it up. It is "
      .. "carried out then, if its receive window still allows it." },
  lost_answer = { executed = true, instruct = { silent = true },
    doc = "The exchange carries the request out, and the connection ends before the answer." },
  reset = { either = true, instruct = { silent = true, reset = true },
    doc = "The connection ends with a TCP reset. The request is carried out if `executed` is true." },
  cut = { executed = true, instruct = { cut = true }, fields = { at = { "integer", 0, LONG }, reset = { "boolean" } },
    doc = "The request is carried out; the body of its answer breaks off." },
  delay = { executed = true, fields = { seconds = SECONDS }, needs = "seconds",
    doc = "The request is carried out; its answer comes `seconds` late." },
  reorder = { executed = true, instruct = { overtaken = 1 }, fields = { seconds = SECONDS },
    doc = "The request is carried out; the answer to a later request overtakes its answer." },
  http = { either = true, fields = { status = { "integer", 400, 599 } }, needs = "status",
    doc = "An error page with this HTTP status stands in for the answer. The request is carried out if `executed` is true." },
  code = { either = true, needs = "code", fields = { code = { "integer", -LONG, LONG }, message = { "string" } },
    doc = "This retCode stands in for the answer. The request is carried out if `executed` is true." },
  partly = { executed = true, instruct = { silent = true }, needs = "first", fields = { first = { "integer", 0, 20 } },
    doc = "Of a batch only the `first` orders are carried out, and the connection ends before the answer." },
  element = { either = true, seen = true, needs = "code",
    fields = { code = { "integer", -LONG, LONG }, message = { "string" }, order = { "integer", 1, 20 } },
    doc = "In the answer to a batch this code stands in for that of one order, the `order`-th (1). The order is carried out if "
      .. "`executed` is true." },
  restart = { instruct = { silent = true, restart = true }, fields = { seconds = SECONDS },
    doc = "The exchange restarts: all connections are reset, order/realtime forgets closed orders, and each request is "
      .. "reset for `seconds`." },
}

-- Those of a stream strike a frame that the exchange sends, by its topic: "order", "orderbook.50.BTCUSD", or what it answers:
-- "pong", "auth", "subscribe", "order.create".
local TOPIC = { topic = { "string" } }
local function frames(words, fields, needs)
  local all = { topic = TOPIC.topic }
  for name, field in pairs(fields or {}) do all[name] = field end
  return { stream = true, fields = all, needs = needs, doc = words }
end

KINDS.stream_silent = frames "The stream's connection stays, and nothing is sent on it any more."
KINDS.stream_half_open = frames "The stream's connection stays, nothing is sent on it any more, and nothing is read."
KINDS.stream_cut = frames("The stream's connection ends in place of the frame.", { reset = { "boolean" } })
KINDS.stream_swallow = frames "The frame is never sent. Of an order book, the next one then does not follow on what was sent."
KINDS.stream_duplicate = frames "The frame is sent twice."
KINDS.stream_reorder = frames "The frame is sent after the next one of its connection."
KINDS.stream_late = frames("The frame comes `seconds` late, after later ones.", { seconds = SECONDS }, "seconds")
KINDS.stream_slow = frames("From the frame on the connection carries `rate` bytes a second. The rest waits at the exchange, "
  .. "which cuts the connection when a MiB waits.", { rate = { "integer", 1, LONG } }, "rate")
KINDS.stream_crossed = frames "Of an order book's changes: the frame and the next one of its topic have each other's number `u`."

faults.kinds = KINDS -- for the reference

-- The fields of every rule: the type of each, and the range of numbers.
local EVERY_RULE = {
  probability = { "number", 0, 1 }, nth = {}, path = { "string" }, verb = { "string", one_of = { "GET", "POST" } },
  times = { "integer", 0, LONG },
  executed = { "boolean" },
}

-- What holds for all requests while it is set.
local STANDING = { seed = { "integer" }, lag = { "integer", 0, 3600000 }, skew = { "integer", -86400000, 86400000 },
  forget = { "number", 0, LONG } }

local OVERTAKE_WAIT = 1000 -- ms that an answer waits for another one to overtake it, at most

-- What the exchange says (V5 documentation, error codes); its pages for HTTP errors are not documented.
local MESSAGES = {
  [429] = "The trading server is overloaded, please try again later.", [10000] = "Server Timeout",
  [10002] = "invalid request, please check your server timestamp or recv_window param.",
  [10006] = "Too many visits. Exceeded the API Rate Limit.", [10016] = "Server error.",
}
local PAGES = { [403] = "access too frequent", [429] = "Too Many Requests" }

local function fail(text, ...)
  error(("faults: " .. text):format(...), 0)
end

local function shown(value)
  local kind = type(value)
  if kind == "nil" or kind == "table" then return kind == "nil" and "nil" or "a table" end
  local text = printable(tostring(value))
  return kind == "string" and ("'%s' (string)"):format(text) or ("%s (%s)"):format(text, math.type(value) or kind)
end

local NAMES = { number = "a number", integer = "a whole number", string = "a text", boolean = "true or false" }

local function is(value, kind)
  if kind == "number" then return math.type(value) ~= nil end
  return (math.type(value) or type(value)) == kind
end

local function among(words, value)
  for _, word in ipairs(words) do
    if word == value then return true end
  end
  return false
end

local function check_field(where, name, value, wanted)
  local kind, low, high = wanted[1], wanted[2], wanted[3]
  if kind and not is(value, kind) then fail("%s: '%s': %s expected, got %s", where, name, NAMES[kind], shown(value)) end
  if low and not (value >= low and value <= high) then
    fail("%s: '%s': %d to %d expected, got %s", where, name, low, high, shown(value))
  end
  if wanted.one_of and not among(wanted.one_of, value) then
    fail("%s: '%s': %s expected, got %s", where, name, table.concat(wanted.one_of, " or "), shown(value))
  end
end

-- Fields by name, and `places` entries of an array.
local function check_fields(where, given, places, ...)
  for name, value in pairs(given) do
    local wanted
    for _, known in ipairs { ... } do wanted = wanted or known[name] end
    if wanted then
      check_field(where, name, value, wanted)
    elseif math.type(name) ~= "integer" or name < 1 or name > places then
      fail("%s: unknown field '%s'", where, printable(tostring(name)))
    end
  end
end

local function check_nth(where, nth)
  for _, n in ipairs(type(nth) == "table" and nth or { nth }) do
    if not is(n, "integer") or n < 1 then fail("%s: 'nth': whole numbers from 1 expected, got %s", where, shown(n)) end
  end
end

local function check_rule(i, rule)
  local where = ("rule %d"):format(i)
  if type(rule) ~= "table" then fail("%s: a table expected, got %s", where, shown(rule)) end
  local kind = KINDS[rule[1]]
  if not kind then fail("%s: unknown kind '%s'", where, printable(tostring(rule[1]))) end
  where = ("%s (%s)"):format(where, rule[1])
  check_fields(where, rule, 1, EVERY_RULE, kind.fields or {})
  if kind.needs and rule[kind.needs] == nil then fail("%s: '%s' is missing", where, kind.needs) end
  if rule.executed ~= nil and not kind.either then fail("%s: 'executed' is not a choice here", where) end
  check_nth(where, rule.nth)
end

-- The highest place in the list of rules, so that a hole in the list is found.
local function count(wanted)
  local most = 0
  for name in pairs(wanted) do
    if math.type(name) == "integer" and name > most then most = name end
  end
  return most
end

--- Raises when a table of faults cannot be meant.
---@param wanted table|false|nil
function faults.check(wanted)
  if not wanted then return end
  if type(wanted) ~= "table" then fail("a table or false expected, got %s", shown(wanted)) end
  local rules = count(wanted)
  check_fields("faults", wanted, rules, STANDING)
  for i = 1, rules do check_rule(i, wanted[i]) end
end

local Faults = {}
Faults.__index = Faults

---@param seed integer of the exchange: that of the faults, when they name none
function faults.new(seed)
  return setmetatable({ seed = seed, rules = {}, counts = {}, standing = {}, asked = 0 }, Faults)
end

-- What a rule is counted as.
local function label(rule)
  local name = rule[1]
  if rule.status or rule.code then name = ("%s_%d"):format(name, rule.status or rule.code) end
  return rule.executed and name .. "_executed" or name
end

-- The path of an endpoint without what stands before it on either wire.
local function short(path)
  return (path:gsub("^/v5/", ""):gsub("^/v2/private/", ""))
end

local function compile(rule, number)
  local kind, nth = KINDS[rule[1]], nil
  if rule.nth then
    nth = {}
    for _, n in ipairs(type(rule.nth) == "table" and rule.nth or { rule.nth }) do nth[n] = true end
  end
  local executed = kind.executed or false
  if kind.either then executed = rule.executed or false end
  local place -- what it is about
  if kind.stream then place = rule.topic else place = rule.path and short(rule.path) end
  return {
    number = number, kind = rule[1], label = label(rule), place = place, verb = not kind.stream and rule.verb or nil, nth = nth,
    probability = rule.probability, left = rule.times or math.huge, executed = executed, status = rule.status,
    code = rule.code, message = rule.message, at = rule.at, reset = rule.reset, seconds = rule.seconds,
    stream = kind.stream or false, rate = rule.rate,
    enters = executed or kind.seen or false, late = kind.late or false, first = rule.first, order = rule.order or 1,
  }
end

--- Replaces all that was set before; nothing, or false, switches faults off. Counts go on.
---@param wanted table|false|nil checked by faults.check
function Faults:set(wanted)
  wanted = wanted or {}
  self.random = core.random(wanted.seed or self.seed)
  self.rules, self.down_until, self.by_path = {}, nil, false
  local of_requests, of_frames = {}, {}
  for i, given in ipairs(wanted) do
    local rule = compile(given, i)
    self.rules[i], self.by_path = rule, self.by_path or given.path ~= nil
    table.insert(rule.stream and of_frames or of_requests, rule)
  end
  self.strike = of_requests[1] and striker(of_requests, self.random, "/")
  self.strike_frame = of_frames[1] and striker(of_frames, self.random, ".")
  self.standing = { lag = wanted.lag, skew = wanted.skew, forget = wanted.forget and wanted.forget * 1000 or nil }
end

function Faults:count(name)
  self.counts[name] = (self.counts[name] or 0) + 1
end

--- The first rule that strikes this request; nil without one. Every rule about the request counts it and draws for it.
---@param now integer ms
---@return table? rule
function Faults:pick(verb, path, now)
  self.asked = self.asked + 1
  if self:is_down(now) then return { kind = "restart", executed = false, down = true } end
  self.down_until = nil
  local struck = self.strike and self.strike(verb, self.by_path and short(path) or path)
  if not struck then return nil end
  self:count(struck.label)
  if struck.kind == "restart" then self.down_until = now + math.floor((struck.seconds or 0) * 1000) end
  if self.heard then self.heard(struck, verb, path, now) end
  return struck
end

--- The first rule that strikes this frame of a stream; nil without one. As `pick`, it counts for each rule about it.
---@param topic string
---@return table? rule
function Faults:pick_frame(topic)
  local struck = self.strike_frame and self.strike_frame(nil, topic)
  if struck then self:count(struck.label) end
  return struck
end

--- Is the exchange away, so that nothing reaches it?
---@param now integer ms
function Faults:is_down(now)
  return self.down_until ~= nil and now < self.down_until
end

--- The page that stands in for an answer: status and text; nil when the rule has none.
function faults.page(rule)
  if not rule.status then return nil end
  return rule.status, PAGES[rule.status]
    or ("<html><head><title>%d</title></head><body><center>gateway</center></body></html>"):format(rule.status)
end

local function words_of(rule)
  return rule.message or MESSAGES[rule.code] or "injected"
end

--- What a rule does to the orders of a batch, one after the other.
---@param rule table? of the request
---@param act function engine, account, item -> the order, or nil, code and message
---@return function act the same, under the rule
function faults.of_elements(rule, act)
  if not rule or rule.kind ~= "partly" and rule.kind ~= "element" then return act end
  local place = 0
  return function(engine, account, item)
    place = place + 1
    if rule.kind == "partly" and place > rule.first then return nil, 10016, MESSAGES[10016] end -- nobody gets this answer
    if rule.kind == "partly" or place ~= rule.order then return act(engine, account, item) end
    if rule.executed then act(engine, account, item) end
    return nil, rule.code, words_of(rule)
  end
end

--- The code that stands in for an answer's: code and text; nil when the rule has none.
function faults.code(rule)
  if not rule.code or rule.kind == "element" then return nil end
  return rule.code, words_of(rule)
end

--- What the server is to do to an answer with a body of so many bytes; nil: send it.
---@return { delay: integer?, overtaken: integer?, silent: boolean?, cut: boolean?, at: integer?, reset: boolean?,
---  restart: boolean?, late: boolean? }?
function Faults:instruction(rule, size)
  if rule.down then return { silent = true, reset = true } end
  local out = {}
  for k, v in pairs(KINDS[rule.kind].instruct or {}) do out[k] = v end
  if rule.kind == "cut" then
    out.at, out.reset = math.min(rule.at or self.random:integer(0, math.max(0, size - 1)), math.max(0, size - 1)), rule.reset
  elseif rule.kind == "delay" then
    out.delay = math.max(1, math.floor(rule.seconds * 1000))
  elseif rule.kind == "reorder" then
    out.delay = rule.seconds and math.max(1, math.floor(rule.seconds * 1000)) or OVERTAKE_WAIT
  end
  return next(out) and out or nil
end

return faults
