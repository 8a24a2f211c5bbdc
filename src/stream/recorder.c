/*
** The userdata "bybit.recorder": a recording (record.h) as readers and the Lua layer hold it. It is closed with its reader.
*/
#include "parts.h"

#include <errno.h>
#include <lauxlib.h>
#include <string.h>

#define RECORDER "bybit.recorder"

Record *recorder_field(lua_State *L, int index, int value) {
  if (lua_getfield(L, index, "record") == LUA_TNIL) {
    lua_pop(L, 1);
    return NULL;
  }
  Record *r = luaL_checkudata(L, -1, RECORDER);
  lua_setiuservalue(L, -2, value);
  return r;
}

int streams_recorder(lua_State *L, const Streams *s, int index) {
  index = lua_absindex(L, index);
  lua_getfield(L, index, "path");
  lua_getfield(L, index, "label");
  const char *path = luaL_checkstring(L, -2), *label = luaL_checkstring(L, -1);
  Record *r = lua_newuserdatauv(L, sizeof *r, 0);
  *r = (Record){.fd = -1};
  luaL_setmetatable(L, RECORDER); /* from here on __gc frees what it has */
  if (record_open(r, path, streams_key(s), label)) return 1;
  int why = errno;
  lua_pushnil(L);
  lua_pushstring(L, strerror(why));
  return 2;
}

/* recorder:message(text, heard) and recorder:mark(word, reason or nil, time) -> nothing, or why it could not be written where the
** line before could be */
static int l_message(lua_State *L) {
  Record *r = luaL_checkudata(L, 1, RECORDER);
  size_t size;
  const char *text = luaL_checklstring(L, 2, &size);
  lua_pushstring(L, record_message(r, text, size, luaL_checkinteger(L, 3)));
  return 1;
}

static int l_mark(lua_State *L) {
  Record *r = luaL_checkudata(L, 1, RECORDER);
  lua_pushstring(L,
                 record_mark(r, luaL_checkstring(L, 2), luaL_optstring(L, 3, NULL), luaL_checkinteger(L, 4)));
  return 1;
}

/* recorder:close(), __gc. May run twice. */
static int l_close(lua_State *L) {
  record_close(luaL_checkudata(L, 1, RECORDER));
  return 0;
}

void recorder_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"message", l_message}, {"mark", l_mark}, {"close", l_close}, {NULL, NULL}};
  luaL_newmetatable(L, RECORDER);
  lua_pushcfunction(L, l_close);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
