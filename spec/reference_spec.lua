-- The reference (make doc) can be made, says something of everything that is public, and its examples work.
local luacats = require "spec.support.luacats"
local snippets = require "spec.support.snippets"

package.path = ".ci/?.lua;" .. package.path
local pages = require "pages"
local surface = require "surface"

local LUA = os.getenv "LUA" or "lua5.4"

local function run_example(name, text)
  snippets.on_paper(function(env) snippets.run(text, name, env) end)
end

describe("the reference", function()
  it("is made, with a page per method and record", function()
    local directory = os.tmpname()
    os.remove(directory)
    local pipe = assert(io.popen(("%s .ci/reference.lua %s 2>&1"):format(LUA, directory)))
    local output = pipe:read "a"
    assert(pipe:close(), output)
    for _, method in ipairs(surface.methods) do
      local file <close> = assert(io.open(("%s/%s.md"):format(directory, method.name)))
      local text = file:read "a"
      for _, entry in ipairs(surface.params(method)) do
        assert(text:find("| `" .. entry.row[1] .. "`", 1, true), method.name .. ": " .. entry.row[1])
      end
    end
    for name in pairs(surface.records) do assert(io.open(("%s/record_%s.md"):format(directory, name))):close() end
    assert(os.execute("rm -rf " .. directory))
  end)

  -- What is there for the module itself, and needs no words.
  local INTERNAL = { ["bybit.Token:on"] = true }

  it("knows words for every public function", function()
    for _, owner in ipairs(surface.owners) do
      for _, f in ipairs(owner.functions) do
        assert(f.doc or INTERNAL[f.where], f.where .. " has no doc comment")
        assert(not f.doc or f.doc.text ~= "", f.where .. ": its doc comment says nothing")
      end
    end
  end)

  it("knows words for every parameter, field, option and enum", function()
    for _, method in ipairs(surface.methods) do
      for _, entry in ipairs(surface.params(method)) do
        assert(entry.row.doc, method.name .. ": " .. entry.row[1])
      end
    end
    for name, record in pairs(surface.records) do
      for _, field in ipairs(record.fields) do assert(field.doc, name .. ": " .. field[1]) end
    end
    for _, option in ipairs(surface.options) do assert(option.doc, option[1]) end
    for name, enum in pairs(surface.enums) do assert(enum.doc, name) end
  end)
end)

describe("examples of the reference", function()
  local types = luacats.read "lua/bybit/types.lua"

  for _, method in ipairs(surface.methods) do
    it(method.name, function()
      local text = pages.methods[method.name].example
      assert(text:find(":" .. method.name, 1, true) or text:find('"' .. method.name .. '"', 1, true), "uses its method")
      run_example(method.name, text)
      assert.same({}, luacats.check(types, text, { client = "bybit.Client", bybit = "bybit" }))
    end)
  end

  for _, topic in ipairs(pages.topics) do
    it(topic.file, function()
      if topic.example_only then -- it makes an exchange of its own
        snippets.run(topic.example, topic.file, setmetatable({ bybit = require "bybit" }, { __index = _G }))
      else
        run_example(topic.file, topic.example)
      end
    end)
  end
end)
