-- Pages of functions and classes. Their text is in doc comments; introductions and examples are in topics.lua.

local page = require "page"
local topics = require "topics"
local run = require "run"
local surface = require "surface"
local wording = require "wording"

local emit, row, heading, paragraph = page.emit, page.row, page.heading, page.paragraph

local functions = {}

-- The name of a function in the reference: client:each, bybit.run, exchange:step.
local function name_of(f)
  local stem = f.owner:gsub("^bybit%.(%u)", "%1"):gsub("bybit%.paper%.Exchange", "exchange")
  return ("%s%s%s"):format(f.method and stem:lower() or stem, f.method and ":" or ".", f.name)
end

local function signature(name, args, doc)
  local returns = {}
  for i, r in ipairs(doc.returns) do returns[i] = r.name or wording.plain(r.type) end
  return ("%s(%s)%s"):format(name, table.concat(args, ", "), #returns > 0 and " -> " .. table.concat(returns, ", ") or "")
end

--- A section about one function.
---@param name string
---@param args string[]
---@param doc table a doc comment
function functions.section(name, args, doc)
  emit ""
  emit("### %s", name)
  emit ""
  page.code(signature(name, args, doc))
  paragraph("%s", doc.text)
  for _, p in ipairs(doc.params) do
    local optional = p.name:find "%?$" or p.type:find "%?$"
    emit("- `%s`: %s%s%s", p.name:gsub("%?$", ""), wording.plain(p.type:gsub("%?$", "")), optional and ", optional" or "",
      p.text ~= "" and ": " .. p.text or "")
  end
  for _, r in ipairs(doc.returns) do
    if r.text ~= "" then emit("- returns `%s`: %s", r.name or wording.plain(r.type), r.text) end
  end
end

local by_owner, by_where, shown = {}, {}, {}
for _, owner in ipairs(surface.owners) do
  by_owner[owner.name] = owner
  for _, f in ipairs(owner.functions) do by_where[f.where] = f end
end

local function section_of(f)
  shown[f.where] = true
  functions.section(name_of(f), f.args, f.doc)
end

-- `prefix` stands before the anchors of its fields: the first class of a page has none.
local function class_table(name, prefix)
  for _, class in ipairs(surface.classes) do
    if class.name == name then
      heading("Fields of %s", name)
      page.head("Field", "Type", "Meaning")
      for _, f in ipairs(class.fields) do
        local field = f.name:gsub("%?$", "")
        assert(f.text ~= "", ("%s.%s: say what it is, in its @field line"):format(name, field))
        row(page.anchor(prefix .. field, ("`%s`"):format(field)), wording.plain(f.type), f.text)
      end
      emit ""
      return
    end
  end
  error("no class " .. name)
end

local function option_type(o)
  local parts = { o.one_of and page.list(o.one_of, '`"%s"`') or o.types and wording.plain(o.types) or o.type }
  if o.min then parts[#parts + 1] = wording.range(o) end
  parts[#parts + 1] = o.unit
  parts[#parts + 1] = o.wanted
  return table.concat(parts, ", ")
end

local function options_table()
  heading "Options"
  page.head("Option", "Type", "Default", "Meaning")
  for _, o in ipairs(surface.options) do
    local doc = o.doc or error("the option " .. o[1] .. " has no doc")
    row(page.anchor("option-" .. o[1], ("`%s`"):format(o[1])), option_type(o),
      o.required and "required" or surface.default(o), doc)
  end
  heading "Environments"
  page.head("Name", "Address", "Real money")
  row("`paper`", "an exchange of its own, inside the program", "no")
  for _, name in ipairs(surface.sorted(surface.environments)) do
    local e = surface.environments[name]
    row(("`%s`"):format(name), e.url, e.real and "yes" or "no")
  end
  emit ""
end

local function common_table()
  heading "Options of every call"
  page.head("Option", "Type", "Meaning")
  for _, p in ipairs(surface.common) do
    row(page.anchor("every-" .. p[1], ("`%s`"):format(p[1])), wording.kind(p), p.doc)
  end
  emit ""
end

local function sections_of(topic)
  if not (topic.functions or topic.owners) then return end
  heading "Functions"
  for _, where in ipairs(topic.functions or {}) do
    section_of(by_where[where] or error(topic.file .. ": there is no function " .. where))
  end
  for _, owner in ipairs(topic.owners or {}) do
    for _, f in ipairs(by_owner[owner].functions) do
      if f.doc then section_of(f) end
    end
  end
end

local function topic_page(topic)
  page.write({ file = topic.file, title = topic.title, group = "Reference" }, function()
    page.example(topic.example, run.example(topic.example, "example.lua", topic.alone))
    paragraph("%s", topic.intro)
    if topic.options then options_table() end
    if topic.common then common_table() end
    for i, name in ipairs(topic.classes or {}) do
      class_table(name, i == 1 and "" or name:match "[^.]+$":lower() .. "-")
    end
    sections_of(topic)
  end)
end

function functions.write()
  for _, topic in ipairs(topics) do topic_page(topic) end
  shown["bybit.client"] = true -- its options are its words
  for where, f in pairs(by_where) do
    assert(not f.doc or shown[where], where .. " is on no page: name it in a topic of doc/generate/topics.lua")
  end
end

return functions
