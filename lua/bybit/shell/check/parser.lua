-- Gets the checker's syntax trees from luacheck, which also checks globals. luacheck is optional. It is plain Lua: Debian
-- installs it with Lua 5.1's modules, but it works in 5.4 as well.

local DEBIAN = ";/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua"
local MISSING = "luacheck is not installed: apt-get install lua-check, or luarocks install luacheck"

local parser = {}

local function load_luacheck()
  local path = package.path
  local modules = {}
  for try = 1, 2 do
    if try == 2 then package.path = path .. DEBIAN end
    for _, name in ipairs { "luacheck", "luacheck.parser", "luacheck.decoder" } do
      local ok, module = pcall(require, name)
      modules[name] = ok and module or nil
    end
    if modules["luacheck.parser"] then break end
  end
  package.path = path
  return modules
end

local loaded

local function luacheck()
  loaded = loaded or load_luacheck()
  return loaded["luacheck.parser"] and loaded
end

--- Is luacheck there? Otherwise a message that says how to get it.
---@return boolean ok
---@return string? message
function parser.available()
  if luacheck() then return true end
  return false, MISSING
end

--- The syntax tree of a program; nil and the place of the error when its syntax is wrong.
---@param text string
---@return table? tree as luacheck's parser makes it: nodes with tag, line and offset
---@return { line: integer, column: integer, message: string }|integer[] wrong the error; with a tree, the offsets of its lines
function parser.parse(text)
  local modules = luacheck()
  local source = modules["luacheck.decoder"].decode((text:gsub("^#[^\n]*", "")))
  local offsets = { 1 }
  local ok, tree = pcall(modules["luacheck.parser"].parse, source, offsets, {})
  if ok then return tree, offsets end
  if type(tree) ~= "table" then error(tree, 0) end
  return nil, { line = tree.line, column = tree.offset - (offsets[tree.line] or tree.offset) + 1, message = tree.msg }
end

local MESSAGES = {
  ["111"] = "setting the undeclared global '%s'", ["112"] = "changing the undeclared global '%s'",
  ["113"] = "undeclared global '%s'", ["143"] = "Lua has no '%s'",
}

--- What luacheck says about globals.
---@param text string
---@param spec? boolean it is a busted spec, where busted's globals are known
---@return { line: integer, column: integer, message: string }[]
function parser.globals(text, spec)
  local found = {}
  local options = { std = spec and "lua54+busted" or "lua54", only = { "11.", "143" } }
  local report = luacheck().luacheck.check_strings({ text }, options)[1]
  for _, warning in ipairs(report) do
    local format = MESSAGES[warning.code]
    local name = warning.code == "143" and ("%s.%s"):format(warning.name, warning.field) or warning.name
    if format then
      found[#found + 1] = { line = warning.line, column = warning.column, message = format:format(name) }
    end
  end
  return found
end

return parser
