-- Runs the documentation's Lua as a reader would, on a paper exchange, and checks its output: a comment at the end of a line with
-- `print(...)` is the expected output; '...' in it stands for anything, two spaces for a tab.
local bybit = require "bybit"

local snippets = {}

--- An environment for `code`: `bybit`, `exchange` (a manual clock, BTCUSD at 30000), `client` and the fields of `more`.
--- Calls f(env) and closes both.
function snippets.on_paper(f, more)
  local exchange <close> = bybit.paper.start { clock = "manual", seed = 7, lag = 0 }
  exchange:set_price("BTCUSD", 30000)
  local client <close> = bybit.client { environment = exchange, seed = 7 }
  local env = setmetatable({ bybit = bybit, exchange = exchange, client = client }, { __index = _G })
  for k, v in pairs(more or {}) do env[k] = v end
  f(env)
end

local function pattern_of(comment)
  local pattern = comment:gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0"):gsub("%s*%%%.%%%.%%%.%s*", ".*"):gsub("%s%s+", "%%s+")
  return "^" .. pattern .. "$"
end

-- The expected output of each line. Of a `print(` over several lines the comment stands at its end, `end))`, and the output counts
-- for its first line.
local function promises(code)
  local by_line, number, open = {}, 0, nil
  for line in (code .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    local comment = line:match "%s%-%-%s+(.-)%s*$"
    if line:find "print%(" then
      by_line[number], open = comment, number
    elseif line:find "^end%)%)" and open then
      by_line[open], open = comment, nil
    end
  end
  return by_line
end

--- Runs a text; raises if the text raises, or if its output differs from its comments. Returns the output.
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
    if not text then error(("%s:%d says that it prints\n  %s\nand prints nothing"):format(name, line, comment), 0) end
    if not (text:gsub("\n", " ")):find(pattern_of(comment)) then
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
