-- Colours for values that are laid out already: keys, texts, numbers and words are told apart by how they are written. It adds
-- nothing but colours.

local colour = require "bybit.shell.colour"

local tint = {}

local WORDS = { ["true"] = true, ["false"] = true, ["nil"] = true, null = true }

-- What a text that is no quoted one is: a number, a word of the language, or something else.
local function kind_of(text)
  if text:find "^%-?%d[%d%.eE%+%-]*$" then return "number" end
  return WORDS[text] and "word" or nil
end

-- Where the quoted text that begins at `from` ends; the end of the line where it was cut.
local function close_of(line, from)
  local i = from + 1
  while i <= #line do
    local c = line:sub(i, i)
    if c == '"' then return i end
    i = i + (c == "\\" and 2 or 1)
  end
  return #line
end

--- A line of a free table, or a value by itself, written as in Lua: `key = "text", [1] = 5`.
---@param line string
---@return string
function tint.code(line)
  local parts, i = {}, 1
  while i <= #line do
    local word = line:match("^[%w_%.%-]+", i)
    if line:sub(i, i) == '"' then
      local stop = close_of(line, i)
      parts[#parts + 1] = colour.paint("text", line:sub(i, stop))
      i = stop + 1
    elseif word then
      local is_key = line:find("^ = ", i + #word) or line:find("^:$", i + #word)
      local kind = is_key and "key" or kind_of(word)
      parts[#parts + 1] = kind and colour.paint(kind, word) or word
      i = i + #word
    else
      local other = line:match('^[^"%w_%.%-]+', i) or line:sub(i, i)
      parts[#parts + 1] = other
      i = i + #other
    end
  end
  return table.concat(parts)
end

local KINDS = { string = "text", boolean = "word", number = "number", userdata = "number" } -- userdata: a decimal

--- A field of a record: the key, its padding, the value and its text.
---@param key string
---@param gap string
---@param value any
---@param text string
---@return string
function tint.field(key, gap, value, text)
  local kind = KINDS[type(value)]
  return colour.paint("key", key) .. gap .. (kind and colour.paint(kind, text) or tint.code(text))
end

--- The names above the columns of a table.
---@param line string
---@return string
function tint.head(line)
  return colour.paint("bold", line)
end

return tint
