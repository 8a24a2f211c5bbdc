/* The Lua face of decimal.h: the userdata "bybit.decimal", its operators and methods. */
#ifndef BYBIT_DECIMAL_LUA_H
#define BYBIT_DECIMAL_LUA_H

#include "decimal.h"
#include <lua.h>

/* Adds 'decimal' to the module table on top of the stack. */
void decimal_open(lua_State *L);
/* Pushes a new decimal userdata with this value. Raises only when memory runs out. */
void decimal_push(lua_State *L, Decimal x);
/* For those who push many: the metatable of decimals, and a decimal with the metatable at that stack place. */
void decimal_push_metatable(lua_State *L);
void decimal_push_with(lua_State *L, Decimal x, int metatable);
/* Is the value at 'index' a decimal userdata? Then '*out' gets its value. Never raises, pushes nothing. */
bool decimal_test(lua_State *L, int index, Decimal *out);
/* Reads the value at 'index' without rounding: a decimal, an integer, a numeric string, or a float of at most 15
** significant digits. On success it pushes nothing. On failure it returns false and pushes the reason, a text such as
** "the float 0.30000000000000004 is not exact: write it as a string, or ...". */
bool decimal_exact(lua_State *L, int index, Decimal *out);

#endif
