-- Runs busted inside this interpreter (the `busted` command of some systems uses another Lua), with our output handler.
-- usage: lua5.4 spec/support/run.lua [options] [files or directories]
local options = { "--output=spec/support/output.lua", "--pattern=_spec%.lua$" }
arg = table.move(arg, 1, #arg, #options + 1, options) -- luacheck: ignore 121 (busted reads the global)
-- C modules that only the specs use (make hosts), even if bybit itself comes from an installed rock.
package.cpath = package.cpath .. ";" .. (os.getenv "BUILD" or "build") .. "/support/?.so"
require "busted.runner" { standalone = false }
