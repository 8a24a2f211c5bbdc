/*
** The methods of clients. One call checks and encodes its parameters, signs, sends, waits, decodes and judges the answer.
** A success returns to the caller without running any Lua. The facts of everything else go to a function that the Lua
** layer has given.
*/
#ifndef BYBIT_CALL_H
#define BYBIT_CALL_H

#include <lua.h>

/* Adds 'method' to the module table on top of the stack, and the functions of log.c and conflicts.c to 'client' in it. */
void call_open(lua_State *L);

#endif
