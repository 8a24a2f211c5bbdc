/* The Lua face of share.h: adds 'share' to the module table on top of the stack, see share_lua.c. */
#ifndef BYBIT_SHARE_LUA_H
#define BYBIT_SHARE_LUA_H

#include <lua.h>

void share_open_lua(lua_State *L);

#endif
