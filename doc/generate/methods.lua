-- A page per method, made from its rows on both wires.

local page = require "page"
local rows = require "bybit.wire.rows"
local run = require "run"
local surface = require "surface"
local wording = require "wording"

local emit, row, heading, paragraph = page.emit, page.row, page.heading, page.paragraph

local methods = {}

local function wires_of(method, entry)
  local wires = {}
  for _, dialect in ipairs(surface.dialects) do
    local wire = entry.wire[dialect.name]
    local name = wire and ("`%s`"):format(wire) or wire == false and "not sent" or method.rows[dialect.name] and "none"
    if name then wires[#wires + 1] = dialect.name .. ": " .. name end
  end
  return table.concat(wires, ", ")
end

local function parameters(method)
  heading(method.row.elements and "Parameters of each order" or "Parameters")
  page.head("Parameter", "Type", "Needed", "Meaning", "On the wires")
  for _, entry in ipairs(surface.params(method)) do
    local p = entry.row
    row(page.anchor(p[1], ("`%s`"):format(p[1])) .. (p.also and (", `%s`"):format(p.also) or ""), wording.kind(p),
      wording.need(p, entry.required), p.doc, wires_of(method, entry))
  end
  emit ""
  if method.row.elements then
    local names = {}
    for i, name in ipairs(method.row.elements) do names[i] = ("[%s](%s.md)"):format(name, name) end
    paragraph("A list of 1 to %d orders, each with the parameters of %s. The options of [every call]"
      .. "(call.md#options-of-every-call) stand beside the orders and count for all of them; `extra` stands in an order.",
      method.row.most, table.concat(names, " or "))
    for _, p in ipairs(method.row.params) do emit("- `%s`, beside the orders: %s", p[1], p.doc) end
    return
  end
  paragraph "The options of [every call](call.md#options-of-every-call) may stand beside them."
  for _, dialect in ipairs(surface.dialects) do
    for _, rule in ipairs((method.rows[dialect.name] or {}).rules or {}) do
      emit("- %s: %s", dialect.name, wording.rule(rule))
    end
  end
end

local function result_words(declared)
  local result = declared.result or {}
  local record, list = rows.holds(result, surface.records)
  if not record then
    return result.empty and "an empty table: it was done." or result.part and "a table from names to decimals." or "a table."
  end
  local link = ("[%s](record_%s.md)"):format(record, record)
  if not list then return ("a record, %s."):format(link) end
  if result.heads then
    local head = result.record or result.first
    return ("a list of %s records. The list has the fields of [%s](record_%s.md) too."):format(link, head, head)
  end
  if declared.elements then
    return ("a list with a %s for each order, or a table `{error = err}`; `failed` says how many failed."):format(link)
  end
  local columns = result.by_columns and " With `columns = true`: a table with a list for each field." or ""
  return ("a list of %s records%s%s"):format(link, result.cursor and ", a page at a time. `next_cursor` leads to the next "
    .. "page; it is nil on the last one. [client:each](client.md#clienteach) walks all pages." or ".", columns)
end

local function results(method)
  heading "Result"
  for _, dialect in ipairs(surface.dialects) do
    local declared = method.rows[dialect.name]
    local confirmed = declared == method.row and surface.confirmed(method)
    if declared then
      emit("- %s: %s%s", dialect.name, result_words(declared), confirmed
        and (" With `confirm = true`: the [%s](record_%s.md), read back."):format(confirmed, confirmed) or "")
    end
  end
end

-- The code of a name; if several codes have the name, the smallest.
local codes_by_name = {}
for _, dialect in ipairs(surface.dialects) do
  for _, part in ipairs { dialect.codes.by_code, dialect.codes.patterns } do
    for _, entry in pairs(part) do
      local known = codes_by_name[entry.name]
      if not known or entry.code < known.code then codes_by_name[entry.name] = entry end
    end
  end
end

local function errors_of(names)
  heading "Errors to expect"
  page.head("Name", "Meaning", "What to do")
  for _, name in ipairs(names) do
    local entry = assert(codes_by_name[name], "no such code: " .. name)
    row(("[`%s`](codes.md#%s)"):format(name, name), entry.meaning, entry.advice)
  end
  emit ""
  paragraph "[Errors](../errors.md) tells the kinds and outcomes; [codes](codes.md) lists all names."
end

local function wires(method)
  heading "On the wire"
  for _, dialect in ipairs(surface.dialects) do
    local declared = method.rows[dialect.name]
    if declared then
      emit("- `%s %s`%s (%s)", declared.verb, declared.path, declared.limit
        and (", %d requests a %s"):format(declared.limit, declared.per and "minute" or "second") or "",
        declared.source or dialect.name)
    end
  end
end

local function method_page(method)
  local example = assert(method.row.example, method.name .. ": its row has no example")
  local codes = assert(method.row.codes, method.name .. ": its row has no codes to expect")
  page.write({ file = method.name, title = method.name, group = "Methods", about = page.sentence(method.row.doc) }, function()
    paragraph("%s", method.row.doc)
    page.example(example, run.example(example, "example.lua"))
    parameters(method)
    results(method)
    errors_of(codes)
    wires(method)
  end)
end

function methods.write()
  for _, method in ipairs(surface.methods) do method_page(method) end
end

return methods
