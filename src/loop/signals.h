/*
** SIGINT and SIGTERM, while a program catches them (core.signals): the first signal cancels a token, the second ends the
** process as it would without a handler.
*/
#ifndef BYBIT_SIGNALS_H
#define BYBIT_SIGNALS_H

#include <lua.h>

/* Adds 'signals' to the module table on top of the stack. */
void signals_open(lua_State *L);

#endif
