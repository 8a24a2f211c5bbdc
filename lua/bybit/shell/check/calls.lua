-- What `bybit check` flags in calls: methods, their parameters, options of clients and of the paper exchange, '.' for ':'.

local constant = require "bybit.shell.check.constant"
local flag = require "bybit.shell.check.flag"
local hints = require "bybit.wire.hints"
local kinds = require "bybit.shell.check.kinds"
local oracle = require "bybit.shell.check.oracle"
local rows = require "bybit.wire.rows"
local dialect = require "bybit.wire.v5"

local calls = {}

local SOME = oracle.SOME

-- The value of a field, or that it has some value. Nil where the text says nil: the field is not there.
local function value_of(state, node)
  local value = constant.of(node, state.look)
  if value then return value[1] end
  return SOME
end

-- Flags fields of a table that `ask(name, value)` complains about.
local function check_fields(state, node, ask)
  for _, field in ipairs(constant.fields(node) or {}) do
    local value = value_of(state, field[3])
    local message = value ~= nil and ask(field[1], value)
    if message then flag(state, message:find "unknown" and field[2] or field[3], "%s", message) end
  end
end

---------------------------------------------------------------------------------------------------------------
-- Parameters of methods.

-- Options of the walkers, which are no parameters of the method that they call.
local OF_WALKERS = { max = true, id_prefix = true }

-- Flags wrong values one by one; true: there were some. `given` gets all parameters. `part` is that of oracle.call.
local function check_each(state, client, method, fields, given, part)
  local wrong = false
  for _, field in ipairs(fields) do given[field[1]] = value_of(state, field[3]) end
  for _, field in ipairs(fields) do
    local name, one = field[1], {}
    for other, value in pairs(given) do
      if value == true or value == SOME then one[other] = SOME end -- a flag may widen the range of a number
    end
    one[name], one.category = given[name], given.category -- which says what symbols and quantities are right
    local message = one[name] ~= nil and oracle.call(client, method, one, false, part)
    if message and (message:find(("'%s'"):format(name), 1, true)) then
      wrong = true
      flag(state, message:find "unknown parameter" and field[2] or field[3], "%s", message)
    end
  end
  return wrong
end

-- Flags what is missing, and what does not go together.
local function check_together(state, client, method, given, place, part)
  for name in pairs(client.bound or {}) do
    local known = OF_WALKERS[name] or name == "category" and client.category
    if given[name] == nil and not known then given[name] = oracle.takes(client.api, method, name) and SOME or nil end
  end
  if not client.bound then
    for _, name in ipairs(oracle.required(method)) do
      if given[name] == nil then given[name] = SOME end
    end
  end
  local message = oracle.call(client, method, given, true, part)
  if message then flag(state, place, "%s", message) end
end

