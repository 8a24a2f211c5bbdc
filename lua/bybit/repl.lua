-- `lua5.4 -l bybit.repl`: a session on paper, as `bybit` without a word begins one, and the end of the program with it.

os.exit(require("bybit.cli").run {}, true)
