-- Notes which lines of Lua files a program runs, also in coroutines, and keeps them at its end. coverage_report.lua adds up what many
-- programs have kept. usage: COVERED='outcome/settle ...' COVERAGE=FOLDER lua5.4 -l spec.support.coverage PROGRAM
-- COVERED: files of lua/bybit; COVERAGE: where the lines go, a file a program

local ran = {} -- source -> line -> true
for name in os.getenv("COVERED"):gmatch "%S+" do ran[("@lua/bybit/%s.lua"):format(name)] = {} end

local sethook, create, wrap, exit = debug.sethook, coroutine.create, coroutine.wrap, os.exit

local function note(_, line)
  local lines = ran[debug.getinfo(2, "S").source]
  if lines then lines[line] = true end
end

-- luacheck: push ignore 122
function coroutine.create(f)
  local co = create(f)
  sethook(co, note, "l")
  return co
end

function coroutine.wrap(f)
  return wrap(function(...)
    sethook(note, "l")
    return f(...)
  end)
end

-- When a spec removes its own hook, this one is set again.
function debug.sethook(...)
  if (...) then return sethook(...) end
  sethook(note, "l")
end

local function keep()
  local name = os.tmpname()
  local file = assert(io.open(os.getenv "COVERAGE" .. name:match "/[^/]*$", "w"))
  os.remove(name)
  for source, lines in pairs(ran) do
    for line in pairs(lines) do assert(file:write(source:sub(2), ":", line, "\n")) end
  end
  assert(file:close())
end

function os.exit(...)
  sethook()
  keep()
  exit(...)
end
-- luacheck: pop

sethook(note, "l")
