-- Writes lua/bybit/types.lua, the LuaCATS annotations by which editors know the module, from doc/generate/surface.lua.
-- usage: make types
package.path = "doc/generate/?.lua;" .. package.path
local surface = require "surface"

local out = {}

local function emit(text, ...)
  out[#out + 1] = select("#", ...) > 0 and text:format(...) or text
end

-- A text as comment lines.
local function comment(text)
  for line in (text .. "\n"):gmatch "(.-)\n" do
    if line ~= "" then emit("---%s", line) end
  end
end

local function field(name, optional, kind, text)
  emit("---@field %s%s %s%s", name, optional and "?" or "", kind, text and text ~= "" and " " .. text or "")
end

-- The text beside a parameter: what it is for, its unit, its default.
local function words(p)
  local parts = { p.doc }
  if p.unit then parts[#parts + 1] = "Unit: " .. p.unit .. "." end
  local default = surface.default(p)
  if default then parts[#parts + 1] = ("Default: %s."):format(default) end
  return table.concat(parts, " ")
end

emit "---@meta _"
emit "-- What editors know of this module: generated from its declarations by `make types`. Do not edit."
emit "-- luacheck: ignore"
emit ""

---------------------------------------------------------------------------------------------------------------

emit "---A number that is exactly what it says: a decimal, an integer, a decimal string, or a float whose shortest text has"
emit "---at most 15 digits."
emit "---@alias bybit.exact bybit.Decimal|integer|number|string"
emit ""
emit "---How a decimal is rounded."
emit('---@alias bybit.rounding %s', surface.quoted { "half_even", "half_up", "half_down", "up", "down", "ceiling", "floor" })
emit ""
local environments = { "paper", "env" }
for _, name in ipairs(surface.sorted(surface.environments)) do environments[#environments + 1] = name end
emit "---Where to trade."
emit("---@alias bybit.environment %s", surface.quoted(environments))
emit ""
local paged = {}
for _, method in ipairs(surface.methods) do
  if method.row.result and method.row.result.cursor then paged[#paged + 1] = method.name end
end
emit "---The methods that the exchange answers a page at a time."
emit("---@alias bybit.paged_method %s", surface.quoted(paged))
emit ""

for _, name in ipairs(surface.sorted(surface.enums)) do
  local enum = surface.enums[name]
  comment(enum.doc)
  emit("---@alias bybit.%s %s", name, surface.quoted(surface.words(enum)))
  emit ""
end

---------------------------------------------------------------------------------------------------------------
-- Functions.

local function optional(name, kind)
  return name:find "%?$" or kind:find "%?$"
end

local function doc_lines(doc)
  comment(doc.text)
  for _, generic in ipairs(doc.generics) do emit("---@generic %s", generic) end
  for _, p in ipairs(doc.params) do
    local name, kind = p.name:gsub("%?$", ""), p.type:gsub("%?$", "")
    emit("---@param %s%s %s%s", name, optional(p.name, p.type) and "?" or "", kind, p.text ~= "" and " " .. p.text or "")
  end
  for _, r in ipairs(doc.returns) do
    emit("---@return %s%s%s", r.type, r.name and " " .. r.name or "", r.text ~= "" and " " .. r.text or "")
  end
end

-- The result of a walk depends on its method: name of the walk -> result of an overload.
local WALKS = {
  each = "fun(): bybit.%s, bybit.%s_list", pages = "fun(): bybit.%s_list", collect = "bybit.%s_list?, bybit.Error?",
}

local function overloads(stem, f)
  local walk = f.owner == "bybit.Client" and WALKS[f.name]
  for _, name in ipairs(walk and paged or {}) do
    local record
    for _, method in ipairs(surface.methods) do
      if method.name == name then record = select(2, surface.result(method.row)) end
    end
    emit('---@overload fun(self: bybit.%s, method: "%s", params%s%s): %s', stem, name,
      (stem == "View" and "?: bybit.%s.some" or ": bybit.%s.params"):format(name),
      f.name == "collect" and ", options?: { max: integer? }" or "", (walk:gsub("%%s", record)))
  end
end

-- Functions of a class are written as functions of a local that stands for the class.
local function define(stem, f)
  doc_lines(f.doc)
  overloads(stem, f)
  emit("function %s%s%s(%s) end", stem, f.method and ":" or ".", f.name, table.concat(f.args, ", "))
  emit ""
end

---------------------------------------------------------------------------------------------------------------
-- Records.

for _, name in ipairs(surface.sorted(surface.records)) do
  local record, extra = surface.records[name], surface.record_functions[name]
  comment(record.doc)
  emit("---@class bybit.%s", name)
  local by_name = {}
  for _, f in ipairs(record.fields) do
    by_name[f[1]] = f
    field(f[1], surface.may_be_nil(f), surface.field_type(f), f.doc)
  end
  for _, alias in ipairs(surface.sorted(record.aliases or {})) do
    local f = by_name[record.aliases[alias]]
    field(alias, surface.may_be_nil(f), surface.field_type(f), ("The same as %s."):format(f[1]))
  end
  if record.may_fail then field("error", true, "bybit.Error", "In the list of a batch: why this order failed.") end
  for _, f in ipairs(extra.derived) do field(f.name, true, "bybit.Decimal", f.doc.text) end
  for _, f in ipairs(extra.methods) do
    local returns = f.doc.returns[1] and f.doc.returns[1].type or "boolean"
    field(f.name, false, ("fun(self: bybit.%s): %s"):format(name, returns), f.doc.text)
  end
  emit ""
  emit("---A list of %s records; prints as a table.", name)
  emit("---@class bybit.%s_list", name)
  field("[integer]", false, name == "batch_order" and "bybit.batch_order|bybit.order" or "bybit." .. name)
  field("next_cursor", true, "string", "The cursor of the next page, in a paged list; nil on the last page.")
  field("cursor", true, "string", "What this page was asked with, in a page that a walk gives.")
  field("cut", true, "boolean", "True where the exchange shows no more at once: there may be more.")
  if name == "batch_order" then field("failed", false, "integer", "How many of the orders failed.") end
  emit ""
end

-- Tables with a list for each field of a record.
local in_columns = {}
for _, method in ipairs(surface.methods) do
  local result = method.row.result or {}
  if result.by_columns and not in_columns[result.list] then
    in_columns[result.list] = true
    emit("---A list for each field of %s records.", result.list)
    emit("---@class bybit.%s_columns", result.list)
    for _, f in ipairs(surface.records[result.list].fields) do field(f[1], false, surface.field_type(f) .. "[]", f.doc) end
    field("next_cursor", true, "string", "The cursor of the next page; nil on the last page.")
    emit ""
  end
end

-- Lists that have fields of their own: those of the record that the list is a part of.
local headed = {}
for _, method in ipairs(surface.methods) do
  local result = method.row.result or {}
  local head = surface.records[result.record or result.first or ""]
  local kind, record = surface.result(method.row)
  if result.heads and not headed[kind] then
    headed[kind] = true
    emit("---A list of %s records, with fields of its own. %s", record, head.doc)
    emit("---@class %s : bybit.%s_list", kind, record)
    for _, f in ipairs(head.fields) do
      if f[1] ~= result.part then field(f[1], surface.may_be_nil(f), surface.field_type(f), f.doc) end
    end
    emit ""
  end
end

---------------------------------------------------------------------------------------------------------------
-- Options of a client, and of every call.

emit "---Options of bybit.client."
emit "---@class (exact) bybit.ClientOptions"
for _, row in ipairs(surface.options) do
  field(row[1], not row.required, surface.option_type(row), words(row))
end
emit ""
emit "---What every method takes besides its own parameters."
emit "---@class (exact) bybit.CallOptions"
for _, p in ipairs(surface.common) do field(p[1], true, surface.param_type(p), words(p)) end
emit ""

---------------------------------------------------------------------------------------------------------------
-- Methods.

for _, method in ipairs(surface.methods) do
  if method.row.elements then
    emit("---A list of orders for %s, and the options of the call.", method.name)
    emit("---@class (exact) bybit.%s.params : bybit.CallOptions", method.name)
    field("[integer]", false, ("bybit.%s.order"):format(method.name))
    for _, p in ipairs(method.row.params) do field(p[1], true, surface.param_type(p), words(p)) end
    emit ""
    emit("---An order of %s.", method.name)
    emit("---@class (exact) bybit.%s.order", method.name)
    field("extra", true, "table", "Fields of the wire that have no parameter yet; they are sent as they are.")
  else
    emit("---Parameters of %s.", method.name)
    emit("---@class (exact) bybit.%s.params : bybit.CallOptions", method.name)
  end
  for _, entry in ipairs(surface.params(method)) do
    local p = entry.row
    field(p[1], not entry.required, surface.param_type(p), words(p))
    if p.also then field(p.also, true, surface.param_type(p), ("The same as %s."):format(p[1])) end
  end
  emit ""
  emit "---The same, where a view fills in the rest."
  emit("---@class (exact, partial) bybit.%s.some : bybit.%s.params", method.name, method.name)
  emit ""
end

---------------------------------------------------------------------------------------------------------------
-- Classes of doc comments that the public surface mentions.

local mentioned = {}

local function mention(text)
  for name in text:gmatch "bybit%.[%w_%.]+" do mentioned[name] = true end
end

for _, owner in ipairs(surface.owners) do
  mentioned[owner.name] = true
  for _, f in ipairs(owner.functions) do
    for _, p in ipairs(f.doc and f.doc.params or {}) do mention(p.type) end
    for _, r in ipairs(f.doc and f.doc.returns or {}) do mention(r.type) end
  end
end

for _, row in ipairs(surface.options) do mention(surface.option_type(row)) end

local by_name, written = {}, {}
for _, class in ipairs(surface.classes) do by_name[class.name] = class end
for _ = 1, 4 do -- classes mention classes
  for name, class in pairs(by_name) do
    if mentioned[name] then
      for _, f in ipairs(class.fields) do mention(f.type) end
    end
  end
end

local stems = { ["bybit"] = "bybit", ["bybit.Client"] = "Client", ["bybit.Decimal"] = "Decimal",
  ["bybit.Instrument"] = "Instrument", ["bybit.json"] = "json",
  ["bybit.sign"] = "sign", ["bybit.Task"] = "Task", ["bybit.Token"] = "Token", ["bybit.paper"] = "paper",
  ["bybit.paper.Exchange"] = "Exchange" }

local function class_lines(name)
  local class = by_name[name]
  written[name] = true
  if class then
    comment(class.text)
    emit("---@class %s", class.head)
    for _, f in ipairs(class.fields) do field(f.name, false, f.type, f.text) end
    for _, line in ipairs(class.more) do emit(line) end
  else
    emit("---@class %s", name)
  end
end

-- Fields of classes that have no comment in the sources.
local FIELDS = {
  ["bybit"] = function()
    field("version", false, "string", "Semantic version of the module.")
    field("null", false, "userdata", "JSON's null.")
    field("json", false, "bybit.json")
    field("sign", false, "bybit.sign")
    field("paper", false, "bybit.paper")
    field("enums", false, "table<string, table<string, string>>", "Words of the wire; a name it has not raises.")
    field("codes", false, "table<string, string>", "Names of the exchange's codes; a name it has not raises.")
  end,
  ["bybit.Client"] = function()
    field("exchange", true, "bybit.paper.Exchange", "The paper exchange that the client owns.")
  end,
}

-- The methods of a class; `params` is the suffix of the type of their parameters.
local function define_methods(stem, params)
  for _, method in ipairs(surface.methods) do
    local confirmed = not method.row.elements and surface.confirmed(method)
    comment(method.row.doc)
    emit("---@param params%s bybit.%s.%s", params == "some" and "?" or "", method.name, params)
    emit("---@return %s%s? result", surface.result(method.row), confirmed and "|bybit." .. confirmed or "")
    emit "---@return bybit.Error? err nil when it succeeded"
    emit "---@return bybit.Response? response"
    emit("function %s:%s(params) end", stem, method.name)
    emit ""
  end
end

-- The class of views: what a client has, with parameters that may be left out.
local function view_class()
  emit "---A client with default parameters filled in, see `client:with`. With `raise = true` a call returns its result alone,"
  emit "---and raises its error."
  emit "---@class bybit.View : bybit.Client"
  emit "local View = {}"
  emit ""
  define_methods("View", "some")
  for _, owner in ipairs(surface.owners) do
    for _, f in ipairs(owner.name == "bybit.Client" and owner.functions or {}) do
      if WALKS[f.name] and f.doc then define("View", f) end
    end
  end
end

for i = #surface.owners, 1, -1 do -- the module itself comes last
  local owner = surface.owners[i]
  local stem = assert(stems[owner.name], owner.name)
  class_lines(owner.name)
  if FIELDS[owner.name] then FIELDS[owner.name]() end
  emit("local %s = {}", stem)
  emit ""
  if owner.name == "bybit.Client" then define_methods("Client", "params") end
  for _, f in ipairs(owner.functions) do
    if f.doc then define(stem, f) end
  end
  if owner.name == "bybit.Client" then view_class() end
end

for _, name in ipairs(surface.sorted(by_name)) do
  if mentioned[name] and not written[name] then
    class_lines(name)
    emit ""
  end
end

emit "return bybit"

local file <close> = assert(io.open(arg[1] or "lua/bybit/types.lua", "w"))
file:write(table.concat(out, "\n"), "\n")
