-- The endpoints of a wire, as data: a row each. The rows are in a file per subject, as the exchange's documentation groups its
-- endpoints. If no loaded file has the row that is asked for, the next file is loaded. All else that is known of a method follows
-- from its row: its checks and hints, help, completion, the command, editor types, the reference, `bybit check`.
--
-- What the fields of a row say:
--
--   [1]          the name of the method, or of an internal row
--   verb, path   where the request goes
--   on           a table of fields that several rows share, such as verb, path and limit of one endpoint
--   source       where the exchange documents the endpoint
--   doc          what the method does: its text in help, editors and reference
--   example      a program for the reference; `client`, `exchange` (BTCUSD at 30000) and `bybit` are there for it
--   codes        the names of the codes to expect, for the reference
--   params       the parameters, see below
--   rules        what holds between parameters; the kinds are in src/schema/schema.h. `category`: it holds for that kind of
--                contracts only
--   categories   the kinds of contracts that the request may be about: it carries one of them as `category`, and if there are
--                several, the row gets a parameter of this name; nil: it is about none
--   fixed        what always goes out: { wire name, value = text }; "category" stands for `categories` with each kind
--   result       what the answer becomes, see below
--   limit        how many requests a second the exchange allows
--   group        the rate group that the request counts in; the wire fills it in from the path where it can
--   open         the request needs no signature; the wire fills it in from the path
--   changes      the call changes something, so that its failures have an outcome; filled in: every POST does
--   settle       what is changed, "place", "amend", "cancel", "all", "stop", "setting", "add" or "transfer": the rule that
--                settles an unknown outcome
--   shown        for "setting" and "add": the record that shows what stands, see below
--   conditional  the method is about orders with a trigger
--   cancels      the call takes risk away: it passes guards, and goes out before others
--   protects     the call sets stops: it takes risk away, unless it removes a stop
--   heard        recovery notes successful calls too, see outcome/stops.lua
--   internal     there is no method of this name: other methods, recovery or read-backs make this request
--   composite    the method is made of several requests, by a function of the wire's init.lua
--   elements     the call is a batch: a list, and each element is what a call of one of these methods would be. The row says besides:
--   items        the name of that list on the wire
--   most         how many elements it may have
--   without      parameters of those methods that elements do not have
--   of           what the elements do, in the words of `settle`
--   over         the internal rows that a composite method asks; the first is the one that changes something
--   subject      the file of the row; filled in
--   place        the number of the row among those of the wire; filled in
--
-- What the fields of a parameter say:
--
--   [1], [2]     our name, and the name on the wire; false: the parameter is not sent as it is
--   [3]          the type
--   required     the parameter must be given; a text says why
--   required_when { parameter, value }: it must be given beside that value; `unless`: not where that parameter is given
--   default      the value when none is given
--   default_by   { parameter, value = default ... }: the default depends on another parameter
--   above, min, max   the range
--   whole        only whole numbers: { category = unit } for the categories in which that is so
--   kind         of a symbol: { category = { its name, endings that its symbols never have } }, see wire/categories.lua; what
--                changes something and is no cancel refuses the symbol of another kind
--   leg          which of the positions of a symbol the call is about, as a number
--   zero_with        flags: where all of them are true, 0 passes `above`
--   enum         the words that are allowed, see records/enums.lua; `values`: only these of them
--   wire         what goes out for our words, where that differs
--   also         a second name
--   generate     a client order id, or a UUID, is made when none is given
--   reduces      a flag: where it is true, the order only takes risk away
--   v2, v5       the name on the other wire, for hints
--   unit, doc    for help, editors and reference
--   example      a value for help, where an ordinary value of the type would not do
--
-- What the fields of `shown` say:
--
--   row          the method that reads the record
--   by           its parameters: { name there = name here }; the record has them too
--   leg          of several records, it is the one of the call's position_mode
--   as           the field of an error that holds the record: "position" or "record"
--   fields       for "setting": { parameter, field that shows it }. `words`: what the parameter is for each value of the field;
--                `enum`: the words that the field may hold; `legs`: it shows in the records of these positions only
--
-- What the fields of a result say:
--
--   record       the answer is one record of this name
--   list         the answer is a list of these records
--   first        the answer is a list, and its first record is the result
--   columns      the answer is a list of these records, and the result a table with a list for each of their fields
--   by_columns   a list that the method's parameter `columns` makes such a table of
--   part         the result is not the record, but what is in this field of it: a list or a map
--   heads        the list in that field gets the other fields of the record
--   single       the first element of the list in that field is the result
--   key          the key of the list in the answer
--   cursor       the key of the next cursor in the answer
--   more         the same for `first`: an empty page that has a next cursor is an error; the wire fills it in
--   empty        the answer only says that it was done
--   free         the result is a table as the exchange sends it
--   needed       an answer without its list is an error; the wire fills it in where that is so

