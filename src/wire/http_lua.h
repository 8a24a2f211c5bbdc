/* The Lua face of http.h: core.http. The specs of the transport use it. */
#ifndef BYBIT_HTTP_LUA_H
#define BYBIT_HTTP_LUA_H

#include <lua.h>

/* Adds 'http' to the module table on top of the stack. */
void http_open(lua_State *L);

#endif
