/* Decimals in Lua tables, for the parts of bybit.paper_engine that work on the amounts of the exchange. */
#ifndef BYBIT_ENGINE_MONEY_H
#define BYBIT_ENGINE_MONEY_H

#include "value/decimal.h"

#include <lua.h>
#include <stdbool.h>

/* The functions of money have two upvalues: the metatable of decimals, and the decimal with which sums of the exchange begin. */
#define MONEY_META  lua_upvalueindex(1)
#define MONEY_BEGIN lua_upvalueindex(2)

/* Is there a decimal at 'index'? The exchange's own tables hold no other userdata of that size. */
bool money_test(lua_State *L, int index, Decimal *out);
Decimal money_check(lua_State *L, int index); /* raises when there is none */
void money_push(lua_State *L, Decimal x);

/* The decimal in a field; raises when there is none. */
Decimal money_field(lua_State *L, int table, const char *name);
/* The same of a field that may be absent: false. */
bool money_has(lua_State *L, int table, const char *name, Decimal *out);
void money_set(lua_State *L, int table, const char *name, Decimal x);
/* Adds to a sum in a field. A sum that begins with nothing is what is added, with its places: the value at 'index'. */
void money_sum(lua_State *L, int table, const char *name, int index);

/* Operations raise when the result does not fit, as those of Lua do. */
Decimal money_add(lua_State *L, Decimal a, Decimal b);
Decimal money_subtract(lua_State *L, Decimal a, Decimal b);
Decimal money_multiply(lua_State *L, Decimal a, Decimal b);
Decimal money_divide(lua_State *L, Decimal a, Decimal b);
Decimal money_coin(lua_State *L, Decimal x); /* rounds an amount of coin: half up to 8 places, never -0 */

#endif
