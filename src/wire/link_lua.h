/* The Lua face of link.h: core.link, see link_lua.c. */
#ifndef BYBIT_LINK_LUA_H
#define BYBIT_LINK_LUA_H

#include <lua.h>

/* Adds 'link' to the module table on top of the stack. */
void link_open(lua_State *L);

#endif
