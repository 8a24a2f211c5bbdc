/* The Lua face of the loop. */
#ifndef BYBIT_LOOP_LUA_H
#define BYBIT_LOOP_LUA_H

#include <lua.h>

/* Adds 'loop' (now, wall, step, fd, ...) to the module table on top of the stack. */
void loop_open(lua_State *L);

#endif
