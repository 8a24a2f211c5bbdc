/* The Lua face of http.h, for specs and for the module's own Lua layer: core.http. */
#ifndef BYBIT_HTTP_LUA_H
#define BYBIT_HTTP_LUA_H

#include <lua.h>

/* Adds 'http' to the module table on top of the stack. */
void http_open(lua_State *L);

#endif
