/* The Lua face of json.h: bybit.json.decode and encode, and null. */
#ifndef BYBIT_JSON_LUA_H
#define BYBIT_JSON_LUA_H

#include "json.h"
#include <lua.h>

/* Adds 'json' (decode, encode, null) to the module table on top of the stack. */
void json_open (lua_State *L);
/* Decodes the value that 's' stands before and pushes it: objects and arrays as tables, integers that fit as
** integers, other numbers as decimals, null as bybit.null. True when it did. False on an error, with nothing
** pushed: s->error and json_scan_offset tell. May raise on memory. */
bool json_push (lua_State *L, JsonScanner *s);
/* Pushes the value 'v' that json_scan_value has just read from 's'; otherwise as json_push. */
bool json_push_value (lua_State *L, JsonScanner *s, const JsonValue *v);
void json_push_null (lua_State *L); /* the one value that stands for null */

#endif
