/* The Lua face of clock.h and stamps.h. */
#ifndef BYBIT_CLOCK_LUA_H
#define BYBIT_CLOCK_LUA_H

#include <lua.h>

void clock_open(lua_State *L); /* adds 'clock' and 'stamps' to the module table on top of the stack */

#endif
