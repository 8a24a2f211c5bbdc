-- The page that is being written: lines of Markdown, tables, code. There is one such page at a time.

local page = { written = {} } -- written: { file, title, group, text } in order

local out

--- Adds a line; with more arguments `text` is a format.
function page.emit(text, ...)
  out[#out + 1] = select("#", ...) > 0 and text:format(...) or text
end

local emit = page.emit

--- Writes a page: its title, then what body() emits.
---@param entry { file: string, title: string, group: string }
---@param body function
function page.write(entry, body)
  out = {}
  emit("# %s", entry.title)
  emit ""
  body()
  entry.text = table.concat(out, "\n"):gsub("\n\n\n+", "\n\n"):gsub("\n+$", "") .. "\n"
  page.written[#page.written + 1] = entry
end

--- A text, and an empty line below it.
function page.paragraph(text, ...)
  emit(text, ...)
  emit ""
end

function page.heading(text, ...)
  emit ""
  emit("## " .. text, ...)
  emit ""
end

-- A text as a cell of a table.
local function cell(text)
  return (tostring(text or ""):gsub("\n", " "):gsub("|", "\\|"))
end

function page.row(...)
  local cells = table.pack(...)
  for i = 1, cells.n do cells[i] = cell(cells[i]) end
  emit("| %s |", table.concat(cells, " | "))
end

function page.head(...)
  page.row(...)
  emit("|%s", ("---|"):rep(select("#", ...)))
end

--- A block of code in a language; "text" for what a program prints.
function page.code(text, language)
  emit("```%s", language or "lua")
  emit("%s", (text:gsub("\n+$", "")))
  emit "```"
  emit ""
end

--- An example, and below it what it prints.
function page.example(text, printed)
  page.code(text)
  if printed ~= "" then
    page.paragraph "It prints:"
    page.code(printed, "text")
  end
end

--- A text that links can lead to: page.md#id.
function page.anchor(id, text)
  return ('<a id="%s"></a>%s'):format(id, text)
end

--- `a`, `b`, `c`
function page.list(names, as)
  local parts = {}
  for i, name in ipairs(names) do parts[i] = (as or "`%s`"):gsub("%%s", (name:gsub("%%", "%%%%"))) end
  return table.concat(parts, ", ")
end

--- The first sentence of a text.
function page.sentence(text)
  text = text:gsub("\n", " ")
  return text:match "^(.-[^%.]%.)%s+%u" or text
end

return page
