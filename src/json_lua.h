/* The Lua face of json.h: core.json.decode, encode, array and null. */
#ifndef BYBIT_JSON_LUA_H
#define BYBIT_JSON_LUA_H

#include "json.h"
#include <lua.h>

/* Adds 'json' (decode, encode, array, null) to the module table on top of the stack. */
void json_open(lua_State *L);
/* Decodes the value that 's' stands before and pushes it: objects and arrays as tables, integers that fit as
** integers, other numbers as decimals, null as bybit.null. True when it did. False on an error, with nothing
** pushed: s->error and json_scan_offset tell. May raise on memory. */
bool json_push(lua_State *L, JsonScanner *s);
/* Pushes the value 'v' that json_scan_value has just read from 's'; otherwise as json_push. */
bool json_push_value(lua_State *L, JsonScanner *s, const JsonValue *v);

typedef struct JsonWrite {
  int depth;            /* containers inside containers, at most JSON_DEPTH_MAX */
  bool decimal_strings; /* decimals and floats as strings of their digits, not as numbers */
} JsonWrite;

/* Appends the JSON text of the value at 'index' to 'out', which a userdata owns. An object's members are
** sorted by the bytes of their keys. True with nothing pushed; or false with the reason pushed
** ("$.list[3].price: a function has no form in JSON") and 'out' in the middle of a value. May raise on
** memory. */
bool json_write(lua_State *L, int index, Bytes *out, JsonWrite how);

bool json_is_array(lua_State *L, int index); /* a decoded array, or a table that core.json.array has marked */
void json_push_null(lua_State *L);           /* the one value that stands for null */

#endif
