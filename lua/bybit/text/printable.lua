-- Makes foreign text safe for a terminal or a log: a character that would move the cursor, colour the screen, start a new line or
-- turn the writing direction becomes a blank.

local CONTROLS = {
  "[%c\127]+",
  "\xC2[\x80-\x9F]", -- controls of eight bits
  "\u{202A}", "\u{202B}", "\u{202C}", "\u{202D}", "\u{202E}", "\u{2066}", "\u{2067}", "\u{2068}", "\u{2069}",
  "\u{2028}", "\u{2029}", -- separators of lines and paragraphs
}

--- The text on one line, without control characters.
---@param text string
---@return string
return function(text)
  if not text:find "[%c\127-\255]" then return text end
  for _, pattern in ipairs(CONTROLS) do text = text:gsub(pattern, " ") end
  return text
end
