-- What callers ask of streams: their parameters, checked, and whether a client can have streams at all.

local categories = require "bybit.wire.categories"
local core = require "bybit.core"
local enums = require "bybit.records.enums"
local errors = require "bybit.errors"
local nearest = require "bybit.text.nearest"

local asked = {}

asked.HEARTBEAT, asked.PATIENCE = 20, 10 -- s, as V5 documentation, websocket/connect advises; and how late an answer may be

local function fail(method, text, ...)
  errors.raise(method .. ": " .. text:format(...))
end

local function number(least, most, whole)
  return function(method, name, value)
    local fine = math.type(value) and value >= least and value <= most and (not whole or math.tointeger(value))
    if not fine then
      fail(method, "'%s': a %s from %s to %s expected, got %s", name, whole and "whole number" or "number", least, most,
        tostring(value))
    end
    return value
  end
end

local function one_of(method, name, value, words)
  for _, word in ipairs(words) do
    if value == word then return value end
  end
  fail(method, "'%s': one of %s expected, got %s", name, table.concat(words, ", "), tostring(value))
end

local checks = { queue = number(1, 1000000, true), heartbeat = number(0.05, 60), patience = number(0.05, 60),
  timeout = number(0.001, 600) }

function checks.symbol(method, name, value)
  if type(value) ~= "string" or not value:find "^[A-Z0-9][A-Z0-9%-]+$" then
    fail(method, "'%s': a contract such as BTCUSD, in capitals, expected, got %s", name, tostring(value))
  end
  return value
end

function checks.symbols(method, name, value)
  if type(value) ~= "table" or #value == 0 then
    fail(method, "'%s': a list of contracts expected, got %s", name, tostring(value))
  end
  for i, each in ipairs(value) do checks.symbol(method, ("%s[%d]"):format(name, i), each) end
  return value
end

function checks.interval(method, name, value) return one_of(method, name, value, enums.kline_interval.values) end
function checks.category(method, name, value) return one_of(method, name, value, categories.names) end

local DEPTHS = { 1, 50, 200, 1000 } -- V5 documentation, websocket/public/orderbook

-- Is a moment, or a bookmark, see stream/follow.
function checks.since(_, _, value) return value end

local span, pause = number(1, 86400), number(0.05, 3600)

function checks.audit(method, name, value) return value and span(method, name, value) end
function checks.poll(method, name, value) return pause(method, name, value) end

function checks.depth(method, name, value) return one_of(method, name, value, DEPTHS) end

function checks.record(method, name, value)
  if type(value) ~= "string" or value == "" then
    fail(method, "'%s': the path of a file expected, got %s", name, tostring(value))
  end
  return value
end

function checks.cancel(method, name, value)
  if type(value) ~= "userdata" or not pcall(function() return value:cancelled() end) then
    fail(method, "'%s': a cancel token expected, got %s", name, tostring(value))
  end
  return value
end

--- Reads parameters: the options by name, checked, with what the times are when they are left out; and what stands by place.
---@param method string for messages
---@param params any what the caller gave
---@param known string[] which options there are
---@param example string
---@return table options, any[] placed
function asked.options(method, params, known, example)
  if type(params) ~= "table" then fail(method, "a table such as %s expected, got %s", example, type(params)) end
  local options, placed, is_known = { heartbeat = asked.HEARTBEAT, patience = asked.PATIENCE }, { table.unpack(params) }, {}
  for _, name in ipairs(known) do is_known[name] = true end
  for name, value in pairs(params) do
    if math.type(name) == "integer" then
      if placed[name] == nil or name > #placed then fail(method, "a hole in the list before [%d]", name) end
    elseif not is_known[name] then
      fail(method, "unknown parameter '%s'%s", tostring(name), nearest.hint(name, known))
    else
      options[name] = checks[name](method, name, value)
    end
  end
  return options, placed
end

-- Why a client can have no streams; nil: it can.
local function reason(t)
  if t.class.dialect.name ~= "v5" then return "streams are on the V5 wire: api = \"v5\"" end
  if not t.wants_streams then return "this client was made with streams = false" end
  if not t.lines then return "a client with a transport of its own has no streams" end
  local missing = t.lines == "sockets" and core.stream.missing()
  if missing then return missing end
  return not t.streams and "the exchange documents no host of streams for this environment" or nil
end

--- Raises where this client can have no streams.
---@param method string for messages
---@param client userdata
---@return table t what the client keeps
function asked.client(method, client)
  local t = core.client.table(client)
  local why = reason(t)
  if why then fail(method, why) end
  return t
end

--- What writes a recording; nil where none is asked for. Raises where the file cannot be opened.
---@param method string for messages
---@param client userdata
---@param path string?
---@param list { name: string }[] the topics, by their names on the wire
---@return userdata?
function asked.recorder(method, client, path, list)
  if not path then return nil end
  local names = {}
  for i, topic in ipairs(list) do names[i] = ('"%s"'):format(topic.name) end
  local recorder, why = core.client.recorder(client, { path = path, label = "[" .. table.concat(names, ",") .. "]" })
  return recorder or fail(method, "'record': %s: %s", path, why)
end

--- Where the streams of the account are, or those of the contracts of a category.
---@param t table what the client keeps
---@param category string? nil: the account's
---@return string url
function asked.url(t, category)
  return category and t.streams.public .. "/v5/public/" .. category or t.streams.private .. "/v5/private"
end

--- Can this client have streams?
---@param t table what the client keeps
---@return boolean
function asked.has_streams(t) return reason(t) == nil end

return asked
