-- The public surface of the module. Editor types (doc/generate/types.lua) and the reference (doc/generate/reference.lua) are made
-- from it. Nothing is listed by hand: methods, records, enums and options are rows of data; functions are found
-- by walking the loaded module, their words in the doc comment above each (of those in C: in doc/generate/core.lua).

local bybit = require "bybit"
local core = require "bybit.core"
local paths = require "paths"
local rows = require "bybit.wire.rows"

for name in pairs(getmetatable(bybit).lazy) do local _ = bybit[name] end -- loads what is loaded on first use

local surface = {}
for _, name in ipairs { "options", "enums", "records", "environments", "version" } do
  surface[name] = require(paths.modules[name])
end

local function sorted(map, keep)
  local names = {}
  for name in pairs(map) do
    if not keep or keep(name, map[name]) then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

surface.sorted = sorted

---------------------------------------------------------------------------------------------------------------
-- Wires and their methods.

local function option(name)
  for _, row in ipairs(surface.options) do
    if row[1] == name then return row end
  end
end

surface.dialects = {}
for i, name in ipairs(option "api".one_of) do surface.dialects[i] = require(paths.modules.dialect .. name) end

surface.common = surface.dialects[1].common

-- The methods: { name, rows = { wire -> row }, row = the row of the first wire that has the method }. Methods that change something
-- come first; otherwise they are in the order of the rows.
local function methods()
  local by_name = {}
  for _, dialect in ipairs(surface.dialects) do
    for name, row in pairs(dialect.endpoints) do
      if not row.internal then
        by_name[name] = by_name[name] or { name = name, rows = {} }
        by_name[name].rows[dialect.name] = row
        by_name[name].row = by_name[name].row or row
      end
    end
  end
  local list = {}
  for _, name in ipairs(sorted(by_name)) do list[#list + 1] = by_name[name] end
  table.sort(list, function(a, b)
    if a.row.changes ~= b.row.changes then return a.row.changes or false end
    return a.row.place < b.row.place
  end)
  return list
end

surface.methods = methods()

--- The parameters of a method on all wires: { row = ..., wire = { wire -> name on it }, required }, in the order of the first wire
--- that has them.
function surface.params(method)
  local list, by_name, dialects = {}, {}, 0
  for _, dialect in ipairs(surface.dialects) do
    local row = method.rows[dialect.name]
    if row then
      dialects = dialects + 1
      for _, p in ipairs(row.elements and rows.element_params(row) or row.params) do
        local entry = by_name[p[1]]
        if not entry then
          entry = { row = p, wire = {}, required = 0 }
          by_name[p[1]], list[#list + 1] = entry, entry
        end
        entry.wire[dialect.name] = p[2]
        if p.required then entry.required = entry.required + 1 end
      end
    end
  end
  for _, entry in ipairs(list) do entry.required = entry.required == dialects end
  return list
end

---------------------------------------------------------------------------------------------------------------
-- Types, in LuaCATS form.

local PARAM = {
  string = "string", symbol = "string", id = "string", client_order_id = "string", cursor = "string",
  decimal = "bybit.exact", integer = "integer", boolean = "boolean", time = "integer|string", seconds = "number",
  table = "table", token = "bybit.Token", coin = "string", coins = "string", uuid = "string",
}

function surface.param_type(p)
  if p[3] == "enum" then return "bybit." .. p.enum end
  return assert(PARAM[p[3]], p[1] .. ": parameter type " .. tostring(p[3]) .. " is new: say what it is in surface.lua")
end

local FIELD = { string = "string", decimal = "bybit.Decimal", integer = "integer", boolean = "boolean", time = "integer",
  table = "table", map = "table<string, bybit.Decimal>" }

function surface.field_type(f)
  if f.of then return ("bybit.%s_list"):format(f.of) end
  if f.enum then return "bybit." .. f.enum end
  return assert(FIELD[f[3]], f[1] .. ": field type " .. tostring(f[3]) .. " is new: say what it is in surface.lua")
end

--- Can a record of the exchange be without this field?
function surface.may_be_nil(f)
  return f.zero_empty or f.empty or f.optional or f.only
end

local OPTION = { string = "string", integer = "integer", number = "number", boolean = "boolean", table = "table",
  ["function"] = "function" }

--- The default of an option or parameter as text: strings in quotes, bytes in MiB; nil if it has no default.
function surface.default(row)
  if row.default == nil then return nil end
  if row.unit == "bytes" then return ("%d MiB"):format(row.default >> 20) end
  return (type(row.default) == "string" and '"%s"' or "%s"):format(row.default)
end

--- All words of an enum, with those that only the v2 wire has.
function surface.words(enum)
  return table.move(enum.v2 or {}, 1, #(enum.v2 or {}), #enum.values + 1, { table.unpack(enum.values) })
end

local function quoted(values)
  local words = {}
  for i, value in ipairs(values) do words[i] = ('"%s"'):format(value) end
  return table.concat(words, "|")
end

surface.quoted = quoted

function surface.option_type(row)
  if row.types then return row.types end
  if row.one_of then return quoted(row.one_of) end
  return assert(OPTION[row.type], row[1] .. ": say what the option may be: type, one_of, or types")
end

--- The type of a method's result, and the name of the record in it.
function surface.result(row)
  local result = row.result or {}
  local record, list = rows.holds(result, surface.records)
  if result.heads then return ("bybit.%s_%s"):format(result.record or result.first, result.part), record end
  local columns = result.by_columns and ("|bybit.%s_columns"):format(record) or ""
  if record then return ("bybit.%s%s%s"):format(record, list and "_list" or "", columns), record end
  local part = rows.part(result, surface.records)
  return part and surface.field_type(part) or "table"
end

--- The record that `confirm = true` returns in place of the acknowledgement; nil if there is nothing to read back.
function surface.confirmed(method)
  local settle, shown = method.row.settle or method.row.of, method.row.shown
  if settle == "add" then return nil end
  if shown then return (rows.holds(surface.dialects[1].endpoints[shown.row].result, surface.records)) end
  if settle == "stop" then return "position" end
  if settle == "transfer" then return "transfer" end
  if settle and settle ~= "all" then return method.row.conditional and "conditional_order" or "order" end
end

---------------------------------------------------------------------------------------------------------------
-- Doc comments: { text, params = { { name, type, text } }, returns = { { type, name, text } }, overloads, lines }.

local function split_type(text)
  -- A type ends at the first space outside of brackets and quotes; but `fun(...): T` goes on after its colon.
  local depth, i = 0, 1
  while i <= #text do
    local c = text:sub(i, i)
    if c:find "[({<%[]" then depth = depth + 1 end
    if c:find "[)}>%]]" then depth = depth - 1 end
    if c == '"' then i = text:find('"', i + 1, true) or #text end
    if c == " " and depth == 0 and not text:sub(1, i - 1):find "[:|,]$" and not text:sub(i + 1, i + 1):find "|" then break end
    i = i + 1
  end
  return text:sub(1, i - 1), text:sub(i + 1)
end

local function parse_doc(lines)
  local doc, target = { text = {}, params = {}, returns = {}, generics = {} }, nil
  for _, line in ipairs(lines) do
    local tag, rest = line:match "^%s*@(%a+)%s*(.*)$"
    if tag == "param" then
      local name, after = rest:match "^(%S+)%s+(.*)$"
      local kind, text = split_type(after)
      target = { name = name, type = kind, text = text }
      doc.params[#doc.params + 1] = target
    elseif tag == "return" then
      local kind, text = split_type(rest)
      local name, after = text:match "^([%a_][%w_]*)%s*(.*)$"
      if not name then name, after = text:match "^(%.%.%.)%s*(.*)$" end
      target = { type = kind, name = name, text = after or text }
      doc.returns[#doc.returns + 1] = target
    elseif tag == "generic" then
      doc.generics[#doc.generics + 1] = rest
    elseif tag == "private" then -- there for the module itself
      doc.private = true
    elseif tag then
      target = nil
    elseif target then
      target.text = (target.text .. " " .. line:match "^%s*(.-)%s*$"):match "^%s*(.-)$"
    else
      doc.text[#doc.text + 1] = line:match "^%s?(.-)%s*$"
    end
  end
  doc.text = table.concat(doc.text, "\n")
  return doc
end

local files = {}

local function lines_of(path)
  if not files[path] then
    local list = {}
    for line in io.lines(path) do list[#list + 1] = line end
    files[path] = list
  end
  return files[path]
end

-- The `---` lines right above a line.
local function comment_above(lines, at)
  local first = at
  while lines[first - 1] and lines[first - 1]:find "^%s*%-%-%-" do first = first - 1 end
  local found = {}
  for i = first, at - 1 do found[#found + 1] = (lines[i]:gsub("^%s*%-%-%-", "")) end
  return #found > 0 and found or nil
end

local function signature(line)
  local inside = line:match "function%s*[%w_%.:]*%s*%((.-)%)"
  local names = {}
  for name in (inside or ""):gmatch "[%w_%.]+" do names[#names + 1] = name end
  return names
end

-- Words for what is written in C: `name` -> lines, from doc/generate/core.lua.
local function core_docs()
  local docs, lines = {}, lines_of(paths.core)
  for i, line in ipairs(lines) do
    local name = line:match "^function ([%w_%.:]+)"
    if name then
      local own = comment_above(lines, i)
      docs[name] = { doc = own and parse_doc(own), args = signature(line) }
    end
  end
  return docs
end

local in_core = core_docs()

--- A function of the surface: { owner, name, method, args, doc, where }; doc is nil if the function has no comment.
local function described(owner, name, f, method)
  local info = debug.getinfo(f, "S")
  local entry = { owner = owner, name = name, method = method, where = owner .. (method and ":" or ".") .. name }
  if info.what == "C" then
    local found = in_core[entry.where]
    entry.doc, entry.args = found and found.doc, found and found.args or {}
    return entry
  end
  local path = info.source:sub(2)
  local lines = lines_of(path)
  local at = info.linedefined
  local comment = comment_above(lines, at)
  entry.doc = comment and parse_doc(comment)
  entry.args = signature(lines[at])
  if method and not lines[at]:find("function%s+[%w_]+:") then table.remove(entry.args, 1) end
  if method and entry.doc then
    -- A function that is not defined with ':' has its receiver as a parameter: leaves it out.
    local known = {}
    for _, arg in ipairs(entry.args) do known[arg] = true end
    for i = #entry.doc.params, 1, -1 do
      if not known[entry.doc.params[i].name:gsub("%?$", "")] then table.remove(entry.doc.params, i) end
    end
  end
  return entry
end

local function functions(owner, t, method)
  local list = {}
  for _, name in ipairs(sorted(t, function(k, v) return type(k) == "string" and type(v) == "function"
    and not k:find "^__" end)) do
    local entry = described(owner, name, t[name], method)
    if not (entry.doc and entry.doc.private) then list[#list + 1] = entry end
  end
  return list
end

-- The methods of an object: the __index of its metatable if that is a table, else the metatable.
local function index_of(object)
  local meta = debug.getmetatable(object)
  return type(meta.__index) == "table" and meta.__index or meta
end

local function class_methods()
  local client = bybit.client { environment = { url = "http://127.0.0.1:1" } }
  local own = core.client.table(client).class.own()
  client:close()
  return own
end

local function exchange_methods()
  local exchange = assert(bybit.paper.start { clock = "manual", seed = 1 })
  local methods_ = index_of(exchange)
  exchange:close()
  return methods_
end

local function task_methods()
  local methods_
  bybit.run(function() methods_ = index_of(bybit.spawn(function() end)) end)
  return methods_
end

local _ = bybit.main -- there on first use

surface.owners = {
  { name = "bybit", title = "The module", functions = functions("bybit", bybit) },
  { name = "bybit.Client", title = "Clients", functions = functions("bybit.Client", class_methods(), true) },
  { name = "bybit.Instrument", title = "Instruments",
    functions = functions("bybit.Instrument", require(paths.modules.instrument).methods, true) },
  { name = "bybit.Decimal", title = "Decimals",
    functions = functions("bybit.Decimal", index_of(bybit.decimal(1)), true) },
  { name = "bybit.json", title = "JSON", functions = functions("bybit.json", bybit.json) },
  { name = "bybit.sign", title = "Signatures", functions = functions("bybit.sign", bybit.sign) },
  { name = "bybit.Task", title = "Tasks", functions = functions("bybit.Task", task_methods(), true) },
  { name = "bybit.Token", title = "Cancel tokens",
    functions = functions("bybit.Token", index_of(bybit.cancel_token()), true) },
  { name = "bybit.paper", title = "The paper exchange", functions = functions("bybit.paper", bybit.paper) },
  { name = "bybit.paper.Exchange", title = "A paper exchange",
    functions = functions("bybit.paper.Exchange", exchange_methods(), true) },
}

local objects = require(paths.modules.objects)

surface.record_functions = {}
for _, record in ipairs(sorted(surface.records)) do
  surface.record_functions[record] = {
    methods = functions("bybit." .. record, objects.methods[record] or {}, true),
    derived = functions("bybit." .. record, objects.derived[record] or {}, true),
  }
end

---------------------------------------------------------------------------------------------------------------
-- Classes written as comments: ---@class with its ---@field lines, in the sources and in doc/generate/core.lua.

local function parse_class(lines, at)
  local class = { name = lines[at]:match "^%-%-%-@class%s+([%w_%.]+)", head = lines[at]:match "@class%s+(.*)$",
    fields = {}, more = {} }
  class.text = table.concat(comment_above(lines, at) or {}, "\n"):gsub("^%s+", "")
  local i = at + 1
  while lines[i] and lines[i]:find "^%-%-%-" do
    local name, rest = lines[i]:match "^%-%-%-@field%s+(%S+)%s+(.*)$"
    if name then
      local kind, text = split_type(rest)
      class.fields[#class.fields + 1] = { name = name, type = kind, text = text }
    elseif lines[i]:find "^%-%-%-@" then
      class.more[#class.more + 1] = lines[i]
    elseif #class.fields > 0 then
      local field = class.fields[#class.fields]
      field.text = field.text .. " " .. lines[i]:match "^%-%-%-%s*(.-)%s*$"
    end
    i = i + 1
  end
  return class
end

local function classes()
  local list = {}
  local find <close> = assert(io.popen(("find %s %s -name '*.lua' ! -name types.lua | LC_ALL=C sort")
    :format(paths.lua, paths.core)))
  for path in find:lines() do
    local lines = lines_of(path)
    for i, line in ipairs(lines) do
      if line:find "^%-%-%-@class%s+bybit%." then list[#list + 1] = parse_class(lines, i) end
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

surface.classes = classes()

---------------------------------------------------------------------------------------------------------------
-- What is read from sources without loading them: adapters, whose libraries may be missing; comments above endpoints.

--- The documented functions of a file: { name, args, doc } each, `name` as the file writes it.
function surface.functions_of(path)
  local lines, list = lines_of(path), {}
  for i, line in ipairs(lines) do
    local name, comment = line:match "^function ([%w_%.:]+)", comment_above(lines, i)
    if name and comment then list[#list + 1] = { name = name, args = signature(line), doc = parse_doc(comment) } end
  end
  return list
end

--- The comment that a file begins with, and the example in it (what is indented).
function surface.head_of(path)
  local words, example = {}, {}
  for _, line in ipairs(lines_of(path)) do
    local text = line:match "^%-%- ?(.*)$"
    if not text then break end
    local code = text:match "^  (.*)$"
    local target = code and example or words
    target[#target + 1] = code or text
  end
  return table.concat(words, "\n"):gsub("%s+$", ""), table.concat(example, "\n")
end

-- "VERB PATH" -> the comment above its declaration.
local function endpoint_words()
  local words = {}
  local find <close> = assert(io.popen(("grep -rl --include='*.lua' '^endpoints.\\|^declare(' %s | LC_ALL=C sort")
    :format(paths.paper)))
  for path in find:lines() do
    local lines = lines_of(path)
    for i, line in ipairs(lines) do
      local route = line:match '^endpoints%["(%u+ [^"]+)"%]' or line:match '^declare%("(%u+ [^"]+)"'
      local comment = route and comment_above(lines, i)
      if comment then words[route] = parse_doc(comment).text end
    end
  end
  return words
end

--- The endpoints of the paper exchange: { verb, path, doc, row } each, by path.
function surface.endpoints()
  local words, list = endpoint_words(), {}
  for _, name in ipairs(paths.modules.endpoints) do
    for route, row in pairs(require(name)) do
      local verb, path = route:match "^(%u+) (.*)$"
      list[#list + 1] = { verb = verb, path = path, row = row,
        doc = assert(words[route], route .. ": write a sentence above its declaration (---)") }
    end
  end
  table.sort(list, function(a, b)
    if a.path ~= b.path then return a.path < b.path end
    return a.verb < b.verb
  end)
  return list
end

surface.faults = require(paths.modules.faults)

return surface
