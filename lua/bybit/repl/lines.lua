-- Reads the lines of a session: with editing, history and completion where lua-readline is there, plainly where it is
-- not, and without any prompt from a pipe. While it waits for a key the event loop goes on, so tasks do too.

local bybit = require "bybit"
local terminal = require("bybit.core").terminal

local STDIN = 0
local KEPT = 1000 -- lines of history

local lines = {}
lines.__index = lines

-- Waits for a key. False: Ctrl-C came instead, now or while readline looked at the last key.
local function key_pressed()
  while true do
    local what = terminal.await(STDIN, bybit.fd(), bybit.next_timeout())
    if what == "input" then return true end
    if what == "interrupt" then return false end
    local ok, err = pcall(bybit.step, 0)
    if not ok then io.stderr:write("\n", tostring(err), "\n") end
  end
end

local function plain_line()
  return io.read "l"
end

-- A line typed without editing; nil at the end, false after Ctrl-C.
local function read_plainly(prompt)
  terminal.pending(false)
  io.stdout:write(prompt)
  io.stdout:flush()
  if not key_pressed() then
    io.stdout:write "\n"
    return false
  end
  return plain_line()
end

-- A line from readline's callback interface: its readline() cannot be left by Ctrl-C. Where a line is given up its
-- handler stays, and the next installation begins a new line in it; handler_remove would close the terminal first and
-- restore it afterwards, which fails.
local function read_edited(readline, prompt)
  local line, over = nil, false
  terminal.pending(false)
  readline.handler_install(prompt, function(text)
    line, over = text, true
    readline.handler_remove()
  end)
  while not over do
    if not key_pressed() then
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
  if not ok or type(readline) ~= "table" or not readline.handler_install then return nil end
  readline.set_options { histfile = history or "", keeplines = KEPT, completion = true }
  readline.set_complete_function(function(text, from, to)
    readline.set_completion_append_character "" -- readline sets it to a space before each completion
    local fine, words = pcall(complete, text, from, to - 1) -- readline counts the character after the last
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
---@param options { plain: boolean?, complete: fun(text: string, from: integer, to: integer): string[] }
---@return table
function lines.open(options)
  local self = setmetatable({ terminal = terminal.is_terminal(STDIN) }, lines)
  if self.terminal and not options.plain then
    self.history = history_file()
    self.readline = open_readline(options.complete, self.history)
  end
  return self
end

--- The next line; nil at the end, false when it was given up with Ctrl-C.
---@param prompt string
---@return string|false|nil
function lines:read(prompt)
  if not self.terminal then return plain_line() end
  if self.readline then return read_edited(self.readline, prompt) end
  return read_plainly(prompt)
end

--- Tells that Ctrl-C came at the prompt; it may have come just before the wait for a key began.
function lines.give_up()
  terminal.pending(true)
end

--- Asks a question in the middle of something; nil when there is no terminal or no answer.
---@param question string
---@return string?
function lines:ask(question)
  if not self.terminal then return nil end
  return read_plainly(question) or nil
end

-- What makes a client may have its key in it, and the history is a file.
local function tells_secret(text)
  local plain = text:lower()
  return plain:find("secret", 1, true) or plain:find "private[_ ]key" or plain:find "%f[%w]key[%s%]\"']*="
end

--- Remembers what was typed, to be edited again; nothing in which a key or a secret is named.
---@param text string
function lines:remember(text)
  if not self.readline or text == self.last or not text:find "%S" or tells_secret(text) then return end
  self.last = text
  -- An entry is a line of the history's file; what cannot be joined is remembered line by line.
  local whole = not text:find("--", 1, true) and not text:find("[[", 1, true)
  for line in (whole and text:gsub("%s*\n%s*", " ") or text):gmatch "[^\n]+" do self.readline.add_history(line) end
end

--- Keeps the history.
function lines:close()
  if self.readline and self.history then self.readline.save_history() end
end

return lines
