-- Colours code for the site: words of Lua become spans, and the rest stays as it is. It knows words, not the grammar.

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true until
  while]]):gmatch "%a+" do KEYWORDS[word] = true end

local ESCAPED = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }

local function escape(text)
  return (text:gsub("[&<>]", ESCAPED))
end

local function span(class, text)
  return ('<span class="%s">%s</span>'):format(class, escape(text))
end

local function word(text, after)
  if KEYWORDS[text] then return span("k", text) end
  if after:find '^ ?[%({"\']' then return span("f", text) end
  return escape(text)
end

-- Each function takes the text and a place. It returns the part that begins there and its class, or nil.
local TOKENS = {
  { "c", "^%-%-%[%[.-%]%]" }, { "c", "^%-%-[^\n]*" }, { "s", "^%[%[.-%]%]" }, { "s", '^"[^"\n]*"' }, { "s", "^'[^'\n]*'" },
  { "n", "^0x%x+" }, { "n", "^%d+%.?%d*" },
}

local function token(text, at)
  for _, row in ipairs(TOKENS) do
    local found = text:match(row[2], at)
    if found then return found, row[1] end
  end
end

local highlight = {}

--- A Lua text as HTML.
---@param text string
---@return string
function highlight.lua(text)
  local out, at = {}, 1
  while at <= #text do
    local name = text:match("^[%a_][%w_]*", at)
    if name then
      out[#out + 1] = word(name, text:sub(at + #name, at + #name + 2))
      at = at + #name
    else
      local found, class = token(text, at)
      found = found or text:sub(at, at)
      out[#out + 1] = class and span(class, found) or escape(found)
      at = at + #found
    end
  end
  return table.concat(out)
end

--- A shell's text as HTML: comments only.
---@param text string
---@return string
function highlight.sh(text)
  return (escape(text):gsub("( # [^\n]*)", '<span class="c">%1</span>'):gsub("^(# [^\n]*)", '<span class="c">%1</span>'))
end

return highlight
