/*
** The option `log`: a client's listener, a function of the Lua layer in its user value 4, hears of calls. Whatever it
** raises is dropped, it cannot suspend the task whose call it hears of, and calls that it makes itself are not told.
*/
#include "call_parts.h"

#include <lauxlib.h>

/* Calls the listener of the client at 'client' with the 'count' arguments on top, and takes them off. */
static void tell(lua_State *L, Client *c, int client, int count) {
  int base = lua_gettop(L) - count;
  if (c->listens && !c->telling) {
    c->telling = true;
    lua_getiuservalue(L, client, 4);
    lua_insert(L, base + 1);
    lua_pcall(L, count, 0, 0); /* without a continuation: the listener cannot yield */
    c->telling = false;
  }
  lua_settop(L, base);
}

void call_tell(lua_State *L, Call *c, int client, int params, int response) {
  if (!c->client->listens) return;
  luaL_checkstack(L, 8, "log");
  client = lua_absindex(L, client);
  lua_pushvalue(L, client);
  lua_pushstring(L, c->ep->method);
  lua_pushvalue(L, params);
  lua_pushvalue(L, response);
  if (c->e.used_made_id)
    lua_pushstring(L, c->made_id);
  else
    lua_pushnil(L);
  lua_pushnil(L); /* no error */
  lua_pushstring(L, c->ep->internal ? "debug" : "info");
  tell(L, c->client, client, 7);
}

/* listen(client, f): f(client, method, params, response, made id or nil, err or nil, level) hears of its calls. */
static int l_listen(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, 4);
  c->listens = true;
  return 0;
}

/* tell(client, ...): the listener, if there is one, hears it after the client itself. */
static int l_tell(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  luaL_checkstack(L, 2, "log");
  tell(L, c, 1, lua_gettop(L));
  return 0;
}

static int l_listens(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  lua_pushboolean(L, c->listens);
  return 1;
}

void call_log_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"listen", l_listen}, {"tell", l_tell}, {"listens", l_listens}, {NULL, NULL}};
  lua_getfield(L, -1, "client");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
