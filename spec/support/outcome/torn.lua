-- Damaged journals: copies of a journal as it was when its client died, with the end cut off or bytes changed. Opening one is
-- refused by name and leaves the file unchanged; or all intents are there. If a part of the write-ahead log is lost, it is as
-- if the machine had died a little earlier.

local bybit = require "bybit"
local core = require "bybit.core"

local torn = {}

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local damage = {}

function damage.cut(text, random) return text:sub(1, random:integer(0, math.max(0, #text - 1))) end

function damage.flip(text, random)
  for _ = 1, random:integer(1, 8) do
    local at = random:integer(1, #text)
    text = text:sub(1, at - 1) .. string.char(text:byte(at) ~ random:integer(1, 255)) .. text:sub(at + 1)
  end
  return text
end

function damage.head(text, random)
  local n = random:integer(1, math.min(100, #text))
  return ("x"):rep(n) .. text:sub(n + 1)
end

local KINDS = { { "", "cut" }, { "", "cut" }, { "", "flip" }, { "", "head" }, { "-wal", "cut" }, { "-wal", "flip" } }

---@class spec.Torn
---@field kind string
---@field opened boolean
---@field why any what opening raised
---@field path string
---@field changed boolean? a file that was refused was written to
---@field list table[]? the unsettled intents

--- Damages a copy of a journal and opens it as a client would. The caller removes the copy.
---@param options table of the client, without the journal
---@return spec.Torn?
function torn.try(path, options, seed)
  local random = core.random(seed)
  local part, how = table.unpack(KINDS[random:integer(1, #KINDS)])
  local text = read(path .. part)
  if not text or #text == 0 then return nil end
  local broken = damage[how](text, random)
  if broken == text then return nil end
  write(path .. part, broken)
  local t = { kind = how .. " " .. (part == "" and "file" or part), path = path }
  options.journal = path
  local ok, client = pcall(bybit.client, options)
  t.opened, t.why = ok, not ok and client or nil
  if ok then
    t.list = client:unsettled()
    client:close()
  else
    t.changed = read(path .. part) ~= broken
  end
  return t
end

--- The rules of damaged journals, see rules.more. `must(life, number)`: how many intents of each name must be there.
function torn.check(lies, run, lie, must)
  for _, entry in ipairs(run.torn or {}) do
    local t = entry.torn
    if not t.opened then
      if not tostring(t.why):find(t.path, 1, true) then
        lie(lies, "torn journal", nil, "%s: not refused by name: %s", t.kind, tostring(t.why):gsub(t.path, "PATH"))
      end
      if t.changed then lie(lies, "torn journal", nil, "%s: refused, and written to", t.kind) end
    elseif t.kind == "cut file" then
      local there = {}
      for _, intent in ipairs(t.list) do
        local name = ("%s %s %s"):format(intent.method, intent.symbol, intent.client_order_id or "-")
        there[name] = (there[name] or 0) + 1
      end
      for _, wanted in ipairs(must(entry)) do
        if (there[wanted.name] or 0) < wanted.count then
          lie(lies, "torn journal", nil, "%s: opened, and %s is not there", t.kind, wanted.name)
        end
      end
    end
  end
end

return torn
