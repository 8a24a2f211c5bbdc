-- Completion in a session: methods, their parameters, words of an enum, fields of a value. Nothing is evaluated: a chain of names
-- is followed through tables, and no function is called.

local class_of = require "bybit.client.methods"
local enums = require "bybit.records.enums"
local records = require "bybit.records"
local rows = require "bybit.wire.rows"

local complete = {}

local CLIENTS = { ["bybit.client"] = true, ["bybit.view"] = true }

---@class bybit.repl.Words the words of a session
---@field dialect table
---@field names fun(): string[] global names
---@field value fun(name: string): any the value of a global name; calls no metamethod
---@field pages fun(): string[] the words that help explains
---@field symbols fun(): string[] the contracts that are known

local function starting_with(prefix, words)
  local found, seen = {}, {}
  for _, word in ipairs(words) do
    if word:sub(1, #prefix) == prefix and not seen[word] then
      seen[word] = true
      found[#found + 1] = word
    end
  end
  table.sort(found)
  return found
end

---------------------------------------------------------------------------------------------------------------
-- The place of the cursor, which is the end of the text.

-- Follows strings and brackets. Returns `calls`: for each open bracket the name before it; `quote` and `at`: the quote of an open
-- string, and where its text begins.
local function scan(text)
  local calls, quote, at, i = {}, nil, nil, 1
  while i <= #text do
    local c = text:sub(i, i)
    if quote then
      if c == "\\" then
        i = i + 1
      elseif c == quote then
        quote = nil
      end
    elseif c == '"' or c == "'" then
      quote, at = c, i + 1
    elseif c == "{" or c == "(" then
      calls[#calls + 1] = { name = text:sub(1, i - 1):match "([%a_][%w_]*)%s*%(?%s*$" or "", at = i + 1, open = c }
    elseif c == "}" or c == ")" then
      calls[#calls] = nil
    end
    i = i + 1
  end
  return calls, quote, at
end

-- The lists of parameters that a method takes where the cursor is; of a batch, an element's.
local function lists_of(words, method)
  local row = words.dialect.endpoints[method]
  if row and row.elements then return { rows.element_params(row), row.params } end
  return { row and row.params or {}, words.dialect.common }
end

local function parameter(words, method, name)
  for _, list in ipairs(lists_of(words, method)) do
    for _, p in ipairs(list) do
      if p[1] == name or p.also == name then return p end
    end
  end
end

-- The method m whose table of parameters is open at the cursor: after `m{`, `m({` or `each("m", {`.
local function method_at(words, calls, text)
  local call = calls[#calls]
  if not call or call.open ~= "{" then return nil end
  local function is_method(name)
    return rows.method(words.dialect.endpoints, name) and name or nil
  end
  local outer = call.name == "" and calls[#calls - 1]
  local batch = outer and outer.open == "{" and is_method(outer.name)
  if batch and words.dialect.endpoints[batch].elements then return batch end
  return is_method(call.name) or is_method(text:sub(1, call.at - 2):match '["\']([%w_]+)["\']%s*,%s*$' or "")
end

-- The parameters that are not given yet; where nothing is typed those that have to be given come first, by themselves:
-- readline sorts what it shows. The session fills the symbol in.
local function parameters_left(words, method, inside, prefix)
  local names, needed = {}, {}
  for _, list in ipairs(lists_of(words, method)) do
    for _, p in ipairs(list) do
      if not inside:find("%f[%w_]" .. p[1] .. "%s*=") then
        names[#names + 1] = p[1]
        if p.required and p[3] ~= "symbol" then needed[#needed + 1] = p[1] end
      end
    end
  end
  return prefix == "" and #needed > 0 and needed or names
end

---------------------------------------------------------------------------------------------------------------
-- Completion by place. Each function returns where the typed word begins, and the words that it may become.

local function in_string(words, text, calls, at)
  local before, prefix = text:sub(1, at - 2), text:sub(at)
  local name, method = before:match "([%a_][%w_]*)%s*=%s*$", method_at(words, calls, text)
  if name and method then
    local p = parameter(words, method, name)
    if p and p[3] == "enum" then return at, starting_with(prefix, enums[p.enum].values) end
    if p and p[3] == "symbol" then return at, starting_with(prefix, words.symbols()) end
    return at, {}
  end
  local f = before:match "([%a_][%w_]*)%s*%(?%s*$"
  if f == "help" then return at, starting_with(prefix, words.pages()) end
  if f == "symbol" then return at, starting_with(prefix, words.symbols()) end
  if f == "watch" then return at, starting_with(prefix, rows.methods(words.dialect.endpoints)) end
  if f == "each" or f == "pages" or f == "collect" then
    local names = {}
    for method_name, row in pairs(words.dialect.endpoints) do
      if rows.reads_list(row) then names[#names + 1] = method_name end
    end
    return at, starting_with(prefix, names)
  end
  return at, {}
end

-- The value of `name.field[1].x`, followed through tables; nil when that needs more than reading tables.
local function value_of(words, chain)
  local name, rest = chain:match "^([%a_][%w_]*)(.*)$"
  if not name then return nil end
  local value = words.value(name)
  while rest ~= "" do
    local field, more = rest:match "^%.([%a_][%w_]*)(.*)$"
    local index, after = rest:match "^%[(%d+)%](.*)$"
    if type(value) ~= "table" or not (field or index) then return nil end
    value = rawget(value, field or math.tointeger(tonumber(index)))
    rest = more or after
  end
  return value
end

local function fields_of(words, value, mark)
  local names = {}
  local meta = type(value) == "table" and getmetatable(value) or debug.getmetatable(value)
  local record = type(value) == "table" and meta and rawget(meta, "__record")
  if record and rawget(meta, "__name") ~= "bybit.list" then
    for _, field in ipairs(records[record].fields) do names[#names + 1] = field[1] end
    for alias in pairs(records[record].aliases or {}) do names[#names + 1] = alias end
  elseif meta and CLIENTS[rawget(meta, "__name")] then
    names = rows.methods(words.dialect.endpoints)
    for name in next, class_of(words.dialect.name).own() do names[#names + 1] = name end -- those that every client has besides
  elseif type(value) == "table" then
    for key in pairs(value) do
      if type(key) == "string" and key:find "^[%a_][%w_]*$" then names[#names + 1] = key end
    end
  end
  local index = meta and type(rawget(meta, "__index")) == "table" and rawget(meta, "__index")
  for key in pairs(index or {}) do
    if type(key) == "string" and (mark == ":" or type(value) ~= "userdata") then names[#names + 1] = key end
  end
  return names
end

local function in_code(words, text, calls)
  local chain, mark, prefix = text:match "([%a_][%w_%.%[%]]*)([%.:])([%a_]?[%w_]*)$"
  if chain then
    return #text - #prefix + 1, starting_with(prefix, fields_of(words, value_of(words, chain), mark))
  end
  prefix = text:match "[%a_]?[%w_]*$"
  local at = #text - #prefix + 1
  local method = method_at(words, calls, text)
  if not method then return at, starting_with(prefix, words.names()), "name" end
  local name = text:sub(1, at - 1):match "([%a_][%w_]*)%s*=%s*$"
  local p = name and parameter(words, method, name)
  if p and p[3] == "enum" then
    local quoted = {}
    for i, value in ipairs(enums[p.enum].values) do quoted[i] = '"' .. value .. '"' end
    return at, starting_with(prefix, quoted)
  end
  if p and p[3] == "boolean" then return at, starting_with(prefix, { "true", "false" }) end
  if name then return at, starting_with(prefix, words.names()) end
  if not text:sub(1, at - 1):find "[{,;]%s*$" then return at, starting_with(prefix, words.names()) end
  return at, starting_with(prefix, parameters_left(words, method, text:sub(calls[#calls].at), prefix)), "parameter"
end

--- Completes a text: returns where the typed word begins, and the words that it may become. If there is only one, it includes
--- what comes after it: `place_order{`, `side = `.
---@param words bybit.repl.Words
---@param text string the text before the cursor
---@return integer at
---@return string[] found
function complete.at(words, text)
  local calls, quote, begin = scan(text)
  local at, found, kind
  if quote then
    at, found = in_string(words, text, calls, begin)
  else
    at, found, kind = in_code(words, text, calls)
  end
  if #found == 1 and kind == "parameter" then
    found[1] = found[1] .. " = "
  elseif #found == 1 and kind == "name" and words.dialect.endpoints[found[1]] then
    found[1] = found[1] .. "{"
  end
  return at, found
end

--- Completes for readline, which decides itself where a word begins.
---@param words bybit.repl.Words
---@param earlier string the lines typed before this one
---@param line string
---@param from integer
---@param to integer
---@return string[]
function complete.readline(words, earlier, line, from, to)
  local at, found = complete.at(words, earlier .. line:sub(1, to))
  at = at - #earlier
  for i, word in ipairs(found) do
    found[i] = at >= from and line:sub(from, at - 1) .. word or word:sub(from - at + 1)
  end
  return found
end

return complete
