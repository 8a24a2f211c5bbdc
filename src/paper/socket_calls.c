/*
** WebSockets for the rules of the exchange, which are Lua: sockets.available(), send(id, text [, delay in ms]),
** close(id [, code]), cut(id [, reset]), stall(id [, deaf]), slow(id, bytes a second). See sockets.h.
*/
#include "socket_calls.h"

#include <lauxlib.h>

/* Their addresses are keys of the registry. */
static const char on_message_key, on_closed_key;

/* NULL: there are none. */
static PaperSockets *sockets(lua_State *L) {
  PaperHttp *const *http = lua_touserdata(L, lua_upvalueindex(1));
  return *http == NULL ? NULL : paper_http_sockets(*http);
}

static int l_available(lua_State *L) {
  lua_pushboolean(L, paper_sockets_available());
  return 1;
}

static int l_send(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 2, &size);
  PaperSockets *all = sockets(L);
  if (all != NULL) paper_socket_send(all, luaL_checkinteger(L, 1), text, size, luaL_optinteger(L, 3, 0));
  return 0;
}

static int l_close(lua_State *L) {
  PaperSockets *all = sockets(L);
  if (all != NULL) paper_socket_close(all, luaL_checkinteger(L, 1), (int)luaL_optinteger(L, 2, 1000));
  return 0;
}

static int l_cut(lua_State *L) {
  PaperSockets *all = sockets(L);
  if (all != NULL) paper_socket_cut(all, luaL_checkinteger(L, 1), lua_toboolean(L, 2));
  return 0;
}

static int l_stall(lua_State *L) {
  PaperSockets *all = sockets(L);
  if (all != NULL) paper_socket_stall(all, luaL_checkinteger(L, 1), lua_toboolean(L, 2));
  return 0;
}

static int l_slow(lua_State *L) {
  PaperSockets *all = sockets(L);
  if (all != NULL) paper_socket_slow(all, luaL_checkinteger(L, 1), luaL_checkinteger(L, 2));
  return 0;
}

void socket_calls_push(lua_State *L, PaperHttp *const *http) {
  static const luaL_Reg functions[] = {
      {"available", l_available}, {"send", l_send}, {"close", l_close}, {"cut", l_cut},
      {"stall", l_stall},         {"slow", l_slow}, {NULL, NULL}};
  union {
    PaperHttp *const *in;
    void *out;
  } pointer = {.in = http};
  luaL_newlibtable(L, functions);
  lua_pushlightuserdata(L, pointer.out);
  luaL_setfuncs(L, functions, 1);
}

void socket_calls_keep(lua_State *L) {
  lua_rawsetp(L, LUA_REGISTRYINDEX, &on_closed_key);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &on_message_key);
}

void socket_calls_message(lua_State *L, int64_t id, const char *text, size_t size) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &on_message_key);
  lua_pushinteger(L, id);
  lua_pushlstring(L, text, size);
  if (lua_pcall(L, 2, 0, 0) != LUA_OK) lua_pop(L, 1);
}

void socket_calls_closed(lua_State *L, int64_t id) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &on_closed_key);
  lua_pushinteger(L, id);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);
}
