/*
** One call's life: check and encode, sign, send, wait, decode, classify. A success returns to the caller
** without any Lua having run; the facts of anything else go to the function that the Lua layer gave for it.
*/
#ifndef BYBIT_CALL_H
#define BYBIT_CALL_H

#include <lua.h>

void call_open(lua_State *L);

#endif
