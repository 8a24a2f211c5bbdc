/* The Lua face of decimal.h: the userdata "bybit.decimal", its operators and methods. */
#ifndef BYBIT_DECIMAL_LUA_H
#define BYBIT_DECIMAL_LUA_H

#include "decimal.h"
#include <lua.h>

/* Adds 'decimal' to the module table on top of the stack. */
void decimal_open(lua_State *L);
/* Pushes a new decimal. May raise on memory only. */
void decimal_push(lua_State *L, Decimal x);
/* True and '*out' when the value at 'index' is a decimal userdata. Never raises. */
bool decimal_test(lua_State *L, int index, Decimal *out);
/* Reads the value at 'index' (decimal, integer, numeric string, or a float of at most 15 significant digits)
** without rounding. On failure returns false and pushes the reason, a phrase such as
** "0.30000000000000004 is not exact: use bybit.decimal(x, places)"; on success pushes nothing. */
bool decimal_exact(lua_State *L, int index, Decimal *out);

#endif
