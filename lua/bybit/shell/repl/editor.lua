-- Reads the lines of a session. With lua-readline there are editing, history and completion; without it lines are read plainly;
-- from a pipe there is no prompt. The event loop and its tasks go on while it waits for a key.

local bybit = require "bybit"
local out = require "bybit.shell.out"
local scheduler = require "bybit.tasks.scheduler"
local terminal = require("bybit.core").terminal

local STDIN = 0
local KEPT = 1000 -- lines of history

local lines = {}
lines.__index = lines

---------------------------------------------------------------------------------------------------------------
-- What tasks print while a line is being typed.

local files = getmetatable(io.stdout).__index

-- Runs f; what it prints goes above the line that is being typed, which is drawn again below it.
local function above_line(self, f)
  local write, write_out, print_out = files.write, io.write, print
  local last -- what was printed last; nil: nothing
  local function own(file, ...)
    if (file == io.stdout or file == io.stderr) and select("#", ...) > 0 then
      if last == nil and not (self.readline and terminal.hide()) then write(io.stdout, "\n") end
      last = tostring((select(-1, ...)))
    end
    return write(file, ...)
  end
  files.write = own
  io.write = function(...) return io.output():write(...) end -- luacheck: ignore 122
  _G.print = out.print -- luacheck: ignore 122
  local ok, err = pcall(f)
  files.write, io.write, _G.print = write, write_out, print_out -- luacheck: ignore 122
  if last == nil then return ok, err end
  if last:sub(-1) ~= "\n" then io.stdout:write "\n" end
  io.stdout:flush()
  if not (self.readline and terminal.show()) then
    io.stdout:write(self.prompt)
    io.stdout:flush()
  end
  return ok, err
end

-- Is it the loop that asks? Then it cannot go on meanwhile.
local function inside_loop(self)
  return self.stepping or scheduler.current() ~= nil
end

local function step(self)
  self.stepping = true
  local ok, err = above_line(self, function()
    local fine, failure = pcall(bybit.step, 0)
    if not fine then io.stderr:write(self.message(failure), "\n") end
  end)
  self.stepping = false
  if not ok then error(err, 0) end
end

-- Waits for a key. False: Ctrl-C came instead, now or while readline looked at the last key.
local function key_pressed(self)
  local alone = inside_loop(self)
  while true do
    local what = terminal.await(STDIN, alone and -1 or bybit.fd(), alone and -1 or bybit.next_timeout())
    if what == "input" then return true end
    if what == "interrupt" then return false end
    if not alone then step(self) end
  end
end

---------------------------------------------------------------------------------------------------------------
-- Lines.

local function plain_line()
  return io.read "l"
end

-- A line typed without editing; nil at the end, false after Ctrl-C.
local function read_plainly(self, prompt)
  local before = self.prompt
  self.prompt = prompt
  terminal.pending(false)
  io.stdout:write(prompt)
  io.stdout:flush()
  local pressed = key_pressed(self)
  self.prompt = before
  if not pressed then
    io.stdout:write "\n"
    return false
  end
  return plain_line()
end

-- A line from readline's callback interface: its readline() cannot be left by Ctrl-C. Where a line is given up its
-- handler stays, and the next installation begins a new line in it; handler_remove would close the terminal first and
-- restore it afterwards, which fails. A search, or half a key, is given up with the line: else the next key would end it,
-- and Enter run the line that it had found.
local function read_edited(self, prompt)
  local readline, line, over = self.readline, nil, false
  terminal.pending(false)
  self.prompt = prompt
  readline.handler_install(prompt, function(text)
    line, over = text, true
    readline.handler_remove()
  end)
  while not over do
    if not key_pressed(self) then
      readline.sigcleanup()
      io.stdout:write "^C\n"
      io.stdout:flush()
      return false
    end
    readline.read_char()
  end
  if line == nil then io.stdout:write "\n" end
  return line
end

local function open_readline(complete, history)
  local ok, readline = pcall(require, "readline")
  if not ok or type(readline) ~= "table" or not (readline.handler_install and readline.sigcleanup) then
    return nil
  end
  readline.set_options { histfile = history or "", keeplines = KEPT, completion = true }
  readline.set_complete_function(function(text, from, to)
    readline.set_completion_append_character "" -- readline sets it to a space before each completion
    local fine, words = pcall(complete, text, from, to - 1) -- readline passes the position after the last character
    return fine and words or {}
  end)
  return readline
end

local function history_file()
  local path = os.getenv "BYBIT_HISTORY"
  if path then return path end
  local home = os.getenv "HOME"
  return home and home ~= "" and home .. "/.bybit_history" or nil
end

--- Opens the input of a session.
---@param options { plain: boolean?, complete: fun(text: string, from: integer, to: integer): string[], message: fun(err: any): string }
---@return table
function lines.open(options)
  local self = setmetatable({ terminal = terminal.is_terminal(STDIN), message = options.message, prompt = "" }, lines)
  if self.terminal and not options.plain then
    self.history = history_file()
    self.readline = open_readline(options.complete, self.history)
  end
  return self
end

--- The next line; nil at the end, false when Ctrl-C cancelled it.
---@param prompt string
---@return string|false|nil
function lines:read(prompt)
  if not self.terminal then return plain_line() end
  if self.readline then return read_edited(self, prompt) end
  return read_plainly(self, prompt)
end

--- Notes that Ctrl-C came at the prompt, perhaps just before the wait for a key began.
function lines.give_up()
  terminal.pending(true)
end

--- Asks a question while a line runs; nil when there is no terminal or no answer.
---@param question string
---@return string?
function lines:ask(question)
  if not self.terminal then return nil end
  self.asking = true -- Ctrl-C is an answer now, wherever it comes
  local ok, answer = pcall(read_plainly, self, question)
  self.asking = false
  if not ok then error(answer, 0) end
  return answer or nil
end

-- Does the text name a key or a secret? A line that makes a client may hold one, and the history is a file.
local function tells_secret(text)
  local plain = text:lower()
  return plain:find("secret", 1, true) or plain:find "private[_ ]key" or plain:find "%f[%w]key[%s%]\"']*="
end

--- Adds a typed text to the history, unless it names a key or a secret.
---@param text string
function lines:remember(text)
  if not self.readline or text == self.last or not text:find "%S" or tells_secret(text) then return end
  self.last = text
  -- An entry is one line of the history file. A text that cannot be joined into one line is added line by line.
  local whole = not text:find("--", 1, true) and not text:find("[[", 1, true)
  for line in (whole and text:gsub("%s*\n%s*", " ") or text):gmatch "[^\n]+" do self.readline.add_history(line) end
end

--- Saves the history.
function lines:close()
  if self.readline and self.history then self.readline.save_history() end
end

return lines
