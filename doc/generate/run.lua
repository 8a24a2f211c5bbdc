-- Runs the examples of the reference, so that it can show what they print. A seeded paper exchange with a manual clock answers
-- them, so every run prints the same.

local bybit = require "bybit"
local paths = require "paths"
local snippets = require "spec.support.snippets"

local run = {}

-- The text without what differs from run to run: 1 in place of real milliseconds, one moment in place of those of records.
local function steady(text)
  text = text:gsub("(%d%d%d), %d+ ms", "%1, 1 ms")
  return (text:gsub("%d+  %d+%-%d+%-%d+T[%d:]+%.%d+Z", "1767225600000  2026-01-01T00:00:00.000Z"))
end

--- Runs an example; `alone`: it makes an exchange of its own. Raises if it fails, or prints something else than its comments say.
---@return string printed
function run.example(text, name, alone)
  local printed
  if alone then
    printed = snippets.run(text, name, setmetatable({ bybit = bybit }, { __index = _G }))
  else
    snippets.on_paper(function(env) printed = snippets.run(text, name, env) end)
  end
  return steady(printed)
end

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function capture(command)
  local pipe <close> = assert(io.popen(command .. " 2>&1"))
  return (pipe:read "a")
end

local function lua()
  return os.getenv "LUA" or "lua5.4"
end

--- The output of a program, whose text is given on standard input.
function run.program(text)
  return (capture(("printf %%s %s | %s -"):format(quoted(text), lua())):gsub("^lua[^:]*: ", ""):gsub("\nstack traceback.*$", ""))
end

-- Calls f(environment variables that make the command trade on a seeded exchange).
local function on_exchange(f)
  local exchange <close> = bybit.paper.start { seed = 7, lag = 0 }
  exchange:set_price("BTCUSD", 30000)
  return f(("COLUMNS=100 BYBIT_API_KEY=%s BYBIT_API_SECRET=%s BYBIT_HISTORY=/dev/null "):format(exchange.key, exchange.secret),
    exchange.url)
end

--- What the command prints for each command line: { { command line, output } ... }. All lines share one exchange.
function run.commands(list)
  return on_exchange(function(variables, url)
    local shown = {}
    for i, words in ipairs(list) do
      shown[i] = { words, capture(("%s%s %s %s --env %s"):format(variables, lua(), paths.command,
        words:gsub("^bybit ?", ""), url)) }
    end
    return shown
  end)
end

--- What a session answers to each line. Only the last line may fail: a session that reads from a pipe ends at a failure.
function run.session(lines)
  local input = table.concat(lines, "\ndo io.write '\\1\\n' io.flush() end\n") .. "\n"
  local output = on_exchange(function(variables, url)
    return capture(("printf %%s %s | %s%s %s repl --plain --env %s"):format(quoted(input), variables, lua(),
      paths.command, url))
  end)
  local shown = {}
  for part in (output .. "\1\n"):gmatch "(.-)\1\n" do shown[#shown + 1] = { lines[#shown + 1], steady(part) } end
  assert(#shown == #lines, "the session ended early: " .. output)
  return shown
end

return run
