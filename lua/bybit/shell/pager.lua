-- Long pages, a screen at a time: $PAGER, or less. No pager where the page fits, where there is no terminal, or where PAGER
-- is empty.

local terminal = require("bybit.core").terminal

local pager = {}

-- -F: what fits is shown and done; -R: colours; -X: the page stays on the screen.
local LESS = "less -FRX"

--- Shows a page; false when it has to be printed.
---@param text string
---@return boolean
function pager.show(text)
  local _, rows = terminal.size()
  local program = os.getenv "PAGER" or LESS
  if not rows or rows < 1 or not terminal.is_terminal(0) or not program:find "%S" then return false end
  if select(2, text:gsub("\n", "\n")) + 1 < rows then return false end
  local pipe = io.popen(program, "w")
  if not pipe then return false end
  pipe:write(text, "\n")
  local _, how, status = pipe:close()
  return not (how == "exit" and status == 127) -- there is no such program
end

return pager