local later = require "bybit.later"

local rows = {}

-- Endpoints -> its state: the wire; the subjects whose files are loaded; by name what is given for each row, and the rows that were
-- asked for so far.
local sets = setmetatable({}, { __mode = "k" })

-- A row with the fields that it shares with others, and with what follows from them.
local function complete(wire, name, given)
  local row = {}
  for k, v in pairs(given.on or {}) do row[k] = v end
  for k, v in pairs(given) do row[k] = v end
  row[1], row.on = nil, nil
  row.params = row.params or {}
  if row.changes == nil and row.verb == "POST" then row.changes = true end
  wire.complete(row, name)
  return row
end

local APART = 1000 -- between the places of two files

-- A row that is there, of a file that is not loaded, is left from when its loading was interrupted.
local function add(set, name, given, subject, place)
  local there = set.given[name]
  assert(there == nil or not set.loaded[there.subject], name .. " is declared twice")
  set.given[name] = { row = given, subject = subject, place = place }
end

local among = setmetatable({}, { __mode = "k" }) -- row of a batch -> the endpoints that it is one of

-- The row of this name, completed; nil where no loaded file has it.
local function row_of(set, name)
  local row, declared = set.rows[name], set.given[name]
  if row or not declared then return row end
  row = complete(set.wire, name, declared.row)
  row.subject, row.place = declared.subject, declared.place
  if row.elements then among[row] = set.endpoints end
  set.rows[name] = row
  return row
end

-- Loads the file of the n-th subject, unless it is loaded. Where it raises (memory may run out), it counts as not loaded.
local function load_subject(set, n)
  local subject = set.wire.subjects[n]
  if set.loaded[subject] then return end
  for i, row in ipairs(later.load(("%s.%s"):format(set.wire.folder, subject))) do
    add(set, row[1], row, subject, (n - 1) * APART + i)
  end
  set.loaded[subject] = true
end

-- Loads the next file. False: all are loaded.
local function load_next(set)
  for n, subject in ipairs(set.wire.subjects) do
    if not set.loaded[subject] then
      load_subject(set, n)
      return true
    end
  end
  return false
end

local meta = { __name = "bybit.endpoints" }

function meta.__index(endpoints, name)
  local set = sets[endpoints]
  if name == nil then return nil end
  repeat
    local row = row_of(set, name)
    if row then return row end
  until not load_next(set)
end

