/* The Lua face of random.h: core.random([seed]) -> a generator. */
#ifndef BYBIT_RANDOM_LUA_H
#define BYBIT_RANDOM_LUA_H

#include <lua.h>

/* Adds 'random' to the module table on top of the stack. */
void random_open(lua_State *L);

#endif
