-- `bybit check FILE ...`: a line per finding, as compilers write them.

local function read(path, wrong)
  local file <close>, message = io.open(path, "rb")
  if not file then wrong("check: " .. message) end
  local text
  text, message = file:read "a"
  return text or wrong(("check: %s: %s"):format(path, message))
end

---@param paths string[]
---@param wrong fun(message: string)
---@return integer status 1: something was found
return function(paths, wrong)
  if not paths[1] then wrong "check: a file expected" end
  local check, count = require "bybit.check", 0
  for _, path in ipairs(paths) do
    local found, message = check.text(read(path, wrong), path)
    if not found then wrong("check: " .. message) end
    for _, finding in ipairs(found) do
      io.stdout:write(("%s:%d:%d: %s\n"):format(path, finding.line, finding.column, finding.message))
    end
    count = count + #found
  end
  return count == 0 and 0 or 1
end
