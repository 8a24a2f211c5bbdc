/* What the files of the schema room share among themselves. */
#ifndef BYBIT_SCHEMA_LUA_H
#define BYBIT_SCHEMA_LUA_H

#include "decimal_lua.h"
#include "json_lua.h"
#include "schema.h"

/* Pushes the function that words suggestions (or nil): hints(what, method, ...) -> text. */
void schema_push_hints(lua_State *L);
int schema_find(const Endpoint *ep, const char *name); /* index of a parameter, -1: none */
void schema_record_open(lua_State *L);                 /* makes the record metatable */
int schema_record(lua_State *L);                       /* record(declaration, metatable) -> compiled */

#endif
