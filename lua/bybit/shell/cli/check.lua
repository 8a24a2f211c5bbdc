-- `bybit check FILE ...`: a line per finding, as compilers write them, or JSON. The file `-` is standard input.

local json = require("bybit.core").json
local out = require "bybit.shell.out"

local function read(path, wrong)
  if path == "-" then return io.read "a" end
  local file <close>, message = io.open(path, "rb")
  if not file then wrong("check: " .. message) end
  local text
  text, message = file:read "a"
  return text or wrong(("check: %s: %s"):format(path, message))
end

---@param paths string[]
---@param options { json: boolean? }
---@param wrong fun(message: string)
---@return integer status 1: something was found
return function(paths, options, wrong)
  if not paths[1] then wrong "check: a file expected, or - for standard input" end
  local check, all = require "bybit.shell.check", {}
  for _, path in ipairs(paths) do
    local found, message = check.text(read(path, wrong), path)
    if not found then wrong("check: " .. message) end
    for _, finding in ipairs(found) do
      finding.file = path
      all[#all + 1] = finding
    end
  end
  if options.json then
    out.write(json.encode(json.array(all)), "\n")
  else
    for _, f in ipairs(all) do out.write(("%s:%d:%d: %s\n"):format(f.file, f.line, f.column, f.message)) end
  end
  return all[1] and 1 or 0
end
