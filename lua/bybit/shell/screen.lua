-- Shows a text again and again in one place: each drawing takes the place of the one before, line by line, so that nothing
-- flickers and what was above stays. Where standard output is no terminal, one text follows the other.

local out = require "bybit.shell.out"
local terminal = require("bybit.core").terminal

local screen = {}
screen.__index = screen

--- A place that begins at the cursor.
---@return table
function screen.new()
  return setmetatable({ drawn = 0 }, screen)
end

-- What fits: a line that is wrapped, or one below the last, would move the place.
local function lines_of(text, columns, rows)
  local lines = {}
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do lines[#lines + 1] = line:sub(1, columns) end
  if #lines < rows then return lines end
  local most = math.max(rows - 1, 1)
  return table.move(lines, 1, most - 1, 1, { [most] = ("... %d more lines"):format(#lines - most + 1) })
end

--- Draws a text.
---@param text string
function screen:draw(text)
  local columns, rows = terminal.size()
  if not columns then return out.write(text, "\n") end
  local lines = lines_of(text, columns, rows > 0 and rows or math.huge)
  local up = self.drawn > 0 and ("\27[%dA"):format(self.drawn) or ""
  out.write(up, "\r", table.concat(lines, "\27[K\n"), "\27[K\n\27[J")
  self.drawn = #lines
end

return screen
