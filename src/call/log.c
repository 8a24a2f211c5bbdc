/*
** The option `log`: the client's listener, a function of the Lua layer in user value 4, is told of calls. Its errors are
** dropped. It cannot suspend the task whose call it is told of. It is not told of calls that it makes itself.
*/
#include "parts.h"
#include "loop/hooks.h"

#include <lauxlib.h>
#include <stdio.h>

/* Calls the listener of the client at stack place 'client' with the 'count' arguments on top of the stack, and takes them
** off. Ctrl-C does not break into it; an interrupt during it is raised later, because the caller has to finish first. */
static void tell(lua_State *L, Client *c, int client, int count) {
  int base = lua_gettop(L) - count;
  if (c->listens && !c->telling) {
    c->telling = true;
    lua_getiuservalue(L, client, 4);
    lua_insert(L, base + 1);
    hooks_quiet(L, count);
    c->telling = false;
  }
  lua_settop(L, base);
}

void call_tell(lua_State *L, Call *c, int client, int params, int response) {
  if (!c->client->listens) return;
  luaL_checkstack(L, 10, "log");
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

void call_tell_words(lua_State *L, Client *c, int client, const char *method, const char *level,
                     const char *words) {
  if (!c->listens) return;
  luaL_checkstack(L, 10, "log");
  client = lua_absindex(L, client);
  lua_pushvalue(L, client);
  lua_pushstring(L, method);
  for (int i = 0; i < 3; i++) lua_pushnil(L); /* no parameters, no response, no id */
  lua_pushstring(L, words);
  lua_pushstring(L, level);
  tell(L, c, client, 7);
}

/* Tells the listener of the client at stack place 'client' what has become of its share. */
static void tell_share(lua_State *L, Client *c, int client, const char *level, const char *words,
                       const char *why) {
  call_tell_words(L, c, client, "share", level, lua_pushfstring(L, words, c->line.shared.name, why));
  lua_pop(L, 1);
}

/* Tells it how often calls have waited for what others of the share have sent, at most once a second. */
static void tell_waits(lua_State *L, Client *c, int client, const Shared *share) {
  static const double OFTEN = 1;
  const double now = loop_now(c->loop);
  char words[300];
  if (now < c->told_waits_at + OFTEN) return;
  snprintf(words, sizeof words, "calls waited for the limits of the share %.150s, %lld times so far",
           share->name, (long long)share->waits);
  c->told_waits = share->waits;
  c->told_waits_at = now;
  call_tell_words(L, c, client, "share", "debug", words);
}

void call_tell_share(lua_State *L, Client *c, int client) {
  Shared *share = line_shared(&c->line);
  if (share == NULL) return;
  if (c->listens && share->waits != c->told_waits) tell_waits(L, c, client, share);
  if (shared_changes(share) == c->told_losses + c->told_returns) return;
  const SharedState counts = shared_state(share, loop_now(c->loop));
  bool lost = counts.losses != c->told_losses, back = counts.returns != c->told_returns;
  c->told_losses = counts.losses;
  c->told_returns = counts.returns;
  if (!c->listens) return;
  client = lua_absindex(L, client);
  luaL_checkstack(L, 10, "log");
  if (lost) tell_share(L, c, client, "warn", "the share %s is lost: %s", counts.last_loss);
  if (back && counts.lost == NULL) tell_share(L, c, client, "info", "the share %s is back", NULL);
}

/* listen(client, f): from now on f(client, method, params, response, made id or nil, err or nil, level) is told of calls */
static int l_listen(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, 4);
  c->listens = true;
  return 0;
}

/* tell(client, ...): calls the listener, if there is one, with the same arguments */
static int l_tell(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  luaL_checkstack(L, 4, "log");
  tell(L, c, 1, lua_gettop(L));
  return 0;
}

/* listens(client) -> is there a listener? */
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
