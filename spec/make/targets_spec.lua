-- make help: the targets of make, with a line for each; CONTRIBUTING names the same ones.

local shell = require "spec.support.shell"

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

describe("make help", function()
  local text, help, phony = nil, {}, {}

  setup(function()
    text = shell.capture(shell.CLEAN .. "make --no-print-directory help")
    for line in text:gmatch "[^\n]+" do
      local name, says = line:match "^  make (%S+) +(.+)$"
      assert(name, "neither a target nor what it does: " .. line)
      help[name] = says
    end
    for _, path in ipairs { "Makefile", ".ci/checks.mk" } do
      for names in shell.read(path):gsub("\\\n", " "):gmatch "\n%.PHONY:([^\n]*)" do
        for name in names:gmatch "%S+" do phony[name] = true end
      end
    end
  end)

  it("lists every target that is no file, and nothing else", function()
    assert.same(sorted(phony), sorted(help))
  end)

  it("names the targets that everybody needs", function()
    for _, name in ipairs { "all", "test", "lint", "demo", "repl", "install", "clean", "help", "fuzz", "coverage" } do
      assert.is_string(help[name], name)
    end
  end)

  it("fits into a terminal of 120 columns", function()
    for line in text:gmatch "[^\n]+" do assert.truthy(#line <= 120, line) end
  end)

  it("and CONTRIBUTING name the same targets", function()
    local named = {}
    for row in shell.read "CONTRIBUTING.md":gmatch "\n|([^\n]*)" do
      for name in row:gmatch "`make ([%l-]+)" do named[name] = true end
    end
    assert.same(sorted(help), sorted(named))
  end)
end)
