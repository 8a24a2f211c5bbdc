/* The Lua face of json.h: core.json.decode, encode, array and null. */
#ifndef BYBIT_JSON_LUA_H
#define BYBIT_JSON_LUA_H

#include "json.h"
#include <lua.h>

/* Adds 'json' with these four to the module table on top of the stack. */
void json_open(lua_State *L);
/* Reads the next value of 's' and pushes it: objects and arrays as tables, numbers as integers where they fit, else as
** decimals, null as bybit.null. On an error it returns false and pushes nothing; s->error and json_scan_offset tell what
** is wrong. Raises only when memory or stack runs out. */
bool json_push(lua_State *L, JsonScanner *s);
/* The same for the value 'v' that json_scan_value has just read from 's'. */
bool json_push_value(lua_State *L, JsonScanner *s, const JsonValue *v);
/* The same, but a key that comes twice keeps its first value, which '*twice' then says. */
bool json_push_first(lua_State *L, JsonScanner *s, const JsonValue *v, bool *twice);

/* How json_write writes. */
typedef struct JsonWrite {
  int depth;            /* the most containers inside each other, at most JSON_DEPTH_MAX */
  bool decimal_strings; /* write decimals and floats as strings of digits, not as numbers */
} JsonWrite;

/* Appends the JSON text of the value at 'index' to 'out'. A userdata must own 'out', since this may raise when memory
** runs out. The members of an object are sorted by the bytes of their keys. On success nothing is pushed. On failure it
** returns false and pushes the reason, such as "$.list[3].price: function has no form in JSON"; 'out' then ends in
** the middle of a value. */
bool json_write(lua_State *L, int index, Bytes *out, JsonWrite how);

/* Is the value at 'index' an array that was decoded, or a table that core.json.array has marked? */
bool json_is_array(lua_State *L, int index);
void json_push_null(lua_State *L); /* pushes the one value that stands for null */

#endif
