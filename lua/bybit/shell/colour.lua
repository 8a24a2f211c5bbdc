-- Colours, where the terminal has them: not where NO_COLOR is set (https://no-color.org), nor on a terminal that is dumb.

local terminal = require("bybit.core").terminal

local colour = {}

local CODES = { red = "31", green = "32", bold = "1", money = "1;31",
  key = "36", text = "32", number = "33", word = "35" } -- of values

--- Has this output colours?
---@param fd integer 1: standard output
---@return boolean
function colour.on(fd)
  local off, kind = os.getenv "NO_COLOR", os.getenv "TERM"
  return terminal.is_terminal(fd) and (off == nil or off == "") and kind ~= nil and kind ~= "" and kind ~= "dumb"
end

--- The text as it is seen, without colours.
---@param text string
---@return string
function colour.plain(text)
  return (text:gsub("\27%[[%d;]*m", ""))
end

--- A text in a colour; `wrapped`: as a prompt of readline, which counts what is seen.
---@param name string
---@param text string
---@param wrapped? boolean
---@return string
function colour.paint(name, text, wrapped)
  local on, off = ("\27[%sm"):format(CODES[name]), "\27[0m"
  if wrapped then on, off = "\1" .. on .. "\2", "\1" .. off .. "\2" end
  return on .. text .. off
end

return colour
