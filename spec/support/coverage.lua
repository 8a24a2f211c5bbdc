-- Finds lines of Lua files that no spec runs, also in coroutines; the status is 1 if there is one.
-- usage: COVERED='recovery settle ...' lua5.4 spec/support/coverage.lua SPEC FILE ...      COVERED: files of lua/bybit

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

-- The lines that have code, as the compiler lists them: "	7	[12]	GETFIELD ...".
local function code_lines(file)
  local seen, lines, listing = {}, {}, assert(io.popen((os.getenv "LUAC" or "luac5.4") .. " -l -p " .. file))
  for text in listing:lines() do
    local line, op = text:match "^%s+%d+%s+%[(%d+)%]%s+(%u+)"
    line = math.tointeger(tonumber(line))
    if line and not seen[line] and op ~= "VARARGPREP" and not op:find "^RETURN" then
      seen[line] = true
      lines[#lines + 1] = line
    end
  end
  assert(listing:close())
  table.sort(lines)
  return lines
end

local function report()
  local sources, whole = {}, true
  for source in pairs(ran) do sources[#sources + 1] = source end
  table.sort(sources)
  for _, source in ipairs(sources) do
    local missing, lines = {}, code_lines(source:sub(2))
    for _, line in ipairs(lines) do
      if not ran[source][line] then missing[#missing + 1] = line end
    end
    whole = whole and #missing == 0
    print(("%3d of %3d lines never ran  %s  %s"):format(#missing, #lines, source:sub(2), table.concat(missing, " ")))
  end
  return whole
end

function os.exit(fine, ...)
  sethook()
  local whole = report()
  exit((fine == true or fine == 0) and whole, ...)
end
-- luacheck: pop

sethook(note, "l")
dofile "spec/support/run.lua"
os.exit(true)
