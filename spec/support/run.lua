-- Runs busted inside this interpreter (the `busted` command of some systems brings another Lua) and hands it the
-- output handler that ends with one plain line. usage: lua5.4 spec/support/run.lua [options] [files or directories]
local options = { "--output=spec/support/output.lua", "--pattern=_spec%.lua$" }
arg = table.move(arg, 1, #arg, #options + 1, options) -- luacheck: ignore 121 (busted reads the global)
require "busted.runner" { standalone = false }
