-- Writes the reference as Markdown into TARGET/reference. If cmark-gfm is installed, it also writes the guides and the reference as a
-- site into TARGET/html. It fails if something public has no text, or if a link leads nowhere. The same sources give the same
-- bytes. usage: make doc
package.path = "doc/generate/?.lua;" .. package.path
local page = require "page"
local paths = require "paths"
local surface = require "surface"

local target = arg[1] or "doc"
local emit, row, heading, paragraph = page.emit, page.row, page.heading, page.paragraph

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return (file:read "a")
end

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
end

---------------------------------------------------------------------------------------------------------------
-- Guides: the Markdown files in the folder of guides.

local ORDER = { "promises", "calls", "numbers", "errors", "tasks", "paper", "embedding", "shell", "performance" }

local function guides()
  local rank, list = {}, {}
  for i, name in ipairs(ORDER) do rank[name] = i end
  local find <close> = assert(io.popen(("ls %s/*.md"):format(paths.guides)))
  for path in find:lines() do
    local file = path:match "([%w_%-]+)%.md$"
    if file ~= "README" then
      local text = read(path)
      list[#list + 1] = { file = file, title = text:match "^# ([^\n]+)", group = "Guides", text = text, path = path }
    end
  end
  table.sort(list, function(a, b)
    local x, y = rank[a.file] or 99, rank[b.file] or 99
    if x ~= y then return x < y end
    return a.file < b.file
  end)
  return list
end

---------------------------------------------------------------------------------------------------------------

local function index_page(guide_list, written)
  local entry = { file = "README", title = "bybit " .. surface.version, nav = "Start", group = "" }
  page.write(entry, function()
    emit "The reference of a Lua module that trades Bybit's inverse perpetual contracts. It is made from the declarations by"
    emit "`make doc`. In its examples `bybit` is the module, `client` a client of a paper exchange, and `exchange` that"
    emit "exchange:"
    emit ""
    page.code [[
local bybit = require "bybit"
local client = bybit.client { environment = "paper" }
local exchange = client.exchange]]
    heading "Guides"
    for _, g in ipairs(guide_list) do emit("- [%s](../%s.md)", g.title, g.file) end
    heading "Methods"
    page.head("Method", "What it does")
    for _, p in ipairs(written) do
      if p.group == "Methods" then row(("[%s](%s.md)"):format(p.title, p.file), p.about) end
    end
    for _, group in ipairs { "Reference", "Data" } do
      heading(group == "Data" and "Records, enums, codes" or group)
      for _, p in ipairs(written) do
        if p.group == group then emit("- [%s](%s.md)", p.title, p.file) end
      end
    end
    paragraph ""
  end)
  return entry
end

-- The anchor that GitHub gives a heading.
local function heading_id(title)
  return (title:gsub("[`*]", ""):gsub("%b[]%b()", function(link) return link:match "%[(.-)%]" end):lower()
    :gsub("[^%w_ %-]", ""):gsub(" ", "-"))
end

-- The text without its blocks of code.
local function prose(text)
  return (("\n" .. text):gsub("\n```.-\n```", "\n"):gsub("`[^`\n]+`", "``"))
end

local function anchors_of(text)
  local found = {}
  for title in ("\n" .. text):gsub("\n```.-\n```", "\n"):gmatch "\n##+ ([^\n]+)" do found[heading_id(title)] = true end
  for id in text:gmatch '<a id="([^"]+)">' do found[id] = true end
  return found
end

-- A path without its "x/.." parts.
local function plain(path)
  local parts = {}
  for part in path:gmatch "[^/]+" do
    if part == ".." and #parts > 0 and parts[#parts] ~= ".." then parts[#parts] = nil else parts[#parts + 1] = part end
  end
  return table.concat(parts, "/")
end

-- Checks that every link of a page leads to a page that is made, and to an anchor on it, or to a file of the project.
local function check_links(all, promised)
  local by_path = {}
  for _, p in ipairs(all) do by_path[p.path] = p end
  for _, p in ipairs(all) do
    for link in prose(p.text):gmatch "%]%(([^%)%s]+)%)" do
      local file, anchor = link:match "^([^#]*)#?(.*)$"
      if not link:find "^https?:" then
        local to = file == "" and p.path or plain(p.path:match "^(.*)/" .. "/" .. file)
        local there = by_path[to] or promised[to]
        if not there then
          local f = io.open(to)
          assert(f, ("%s: the link %s leads nowhere"):format(p.path, link))
          f:close()
        end
        assert(anchor == "" or not by_path[to] or anchors_of(by_path[to].text)[anchor],
          ("%s: %s has no such anchor"):format(p.path, link))
      end
    end
  end
end

---------------------------------------------------------------------------------------------------------------

require "methods".write()
require "functions".write()
require "faces".write()
require "tables".write()

local guide_list = guides()
local reference = table.move(page.written, 1, #page.written, 1, {})
local index = index_page(guide_list, reference)
table.insert(reference, 1, index)
for _, p in ipairs(reference) do p.path = ("%s/reference/%s.md"):format(paths.guides, p.file) end

local all = table.move(guide_list, 1, #guide_list, 2, { index })
table.move(reference, 2, #reference, #all + 1, all)
check_links(all, {})

assert(os.execute(("rm -rf '%s/reference' && mkdir -p '%s/reference'"):format(target, target)))
for _, p in ipairs(reference) do write(("%s/reference/%s.md"):format(target, p.file), p.text) end
print(("%s/reference: %d pages"):format(target, #reference))

if os.execute "command -v cmark-gfm >/dev/null" then
  assert(os.execute(("rm -rf '%s/html' && mkdir -p '%s/html'"):format(target, target)))
  for name, text in pairs(require "site"(all, heading_id)) do write(("%s/html/%s"):format(target, name), text) end
  print(("%s/html/index.html: %d pages"):format(target, #all))
end
