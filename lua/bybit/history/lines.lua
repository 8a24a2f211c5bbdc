-- The lines of a file, plain or gzipped. Lines are bounded, so that a hostile file costs an error and no memory.

local core = require "bybit.core"

local find, sub, byte = string.find, string.sub, string.byte
local lines = {}

local PIECE = 65536 -- bytes read at a time
local LONGEST = 4 * 1024 * 1024 -- bytes of a line: a snapshot of a book of 500 levels has some 30 thousand

local Lines = {}
Lines.__index = Lines

-- How files begin that are packed in another way, and what unpacks them.
local PACKED = { ["PK\3\4"] = "a zip archive: unpack it first (unzip)", ["\xFD7zX"] = "packed by xz: unpack it first (xz -d)",
  ["\x28\xB5\x2F\xFD"] = "packed by zstd: unpack it first (zstd -d)", ["BZh"] = "packed by bzip2: unpack it first (bzip2 -d)" }

--- Opens a file. Nil and a message when it cannot be read.
---@param path string
---@return table? lines
---@return string? message
function lines.open(path)
  local file, why = io.open(path, "rb")
  if not file then return nil, why end
  local self = setmetatable({ path = path, file = file, rest = "", at = 1, number = 0, read_bytes = 0 }, Lines)
  local head
  head, why = file:read(4)
  if not head and why then -- a directory can be opened, not read
    file:close()
    return nil, ("%s: %s"):format(path, why)
  end
  head = head or ""
  for start, what in pairs(PACKED) do
    if head:sub(1, #start) == start then
      file:close()
      return nil, ("%s: %s"):format(path, what)
    end
  end
  self.size = file:seek "end" or 0
  file:seek "set"
  if head:sub(1, 2) == "\x1F\x8B" then
    self.gzip, why = core.gzip()
    if not self.gzip then
      file:close()
      return nil, ("%s: %s"):format(path, why)
    end
  end
  return self
end

--- Raises what is wrong with the line read last, with its number. The next line can be read all the same.
---@param what string
function Lines:wrong(what)
  error(("%s, line %d: %s"):format(self.path, self.number, what), 0)
end

-- Raises what is wrong with the file: nothing more can be read.
local function fail(self, what)
  self:close()
  self:wrong(what)
end

-- The next piece of text; nil at the end.
local function piece(self)
  while true do
    if self.more then
      local text, more = self.gzip:inflate()
      if not text then fail(self, "the gzip file is damaged: " .. more) end
      self.more = more
      if text ~= "" then return text end
    else
      local bytes, why = self.file:read(PIECE)
      if not bytes then
        if why then fail(self, why) end
        if self.gzip and self.gzip:inside() then fail(self, "the gzip file is cut short") end
        return nil
      end
      self.read_bytes = self.read_bytes + #bytes
      if not self.gzip then return bytes end
      local text, more = self.gzip:inflate(bytes)
      if not text then fail(self, "the gzip file is damaged: " .. more) end
      self.more = more
      if text ~= "" then return text end
    end
  end
end

--- The next line without its end; nil after the last one.
---@return string?
function Lines:next()
  if self.closed then return nil end
  while true do
    local rest, at = self.rest, self.at
    local stop = find(rest, "\n", at, true)
    if stop then
      self.at, self.number = stop + 1, self.number + 1
      return sub(rest, at, byte(rest, stop - 1) == 13 and stop > at and stop - 2 or stop - 1)
    end
    local left = self.rest:sub(self.at)
    if #left > LONGEST then
      self.number = self.number + 1
      fail(self, ("the line is longer than %d bytes"):format(LONGEST))
    end
    local text = piece(self)
    if not text then
      self.rest, self.at = "", 1
      if left == "" then
        self:close()
        return nil
      end
      self.number = self.number + 1
      return (left:gsub("\r$", ""))
    end
    self.rest, self.at = left .. text, 1
  end
end

--- How much of the file was read: 0 to 1.
---@return number
function Lines:part()
  if self.closed then return 1 end
  return self.size > 0 and self.read_bytes / self.size or 1
end

function Lines:close()
  if self.closed then return end
  self.closed = true
  self.file:close()
  if self.gzip then self.gzip:close() end
end

Lines.__close = Lines.close
Lines.__gc = Lines.close

return lines
