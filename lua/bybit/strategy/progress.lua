-- How far a long piece of work has come: a bar on a terminal, nothing where standard error is a pipe or a file.

local core = require "bybit.core"

local progress = {}

local WIDTH, APART = 30, 0.1 -- characters; the bar is drawn again after so many seconds of the processor

--- What shows how far it is: nil when nothing is to be shown.
---@param wanted boolean|function|nil true: a bar; a function is called with the part in its place
---@param label string
---@return fun(part: number)? show
function progress.of(wanted, label)
  if type(wanted) == "function" then return wanted end
  if not wanted or not core.terminal.is_terminal(2) then return nil end
  local clock = os.clock
  local before, drawn = -APART, false
  return function(part)
    local now = clock()
    if part < 1 and now - before < APART then return end
    before = now
    if part >= 1 then
      if drawn then io.stderr:write "\r\27[K" end
      drawn = false
      return
    end
    drawn = true
    local full = math.floor(part * WIDTH)
    io.stderr:write(("\r%s [%s%s] %3.0f %%\27[K"):format(label, ("="):rep(full), (" "):rep(WIDTH - full), part * 100))
  end
end

return progress
