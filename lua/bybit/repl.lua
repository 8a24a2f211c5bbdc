-- `lua5.4 -l bybit.repl`: opens a session on paper, like the command `bybit` alone. When the session ends, the program ends.

require "bybit.version" -- first: it says which Lua is needed
os.exit(require("bybit.shell.cli").run {}, true)
