/* Reads gzip, for files of prices: core.gzip. */
#ifndef BYBIT_GZIP_H
#define BYBIT_GZIP_H

#include <lua.h>

/* Adds `gzip` to the table on top of the stack. */
void gzip_open(lua_State *L);

#endif
