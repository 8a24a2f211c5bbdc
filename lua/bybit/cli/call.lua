-- One call of the command: words to parameters, by their declared types; the result to text or JSON; a failure to an
-- exit status.

local bybit = require "bybit"
local errors = require "bybit.errors"
local hints = require "bybit.hints"
local show = require "bybit.show"
local terminal = require("bybit.core").terminal

local call = {}

---------------------------------------------------------------------------------------------------------------
-- Failures.

local DONE, REFUSED, WRONG, UNKNOWN, UNREACHED = 0, 1, 2, 3, 4 -- exit statuses, see cli.lua

local wrong_meta = { __tostring = function(wrong) return wrong.message end }

--- Raises for a wrong call.
---@param message string
function call.wrong(message)
  error(setmetatable({ message = message }, wrong_meta), 0)
end

-- What the exchange itself said no with.
local ANSWERED = { exchange = true, auth = true, rate_limit = true, not_found = true }

--- The exit status of what was raised or returned.
---@param err any
---@return integer
function call.status(err)
  if not errors.is(err) then return WRONG end
  if err.outcome == "unknown" then return UNKNOWN end
  return ANSWERED[err.kind] and err.outcome ~= "not_sent" and REFUSED or UNREACHED
end

--- One line about it, without places in files, which mean nothing in a shell.
---@param err any
---@return string
function call.message(err)
  local text = tostring(err)
  if errors.is(err) then return err.where and text:gsub("; " .. err.where:gsub("%p", "%%%0") .. "$", "") or text end
  return (text:gsub("^[^\n:]+:%d+: ", ""))
end

local function failed(err)
  io.stderr:write("bybit: ", call.message(err), "\n")
  return call.status(err)
end

---------------------------------------------------------------------------------------------------------------
-- Parameters.

local function as_integer(text)
  return math.tointeger(tonumber(text))
end

-- From the word on the command line; nil: it cannot be that. What has no entry is text, and checked by the method.
local READ = {
  integer = as_integer,
  seconds = tonumber,
  boolean = function(text)
    if text == "true" or text == "false" then return text == "true" end
  end,
  time = function(text) return as_integer(text) or text end,
  table = function(text)
    local value = bybit.json.decode(text)
    return type(value) == "table" and value or nil
  end,
}

local WANTED = { integer = "an integer", seconds = "seconds", boolean = "true or false", table = "a JSON object" }

local function declared(dialect, name)
  local types = {}
  for _, list in ipairs { dialect.endpoints[name].params, dialect.common } do
    for _, p in ipairs(list) do
      types[p[1]] = p[3]
      if p.also then types[p.also] = p[3] end
    end
  end
  types.cancel = nil -- a value of programs, not of words
  return types
end

local function split(word, where)
  local name, text = word:match "^([%a_][%w_]*)=(.*)$"
  if not name then call.wrong(("%s: name=value expected, got %s"):format(where, word)) end
  return name, text
end

--- The parameters that words such as `symbol=BTCUSD` mean; the method checks what they hold.
---@param dialect table
---@param method string
---@param words string[]
---@return table
function call.parameters(dialect, method, words)
  local types, params = declared(dialect, method), {}
  for _, word in ipairs(words) do
    local name, text = split(word, method)
    local kind = types[name]
    if not kind then
      hints.declare(method, dialect.endpoints[method])
      call.wrong(("%s: unknown parameter '%s'%s"):format(method, name, hints.word("parameter", method, name, types)))
    end
    if params[name] ~= nil then call.wrong(("%s: parameter '%s' twice"):format(method, name)) end
    local value = text
    if READ[kind] then value = READ[kind](text) end
    if value == nil then
      call.wrong(("%s: parameter '%s': %s expected, got %s"):format(method, name, WANTED[kind], text))
    end
    params[name] = value
  end
  return params
end

---------------------------------------------------------------------------------------------------------------
-- Results.

local function as_json(value, row)
  local result = row and row.result or {}
  if type(value) == "table" and (result.list or getmetatable(value) and getmetatable(value).__name == "bybit.list") then
    local list = bybit.json.array(table.move(value, 1, #value, 1, {}))
    if not result.cursor then return list end
    return { list = list, next_cursor = rawget(value, "next_cursor") }
  end
  return value
end

local function put(value, row, options)
  if options.json then
    io.stdout:write(bybit.json.encode(as_json(value, row), { decimals = "string" }), "\n")
  else
    local columns = terminal.size()
    io.stdout:write(show.text(value, { width = columns or math.huge, rows = columns and 50 or math.huge }), "\n")
  end
  io.stdout:flush()
  return DONE
end

--- Calls a declared method and prints what it returned.
---@return integer status
function call.method(client, name, row, params, options)
  if options.all then
    if not row.result.cursor then call.wrong(("%s: --all is for methods with pages"):format(name)) end
    local ok, list = pcall(client.collect, client, name, params)
    if not ok then error(list, 0) end
    return put(list, { result = { list = row.result.list } }, options)
  end
  local result, err, response = client[name](client, params)
  if result == nil then return failed(err) end
  if params.raw then
    io.stdout:write(response.raw, "\n")
    return DONE
  end
  return put(result, row, options)
end

--- Makes a request with the exchange's own names and prints its result.
---@return integer status
function call.request(client, verb, path, words, token, options)
  local params = {}
  for _, word in ipairs(words) do
    local name, text = split(word, "request")
    params[name] = text
  end
  local result, err = client:request(verb, path, params, { cancel = token })
  if result == nil then return failed(err) end
  return put(result, nil, options)
end

return call
