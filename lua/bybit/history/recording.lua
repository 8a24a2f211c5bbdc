-- Recordings of streams (the option `record`): a line is a message of the exchange as it came, with `heard`, when it came; or a mark,
-- which tells what a reader of streams was told.

local core = require "bybit.core"
local files = require "bybit.history.files"
local lines = require "bybit.history.lines"

local recording = {}

local Recording = {}
Recording.__index = Recording

local function mark_of(self, message)
  local word = rawget(message, "mark")
  local row = { mark = word, time = rawget(message, "time"), topics = rawget(message, "topics"),
    reason = rawget(message, "reason"), lines = rawget(message, "lines") }
  if type(word) ~= "string" then self.lines:wrong "'mark' is no word" end
  return row
end

--- The next line: { mark, time?, topics?, reason?, lines? }; or { topic, text, message, heard? }. A line that is not whole, as a process
--- that dies on a full disk leaves it, is { mark = "torn" }.
function Recording:next()
  local line = self.lines:next()
  while line == "" do line = self.lines:next() end
  if not line then return nil end
  local message = core.json.decode(line)
  if type(message) ~= "table" then return { mark = "torn" } end
  if rawget(message, "mark") ~= nil then return mark_of(self, message) end
  local topic, heard = rawget(message, "topic"), rawget(message, "heard")
  if type(topic) ~= "string" then self.lines:wrong "neither a message of a topic nor a mark" end
  return { topic = topic, text = line, message = message, heard = math.type(heard) == "integer" and heard or nil }
end

function Recording:wrong(what, ...) self.lines:wrong(what:format(...)) end
function Recording:part() return self.lines:part() end
function Recording:close() self.lines:close() end

--- A reader of the lines of recordings. Nil and a message when a file cannot be opened.
---@param paths string|string[] files, oldest first
---@return table? reader next() -> a line
---@return string? message
function recording.open(paths)
  return files.reader(paths, function(path)
    local source, why = lines.open(path)
    if not source then return nil, why end
    return setmetatable({ lines = source }, Recording)
  end)
end

return recording