function meta.__newindex(endpoints, name, row)
  local set = sets[endpoints]
  while load_next(set) do end
  if row == nil then
    set.given[name], set.rows[name] = nil, nil
  else
    complete(set.wire, name, row) -- a wrong row is refused here, not when it is asked for
    set.added = set.added + 1
    add(set, name, row, row.subject or "other", #set.wire.subjects * APART + set.added)
    set.loaded[row.subject or "other"] = true
  end
end

function meta.__pairs(endpoints)
  local set = sets[endpoints]
  while load_next(set) do end
  for name in pairs(set.given) do row_of(set, name) end
  return next, set.rows, nil
end

--- The endpoints of a wire: name -> row. Indexing loads what it needs; pairs loads all. A row that is set is completed, and nil
--- takes a row away.
---@param wire { folder: string, subjects: string[], complete: fun(row: table, name: string), of_path: (fun(path: string): string?)? }
--- where the files are; their names, in the order of the reference; what fills in the fields that follow from others; in which
--- of the files a path's rows are (nil: it may be any)
---@return table<string, table>
function rows.new(wire)
  local endpoints = setmetatable({}, meta)
  sets[endpoints] = { endpoints = endpoints, wire = wire, given = {}, rows = {}, loaded = {}, added = 0 }
  return endpoints
end

-- The rows that may have a path: those of its file, where the wire knows it.
local function rows_of_path(set, endpoints, path)
  local subject = set.wire.of_path and set.wire.of_path(path)
  if not subject then return endpoints end
  for n, name in ipairs(set.wire.subjects) do
    if name == subject then load_subject(set, n) end
  end
  local found = {}
  for name, given in pairs(set.given) do
    if given.subject == subject then found[#found + 1] = row_of(set, name) end
  end
  return found
end

--- A row for a request that has no row of its own, with what is known of its path.
---@param endpoints table<string, table>
---@param verb "GET"|"POST"
---@param path string
---@param params? table[] parameters that are known
---@return table row
function rows.any(endpoints, verb, path, params)
  local row = complete(sets[endpoints].wire, "request", { verb = verb, path = path, result = { free = true } })
  row.params = params or row.params
  for _, other in pairs(rows_of_path(sets[endpoints], endpoints, path)) do -- rows with one path share one group
    if other.path == path and other.group then
      row.group, row.limit, row.per = other.group, other.limit, other.per
      row.weight, row.by_symbol, row.cancels = other.weight, other.by_symbol, other.cancels
      break
    end
  end
  return row
end

-- A parameter of a batch's elements, which may not refer to one that they do not have.
local function element_param(p, without)
  local when = p.required_when
  if not when or not without[when.unless or ""] then return p end
  local own = {}
  for k, v in pairs(p) do own[k] = v end
  own.required_when = { when[1], when[2] }
  return own
end

local element_rows = setmetatable({}, { __mode = "k" }) -- row of a batch -> rows of its elements

--- What the elements of a batch may be: the rows of those methods, without what elements do not have. Each has its name in `name`.
---@param row table of the batch
---@return table[]
function rows.elements(row)
  local known = element_rows[row]
  if known then return known end
  local endpoints, without, list = among[row], {}, {}
  for _, name in ipairs(row.without or {}) do without[name] = true end
  for i, name in ipairs(row.elements) do
    local own = { name = name, params = {}, rules = {} }
    for k, v in pairs(endpoints[name]) do
      if own[k] == nil then own[k] = v end
    end
    for _, p in ipairs(endpoints[name].params) do
      if not without[p[1]] then own.params[#own.params + 1] = element_param(p, without) end
    end
    for _, rule in ipairs(endpoints[name].rules or {}) do
      local whole = true
      for _, param in ipairs(rule) do whole = whole and not without[param] end
      if whole then own.rules[#own.rules + 1] = rule end
    end
    list[i] = own
  end
  element_rows[row] = list
  return list
end

--- The parameters of all kinds of elements of a batch, each once; required only where every kind requires it. What the batch itself
--- takes, such as its category, is not among them.
---@param row table of the batch
---@return table[]
function rows.element_params(row)
  local list, by_name, kinds, beside = {}, {}, rows.elements(row), {}
  for _, p in ipairs(row.params) do beside[p[1]] = true end
  for _, kind in ipairs(kinds) do
    for _, p in ipairs(kind.params) do
      local known = by_name[p[1]] or beside[p[1]] and {}
      if not known then
        known = {}
        for k, v in pairs(p) do known[k] = v end
        known.required, known.times = false, 0
        by_name[p[1]], list[#list + 1] = known, known
      end
      if p.required then known.times = (known.times or 0) + 1 end
      known.required = known.times == #kinds
    end
  end
  for _, p in ipairs(list) do
    p.times = nil
    if by_name[p.also or false] then p.also = nil end
  end
  return list
end

--- The names of the methods, in the order of the alphabet.
---@param endpoints table<string, table>
---@return string[] names a table of the caller's own
function rows.methods(endpoints)
  local names = {}
  for name, row in pairs(endpoints) do
    if not row.internal then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

--- Does the row belong to a method that reads a list?
---@param row table?
---@return boolean
function rows.reads_list(row)
  return row ~= nil and row.verb == "GET" and not row.internal and row.result.list ~= nil
end

--- The row of a method; nil where there is no such method.
---@param endpoints table<string, table>
---@param name any
---@return table?
function rows.method(endpoints, name)
  local row = endpoints[name]
  return row and not row.internal and row or nil
end

--- The field of a record that is the result in its place; nil if the result is the record.
---@param result table of a row
---@param records table<string, table>
---@return table? field
function rows.part(result, records)
  for _, field in ipairs(result.part and records[result.record or result.first].fields or {}) do
    if field[1] == result.part then return field end
  end
end

--- The record that is in the result, and whether there is a list of it; nil where there is none.
---@param result table of a row
---@param records table<string, table>
---@return string? record
---@return boolean? list
function rows.holds(result, records)
  if result.list then return result.list, true end
  local part = rows.part(result, records)
  if part then return part.of, part.of and not result.single end
  return result.record or result.first, false
end

local compiled = {} -- method -> { row, name of its wire }

--- Keeps the row of a method that was compiled, for hints: they look up the names of its parameters on the wire.
---@param method string
---@param row table
---@param api? "v5"|"v2" its wire; V5 if it is left out
function rows.declare(method, row, api)
  compiled[method] = { row, api or "v5" }
end

--- The row of a method that was compiled, and its wire; nil where there is none.
---@param method any
---@return table? row
---@return "v5"|"v2"|nil api
function rows.declared(method)
  local found = method ~= nil and compiled[method]
  if found then return found[1], found[2] end
end

return rows
