-- Shares for specs that try each kind.

local shares = {}

--- A path for a share that is a file, and the function that removes the file.
---@return string path
---@return fun() remove
function shares.file()
  local path = os.tmpname()
  os.remove(path)
  return path, function() os.remove(path) end
end

return shares
