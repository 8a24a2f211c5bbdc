-- One call of the command. It turns words into parameters by their declared types, the result into text or JSON, and a failure
-- into an exit status.

local bybit = require "bybit"
local colour = require "bybit.shell.colour"
local errors = require "bybit.errors"
local hints = require "bybit.wire.hints"
local out = require "bybit.shell.out"
local rows = require "bybit.wire.rows"
local show = require "bybit.shell.show"
local terminal = require("bybit.core").terminal

local call = {}

---------------------------------------------------------------------------------------------------------------
-- Failures.

local DONE, REFUSED, WRONG, UNKNOWN, UNREACHED, UNWRITTEN = 0, 1, 2, 3, 4, 5 -- exit statuses, see cli/init.lua

local wrong_meta = { __tostring = function(wrong) return wrong.message end }

--- Raises for a wrong call.
---@param message string
function call.wrong(message)
  error(setmetatable({ message = message }, wrong_meta), 0)
end

-- Kinds of errors with which the exchange itself answered.
local ANSWERED = { exchange = true, auth = true, rate_limit = true, not_found = true }

--- The exit status for an error that was raised or returned.
---@param err any
---@return integer
function call.status(err)
  if out.is_unwritten(err) then return UNWRITTEN end
  if not errors.is(err) then return WRONG end
  if err.outcome == "unknown" then return UNKNOWN end
  return ANSWERED[err.kind] and err.outcome ~= "not_sent" and REFUSED or UNREACHED
end

--- The error in one line, without its file and line, which mean nothing in a shell.
---@param err any
---@return string
function call.message(err)
  local text = tostring(err)
  if errors.is(err) then return err.where and text:gsub("; " .. err.where:gsub("%p", "%%%0") .. "$", "") or text end
  return (text:gsub("^[^\n:]+:%d+: ", ""))
end

-- What a failure that is no bybit.error is called in JSON, by its exit status.
local KIND = { [WRONG] = "wrong", [UNWRITTEN] = "output" }

-- The fields of an error, for JSON.
local function fields_of(err)
  local status = call.status(err)
  local fields = { kind = KIND[status], outcome = status == WRONG and "not_sent" or nil, message = call.message(err) }
  for key, value in pairs(errors.is(err) and err or {}) do
    fields[key] = math.type(value) == "float" and bybit.decimal(("%.3f"):format(value)) or value -- seconds, to the millisecond
  end
  fields.where, fields.text, fields.status = nil, call.message(err), status
  return fields
end

--- The same for programs: the fields of the error, and `status`. Of a wrong call nothing was sent.
---@param err any
---@return string
function call.json(err)
  return bybit.json.encode(fields_of(err), { decimals = "string" })
end

--- Tells a failure on standard error.
---@param err any
---@param json boolean as JSON
---@return integer status
function call.failed(err, json)
  local text = json and call.json(err) or "bybit: " .. call.message(err)
  io.stderr:write(not json and colour.on(2) and colour.paint("red", text) or text, "\n")
  return call.status(err)
end

---------------------------------------------------------------------------------------------------------------
-- Parameters.

local function as_integer(text)
  return math.tointeger(tonumber(text))
end

-- Type -> function from the word on the command line to the value; nil: the word is not of that type. Types without an entry stay
-- text, which the method checks.
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
  local types, row = {}, dialect.endpoints[name]
  for _, list in ipairs { row.elements and rows.element_params(row) or {}, row.params, dialect.common } do
    for _, p in ipairs(list) do
      types[p[1]] = p[3]
      if p.also then types[p.also] = p[3] end
    end
  end
  types.cancel = nil -- a token cannot be written as a word
  return types
end

-- `types`: the parameters that there are, for hints; nil: any.
local function split(word, where, following, types)
  local name, text = word:match "^([%a_][%w_]*)=(.*)$"
  if name then return name, text end
  local parts = { ("%s: name=value expected, got %s"):format(where, word) }
  if types and types[word] then parts[2] = (": write %s=%s"):format(word, following or "...") end
  call.wrong(table.concat(parts))
end

--- What to write in place of an option that is no option, such as `--limit 5`; nil: nothing is like it.
---@param dialect table
---@param method string? the method that is called, if that is known
---@param option string without the dashes
---@param value string? what follows it
---@return string?
function call.instead(dialect, method, option, value)
  local name, row = option:gsub("%-", "_"), method and rows.method(dialect.endpoints, method)
  if not row then return nil end
  local types = declared(dialect, method)
  if types[name] then return ("a parameter is written %s=%s"):format(name, value or "...") end
  rows.declare(method, row)
  local hint = hints.word("parameter", method, name, types):match "'([%w_]+)'"
  return hint and types[hint] and ("a parameter is written %s=%s"):format(hint, value or "...") or nil
end

