-- Readers of one file, or of several one after the other: what all kinds of files share.

local files = {}

local Reader = {}
Reader.__index = Reader

--- A reader. `open(path)` gives a source with next() -> row?, part() and close(), or nil and a message. The first file is opened at
--- once, so that a wrong path is told where it was written.
---@param paths string|string[]
---@param open fun(path: string): table?, string?
---@param admit? fun(row: table, last: table?, fresh: boolean): boolean|string is the row to be passed on (false: it is passed over)?
--- A text says what is wrong with it. last: the row before; fresh: the row is the first of a further file, or follows one that was
--- passed over there
---@return table? reader
---@return string? message
function files.reader(paths, open, admit)
  if type(paths) == "string" then paths = { paths } end
  local first, why = open(paths[1])
  if not first then return nil, why end
  return setmetatable({ paths = paths, open = open, admit = admit, source = first, number = 1, fresh = false }, Reader)
end

--- The next row; nil after the last one. Raises what is wrong with a file, with the number of the line.
function Reader:next()
  while self.source do
    local row = self.source:next()
    if row then
      local fine = not self.admit or self.admit(row, self.last, self.fresh)
      if type(fine) == "string" then self.source:wrong("%s", fine) end
      if fine then
        self.last, self.fresh = row, false
        return row
      end
    else
      self.source:close()
      self.source, self.number, self.fresh = nil, self.number + 1, true
      if self.paths[self.number] then
        local why
        self.source, why = self.open(self.paths[self.number])
        if not self.source then error(why, 0) end
      end
    end
  end
end

--- How much was read: 0 to 1.
function Reader:part()
  if not self.source then return 1 end
  return (self.number - 1 + self.source:part()) / #self.paths
end

function Reader:close()
  if self.source then self.source:close() end
  self.source = nil
end

return files
