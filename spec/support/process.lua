-- A Lua program in a process of its own, to test signals, exit status and output.

local process = {}

local Process = {}
Process.__index = Process

---Starts the text as a program under the same Lua, or as the script of another program. `variables` go into its
---environment.
---@param text string
---@param variables? table<string, string>
---@param program? string
---@param arguments? string
function process.start(text, variables, program, arguments)
  local path, errors = os.tmpname(), os.tmpname()
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  local words, names = {}, {}
  for name in pairs(variables or {}) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do words[#words + 1] = ("%s='%s'"):format(name, variables[name]) end
  words[#words + 1] = ("exec %s %s %s 2>%s"):format(program or os.getenv "LUA" or "lua5.4", path, arguments or "", errors)
  local run = assert(io.popen("echo $$; " .. table.concat(words, " ")))
  return setmetatable({ run = run, pid = run:read "l", path = path, errors = errors }, Process)
end

---The next line that it writes; nil at its end.
function Process:line()
  return self.run:read "l"
end

---@param name string "INT", "TERM"
function Process:signal(name)
  os.execute(("kill -%s %s"):format(name, self.pid))
end

---Waits for its end: how it ended ("exit" or "signal"), the status, the rest of what it wrote, and its stderr.
---@return string how, integer status, string output, string errors
function Process:wait()
  self.waited = true
  local output = self.run:read "a"
  local _, how, status = self.run:close()
  local file <close> = assert(io.open(self.errors))
  local errors = file:read "a"
  os.remove(self.path)
  os.remove(self.errors)
  return how, status, output, errors
end

---Kills a process that a failed spec left running, since closing its pipe would wait for it.
function Process:__gc()
  if not self.waited then self:signal "KILL" end
end

Process.__close = Process.__gc

return process
