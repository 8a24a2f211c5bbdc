/* The Lua face of clock.h. */
#ifndef BYBIT_CLOCK_LUA_H
#define BYBIT_CLOCK_LUA_H

#include <lua.h>

void clock_open(lua_State *L); /* adds 'clock' to the module table on top */

#endif
