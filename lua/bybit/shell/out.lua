-- Standard output of the command and of a session. What cannot be written (a full disk, a closed terminal) is no success:
-- it raises, so that no script takes half an answer for a whole one.

local out = {}

local meta = { __name = "bybit.unwritten", __tostring = function(unwritten) return unwritten.message end }

--- Is this what out.write raises?
function out.is_unwritten(err)
  return getmetatable(err) == meta
end

local EPIPE = 32 -- errno(3): whoever read it has gone

local function checked(done, why)
  if not done then error(setmetatable({ message = "standard output: " .. why }, meta), 0) end
end

--- Writes texts, and sees them written.
---@param ... string
function out.write(...)
  checked(io.stdout:write(...))
  checked(io.stdout:flush())
end

--- The same, where it may end early: false when whoever read it has gone.
---@param ... string
---@return boolean
function out.write_or_closed(...)
  local done, why, code = io.stdout:write(...)
  if done then done, why, code = io.stdout:flush() end
  if not done and code == EPIPE then return false end
  checked(done, why)
  return true
end

--- As Lua's own, whose failures nobody hears of.
---@param ... any
function out.print(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = tostring(parts[i]) end
  out.write(table.concat(parts, "\t"), "\n")
end

--- Sees written what others have printed.
function out.flush()
  checked(io.stdout:flush())
end

return out
