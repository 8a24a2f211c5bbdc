/* The Lua face of moments. */
#ifndef BYBIT_MOMENT_LUA_H
#define BYBIT_MOMENT_LUA_H

#include <lua.h>

/* Adds 'moment' to the module table on top of the stack. */
void moment_open(lua_State *L);

#endif
