-- Writes the bytecode of the module's Lua files as C, see modules.h. Where this Lua makes bytecode of another form than we know,
-- no file gets any.
-- usage: lua5.4 src/modules/compile.lua OUTPUT, in the project's root

local PROBE = "src/modules/probe.lua"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- The digest of a source, as modules.c computes it.
local function digest(text)
  local function with_word(sum, word)
    word = (sum ~ word) * 0x9E3779B97F4A7C15
    return word << 29 | word >> 35
  end
  local padded, sums, total = text .. ("\0"):rep(-#text % 32), { 0, 0, 0, 0 }, #text
  for at = 0, #padded - 1, 8 do
    local lane = at // 8 % 4 + 1
    sums[lane] = with_word(sums[lane], string.unpack("=i8", padded, at + 1))
  end
  for _, sum in ipairs(sums) do total = with_word(total, sum) end
  return total
end

-- A size in a dump: groups of 7 bits, the last one marked.
local function packed(size)
  local text = string.char(size & 127 | 128)
  size = size >> 7
  while size > 0 do
    text = string.char(size & 127) .. text
    size = size >> 7
  end
  return text
end

-- What comes in a dump before the name of the source: the header (its size and the check values in it depend on the sizes of
-- numbers), and how many upvalues the file has.
local HEAD_SIZE = #"\27Lua" + 2 + 6 + 3 + string.packsize "j" + string.packsize "n" + 1

-- The code of a dump without the names of local variables: a quarter of what a start reads, and only a failure inside of this
-- module would tell them. Lines and the names of upvalues stay. `all`: without these, too, as string.dump strips it.
local function slim(code, all)
  local out, at = {}, 1

  local function keep(size)
    out[#out + 1] = code:sub(at, at + size - 1)
    at = at + size
  end

  -- Passes a number, and returns it.
  local function number()
    local n = 0
    repeat
      local byte = code:byte(at)
      n, at = n << 7 | byte & 127, at + 1
    until byte > 127
    return n
  end

  -- Passes n pieces by `pass`, if they are not to be kept.
  local function pieces(kept, pass)
    local from = at
    for _ = 1, number() do pass() end
    out[#out + 1] = kept and code:sub(from, at - 1) or packed(0)
  end

  local function skip(size)
    return function() at = at + size end
  end

  local function text()
    local size = number()
    at = at + math.max(size - 1, 0)
  end

  -- Constants: what comes after the byte of the type.
  local CONSTANTS = { [0x00] = skip(0), [0x01] = skip(0), [0x11] = skip(0), [0x03] = skip(string.packsize "j"),
    [0x13] = skip(string.packsize "n"), [0x04] = text, [0x14] = text }

  local function body()
    local from = at
    number() -- the first line
    number() -- the last line
    at = at + 3 -- parameters, `...`, the size of the stack
    out[#out + 1] = code:sub(from, at - 1)
    pieces(true, skip(4)) -- instructions
    pieces(true, function()
      at = at + 1
      assert(CONSTANTS[code:byte(at - 1)], "a constant of a type that we do not know")()
    end)
    pieces(true, skip(3)) -- upvalues
    from = at
    local functions = number()
    out[#out + 1] = code:sub(from, at - 1)
    for _ = 1, functions do
      keep(1) -- no name of a source, as it is the same
      body()
    end
    pieces(not all, skip(1)) -- the lines of instructions
    pieces(not all, function() number() number() end)
    pieces(false, function() text() number() number() end) -- local variables
    pieces(not all, text) -- names of upvalues
  end

  body()
  return table.concat(out)
end

-- The dump of a file in two parts, without the name between them; nil when it does not have that form.
local function parts(text, path)
  local function dumped(name, strip) return string.dump(assert(load(text, name, "t")), strip) end
  local dump, named = dumped "=(a)", packed(5) .. "=(a)"
  local head = dump:sub(1, HEAD_SIZE)
  if dump:sub(HEAD_SIZE + 1, HEAD_SIZE + #named) ~= named then return nil end
  local code = dump:sub(HEAD_SIZE + #named + 1)
  local long = "@" .. ("/directory"):rep(40) .. path
  if dumped(long) ~= head .. packed(#long + 1) .. long .. code then return nil end
  if dumped("=(a)", true) ~= head .. packed(0) .. slim(code, true) then return nil end
  return head, slim(code)
end

-- The client's files, without those that no program loads. The paper exchange is a rock of its own.
local function files()
  local list = {}
  local others = "! -path 'lua/bybit/paper/*' ! -path 'lua/bybit/simulate/*' ! -name types.lua"
  local pipe <close> = assert(io.popen("find lua/bybit -name '*.lua' " .. others))
  for path in pipe:lines() do
    list[#list + 1] = { path = path, name = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".") }
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

---------------------------------------------------------------------------------------------------------------

local out = assert(io.open(arg[1], "wb"))

-- The elements of an array of C, at most 30 a line.
local function bytes(text)
  for at = 1, #text, 30 do out:write(table.concat({ text:byte(at, at + 29) }, ","), ",\n") end
end

local function array(declaration, text)
  out:write(declaration, " = {\n")
  bytes(text)
  out:write("};\n")
end

local list, head = files(), nil
for _, file in ipairs(list) do
  local text = read(file.path)
  file.digest, head, file.code = digest(text), parts(text, file.path)
  if not head then list, head = {}, "" break end
end
local probe = read(PROBE)
out:write "/* Made by src/modules/compile.lua. */\n#include \"modules/modules.h\"\n\n"
local code, at = {}, 0
out:write "const Module module_list[] = {\n"
for i, file in ipairs(list) do
  out:write(('{"%s", UINT64_C(0x%016x), %d, %d},\n'):format(file.name, file.digest, at, #file.code))
  code[i], at = file.code, at + #file.code
end
out:write(("{NULL, 0, 0, 0}};\nconst size_t module_count = %d;\n"):format(#list))
local probe_code = string.dump(assert(load(probe, "=probe", "t")))
for _, part in ipairs { { "module_code", table.concat(code) }, { "module_head", head }, { "module_probe_code", probe_code } } do
  array(("const unsigned char %s[]"):format(part[1]), part[2] .. "\0")
  out:write(("const size_t %s_size = sizeof %s - 1;\n"):format(part[1], part[1]))
end
array("const char module_probe[]", probe .. "\0")
out:write "const size_t module_probe_size = sizeof module_probe - 1;\n"
assert(out:close())
