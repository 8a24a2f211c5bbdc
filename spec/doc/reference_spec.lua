-- The reference (make doc) can be made, covers everything that is public, and its examples work.
local luacats = require "spec.support.luacats"
local shell = require "spec.support.shell"
local snippets = require "spec.support.snippets"

package.path = "doc/generate/?.lua;" .. package.path
local topics = require "topics"
local surface = require "surface"

local LUA = os.getenv "LUA" or "lua5.4"

local function run_example(name, text)
  snippets.on_paper(function(env) snippets.run(text, name, env) end)
end

-- The differences between a new folder and the committed one; empty: none.
local function difference(made, committed)
  return (shell.run(("diff -rq '%s' '%s'"):format(made, committed)))
end

describe("the reference", function()
  local fresh = os.tmpname()
  os.remove(fresh)
  local output, made

  setup(function() output, made = shell.run(("%s doc/generate/reference.lua %s"):format(LUA, fresh)) end)
  teardown(function() os.execute(("rm -rf '%s'"):format(fresh)) end)

  it("is made, with a page per method and record", function()
    assert(made, output)
    for _, method in ipairs(surface.methods) do
      local text = shell.read(("%s/reference/%s.md"):format(fresh, method.name))
      for _, entry in ipairs(surface.params(method)) do
        assert(text:find(('<a id="%s"></a>`%s`'):format(entry.row[1], entry.row[1]), 1, true),
          method.name .. ": " .. entry.row[1])
      end
    end
    for name in pairs(surface.records) do assert(io.open(("%s/reference/record_%s.md"):format(fresh, name))):close() end
  end)

  it("is up to date (make doc writes it)", function()
    assert.equal("", difference(fresh .. "/reference", "doc/reference"))
  end)

  it("is up to date as a site", function()
    -- cmark-gfm makes the site; `make doc` installs it. If it is missing, only the Markdown above is compared.
    if os.execute "command -v cmark-gfm >/dev/null" then
      assert.equal("", difference(fresh .. "/html", "doc/html"))
    else
      assert(io.open "doc/html/index.html"):close()
    end
  end)

  it("cuts no sentence, and has a text for every option", function()
    local text = shell.capture "cat doc/reference/*.md"
    assert.is_nil(text:find "without words")
    for row in shell.read "doc/reference/README.md":gmatch "| %[[^|]+ | ([^|]+) |" do assert.truthy(row:find "%.$", row) end
  end)

  it("has each anchor once on its page, so that a link leads to what it means", function()
    local pages <close> = assert(io.popen "find doc/html doc/reference -name '*.html' -o -name '*.md'")
    local count = 0
    for path in pages:lines() do
      local seen = {}
      for id in shell.read(path):gmatch '<%w+ id="([^"]+)"' do
        assert.is_nil(seen[id], ("%s has the anchor '%s' twice"):format(path, id))
        seen[id], count = true, count + 1
      end
    end
    assert.is_true(count > 1000)
  end)

  -- Functions for the module itself, which need no text.
  local INTERNAL = { ["bybit.Token:on"] = true }

  it("lists no function of the module itself", function()
    local text, count = shell.capture "cat doc/reference/*.md lua/bybit/types.lua", 0
    local sources <close> = assert(io.popen "grep -rhA9 -e '---@private' lua/bybit src | grep -o '^function [%a_.:A-Za-z]*'")
    for line in sources:lines() do
      local name = line:match "function%s+([%w_%.:]+)$"
      count = count + 1
      assert.is_nil(text:find("function " .. name .. "(", 1, true), name)
      assert.is_nil(text:find("### " .. name:lower() .. "\n", 1, true), name)
    end
    assert.is_true(count > 0)
    for where in pairs(INTERNAL) do assert.is_nil(text:find(where:match "%.(.*)", 1, true), where) end
  end)

  it("has a text for every public function", function()
    for _, owner in ipairs(surface.owners) do
      for _, f in ipairs(owner.functions) do
        assert(f.doc or INTERNAL[f.where], f.where .. " has no doc comment")
        assert(not f.doc or f.doc.text ~= "", f.where .. ": its doc comment says nothing")
      end
    end
  end)

  it("has a text for every parameter, field, option and enum", function()
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
      local text = method.row.example
      assert(text:find(":" .. method.name, 1, true) or text:find('"' .. method.name .. '"', 1, true), "uses its method")
      run_example(method.name, text)
      assert.same({}, luacats.check(types, text, { client = "bybit.Client", bybit = "bybit" }))
    end)
  end

  for _, topic in ipairs(topics) do
    it(topic.file, function()
      if topic.alone then -- it starts its own exchange
        snippets.run(topic.example, topic.file, setmetatable({ bybit = require "bybit" }, { __index = _G }))
      else
        run_example(topic.file, topic.example)
      end
    end)
  end
end)
