-- What an answer looks like that is none of the exchange's: a gateway's page, plain text, JSON of somebody else. Its content
-- type and its first words, on one line, without control characters, cut short. Secrets were struck out before (src/wire/
-- redact.c), and nothing is decoded here that could put one together again.

local printable = require "bybit.text.printable"

local foreign = {}

local MOST = 400 -- bytes of words

-- The text with what is no UTF-8 replaced, cut where a character ends.
local function cleaned(text)
  local length, bad = utf8.len(text)
  local parts, from = {}, 1
  while not length do
    parts[#parts + 1] = text:sub(from, bad - 1)
    parts[#parts + 1] = "?"
    from = bad + 1
    length, bad = utf8.len(text, from)
  end
  text = table.concat(parts) .. text:sub(from)
  text = printable(text):gsub("%s+", " "):gsub("^ ", ""):gsub(" $", "")
  if #text <= MOST then return text end
  return (text:sub(1, MOST):gsub("[\xC0-\xFF][\x80-\xBF]*$", "")) .. "..."
end

-- Characters that HTML writes otherwise and that are in no key.
local ENTITIES = { ["&amp;"] = "&", ["&lt;"] = "<", ["&gt;"] = ">", ["&quot;"] = '"', ["&#39;"] = "'", ["&nbsp;"] = " " }

-- The words of a page. A tag leaves a blank, so that it joins nothing.
local function words_of_html(page)
  page = page:gsub("<!%-%-.-%-%->", " ")
  for _, tag in ipairs { "script", "style" } do
    page = page:gsub(("<%s[^%%a].-</%s%%s*>"):format(tag, tag), " "):gsub(("<%s>.-</%s%%s*>"):format(tag, tag), " ")
  end
  local lower = page:lower()
  local from, to = lower:match "<title[^>]*>()[^<]*()"
  local title = from and page:sub(from, to - 1) or ""
  local rest = from and page:sub(1, from - 1) .. page:sub(to) or page
  rest = rest:gsub("<[^>]*>", " "):gsub("<[^<]*$", "")
  local words = (title .. " " .. rest):gsub("&[%w#]+;", ENTITIES)
  return words
end

local function is_html(body, kind)
  return kind:find("html", 1, true) ~= nil or body:find "^%s*<[!%a]" ~= nil
end

-- Bytes that say that the text was packed.
local function packed_with(body, headers)
  local coding = headers["content-encoding"]
  if coding and coding ~= "" and coding:lower() ~= "identity" then return coding end
  return body:sub(1, 2) == "\x1f\x8b" and "gzip" or nil
end

local function is_text(body)
  if body:find "%z" then return false end
  local _, controls = body:gsub("[\1-\8\14-\31]", "")
  return controls * 10 <= #body
end

---@class bybit.Foreign
---@field words string what the body says, or is
---@field text boolean it is text, and the words are its own

--- The first words of a body.
---@param body string its head
---@param size integer bytes of the whole
---@param headers table<string, string>
---@return bybit.Foreign
local function read(body, size, headers)
  if size == 0 then return { words = "an empty body" } end
  local kind = (headers["content-type"] or ""):lower()
  local coding = packed_with(body, headers)
  if coding and not (is_text(body) and utf8.len(body)) then
    return { words = ("%d bytes packed with %s, which was not asked for"):format(size, cleaned(coding):sub(1, 20)) }
  end
  if not is_text(body) then return { words = ("%d bytes that are no text"):format(size) } end
  local words = cleaned(is_html(body, kind) and words_of_html(body) or body)
  if words == "" then return { words = ("%d bytes without a word"):format(size) } end
  return { words = words, text = true }
end

--- What an answer looks like: `text/html, "Bad Gateway"`.
---@param facts table body (its head), body_size
---@param headers table<string, string>
---@return string
function foreign.describe(facts, headers)
  local found = read(facts.body or "", facts.body_size or 0, headers or {})
  local words = found.text and ('"%s"'):format(found.words) or found.words
  local kind = headers and headers["content-type"]
  return kind and kind ~= "" and ("%s, %s"):format(cleaned(kind):sub(1, 60), words) or words
end

return foreign
