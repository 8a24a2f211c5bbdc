-- Pages of declared data: records, enums, codes.

local page = require "page"
local run = require "run"
local surface = require "surface"
local wording = require "wording"

local emit, row, paragraph = page.emit, page.row, page.paragraph

local tables = {}

local function record_page(name)
  local record, extra = surface.records[name], surface.record_functions[name]
  page.write({ file = "record_" .. name, title = "Record: " .. name, nav = name, group = "Data" }, function()
    paragraph("%s", record.doc)
    page.head("Field", "Type", "Meaning", "On the V5 wire")
    for _, f in ipairs(record.fields) do
      row(page.anchor(f[1], ("`%s`"):format(f[1])), wording.field(f), f.doc, ("`%s`"):format(f[2]))
    end
    emit ""
    for _, alias in ipairs(surface.sorted(record.aliases or {})) do
      emit("- `%s`: a second name of `%s`.", alias, record.aliases[alias])
    end
    for _, f in ipairs(extra.derived) do emit("- `%s`: %s", f.name, f.doc.text) end
    for _, f in ipairs(extra.methods) do emit("- `%s:%s()`: %s", name, f.name, f.doc.text) end
    emit ""
    emit "A field that the exchange sends and no record declares is kept; its name becomes snake_case."
  end)
end

local ENUM_EXAMPLE = [[
print(bybit.enums.side.Buy, pcall(function() return bybit.enums.side.Bid end))]]

local CODE_EXAMPLE = [[
local ack, err = client:cancel_order { symbol = "BTCUSD", client_order_id = "never-placed" }
print(err.code, err.name, err.name == bybit.codes.order_not_found)]]

local function enums_page()
  page.write({ file = "enums", title = "Enums", group = "Data" }, function()
    page.example(ENUM_EXAMPLE, run.example(ENUM_EXAMPLE, "example.lua"))
    emit "The words that parameters take and records hold. They are spelled as on the V5 wire, on both wires."
    emit "`bybit.enums` has them too, and raises on a word that does not exist."
    for _, name in ipairs(surface.sorted(surface.enums)) do
      local enum = surface.enums[name]
      page.heading(name)
      paragraph("%s", enum.doc)
      paragraph("%s", page.list(enum.values))
      if enum.v2 then paragraph("On the v2 wire also: %s", page.list(enum.v2)) end
    end
  end)
end

local named = {} -- names that have an anchor already

local function name_cell(name)
  if named[name] then return ("`%s`"):format(name) end
  named[name] = true
  return page.anchor(name, ("`%s`"):format(name))
end

local function by_number(dialect)
  local numbers = surface.sorted(dialect.codes.by_code, nil)
  page.head("Code", "Name", "Kind", "Outcome", "Again?", "Meaning", "What to do")
  for _, number in ipairs(numbers) do
    local c = dialect.codes.by_code[number]
    local id = (dialect.name == "v5" and "" or dialect.name .. "-") .. number
    row(page.anchor(id, number), name_cell(c.name), c.kind, c.unchanged and "unchanged" or c.outcome,
      c.retryable and "yes" or "", c.meaning, c.advice)
  end
  emit ""
end

local function by_text(patterns)
  if not patterns or #patterns == 0 then return end
  paragraph "These share a code and are told apart by the exchange's text:"
  page.head("Code", "Text", "Name", "Kind", "Meaning")
  for _, c in ipairs(patterns) do row(c.code, c.find, name_cell(c.name), c.kind, c.meaning) end
  emit ""
end

local function by_status(http)
  paragraph "Answers that are not in the exchange's form are judged by their HTTP status:"
  page.head("Status", "Name", "Kind", "Outcome", "Meaning", "What to do")
  local statuses = {}
  for status in pairs(http) do statuses[#statuses + 1] = tostring(status) end
  table.sort(statuses)
  for _, status in ipairs(statuses) do
    local c = http[math.tointeger(status)] or http[status]
    row(status, name_cell(c.name), c.kind, c.outcome, c.meaning, c.advice)
  end
  emit ""
end

local function codes_page()
  page.write({ file = "codes", title = "Codes", group = "Data" }, function()
    page.example(CODE_EXAMPLE, run.example(CODE_EXAMPLE, "example.lua"))
    emit "What the exchange's codes mean, and what each says of the call that got it. `err.code` is the number, `err.name`"
    emit "the name. `bybit.codes.x` is the name itself, and raises if there is no such name. \"Again?\" is `err.retryable`."
    emit "A code that is not listed says nothing about what happened: its outcome is `unknown`."
    for _, dialect in ipairs(surface.dialects) do
      page.heading(dialect.name)
      by_number(dialect)
      by_text(dialect.codes.patterns)
      by_status(dialect.codes.http)
    end
  end)
end

function tables.write()
  for _, name in ipairs(surface.sorted(surface.records)) do record_page(name) end
  enums_page()
  codes_page()
end

return tables
