-- A strategy's entry point: the program is one function of a client and of a token that says when to stop.

local client_of = require "bybit.client"
local core = require "bybit.core"
local errors = require "bybit.errors"
local scheduler = require "bybit.tasks.scheduler"
local tasks = require "bybit.tasks"

-- Runs the strategy. Returns its packed results; if it raised, also the error's text with the traceback.
local function run(f, client, stop)
  local trace
  local function body()
    local results = table.pack(xpcall(f, function(err)
      trace = tasks.traceback(err)
      return err
    end, client, stop))
    if results[1] then return table.unpack(results, 2, results.n) end
    error(results[2], 0)
  end
  local results = table.pack(pcall(tasks.run, body))
  if results[1] then return results end
  return results, trace or tasks.text_of(results[2])
end

local function was_told_to_stop(stop, err)
  return stop:cancelled() and (err == nil or errors.is(err) and err.kind == "cancelled")
end

local function start(options, f)
  local stop = tasks.cancel_token()
  local signals <close> = core.signals(stop)
  local client <close> = client_of(options)
  local results, text = run(f, client, stop)
  return results, text, was_told_to_stop(stop, results[1] == false and results[2] or nil) and signals:caught()
end

--- Makes a client, runs f(client, stop) as a task, and closes the client. The first SIGINT (Ctrl-C) or SIGTERM cancels the token
--- `stop`, and f has all the time it needs to clean up. The second ends the process at once. Signal handlers are set only while
--- this runs.
---
--- Returns what f returns. If a signal stopped it, the program ends with status 128 + the signal's number, as shells do. If f
--- raises, the error and its traceback go to stderr, and the program ends with status 1.
---@param options bybit.ClientOptions
---@param f fun(client: bybit.Client, stop: bybit.Token): any
---@return any ... what f returned
return function(options, f)
  local meta = getmetatable(f)
  if type(f) ~= "function" and not (type(meta) == "table" and meta.__call) then
    errors.raise("main: a function f(client, stop) expected as second argument, got " .. type(f))
  end
  if scheduler.current() then errors.raise("main: this is a task already: main is what a program begins with") end
  local results, text, signal = start(options, f)
  io.stdout:flush()
  if signal then os.exit(128 + signal, true) end
  if results[1] then return table.unpack(results, 2, results.n) end
  io.stderr:write(text, "\n")
  os.exit(1, true)
end
