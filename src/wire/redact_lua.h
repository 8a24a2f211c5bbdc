/*
** core.redact(text, secrets [, whole]), for the specs of the redaction.
*/
#ifndef BYBIT_REDACT_LUA_H
#define BYBIT_REDACT_LUA_H

#include <lua.h>

void redact_open(lua_State *L);

#endif