--- The parameters that words such as `symbol=BTCUSD` stand for. The method checks their values.
---@param dialect table
---@param method string
---@param words string[]
---@return table
function call.parameters(dialect, method, words)
  local types, params = declared(dialect, method), {}
  for i, word in ipairs(words) do
    local name, text = split(word, method, words[i + 1], types)
    local kind = types[name]
    if not kind then
      rows.declare(method, dialect.endpoints[method], dialect.name)
      local given = {}
      for _, other in ipairs(words) do given[other:match "^[^=]*"] = true end
      call.wrong(("%s: unknown parameter '%s'%s"):format(method, name,
        hints.word("parameter", method, name, types, given)))
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
-- Lists of orders.

-- The orders of a text: an object a line, or one list of objects.
local function orders_of(method, text, where)
  local whole = text:find "^%s*%[" and bybit.json.decode(text)
  if whole then return whole end
  local list, number = {}, 0
  for line in (text .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    if line:find "%S" then
      local order, why = bybit.json.decode(line)
      if type(order) ~= "table" then
        call.wrong(("%s: %s, line %d: an order as a JSON object expected: %s"):format(method, where, number,
          tostring(why or line)))
      end
      list[#list + 1] = order
    end
  end
  return list
end

local function text_of_file(method, path)
  if path == "-" then return io.read "a" end
  local file, why = io.open(path)
  local text = file and file:read "a"
  if file then file:close() end
  return text or call.wrong(("%s: option --orders: %s"):format(method, why or path .. ": it cannot be read"))
end

--- The list that words and a file stand for: `order=JSON` as often as there are orders, and the orders of the file. Other words count
--- for each order that does not say otherwise, and options for the whole call.
---@param dialect table
---@param method string
---@param words string[]
---@param path string? of the file; "-": standard input
---@return table
function call.orders(dialect, method, words, path)
  local list, rest = path and orders_of(method, text_of_file(method, path), path == "-" and "standard input" or path) or {}, {}
  for _, word in ipairs(words) do
    local text = word:match "^order=(.*)$"
    if text then
      local order = bybit.json.decode(text)
      if type(order) ~= "table" then call.wrong(("%s: order: a JSON object expected, got %s"):format(method, text)) end
      list[#list + 1] = order
    else
      rest[#rest + 1] = word
    end
  end
  if #list == 0 then call.wrong(("%s: no orders: give --orders FILE, or order=JSON"):format(method)) end
  local shared, common = call.parameters(dialect, method, rest), {}
  for _, names in ipairs { dialect.common, dialect.endpoints[method].params } do
    for _, p in ipairs(names) do common[p[1]] = p[1] ~= "extra" end
  end
  for name, value in pairs(shared) do
    if common[name] then
      list[name] = value
    else
      for _, order in ipairs(list) do
        if order[name] == nil then order[name] = value end
      end
    end
  end
  return list
end

---------------------------------------------------------------------------------------------------------------
-- Results.

local function as_json(value, row)
  local result = row and row.result or {}
  if type(value) == "table" and (result.list or getmetatable(value) and getmetatable(value).__name == "bybit.list") then
    local list = bybit.json.array(table.move(value, 1, #value, 1, {}))
    for i, entry in ipairs(result.list == "batch_order" and value or {}) do
      if rawget(entry, "error") then list[i] = { error = fields_of(entry.error) } end
    end
    if not result.cursor then return list end
    return { list = list, next_cursor = rawget(value, "next_cursor") }
  end
  return value
end

local WIDTH = 80 -- of what is indented, outside a terminal

-- On a terminal cut to its size; elsewhere whole: records a line each, anything else indented.
local function text_of(value, row)
  local columns = terminal.size()
  if columns then return show.text(value, { width = columns, rows = 50 }) end
  return show.text(value, { width = row and math.huge or WIDTH, rows = math.huge, whole = true })
end

--- A result as it is printed.
---@param value any
---@param row table? the declaration of its method
---@param options table --json
---@return string
function call.text(value, row, options)
  return options.json and bybit.json.encode(as_json(value, row), { decimals = "string" }) or text_of(value, row)
end

local function put(value, row, options)
  if options.json and type(value) == "table" and rawget(value, "cut") then
    io.stderr:write("bybit: the list is cut short: there may be more\n")
  end
  out.write(call.text(value, row, options), "\n")
  return DONE
end

-- The exit status of a batch: that of its worst order.
local function status_of(list)
  local worst = DONE
  for _, entry in ipairs(list) do
    local err = rawget(entry, "error")
    local status = err and call.status(err) or DONE
    if status == UNKNOWN or worst == DONE then worst = status end
  end
  return worst
end

--- Calls a declared method and prints what it returned.
---@return integer status
function call.method(client, name, row, params, options)
  if options.all then
    if not row.result.cursor then call.wrong(("%s: --all is for methods with pages"):format(name)) end
    local list, failure = client:collect(name, params)
    if list == nil then error(failure, 0) end
    return put(list, { result = { list = row.result.list } }, options)
  end
  local result, err, response = client[name](client, params)
  if result == nil then error(err, 0) end
  if params.raw then
    out.write(response.raw, "\n")
    return DONE
  end
  put(result, row, options)
  return row.elements and status_of(result) or DONE
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
  if result == nil then error(err, 0) end
  return put(result, nil, options)
end

return call
