/*
** What a session at a terminal needs of the system; see terminal.c.
*/
#ifndef BYBIT_TERMINAL_H
#define BYBIT_TERMINAL_H

#include <lua.h>

/* Adds 'terminal' (catch, await, size, is_terminal) to the module table on top of the stack. */
void terminal_open(lua_State *L);

#endif
