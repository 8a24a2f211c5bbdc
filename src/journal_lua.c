/*
** core.journal(path, sync) -> the userdata "bybit.journal", or nil and why. A client writes its intents into it from C;
** Lua reads it when it is opened, and writes how an intent ended.
*/
#include "journal_lua.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#define JOURNAL "bybit.journal"
#define TEXT    "bybit.journal.text"

Journal *journal_test(lua_State *L, int index) {
  return luaL_testudata(L, index, JOURNAL);
}

static Journal *check(lua_State *L) {
  Journal *j = luaL_checkudata(L, 1, JOURNAL);
  luaL_argcheck(L, j->fd >= 0, 1, "the journal is closed");
  return j;
}

static int l_journal(lua_State *L) {
  const char *path = luaL_checkstring(L, 1), *why;
  bool sync = lua_toboolean(L, 2);
  Journal *j = lua_newuserdatauv(L, sizeof *j, 0);
  *j = (Journal){.fd = -1};
  luaL_setmetatable(L, JOURNAL);
  if (journal_open(j, path, sync, &why)) return 1;
  lua_pushnil(L);
  lua_pushstring(L, why);
  return 2;
}

static int text_free(lua_State *L) {
  bytes_free(luaL_checkudata(L, 1, TEXT));
  return 0;
}

/* journal:text() -> all that it holds */
static int l_text(lua_State *L) {
  Journal *j = check(L);
  Bytes *text = lua_newuserdatauv(L, sizeof *text, 0);
  *text = (Bytes){0};
  luaL_setmetatable(L, TEXT);
  if (!journal_read(j, text)) return luaL_error(L, "the journal cannot be read");
  lua_pushlstring(L, text->data == NULL ? "" : text->data, text->size);
  return 1;
}

/* journal:start(number): of the next intent */
static int l_start(lua_State *L) {
  check(L)->next = luaL_checkinteger(L, 2);
  return 0;
}

/* journal:done(number, outcome) -> nil, or why that is not written down */
static int l_done(lua_State *L) {
  Journal *j = luaL_checkudata(L, 1, JOURNAL);
  char line[96];
  int size = snprintf(line, sizeof line, "{\"d\":%" PRId64 ",\"o\":\"%.24s\"}\n",
                      (int64_t)luaL_checkinteger(L, 2), luaL_checkstring(L, 3));
  Bytes bytes = {.data = line, .size = (size_t)size};
  lua_pushstring(L, journal_append(j, &bytes)); /* NULL pushes nil */
  return 1;
}

/* journal:syncs() -> how often the disk was waited for */
static int l_syncs(lua_State *L) {
  lua_pushinteger(L, ((const Journal *)luaL_checkudata(L, 1, JOURNAL))->syncs);
  return 1;
}

static int l_close(lua_State *L) {
  journal_close(luaL_checkudata(L, 1, JOURNAL));
  return 0;
}

void journal_lua_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"text", l_text},   {"start", l_start}, {"done", l_done},
                                     {"syncs", l_syncs}, {"close", l_close}, {NULL, NULL}};
  luaL_newmetatable(L, JOURNAL);
  lua_pushcfunction(L, l_close);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newmetatable(L, TEXT);
  lua_pushcfunction(L, text_free);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  lua_pushcfunction(L, l_journal);
  lua_setfield(L, -2, "journal");
}
