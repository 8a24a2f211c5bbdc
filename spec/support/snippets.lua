-- Runs the Lua of documentation as a reader would, on a paper exchange, and holds it to what it says it prints: where a
-- line with `print(...)` ends in a comment, that is the output; '...' in it stands for anything, two spaces for a tab.
local bybit = require "bybit"

local snippets = {}

--- An environment for `code`: `bybit`, `exchange` (a manual clock, BTCUSD at 30000), `client` and what is in `more`.
--- Calls f(env) and closes both.
function snippets.on_paper(f, more)
  local exchange <close> = bybit.paper.start { clock = "manual", seed = 7, lag = 0 }
  exchange:set_price("BTCUSD", 30000)
  local client <close> = bybit.client { environment = exchange }
  local env = setmetatable({ bybit = bybit, exchange = exchange, client = client }, { __index = _G })
  for k, v in pairs(more or {}) do env[k] = v end
  f(env)
end

local function pattern_of(comment)
  local pattern = comment:gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0"):gsub("%s*%%%.%%%.%%%.%s*", ".*"):gsub("%s%s+", "%%s+")
  return "^" .. pattern .. "$"
end

-- What each line says it prints.
local function promises(code)
  local by_line, number = {}, 0
  for line in (code .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    if line:find "print%(" then by_line[number] = line:match "%s%-%-%s+(.-)%s*$" end
  end
  return by_line
end

--- Runs a text; raises when it does, or when it prints something else than it says. Returns what it printed.
function snippets.run(code, name, env)
  local printed, by_line, promised = {}, {}, promises(code)
  rawset(env, "print", function(...)
    local cells = table.pack(...)
    for i = 1, cells.n do cells[i] = tostring(cells[i]) end
    local text, line = table.concat(cells, "\t"), debug.getinfo(2, "l").currentline
    printed[#printed + 1], by_line[line] = text, text
  end)
  local chunk = assert(load(code, "=" .. name, "t", env))
  chunk()
  for line, comment in pairs(promised) do
    local text = by_line[line]
    if text and not (text:gsub("\n", " ")):find(pattern_of(comment)) then
      error(("%s:%d says that it prints\n  %s\nand prints\n  %s"):format(name, line, comment, text), 0)
    end
  end
  return table.concat(printed, "\n")
end

--- The fenced blocks of a Markdown file in a language: { text, line } each.
function snippets.blocks(path, language)
  local blocks, inside, number, fence = {}, nil, 0, false
  for line in io.lines(path) do
    number = number + 1
    if line:find "^```" then
      if inside then
        blocks[#blocks + 1] = { text = table.concat(inside, "\n") .. "\n", line = inside.line }
        inside, fence = nil, false
      elseif fence then
        fence = false
      else
        fence = true
        if line == "```" .. language then inside = { line = number } end
      end
    elseif inside then
      inside[#inside + 1] = line
    end
  end
  return blocks
end

return snippets
