-- `bybit journal FILE`: prints a client's journal, an intent per line. It works while the client has the file open.

local bybit = require "bybit"
local grid = require "bybit.text.grid"
local out = require "bybit.shell.out"
local terminal = require("bybit.core").terminal
local time = require "bybit.text.time"

local COLUMNS = { { name = "time", kind = "time" }, { name = "method" }, { name = "symbol" },
  { name = "client_order_id", kind = "id" }, { name = "outcome" } }

local function moment(ms)
  return ms and (time.iso(ms):gsub("T", " "):gsub("Z$", "")) or ""
end

local function as_text(rows)
  local cells = {}
  for i, row in ipairs(rows) do
    cells[i] = { moment(row.time), row.method or "", row.symbol or "", row.client_order_id or "", row.outcome or "open" }
  end
  local columns = terminal.size()
  return #rows == 0 and "(none)" or grid.render(COLUMNS, cells, { width = columns or math.huge, max = math.huge })
end

-- The rows as JSON. Parameters are JSON already; if they cannot be read, they stay a text.
local function as_json(rows)
  for _, row in ipairs(rows) do row.params = row.params and bybit.json.decode(row.params) or row.params end
  return bybit.json.encode(bybit.json.array(rows), { decimals = "string" })
end

---@param words string[] the file
---@param options table --open, --json
---@param wrong fun(message: string)
---@return integer status
return function(words, options, wrong)
  local path = words[1]
  if not path or words[2] then wrong "journal: one file expected: bybit journal FILE" end
  local found, room = pcall(require, "bybit.journal")
  if not found then wrong "journal: bybit/journal.so is missing: it is built only where SQLite is installed (libsqlite3)" end
  local journal <close>, why = room.read(path)
  if not journal then wrong(("journal '%s': %s"):format(path, why)) end
  local filter = {}
  if options.open then filter.outcome = false end
  local rows, broken = journal:select(filter)
  if not rows then wrong(("journal '%s': %s"):format(path, broken)) end
  out.write(options.json and as_json(rows) or as_text(rows), "\n")
  return 0
end
