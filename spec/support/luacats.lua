-- A reader of LuaCATS annotations, and a small checker that uses them as an editor does: in a Lua text it finds misspelt
-- parameters, words that an enum does not have, and fields that do not exist. It knows this module only from the annotations.
-- (The language server itself is in no package system that CI can use.)

local luacats = {}

---------------------------------------------------------------------------------------------------------------
-- Types: a union is a list of { kind = "name"|"literal"|"array"|"table"|"fun"|"shape", ... }.

local BUILTIN = { string = true, integer = true, number = true, boolean = true, table = true, any = true, ["nil"] = true,
  ["function"] = true, userdata = true, ["true"] = true, ["false"] = true }

local Parser = {}
Parser.__index = Parser

function Parser:skip() self.at = self.text:match("^%s*()", self.at) end

function Parser:fail(what)
  error(("%s expected at '%s' in '%s'"):format(what, self.text:sub(self.at), self.text), 0)
end

function Parser:take(pattern)
  self:skip()
  local found, at = self.text:match("^(" .. pattern .. ")()", self.at)
  if found then self.at = at end
  return found
end

function Parser:want(pattern, what)
  return self:take(pattern) or self:fail(what or pattern)
end

function Parser:list(close)
  local items = {}
  while not self:take(close) do
    if #items > 0 then self:want ("%,", "','") end
    local name = self:take "%.%.%." or self:take "%[[%a]+%]" or self:want("[%a_][%w_]*", "a name")
    items[#items + 1] = { name = name, optional = self:take "%?" ~= nil, type = self:take ":" and self:union() }
  end
  return items
end

function Parser:fun()
  self:want "%("
  local f = { kind = "fun", args = self:list "%)", returns = {} }
  if self:take ":" then
    repeat f.returns[#f.returns + 1] = self:union() until not self:take ","
  end
  return f
end

function Parser:single()
  local literal = self:take '"[^"]*"'
  if literal then return { kind = "literal", value = literal:sub(2, -2) } end
  local number = self:take "%-?%d+"
  if number then return { kind = "literal", value = math.tointeger(number) } end
  if self:take "{" then return { kind = "shape", fields = self:list "}" } end
  if self:take "%(" then
    local inner = self:union()
    self:want "%)"
    return { kind = "group", of = inner }
  end
  local name = self:want("[%a_][%w_%.]*", "a type")
  if name == "fun" then return self:fun() end
  if name == "table" and self:take "<" then
    local key = self:union()
    self:want ","
    local value = self:union()
    self:want ">"
    return { kind = "table", key = key, value = value }
  end
  return { kind = "name", name = name }
end

function Parser:union()
  local union = {}
  repeat
    local one = self:single()
    while self:take "%[%]" do one = { kind = "array", of = { one } } end
    union[#union + 1] = one
    if self:take "%?" then union[#union + 1] = { kind = "name", name = "nil" } end
  until not self:take "|"
  return union
end

-- The type at the beginning of a text, and the rest of the text.
local function read_type(text)
  local parser = setmetatable({ text = text, at = 1 }, Parser)
  local union = parser:union()
  return union, text:sub(parser.at)
end

---------------------------------------------------------------------------------------------------------------
-- Files.

local tags = {}

function tags.alias(types, rest)
  local name, text = rest:match "^(%S+)%s+(.+)$"
  assert(not types.aliases[name], "alias twice: " .. name)
  types.aliases[name] = read_type(text)
end

function tags.class(types, rest)
  local exact, head = rest:match "^(%([exact, pril]+%)%s+)(.*)$"
  local name, above = (head or rest):match "^([%w_%.]+)%s*:?%s*([%w_%., ]*)$"
  assert(name and not types.classes[name], "class malformed, or twice: " .. rest)
  types.class = { name = name, exact = exact ~= nil, parents = {}, fields = {}, order = {},
    partial = (exact or ""):find "partial" ~= nil }
  for parent in above:gmatch "[%w_%.]+" do table.insert(types.class.parents, parent) end
  types.classes[name] = types.class
end

function tags.field(types, rest)
  local name, text = rest:match "^(%[?[%w_]+%]?%??)%s+(.*)$"
  local plain = name:gsub("%?$", "")
  assert(types.class and not types.class.fields[plain], "field without class, or twice: " .. rest)
  local kind, doc = read_type(text)
  types.class.fields[plain] = { type = kind, optional = plain ~= name, doc = doc:match "^%s*(.-)$" }
  types.class.order[#types.class.order + 1] = plain
end

function tags.param(types, rest)
  local name, text = rest:match "^(%S+)%s+(.*)$"
  types.pending.params[#types.pending.params + 1] = { name = name, type = read_type(text) }
end

tags["return"] = function(types, rest) table.insert(types.pending.returns, (read_type(rest))) end

function tags.overload(types, rest) table.insert(types.pending.overloads, read_type(rest)[1]) end

function tags.operator(_, rest) assert(rest:find "^%a+", rest) end

function tags.meta() end

local function new_pending() return { params = {}, returns = {}, overloads = {} } end

-- A function belongs to the class of the local table that it is defined on.
local function define(types, line)
  local stem, separator, name, args = line:match "^function ([%w_]+)([%.:])([%w_]+)%((.-)%) end$"
  if not stem then return end
  local class = assert(types.locals[stem], "no class for " .. stem)
  local f = types.pending
  f.args, f.method = {}, separator == ":"
  for arg in args:gmatch "[%w_%.]+" do f.args[#f.args + 1] = arg end
  assert(not class.fields[name], class.name .. "." .. name .. " twice")
  class.fields[name] = { f = f }
end

--- Reads a file of annotations; raises with the line of a malformed one.
function luacats.read(path)
  local types = { classes = {}, aliases = {}, locals = {}, pending = new_pending(), uses = {} }
  local number = 0
  for line in io.lines(path) do
    number = number + 1
    local tag, rest = line:match "^%-%-%-@(%a+)%s*(.*)$"
    if tag then
      local ok, err = pcall(assert(tags[tag], "unknown tag @" .. tag), types, rest)
      if not ok then error(("%s:%d: %s"):format(path, number, err), 0) end
    elseif not line:find "^%-%-%-" then
      local stand_in = line:match "^local ([%w_]+) = {}$"
      if stand_in then types.locals[stand_in] = types.class end
      define(types, line)
      types.pending, types.class = new_pending(), nil
    end
  end
  return types
end

---------------------------------------------------------------------------------------------------------------
-- Are all names defined?

local function each_name(union, see)
  for _, one in ipairs(union) do
    if one.kind == "name" then see(one.name) end
    for _, part in ipairs { one.of or {}, one.key or {}, one.value or {} } do
      if type(part) == "table" then each_name(part, see) end
    end
    for _, part in ipairs { one.args or {}, one.fields or {} } do
      for _, item in ipairs(part) do each_name(item.type or {}, see) end
    end
    for _, part in ipairs(one.returns or {}) do each_name(part, see) end
  end
end

--- Names that are used and not defined.
function luacats.undefined(types)
  local missing = {}
  local function see(name)
    if not BUILTIN[name] and not types.classes[name] and not types.aliases[name] then missing[#missing + 1] = name end
  end
  for _, union in pairs(types.aliases) do each_name(union, see) end
  for _, class in pairs(types.classes) do
    for _, parent in ipairs(class.parents) do see(parent) end
    for _, field in pairs(class.fields) do
      if field.f then
        for _, p in ipairs(field.f.params) do each_name(p.type, see) end
        for _, r in ipairs(field.f.returns) do each_name(r, see) end
        each_name(field.f.overloads, see)
      else
        each_name(field.type, see)
      end
    end
  end
  table.sort(missing)
  return missing
end

--- A field of a class or of its parent classes.
function luacats.field(types, class, name)
  local found = types.classes[class].fields[name]
  if found then return found end
  for _, parent in ipairs(types.classes[class].parents) do
    found = luacats.field(types, parent, name)
    if found then return found end
  end
end

--- Can a value of this Lua type, or this literal text, have the type?
function luacats.accepts(types, union, value)
  for _, one in ipairs(union) do
    if one.kind == "literal" and one.value == value then return true end
    if one.kind == "name" then
      local alias = types.aliases[one.name]
      if alias and luacats.accepts(types, alias, value) then return true end
      if one.name == "any" or one.name == type(value) or one.name == math.type(value)
        or one.name == "number" and type(value) == "number" then return true end
    end
  end
  return false
end

---------------------------------------------------------------------------------------------------------------
-- Tokens of a Lua text.

local function tokens(text)
  local list, at, line = {}, 1, 1
  local function add(kind, value, next_at)
    list[#list + 1] = { kind = kind, value = value, line = line }
    line = line + select(2, text:sub(at, next_at - 1):gsub("\n", "\n"))
    at = next_at
  end
  while at <= #text do
    local blank = text:match("^%s+()", at)
    local equals, after = text:match("^%-%-%[(=*)%[()", at)
    if blank then
      line = line + select(2, text:sub(at, blank - 1):gsub("\n", "\n"))
      at = blank
    elseif equals then
      local stop = select(2, text:find("]" .. equals .. "]", after, true)) + 1
      line = line + select(2, text:sub(at, stop - 1):gsub("\n", "\n"))
      at = stop
    elseif text:find("^%-%-", at) then
      at = text:match("^[^\n]*()", at)
    elseif text:find("^%[=*%[", at) then
      local level, from = text:match("^%[(=*)%[()", at)
      local to, stop = text:find("]" .. level .. "]", from, true)
      add("string", text:sub(from, to - 1), stop + 1)
    elseif text:find("^[\"']", at) then
      local quote, i = text:sub(at, at), at + 1
      while text:sub(i, i) ~= quote do i = i + (text:sub(i, i) == "\\" and 2 or 1) end
      add("string", text:sub(at + 1, i - 1), i + 1)
    elseif text:find("^[%a_]", at) then
      add("name", text:match("^([%a_][%w_]*)()", at))
    elseif text:find("^%.?%d", at) then
      local number, stop = text:match("^([%d%.xXa-fA-FeEpP]+)()", at)
      add("number", math.tointeger(tonumber(number)) or tonumber(number), stop)
    else
      local op = text:match("^%.%.%.", at) or text:match("^[=~<>]=", at) or text:match("^%.%.", at)
        or text:match("^::", at) or text:sub(at, at)
      add("op", op, at + #op)
    end
  end
  return list
end

---------------------------------------------------------------------------------------------------------------
-- The checker.

local OPEN = { ["{"] = 1, ["("] = 1, ["["] = 1, ["}"] = -1, [")"] = -1, ["]"] = -1 }

local Checker = {}
Checker.__index = Checker

function Checker:is(i, value) return self.t[i] ~= nil and self.t[i].kind ~= "string" and self.t[i].value == value end

function Checker:found(i, text, ...)
  self.findings[#self.findings + 1] = ("%d: " .. text):format(self.t[i].line, ...)
end

-- A value of one token, up to ',' or '}'.
function Checker:literal(i)
  local after = self.t[i + 1]
  if not after or not (after.value == "," or after.value == "}" or after.value == ";") then return nil end
  local token = self.t[i]
  if token.kind == "string" or token.kind == "number" then return token.value end
  if token.kind == "name" and (token.value == "true" or token.value == "false") then return token.value == "true" end
end

-- The table constructor whose '{' is at i, as a value of a class.
function Checker:constructor(i, class)
  local depth, given = 0, {}
  local at = i
  repeat
    local token = self.t[at]
    if token.kind == "op" and OPEN[token.value] then depth = depth + OPEN[token.value] end
    if depth == 1 and token.kind == "name" and self:is(at + 1, "=")
      and (self:is(at - 1, "{") or self:is(at - 1, ",") or self:is(at - 1, ";")) then
      local field = luacats.field(self.types, class, token.value)
      given[token.value] = true
      if not field then
        self:found(at, "%s has no field '%s'", class, token.value)
      else
        local value = self:literal(at + 2)
        if value ~= nil and not luacats.accepts(self.types, field.type, value) then
          self:found(at, "%s.%s: '%s' is not one of its values", class, token.value, value)
        end
      end
    end
    at = at + 1
  until depth == 0 or not self.t[at]
  for _, name in ipairs(self.types.classes[class].order) do
    local field = self.types.classes[class].fields[name]
    if not field.optional and not name:find "^%[" and not given[name] then self:found(i, "%s: '%s' is missing", class, name) end
  end
end

-- The class in a union; if there are several the last, which is the fuller one (acknowledgement|order).
local function class_in(types, union)
  local found
  for _, one in ipairs(union or {}) do
    if one.kind == "name" and types.classes[one.name] then found = one.name end
  end
  return found
end

-- The function of `owner` with that name, or its overload for the first argument, if that is a literal.
function Checker:overload(f, i)
  local literal = self:is(i, "(") and self.t[i + 1] and self.t[i + 1].kind == "string" and self.t[i + 1].value
  for _, overload in ipairs(f.overloads) do
    local second = overload.args[2]
    if literal and second and second.type[1].kind == "literal" and second.type[1].value == literal then
      return overload
    end
  end
end

-- The elements of a walk over `client`: the first result of the function that the overload returns.
local function element(types, overload)
  local step = overload.returns[1] and overload.returns[1][1]
  if step and step.kind == "fun" then return class_in(types, step.returns[1]) end
  return class_in(types, overload.returns[1])
end

-- The variable that a call at i is assigned to: `local x = client:m`, `local x, err = assert(client:m`, `for x in`.
function Checker:variable(i)
  local at = i - 1
  if self:is(at, "(") and self:is(at - 1, "assert") then at = at - 2 end
  if not self:is(at, "=") and not self:is(at, "in") then return nil end
  at = at - 1
  while self.t[at] and (self.t[at].kind == "name" or self:is(at, ",")) and not self:is(at, "local")
    and not self:is(at, "for") do
    at = at - 1
  end
  return self.t[at + 1] and self.t[at + 1].kind == "name" and self.t[at + 1].value or nil
end

function Checker:call(i, class)
  local name = self.t[i + 2].value
  local field = luacats.field(self.types, class, name)
  if not field then return self:found(i + 2, "%s has no method '%s'", class, name) end
  if not field.f then return end
  local brace = self:is(i + 3, "{") and i + 3 or self:is(i + 3, "(") and self:is(i + 4, "{") and i + 4
  local first = field.f.params[1]
  local params = first and class_in(self.types, first.type)
  local overload = self:overload(field.f, i + 3)
  if overload then
    if self:is(i + 6, "{") then self:constructor(i + 6, class_in(self.types, overload.args[3].type)) end
  elseif brace and params and self.types.classes[params].exact then
    self:constructor(brace, params)
  end
  local variable = self:variable(i)
  if variable then
    self.known[variable] = overload and element(self.types, overload)
      or class_in(self.types, field.f.returns[1]) or nil
  end
end

--- Checks a Lua text. `known`: variable -> class, such as { client = "bybit.Client", bybit = "bybit" }.
--- Returns a list of findings, `line: what`.
function luacats.check(types, text, known)
  local self = setmetatable({ types = types, t = tokens(text), known = {}, findings = {} }, Checker)
  for name, class in pairs(known) do self.known[name] = class end
  for i, token in ipairs(self.t) do
    if self:is(i + 1, "=") and not self:is(i - 1, "{") and not self:is(i - 1, ",") then
      self.known[token.value] = known[token.value] -- a new value, whose class may be unknown
    end
    local class = token.kind == "name" and self.known[token.value]
    local dotted = self:is(i - 1, ".") or self:is(i - 1, ":")
    if class and not dotted and self.t[i + 2] and self.t[i + 2].kind == "name" then
      if self:is(i + 1, ":") then
        self:call(i, class)
      elseif self:is(i + 1, ".") and not luacats.field(types, class, self.t[i + 2].value) then
        self:found(i + 2, "%s has no field '%s'", class, self.t[i + 2].value)
      elseif self:is(i + 1, ".") and self:is(i + 3, "{") then
        local f = luacats.field(types, class, self.t[i + 2].value).f
        local params = f and f.params[1] and class_in(types, f.params[1].type)
        if params then self:constructor(i + 3, params) end
      end
    end
  end
  return self.findings
end

return luacats
