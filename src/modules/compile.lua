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
  local padded, sum = text .. ("\0"):rep(-#text % 8), 0
  for at = 1, #padded, 8 do
    sum = (sum ~ string.unpack("=i8", padded, at)) * 0x9E3779B97F4A7C15
    sum = sum ~ sum >> 32
  end
  return (sum ~ #text) * 0x9E3779B97F4A7C15
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

-- The dump of a file in two parts, without the name between them; nil when it does not have that form.
local function parts(text, path)
  local function dumped(name) return string.dump(assert(load(text, name, "t"))) end
  local dump, named = dumped "=(a)", packed(5) .. "=(a)"
  local head = dump:sub(1, HEAD_SIZE)
  if dump:sub(HEAD_SIZE + 1, HEAD_SIZE + #named) ~= named then return nil end
  local code = dump:sub(HEAD_SIZE + #named + 1)
  local long = "@" .. ("/directory"):rep(40) .. path
  if dumped(long) ~= head .. packed(#long + 1) .. long .. code then return nil end
  return head, code
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
