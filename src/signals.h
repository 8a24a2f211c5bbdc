/*
** SIGINT and SIGTERM, for as long as a program asks to hear of them: the first cancels a token, the second ends the
** process as if nobody had asked. core.signals(token) asks.
*/
#ifndef BYBIT_SIGNALS_H
#define BYBIT_SIGNALS_H

#include <lua.h>

void signals_open(lua_State *L);

#endif
