-- The engine's arithmetic of money, in C (src/engine/money.c), with the decimals of this Lua state.
return require("bybit.paper_engine").money(require("bybit.core").decimal(0))
