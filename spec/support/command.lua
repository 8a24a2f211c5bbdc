-- Runs the `bybit` command as a user would: in a shell, or by typing at a terminal.

local command = {}

local LUA = os.getenv "LUA" or "lua5.4"
local COMMAND = LUA .. " lua/bybit/shell/bybit"

local function shell_quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function temporary(text)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
  return path
end

-- Removes the settings of the user who runs the specs.
local function environment(variables)
  local words = { "env -u BYBIT_API_KEY -u BYBIT_API_SECRET -u BYBIT_ENVIRONMENT -u BYBIT_MAINNET -u COLUMNS -u LESS "
    .. "NO_COLOR=1 PAGER=cat TERM=xterm" }
  local names = {}
  for name in pairs(variables or {}) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do words[#words + 1] = name .. "=" .. shell_quoted(variables[name]) end
  return table.concat(words, " ")
end

--- Runs a command line.
---@param line string what follows `bybit`
---@param options? { input: string?, env: table? }
---@return string output
---@return string errors
---@return integer status
function command.run(line, options)
  options = options or {}
  local input, errors = temporary(options.input or ""), temporary ""
  local pipe = assert(io.popen(("%s %s %s <%s 2>%s"):format(environment(options.env), COMMAND, line, input, errors)))
  local output = pipe:read "a"
  local _, _, status = pipe:close()
  local file = assert(io.open(errors))
  local complaints = file:read "a"
  file:close()
  os.remove(input)
  os.remove(errors)
  return output, complaints, status
end

-- The path of the interpreter itself, looked up once: `python3` may be a script of a version manager that takes longer than a
-- whole session.
local python

local function python_command()
  if not python then
    local pipe = assert(io.popen "python3 -c 'import sys; print(sys.executable)'")
    python = assert(pipe:read "l", "python3 does not run")
    pipe:close()
  end
  return shell_quoted(python) .. " -I -S" -- pty.py needs only Python itself
end

-- The text as a reader sees it: without the characters that move the cursor, ring the bell or set the terminal's modes.
local function readable(text)
  return (text:gsub("\27%[[%d;?]*%a", ""):gsub("\r", ""):gsub("\a", ""))
end

--- Types at a session: each step is { the text to wait for, the text to type then }.
---@param line string what follows `bybit`
---@param steps string[][]
---@param options? { env: table?, program: boolean?, command: string? } program: `line` is a Lua program instead; command: what
--- runs in place of `bybit`
---@return string[] outputs the output until each step's text, and until the end
---@return string? status exit status
function command.type(line, steps, options)
  local rows = {}
  local function hex(text) return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
  for i, step in ipairs(steps) do rows[i] = hex(step[1]) .. " " .. hex(step[2]) end
  local script = temporary(table.concat(rows, "\n") .. "\n")
  local program = options and (options.command or options.program and LUA) or COMMAND
  local pipe = assert(io.popen(("%s %s spec/support/pty.py %s %s %s 2>&1"):format(environment(options and options.env),
    python_command(), script, program, line)))
  local outputs = {}
  for i = 1, #steps + 1 do
    local size = pipe:read "l"
    if not tonumber(size) then
      outputs[i] = "no more came: " .. tostring(size)
      break
    end
    outputs[i] = readable(pipe:read(tonumber(size)) or "")
  end
  local status = pipe:read "l"
  pipe:close()
  os.remove(script)
  return outputs, status
end

return command
