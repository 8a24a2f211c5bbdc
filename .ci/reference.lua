-- Writes the reference, a page per subject, in Markdown (and HTML where cmark-gfm is there), from .ci/surface.lua and
-- .ci/pages.lua. It breaks where something public has no words. usage: make doc
package.path = ".ci/?.lua;" .. package.path
local pages = require "pages"
local surface = require "surface"

local target = arg[1] or "doc"
local out -- lines of the page being written
local written = {} -- file name -> { text, title }

local function emit(text, ...)
  out[#out + 1] = select("#", ...) > 0 and text:format(...) or text
end

local function page(file, title, body)
  out = {}
  emit("# %s", title)
  emit ""
  body()
  emit ""
  emit "[Index](index.md)"
  written[#written + 1] = { file = file, title = title, text = table.concat(out, "\n") .. "\n" }
end

-- A text as a cell of a table.
local function cell(text)
  return (tostring(text or ""):gsub("\n", " "):gsub("|", "\\|"))
end

local function row(...)
  local cells = table.pack(...)
  for i = 1, cells.n do cells[i] = cell(cells[i]) end
  emit("| %s |", table.concat(cells, " | "))
end

local function head(...)
  row(...)
  emit("|%s", ("---|"):rep(select("#", ...)))
end

local function code(text)
  emit "```lua"
  emit("%s", text)
  emit "```"
end

local function list_of(names, as)
  local parts = {}
  for i, name in ipairs(names) do parts[i] = (as or "`%s`"):gsub("%%s", name) end
  return table.concat(parts, ", ")
end

---------------------------------------------------------------------------------------------------------------
-- Values.

local WORDS = {
  symbol = "symbol", string = "text", id = "text", client_order_id = "text", cursor = "text", decimal = "decimal",
  integer = "integer", boolean = "boolean", time = "moment", seconds = "number", table = "table",
  token = "[cancel token](tasks.md)",
}

local function enum_link(name)
  return ("[%s](enums.md#%s)"):format(name, name)
end

local function range(p)
  if p.min and p.max then return ("%s to %s"):format(p.min, p.max) end
  if p.above then return "above " .. p.above end
  if p.min then return "at least " .. p.min end
  if p.max then return "at most " .. p.max end
end

local function kind(p)
  local parts = { p.enum and enum_link(p.enum) or p[3] == "decimal" and "[decimal](numbers.md)" or WORDS[p[3]] or p[3] }
  parts[#parts + 1] = range(p)
  if p.unit then parts[#parts + 1] = p.unit end
  return table.concat(parts, ", ")
end

local function default_by(by)
  local cases = {}
  for _, value in ipairs(surface.enums.order_type.values) do
    if by[value] then cases[#cases + 1] = ("%s with %s"):format(by[value], value) end
  end
  return table.concat(cases, ", ")
end

local function need(p, required)
  if required then return "required" end
  if p.required_when then return ("when %s is %s"):format(p.required_when[1], p.required_when[2]) end
  if p.default ~= nil then return "default " .. tostring(p.default) end
  if p.default_by then return "default " .. default_by(p.default_by) end
  if p.generate then return "made when left out" end
  return ""
end

local function rest(rule)
  return list_of(table.move(rule, 2, #rule, 1, {}))
end

-- How rules read; a rule that is not known here is an error, so that none is left unsaid.
local RULES = {
  together = function(rule) return "All or none of " .. rest(rule) .. "." end,
  one_of = function(rule) return "Exactly one of " .. rest(rule) .. "." end,
  any_of = function(rule) return "At least one of " .. rest(rule) .. "." end,
  excludes = function(rule) return "Not both of " .. rest(rule) .. "." end,
  equal = function(rule) return "Equal where both are given: " .. rest(rule) .. "." end,
  direction = function(rule)
    return ("`%s` or `%s`: the direction follows from `%s` and `%s`."):format(rule[3], rule[4], rule[2], rule[3])
  end,
  mode_by = function(rule)
    return ("`%s` is Partial when %s is given, else Full."):format(rule[2],
      list_of(table.move(rule, 3, #rule, 1, {}), "`%s`"):gsub(", ", " or "))
  end,
}

local function result_words(declared)
  local result = declared.result or {}
  local record = result.list or result.record or result.first
  if not record then return result.empty and "An empty table: it was done." or "A table." end
  local link = ("[%s](record_%s.md)"):format(record, record)
  if result.list then
    return ("A list of %s records%s"):format(link, result.cursor and ", a page at a time: `next_cursor` leads on, nil on "
      .. "the last page; [client:each](client.md) walks them." or ".")
  end
  return ("A record, %s."):format(link)
end

---------------------------------------------------------------------------------------------------------------
-- Methods.

local function parameters(method)
  local several = #surface.dialects > 1
  head("Parameter", "Type", "", "Meaning", several and "On the wires" or "On the wire")
  for _, entry in ipairs(surface.params(method)) do
    local p, wires = entry.row, {}
    for _, dialect in ipairs(surface.dialects) do
      local wire = entry.wire[dialect.name]
      local name = wire and ("`%s`"):format(wire) or wire == false and "not sent" or method.rows[dialect.name] and "none"
      if name then wires[#wires + 1] = several and dialect.name .. ": " .. name or name end
    end
    row(("`%s`%s"):format(p[1], p.also and (", `%s`"):format(p.also) or ""), kind(p), need(p, entry.required), p.doc,
      table.concat(wires, ", "))
  end
  emit ""
  emit "And what [every call](calls.md) takes."
  emit ""
end

local function rules(method)
  for _, dialect in ipairs(surface.dialects) do
    local declared = method.rows[dialect.name] or {}
    for _, rule in ipairs(declared.rules or {}) do
      emit("- %s%s", #surface.dialects > 1 and dialect.name .. ": " or "",
        assert(RULES[rule[1]], "rule without words: " .. rule[1])(rule))
    end
  end
  emit ""
end

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
  emit "## Errors"
  emit ""
  head("Name", "Meaning", "What to do")
  for _, name in ipairs(names) do
    local entry = assert(codes_by_name[name], "no such code: " .. name)
    row(("[`%s`](codes.md)"):format(name), entry.meaning, entry.advice)
  end
  emit ""
  emit "Those are the ones to expect; [errors](errors.md) has the kinds and outcomes, [codes](codes.md) all names."
  emit ""
end

local function method_page(method)
  local words = assert(pages.methods[method.name], method.name .. ": write an example in .ci/pages.lua")
  page(method.name, method.name, function()
    emit("%s", method.row.doc)
    emit ""
    emit("    local result, err, response = client:%s { ... }", method.name)
    emit ""
    emit "## Parameters"
    emit ""
    parameters(method)
    rules(method)
    emit "## Result"
    emit ""
    for _, dialect in ipairs(surface.dialects) do
      local declared = method.rows[dialect.name]
      if declared then
        local confirmed = declared == method.row and surface.confirmed(method)
        emit("%s%s%s", #surface.dialects > 1 and dialect.name .. ": " or "", result_words(declared), confirmed
          and (" With `confirm = true` the [%s](record_%s.md), read back."):format(confirmed, confirmed) or "")
        emit ""
      end
    end
    errors_of(words.codes)
    emit "## Example"
    emit ""
    code(words.example)
    emit ""
    for _, dialect in ipairs(surface.dialects) do
      local declared = method.rows[dialect.name]
      if declared then
        emit("Wire: `%s %s`%s (%s)", declared.verb, declared.path, declared.limit
          and (", %d requests a second"):format(declared.limit) or "", declared.source or dialect.name)
        emit ""
      end
    end
  end)
end

---------------------------------------------------------------------------------------------------------------
-- Records, enums, codes.

local function record_page(name)
  local record, extra = surface.records[name], surface.record_functions[name]
  page("record_" .. name, "Record: " .. name, function()
    emit("%s", record.doc)
    emit ""
    head("Field", "Type", "Meaning", "On the V5 wire")
    for _, f in ipairs(record.fields) do
      row(("`%s`"):format(f[1]), f.enum and enum_link(f.enum) or WORDS[f[3]] or f[3], f.doc, ("`%s`"):format(f[2]))
    end
    emit ""
    for _, alias in ipairs(surface.sorted(record.aliases or {})) do
      emit("- `%s`: a second name of `%s`.", alias, record.aliases[alias])
    end
    for _, f in ipairs(extra.derived) do emit("- `%s`: %s", f.name, f.doc.text) end
    for _, f in ipairs(extra.methods) do emit("- `%s:%s()`: %s", name, f.name, f.doc.text) end
    emit ""
    emit "A field that the exchange sends and no record declares is kept, its name in snake_case."
  end)
end

local function enums_page()
  page("enums", "Enums", function()
    emit "Words of parameters and records, as the V5 wire spells them; both wires give and take these. `bybit.enums` has"
    emit "them too, and raises on a word that it has not: `bybit.enums.side.Buy`."
    for _, name in ipairs(surface.sorted(surface.enums)) do
      local enum = surface.enums[name]
      emit ""
      emit("## %s", name)
      emit ""
      emit("%s", enum.doc)
      emit ""
      emit("%s", list_of(enum.values))
      if enum.v2 then
        emit ""
        emit("Of the v2 wire only: %s", list_of(enum.v2))
      end
    end
  end)
end

local function codes_table(dialect)
  local codes, numbers = dialect.codes, {}
  for number in pairs(codes.by_code) do numbers[#numbers + 1] = number end
  table.sort(numbers)
  head("Code", "Name", "Kind", "Outcome", "Again?", "Meaning", "What to do")
  for _, number in ipairs(numbers) do
    local c = codes.by_code[number]
    row(number, ("`%s`"):format(c.name), c.kind, c.unchanged and "unchanged" or c.outcome, c.retryable and "yes" or "",
      c.meaning, c.advice)
  end
  emit ""
  if codes.patterns and #codes.patterns > 0 then
    emit "Told apart by the exchange's text:"
    emit ""
    head("Code", "Text", "Name", "Kind", "Meaning")
    for _, c in ipairs(codes.patterns) do row(c.code, c.find, ("`%s`"):format(c.name), c.kind, c.meaning) end
    emit ""
  end
  emit "Answers without an envelope, by HTTP status:"
  emit ""
  head("Status", "Name", "Kind", "Outcome", "Meaning", "What to do")
  local statuses = {}
  for status in pairs(codes.http) do statuses[#statuses + 1] = tostring(status) end
  table.sort(statuses)
  for _, status in ipairs(statuses) do
    local c = codes.http[math.tointeger(status)] or codes.http[status]
    row(status, ("`%s`"):format(c.name), c.kind, c.outcome, c.meaning, c.advice)
  end
  emit ""
end

local function codes_page()
  page("codes", "Codes", function()
    emit "What the exchange's codes mean, and what each says of the call that got it. `err.code` is the number, `err.name`"
    emit "the name; `bybit.codes.x` is the name itself, and raises where there is none. A code that is not listed says"
    emit "nothing about what happened: its outcome is `unknown`."
    emit ""
    for _, dialect in ipairs(surface.dialects) do
      if #surface.dialects > 1 then
        emit("## %s", dialect.name)
        emit ""
      end
      codes_table(dialect)
    end
  end)
end

---------------------------------------------------------------------------------------------------------------
-- Functions and classes.

local function plain(kind_)
  return (kind_:gsub("bybit%.exact", "number"):gsub("bybit%.rounding", "rounding mode"))
end

local function signature(f)
  local args = {}
  for i, name in ipairs(f.args) do args[i] = name end
  local stem = f.owner:gsub("^bybit%.(%u)", "%1"):gsub("^paper%.", ""):gsub("bybit%.paper%.Exchange", "exchange")
  local returns = {}
  for i, r in ipairs(f.doc.returns) do returns[i] = r.name or plain(r.type) end
  return ("%s%s%s(%s)%s"):format(f.method and stem:lower() or stem, f.method and ":" or ".", f.name,
    table.concat(args, ", "), #returns > 0 and " -> " .. table.concat(returns, ", ") or "")
end

local documented = {}

local function function_section(f)
  documented[f.where] = true
  emit("### %s", signature(f))
  emit ""
  emit("%s", f.doc.text)
  emit ""
  for _, p in ipairs(f.doc.params) do
    local optional = p.name:find "%?$" or p.type:find "%?$"
    emit("- `%s`: %s%s%s", p.name:gsub("%?$", ""), plain(p.type:gsub("%?$", "")), optional and ", optional" or "",
      p.text ~= "" and ": " .. p.text or "")
  end
  for _, r in ipairs(f.doc.returns) do
    if r.text ~= "" then emit("- returns `%s`: %s", r.name or plain(r.type), r.text) end
  end
  emit ""
end

local by_owner, by_where = {}, {}
for _, owner in ipairs(surface.owners) do
  by_owner[owner.name] = owner
  for _, f in ipairs(owner.functions) do by_where[f.where] = f end
end

local function class_table(name)
  for _, class in ipairs(surface.classes) do
    if class.name == name then
      emit("## Fields of %s", name)
      emit ""
      head("Field", "Type", "Meaning")
      for _, f in ipairs(class.fields) do row(("`%s`"):format(f.name:gsub("%?$", "")), plain(f.type), f.text) end
      emit ""
      return
    end
  end
  error("no class " .. name)
end

local function options_table()
  emit "## Options"
  emit ""
  head("Option", "Type", "Default", "Meaning")
  for _, o in ipairs(surface.options) do
    local parts = { o.one_of and list_of(o.one_of, '`"%s"`') or o.types and plain(o.types) or o.type }
    if o.min then parts[#parts + 1] = range(o) end
    if o.unit then parts[#parts + 1] = o.unit end
    if o.wanted then parts[#parts + 1] = o.wanted end
    row(("`%s`"):format(o[1]), table.concat(parts, ", "), o.required and "required" or o.default,
      assert(o.doc, "option without words: " .. o[1]))
  end
  emit ""
  emit "Environments:"
  emit ""
  head("Name", "Address", "Real money")
  for _, name in ipairs(surface.sorted(surface.environments)) do
    local e = surface.environments[name]
    row(("`%s`"):format(name), e.url, e.real and "yes" or "no")
  end
  emit ""
end

local function common_table()
  emit "## Options of every call"
  emit ""
  head("Option", "Type", "Meaning")
  for _, p in ipairs(surface.common) do row(("`%s`"):format(p[1]), kind(p), p.doc) end
  emit ""
end

local function topic_page(topic)
  page(topic.file, topic.title, function()
    emit("%s", topic.intro)
    emit ""
    emit "## Example"
    emit ""
    code(topic.example)
    emit ""
    if topic.options then options_table() end
    if topic.common then common_table() end
    for _, name in ipairs(topic.classes or {}) do class_table(name) end
    if topic.functions or topic.owners then
      emit "## Functions"
      emit ""
    end
    for _, where in ipairs(topic.functions or {}) do
      if by_where[where] then function_section(by_where[where]) end
    end
    for _, owner in ipairs(topic.owners or {}) do
      for _, f in ipairs(by_owner[owner].functions) do
        if f.doc then function_section(f) end
      end
    end
  end)
end

-- Functions that no topic names: what was added and not yet given a place.
local function rest_page()
  local left = {}
  for _, owner in ipairs(surface.owners) do
    for _, f in ipairs(owner.functions) do
      if f.doc and not documented[f.where] and f.where ~= "bybit.client" then left[#left + 1] = f end
    end
  end
  if #left == 0 then return end
  page("more", "More functions", function()
    for _, f in ipairs(left) do function_section(f) end
  end)
end

---------------------------------------------------------------------------------------------------------------

local function index()
  page("index", "bybit " .. surface.version, function()
    emit "The reference, made from the declarations by `make doc`. In its examples `client` is a client of a paper exchange,"
    emit "`exchange` that exchange: `local client = bybit.client { environment = \"paper\" }`, `client.exchange`."
    emit ""
    emit "## Methods"
    emit ""
    head("Method", "")
    for _, method in ipairs(surface.methods) do
      row(("[%s](%s.md)"):format(method.name, method.name), method.row.doc:match "^(.-[%.:]) " or method.row.doc)
    end
    emit ""
    emit "## Subjects"
    emit ""
    for _, p in ipairs(written) do
      if not pages.methods[p.file] then emit("- [%s](%s.md)", p.title, p.file) end
    end
  end)
end

for _, method in ipairs(surface.methods) do method_page(method) end
for _, topic in ipairs(pages.topics) do topic_page(topic) end
rest_page()
for _, name in ipairs(surface.sorted(surface.records)) do record_page(name) end
enums_page()
codes_page()
index()

---------------------------------------------------------------------------------------------------------------
-- Every link leads somewhere.

local anchors = {}
for _, p in ipairs(written) do
  anchors[p.file .. ".md"] = true
  for title in p.text:gmatch "\n##+ ([^\n]+)" do
    anchors[p.file .. ".md#" .. title:lower():gsub("[^%w_ %-]", ""):gsub(" ", "-")] = true
  end
end
for _, p in ipairs(written) do
  for link in p.text:gmatch "%]%(([^%)]+)%)" do
    assert(anchors[link], ("%s.md: the link %s leads nowhere"):format(p.file, link))
  end
end

---------------------------------------------------------------------------------------------------------------
-- Files.

local STYLE = [[
<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>%s</title><style>
body{max-width:70em;margin:2em auto;padding:0 1em;font:16px/1.5 system-ui,sans-serif;color:#222}
table{border-collapse:collapse;font-size:.9em}td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left;
vertical-align:top}pre{background:#f5f5f5;padding:1em;overflow:auto}code{background:#f5f5f5}a{color:#0645ad}
</style>
]]

local function write(path, text)
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
end

local function html(p)
  local pipe <close> = assert(io.popen(("cmark-gfm -e table <%s/%s.md"):format(target, p.file)))
  local body = pipe:read("a"):gsub('href="([%w_]+)%.md', 'href="%1.html')
  -- Headings can be linked to.
  body = body:gsub("<h([23])>(.-)</h%1>", function(level, title)
    local id = title:gsub("<.->", ""):gsub("&%w+;", ""):lower():gsub("[^%w_ %-]", ""):gsub(" ", "-")
    return ('<h%s id="%s">%s</h%s>'):format(level, id, title, level)
  end)
  write(("%s/%s.html"):format(target, p.file), STYLE:format(p.title) .. body)
end

assert(os.execute(("mkdir -p '%s'"):format(target)))
for _, p in ipairs(written) do write(("%s/%s.md"):format(target, p.file), p.text) end
if os.execute "command -v cmark-gfm >/dev/null" then
  for _, p in ipairs(written) do html(p) end
  print(("%s/index.html, %s/index.md: %d pages"):format(target, target, #written))
else
  print(("%s/index.md: %d pages"):format(target, #written))
end
