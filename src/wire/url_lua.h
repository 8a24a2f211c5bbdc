/*
** core.url(text): an address, read as libcurl reads it.
*/
#ifndef BYBIT_URL_LUA_H
#define BYBIT_URL_LUA_H

#include <lua.h>

void url_open(lua_State *L);

#endif
