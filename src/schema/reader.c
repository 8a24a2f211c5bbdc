/*
** core.schema.reader(endpoint, record, envelope) -> read(text): decodes a text that is no answer to a request but has an
** envelope like one: a message of a stream. read gives the result, the names of fields that did not decode (or nil), and the
** time in the envelope (ms; 0: none); or nil and what is wrong.
*/
#include "compile.h"
#include "schema.h"

#include <lauxlib.h>

static int l_read(lua_State *L) {
  size_t size;
  Answer a;
  const char *text = luaL_checklstring(L, 1, &size);
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushvalue(L, lua_upvalueindex(3));
  schema_decode(L, lua_touserdata(L, lua_upvalueindex(1)), 2, 3, text, size, &a);
  /* stack: text, record, names, result, message, undecoded */
  if (a.error != NULL) {
    lua_pushnil(L);
    lua_pushfstring(L, "byte %d: %s", (int)a.offset, a.error);
    return 2;
  }
  lua_pushvalue(L, 4);
  lua_pushvalue(L, 6);
  lua_pushinteger(L, a.time);
  return 3;
}

int schema_reader(lua_State *L) {
  luaL_checkudata(L, 1, SCHEMA_ENDPOINT);
  luaL_checkudata(L, 2, SCHEMA_RECORD);
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  schema_push_names(L, 3);
  lua_replace(L, 3);
  lua_pushcclosure(L, l_read, 3);
  return 1;
}
