-- A session at a terminal, on an exchange of its own that shows at once what was done.

local command = require "spec.support.command"

local session = { PROMPT = "paper BTCUSD> " }

local PAPER = [[
  local bybit = require "bybit"
  local exchange <close> = bybit.paper.start { lag = 0, limits = false, seed = 7 }
  local client <close> = bybit.client { environment = exchange }
  exchange:set_price("BTCUSD", 30000)
  require("bybit.shell.repl.session").run(client, { name = "%s", exchange = exchange, plain = %s, real = %s })
]]

local function program(text)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
  return path
end

---Plays steps to a program: { what has to appear, what is typed then }.
---@return string[] outputs what came until each step's text, and until the end
function session.play(text, steps, env)
  local path = program(text)
  local outputs, status = command.type(path, steps, { program = true, env = env })
  os.remove(path)
  assert(status == "0", ("status %s\n%s"):format(status, table.concat(outputs, "\n-- next --\n")))
  return outputs
end

---Types lines at the prompt, and Ctrl-D at the end; a table is a step with another text to wait for.
---@param lines (string|string[])[]
---@param options? { readline: boolean?, env: table?, name: string?, real: boolean?, stays: boolean? } stays: no Ctrl-D
---@return string[] outputs what came after each, and what came at the end
function session.type(lines, options)
  options = options or {}
  local prompt = (options.name or "paper") .. " BTCUSD> "
  local steps = {}
  for i, line in ipairs(lines) do steps[i] = type(line) == "table" and line or { prompt, line .. "\n" } end
  if not options.stays then steps[#steps + 1] = { prompt, "\4" } end
  local outputs = session.play(PAPER:format(options.name or "paper", not options.readline, options.real or false), steps,
    options.env)
  table.remove(outputs, 1) -- the greeting
  return outputs
end

return session
