/*
** What an interactive session needs of the system: Ctrl-C, waiting for a key, the terminal's size. See terminal.c.
*/
#ifndef BYBIT_TERMINAL_H
#define BYBIT_TERMINAL_H

#include <lua.h>

/* Adds 'terminal' (catch, await, pending, size, is_terminal) to the module table on top of the stack. */
void terminal_open(lua_State *L);

#endif
