-- Output handler for busted: a line for each file, then each failure in full, then a last line with the counts. Errors (a file
-- that does not load, a setup that raises) count as failures; a run without tests fails too.
local busted = require "busted"
local base = require "busted.outputHandlers.base"
local pretty = require "pl.pretty"

local handler = base()

local function text(message)
  if type(message) == "string" then return message end
  local meta = getmetatable(message)
  if meta and meta.__tostring then return tostring(message) end
  return message == nil and "nil error" or pretty.write(message)
end

local function describe(kind, entry)
  local trace = entry.element.trace or entry.trace or {}
  local where = trace.short_src and ("%s:%s: "):format(trace.short_src, trace.currentline) or ""
  io.write("\n", kind, ": ", where, entry.name, "\n", text(entry.message), "\n")
  if kind == "error" and entry.trace and entry.trace.traceback then io.write(entry.trace.traceback, "\n") end
end

local function bad() return handler.failuresCount + handler.errorsCount end

local before = { passed = 0, bad = 0, skipped = 0 }

function handler.file_start()
  before = { passed = handler.successesCount, bad = bad(), skipped = handler.pendingsCount }
  return nil, true
end

function handler.file_end(file)
  local failed, skipped = bad() - before.bad, handler.pendingsCount - before.skipped
  io.write(("%-6s %-40s %4d in %.2f s%s%s\n"):format(failed == 0 and "ok" or "FAILED", file.name,
    handler.successesCount - before.passed, file.duration or 0, failed == 0 and "" or (", %d failed"):format(failed),
    skipped == 0 and "" or (", %d skipped"):format(skipped)))
  io.flush()
  return nil, true
end

-- The last event. It sets the exit status, since busted's own status is 0 for a run without tests.
function handler.finish()
  for _, entry in ipairs(handler.pendings) do describe("skipped", entry) end
  for _, entry in ipairs(handler.failures) do describe("failed", entry) end
  for _, entry in ipairs(handler.errors) do describe("error", entry) end
  local passed, skipped = handler.successesCount, handler.pendingsCount
  if passed + bad() == 0 then io.write("\nno test ran\n") end
  io.write(("\n%d passed, %d failed, %d skipped\n"):format(passed, bad(), skipped))
  io.flush()
  os.exit(passed > 0 and bad() == 0, true)
end

return function()
  busted.subscribe({ "file", "start" }, handler.file_start)
  busted.subscribe({ "file", "end" }, handler.file_end)
  busted.subscribe({ "exit" }, handler.finish)
  return handler
end
