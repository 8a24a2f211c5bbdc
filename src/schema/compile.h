/* What schema.c, record.c, decode.c and values.c share. Only this room includes it. */
#ifndef BYBIT_SCHEMA_LUA_H
#define BYBIT_SCHEMA_LUA_H

#include "value/decimal_lua.h"
#include "value/json_lua.h"
#include "schema.h"

/* Pushes the Lua function that writes suggestions for messages: hints(what, method, ...) -> text. nil before the Lua
** layer has set it. */
void schema_push_hints(lua_State *L);
int schema_find(const Endpoint *ep, const char *name); /* the index of a parameter, or -1 */
void schema_record_open(lua_State *L); /* makes the metatable of compiled records; pushes nothing */
/* record(declaration, metatable or nil, name -> compiled record of the records that it has lists of) -> userdata */
int schema_record(lua_State *L);
/* reader(endpoint, record, envelope) -> the function that decodes messages, see reader.c */
int schema_reader(lua_State *L);

#endif
