-- bybit.strict, in separate programs, since it changes the globals of the whole Lua state.

-- Runs a program of several files in its own directory. Returns its output.
local function run(files)
  local directory = os.tmpname()
  os.remove(directory)
  assert(os.execute(("mkdir -p %s/inner"):format(directory)))
  finally(function() os.execute("rm -rf " .. directory) end)
  for name, text in pairs(files) do
    local file <close> = assert(io.open(directory .. "/" .. name, "w"))
    file:write(text)
  end
  local command = ("LUA_PATH='%s/inner/?.lua;%s' %s %s/main.lua 2>&1"):format(directory, package.path,
    os.getenv "LUA" or "lua5.4", directory)
  local pipe <close> = assert(io.popen(command))
  return (pipe:read "a":gsub(directory:gsub("%p", "%%%0") .. "/", ""))
end

describe("bybit.strict", function()
  it("raises when an undeclared global is read, and suggests the nearest name", function()
    local output = run { ["main.lua"] = 'require "bybit.strict"\nlocal x = 1\nprnt(x)\n' }
    assert.truthy(output:find("main.lua:3: undeclared global 'prnt', did you mean 'print'?", 1, true), output)
  end)

  it("raises when one is set, in a function or in the main chunk", function()
    local output = run { ["main.lua"] = 'require "bybit.strict"\nlocal function f()\n  totl = 1\nend\nf()\n' }
    assert.truthy(output:find("main.lua:3: setting the undeclared global 'totl'", 1, true), output)
    output = run { ["main.lua"] = 'require "bybit.strict"\ntotl = 1\n' }
    assert.truthy(output:find("main.lua:2: setting the undeclared global 'totl'", 1, true), output)
  end)

  it("accepts declared globals, and those that existed before", function()
    local output = run { ["main.lua"] = [[
      before = 1
      local declare = require "bybit.strict"
      declare("a", "b")
      assert(a == nil)
      a, before = 2, 3
      print(a, before, rawget(_G, "other"))]] }
    assert.equal("2\t3\tnil\n", output)
  end)

  it("checks the program's other files, and leaves other modules alone", function()
    local output = run {
      ["main.lua"] = 'require "bybit.strict"\nrequire "own"', -- inner/ is in the path
      ["inner/own.lua"] = "return misspelt",
    }
    assert.truthy(output:find("own.lua:1: undeclared global 'misspelt'", 1, true), output)
    local library = os.tmpname()
    finally(function() os.remove(library) end)
    local file = assert(io.open(library, "w"))
    file:write "local jit = jit\nglobal_of_a_library = jit == nil\nreturn true"
    file:close()
    -- A program in its own directory, a library elsewhere.
    output = run { ["main.lua"] = ('require "bybit.strict"\nprint(dofile "%s", global_of_a_library)'):format(library) }
    assert.equal("true\ttrue\n", output)
  end)
end)
