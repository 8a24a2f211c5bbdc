-- Standard output of the command and of a session. What cannot be written (a full disk, a closed terminal) is no success:
-- it raises, so that no script takes half an answer for a whole one.

local out = {}

local meta = { __name = "bybit.unwritten", __tostring = function(unwritten) return unwritten.message end }

--- Is this what out.write raises?
function out.is_unwritten(err)
  return getmetatable(err) == meta
end

local function checked(done, why)
  if not done then error(setmetatable({ message = "standard output: " .. why }, meta), 0) end
end

--- Writes texts, and sees them written.
---@param ... string
function out.write(...)
  checked(io.stdout:write(...))
  checked(io.stdout:flush())
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
