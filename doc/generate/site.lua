-- The site: guides and reference as HTML, with navigation and search. Pages load nothing from other sites. The index for navigation
-- and search is a script, so that pages work from a disk, and so that a new page does not change other pages.

local highlight = require "highlight"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return (file:read "a")
end

local function escape(text)
  return (text:gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end

local function unescape(text)
  return (text:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&quot;", '"'):gsub("&amp;", "&"))
end

local function name_of(p)
  return p.file == "README" and "index" or p.file
end

---------------------------------------------------------------------------------------------------------------
-- Markdown to HTML.

local function cmark(text)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  local pipe <close> = assert(io.popen(("cmark-gfm --unsafe -e table <'%s'"):format(path)))
  local body = pipe:read "a"
  os.remove(path)
  return body
end

-- Where a link leads on the site: all pages are in one folder, and the project's files are above it.
local function relink(p, pages)
  return function(link)
    if link:find "^https?:" or link:find "^#" then return ('href="%s"'):format(link) end
    local file, anchor = link:match "^([^#]*)(.*)$"
    local stem = file:match "([%w_%-]+)%.md$"
    local page = stem and not file:find "^%.%./%.%./" and pages[file:find "^reference/README" and "README" or stem]
    if page and not (p.group == "Guides" and file:find "^%.%./") then
      return ('href="%s.html%s"'):format(name_of(page), anchor)
    end
    return ('href="%s%s"'):format(p.group == "Guides" and "../" .. file or file, anchor)
  end
end

local function code(language, text)
  local f = highlight[language]
  local coloured = f and f(unescape(text)) or text
  return ('<pre class="%s"><code>%s</code></pre>'):format(language, coloured)
end

local function heading(heading_id)
  return function(level, title)
    local id = heading_id((unescape(title:gsub("<.->", ""))))
    return ('<h%s id="%s"><a class="self" href="#%s">%s</a></h%s>'):format(level, id, id, title:gsub("</?a[^>]*>", ""), level)
  end
end

local function body_of(p, pages, heading_id)
  return (cmark(p.text)
    :gsub('<pre><code class="language%-(%w+)">(.-)</code></pre>', code)
    :gsub("<pre><code>(.-)</code></pre>", function(text) return code("text", text) end)
    :gsub("<p>It prints:</p>\n<pre class=\"text\">", '<pre class="text prints">')
    :gsub('href="([^"]+)"', relink(p, pages))
    :gsub("<h([23])>(.-)</h%1>", heading(heading_id))
    :gsub('<td><a id="([^"]+)"></a>', '<td id="%1">')
    :gsub("<table>", '<div class="table"><table>'):gsub("</table>", "</table></div>"))
end

---------------------------------------------------------------------------------------------------------------
-- The frame of a page.

local SHELL = [[
<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>%s</title><link rel="stylesheet" href="style.css"></head><body>
<input type="checkbox" id="menu"><header><label for="menu">Menu</label>
<input type="search" id="search" placeholder="Search (press /)" aria-label="Search" autocomplete="off">
<ul id="found"></ul></header>
<nav><a class="home" href="index.html">bybit</a></nav>
<main>
%s</main>
<script src="index.js"></script><script src="site.js"></script></body></html>
]]

local function whole(p, body)
  local title = p.file == "README" and p.title or p.title .. " - bybit"
  -- Not string.format: a '%' in the body is plain text.
  return (SHELL:gsub("%%s", (function()
    local parts, i = { escape(title), body }, 0
    return function()
      i = i + 1
      return parts[i]
    end
  end)()))
end

---------------------------------------------------------------------------------------------------------------
-- The index for navigation and search. Each line is a page: [file, title, group, short title, entries]. An entry is [words, id], or
-- only the id if both are the same.

local function text_of(html)
  return (unescape(html:gsub("<.->", "")))
end

local function quoted(text)
  return '"' .. text:gsub('[\\"]', "\\%0"):gsub("%s+", " ") .. '"'
end

-- Calls f(text, id) for each section of a body: what follows a heading, up to the next one.
local function each_section(body, f)
  local starts = {}
  for at, id in body:gmatch '()<h[23] id="([^"]+)"' do starts[#starts + 1] = { at, id } end
  for i, start in ipairs(starts) do
    f(body:sub(start[1], starts[i + 1] and starts[i + 1][1] - 1 or -1), start[2])
  end
end

-- The tags whose text can be found besides headings and cells: stressed words of a guide, the words of an enum.
local function tags_of(p)
  return p.file == "enums" and { "code" } or p.group == "Guides" and { "strong", "em" } or {}
end

-- The entries of a page: its headings, its cells with an id, and words inside of sections.
local function entries_of(p, body)
  local list, seen = {}, {}
  local function add(what, id, key)
    if seen[key or what] then return end
    seen[key or what] = true
    list[#list + 1] = what == id and quoted(id) or ("[%s,%s]"):format(quoted(what), quoted(id))
  end
  for id, title in body:gmatch '<h[23] id="([^"]+)"><a[^>]*>(.-)</a></h' do
    if p.group == "Guides" or title:find "[:%.]" or p.file == "enums" then add(text_of(title), id) end
  end
  for id, inside in body:gmatch '<td id="([^"]+)">(.-)</td>' do add(text_of(inside), id) end
  each_section(body, function(text, id)
    for _, tag in ipairs(tags_of(p)) do
      for inside in text:gmatch(("<%s>(.-)</%s>"):format(tag, tag)) do add(text_of(inside), id, inside .. "#" .. id) end
    end
  end)
  return table.concat(list, ",")
end

local function index_of(all, bodies)
  local lines = {}
  for i, p in ipairs(all) do
    lines[i] = ("[%s,%s,%s,%s,[%s]]"):format(quoted(name_of(p)), quoted(p.title), quoted(p.group), quoted(p.nav or p.title),
      entries_of(p, bodies[p]))
  end
  return "const pages = [\n" .. table.concat(lines, ",\n") .. "\n];\n"
end

--- The files of the site: name -> text.
---@param all table[] pages in the order of the navigation
---@param heading_id fun(title: string): string
return function(all, heading_id)
  local by_file, bodies, files = {}, {}, {}
  for _, p in ipairs(all) do
    assert(not by_file[p.file], "two pages are called " .. p.file)
    by_file[p.file] = p
  end
  for _, p in ipairs(all) do bodies[p] = body_of(p, by_file, heading_id) end
  for _, p in ipairs(all) do files[name_of(p) .. ".html"] = whole(p, bodies[p]) end
  files["index.js"] = index_of(all, bodies)
  for _, name in ipairs { "style.css", "site.js" } do files[name] = read("doc/generate/site/" .. name) end
  return files
end