-- Checks the orders of a batch, and what stands beside them.
local function check_batch(state, client, method, node)
  if not node or node.tag ~= "Table" then return end
  local beside, category = {}, nil
  for _, item in ipairs(node) do
    if item.tag == "Pair" and item[1][1] == "category" then category = value_of(state, item[2]) end
  end
  for _, item in ipairs(node) do
    if item.tag == "Table" then
      local fields, whole = constant.fields(item)
      local given = { category = category }
      if not check_each(state, client, method, fields, given, "element") and whole then
        check_together(state, client, method, given, item, "element")
      end
    elseif item.tag == "Pair" and item[1].tag == "String" then
      beside[#beside + 1] = { item[1][1], item[1], item[2] }
    end
  end
  check_each(state, client, method, beside, {}, "list")
end

local function check_parameters(state, client, method, node, place, walker)
  if kinds.method(method).elements then return check_batch(state, client, method, node) end
  local fields, whole = {}, true
  if node then
    fields, whole = constant.fields(node)
    if not fields then return end
  end
  local kept, given = {}, {}
  for _, field in ipairs(fields) do
    if not (walker and OF_WALKERS[field[1]]) then kept[#kept + 1] = field end
  end
  if check_each(state, client, method, kept, given) or not whole then return end
  check_together(state, client, method, given, place)
end

---------------------------------------------------------------------------------------------------------------
-- Calls on a client.

local VERBS = { GET = true, POST = true }

local function check_request(state, node)
  local verb = node[3] and constant.of(node[3], state.look)
  if verb and not VERBS[verb[1]] then
    flag(state, node[3], "request: 'GET' or 'POST' expected, got %s", tostring(verb[1]))
  end
  check_fields(state, node[6], oracle.request_option)
end

-- What is only called `client` may be a client of something else: then a name is wrong only if there is one that is right. Words
-- for any request, such as `send`, are words of every client.
local function is_ours(client, message)
  return not client.guessed or message:find "did you mean" or message:find "here it is" and not message:find "'request'"
end

local function check_name(state, client, node)
  local message = not state.assigned[node[1]] and oracle.method(client.api, node[1])
  if message and is_ours(client, message) then flag(state, node, "%s", message) end
end

local function check_walker(state, client, name, node)
  local method = node[3] and node[3].tag == "String" and node[3][1]
  if not method then return end
  check_fields(state, node[5], function(option, value) return oracle.walk_option(name, method, option, value) end)
  if method:find "^/" or state.assigned[method] then return end -- the list of any endpoint; or of one that the program declares
  if kinds.method(method) then return check_parameters(state, client, method, node[4], node[2], true) end
  local message = oracle.method(client.api, method)
  if message and is_ours(client, message) then
    flag(state, node[3], "%s: there is no method '%s'%s", name, method, hints.method(method, rows.methods(dialect.endpoints)))
  end
end

local function check_call_on_client(state, client, node)
  local name = node[2][1]
  if kinds.method(name) then return check_parameters(state, client, name, node[3], node[2]) end
  if kinds.walkers[name] then return check_walker(state, client, name, node) end
  if name == "request" then return not client.guessed and check_request(state, node) end
  if name == "with" then
    return check_fields(state, node[3], function(key, value) return oracle.default(client.api, key, value) end)
  end
  check_name(state, client, node[2])
end

---------------------------------------------------------------------------------------------------------------
-- Methods of decimals, '.' and ':'.

local function check_call_on_decimal(state, node)
  local name, arguments = node[2][1], {}
  if not oracle.has_decimal(name) then
    return flag(state, node[2], "a decimal has no method '%s'%s", name, oracle.near_decimal(name))
  end
  for i = 3, #node do
    local value = constant.of(node[i], state.look)
    if not value then return end
    arguments[i - 2] = value[1]
  end
  local message = oracle.decimal_method(name, arguments)
  if message then flag(state, node[3] or node[2], "%s", message) end
end

local METHODS_OF = { client = "client", decimal = "x", record = "record", object = "object" }

-- Values that are certainly not the object whose method is called.
local OTHER = { Table = true, String = true, Number = true, True = true, False = true, Nil = true, Function = true }

local function check_dot(state, node, base, key)
  if not METHODS_OF[base.is] or base.is == "decimal" and base.guessed or node[2] and not OTHER[node[2].tag] then return end
  if state.assigned[key] or base.is == "client" and oracle.method(base.api, key) then return end
  local shown = node[1][1].tag == "Id" and node[1][1][1] or METHODS_OF[base.is]
  flag(state, node[1][2], "%s.%s(...) is called with '.' in place of ':': write %s:%s(...)", shown, key, shown, key)
end

local OF_MODULE = { module = true, part = true, maker = true }

-- True: it was flagged.
local function check_colon(state, node, base)
  if not OF_MODULE[base.is] then return end
  local shown = base.is == "module" and "bybit" or "bybit." .. (base.name or "decimal")
  local name = node[2][1]
  flag(state, node[2], "%s:%s(...) is called with ':' in place of '.': write %s.%s(...)", shown, name, shown, name)
end

---------------------------------------------------------------------------------------------------------------
-- Functions.

local function check_maker(state, node)
  local arguments = {}
  for i = 2, #node do
    local value = constant.of(node[i], state.look)
    if not value then return end
    arguments[i - 1] = value[1]
  end
  local message = arguments[1] ~= nil and oracle.decimal(arguments)
  if message then flag(state, node[2], "%s", message) end
end

local function check_client_options(state, node)
  local options = node[2]
  check_fields(state, options, oracle.client_option)
  local fields, whole = constant.fields(options)
  if not fields or not whole then return end
  local given = {}
  for _, field in ipairs(fields) do given[field[1]] = value_of(state, field[3]) end
  local message = oracle.client_options(given)
  if message then flag(state, options, "%s", message) end
end

-- table.insert(t, call) gets all three values of a call, and raises.
local function check_insert(state, node)
  local last = #node > 2 and node[#node]
  local sure = last and last.tag == "Call" and last[1].tag == "Id" and last[1][1] == "assert"
  local client = last and kinds.three_values(sure and last[2] or last, state.look)
  if client and (sure and client.raises == nil or client.raises == false) then
    flag(state, last, "table.insert raises: the call gives three values; put its result in a local first")
  end
end

local FUNCTIONS = { maker = check_maker, client_maker = check_client_options }

function FUNCTIONS.exchange_maker(state, node) check_fields(state, node[2], oracle.paper_option) end

---------------------------------------------------------------------------------------------------------------

--- Checks a call f(...).
---@param state bybit.check.State
---@param node table
function calls.call(state, node)
  local f = node[1]
  local kind = kinds.of(f, state.look)
  if kind and FUNCTIONS[kind.is] then return FUNCTIONS[kind.is](state, node) end
  if f.tag ~= "Index" or f[2].tag ~= "String" then return end
  local base, key = kinds.of(f[1], state.look), f[2][1]
  if base then return check_dot(state, node, base, key) end
  if f[1].tag == "Id" and f[1][1] == "table" and key == "insert" then check_insert(state, node) end
end

--- Checks a call x:name(...).
---@param state bybit.check.State
---@param node table
function calls.invoke(state, node)
  local base = kinds.of(node[1], state.look)
  if not base then return end
  if base.is == "client" then return check_call_on_client(state, base, node) end
  if base.is == "decimal" and not base.guessed then return check_call_on_decimal(state, node) end
  check_colon(state, node, base)
end

return calls
