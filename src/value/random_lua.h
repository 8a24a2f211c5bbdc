/* The Lua face of random.h: core.random([seed]) -> a generator. */
#ifndef BYBIT_RANDOM_LUA_H
#define BYBIT_RANDOM_LUA_H

#include <lua.h>

#define RANDOM_NAME "bybit.random" /* of the generators' metatable; each is a Random */

/* Adds 'random' to the module table on top of the stack. */
void random_open(lua_State *L);

#endif
