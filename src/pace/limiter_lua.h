/* The Lua face of limiter.h. */
#ifndef BYBIT_LIMITER_LUA_H
#define BYBIT_LIMITER_LUA_H

#include <lua.h>

void limiter_open(lua_State *L); /* adds 'limiter' to the module table on top of the stack */

#endif
