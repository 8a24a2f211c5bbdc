/*
** Guard rails, as far as C knows them: a call that may add risk is put to a function of the Lua layer before it is sent
** (lua/bybit/client/guard), and a halted client sends none of these calls. A client without rails pays one test for a call.
*/
#include "parts.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

enum { CLIENT_ASK = 7 }; /* user value of a client: the function */

int call_push_question(lua_State *L, Call *c, int client, int params, int call) {
  enum { ARGUMENTS = 6 };
  c->asked = true;
  lua_getiuservalue(L, client, CLIENT_ASK);
  lua_pushvalue(L, client);
  lua_pushvalue(L, call);
  lua_pushstring(L, c->ep->row);
  lua_pushvalue(L, params);
  lua_pushstring(L, c->e.client_order_id);
  lua_pushnumber(L, c->ends - loop_now(c->client->loop));
  return ARGUMENTS;
}

/* Keeps the words as why the call is not sent. */
static const char *keep(Call *c, const char *words) {
  snprintf(c->message, sizeof c->message, "%s", words);
  return c->guarded = c->message;
}

void call_take_answer(lua_State *L, int answer, Call *c) {
  if (lua_type(L, answer) == LUA_TSTRING) keep(c, lua_tostring(L, answer));
  c->spared = lua_isboolean(L, answer) && lua_toboolean(L, answer);
}

const char *call_halted(Call *c) {
  if (c->client->halted[0] == '\0') return NULL;
  bool adds = c->ep->changes && !c->protects && !c->spared;
  return adds ? keep(c, c->client->halted) : NULL;
}

/* ask(client, f): f(client, call, row, params, client order id or "", seconds left) is called before a call that may add risk
** is sent. It returns nothing; true, when the call takes no risk, so that a halt does not hold it; or why it is not sent. nil:
** nobody is asked. */
static int l_ask(lua_State *L) {
  Client *client = luaL_checkudata(L, 1, CLIENT);
  lua_settop(L, 2);
  client->asks = !lua_isnil(L, 2);
  if (client->asks) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_setiuservalue(L, 1, CLIENT_ASK);
  return 0;
}

/* halt(client, words): no call that adds risk is sent any more, and those that wait end; the words say why. nil: takes that
** back. */
static int l_halt(lua_State *L) {
  Client *client = luaL_checkudata(L, 1, CLIENT);
  snprintf(client->halted, sizeof client->halted, "%s", luaL_optstring(L, 2, ""));
  if (client->halted[0] != '\0') client_end_risk(client);
  return 0;
}

/* halted(client) -> the words of the halt; nil: it is not halted */
static int l_halted(lua_State *L) {
  const Client *client = luaL_checkudata(L, 1, CLIENT);
  if (client->halted[0] == '\0') return 0;
  lua_pushstring(L, client->halted);
  return 1;
}

void call_rails_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"ask", l_ask}, {"halt", l_halt}, {"halted", l_halted}, {NULL, NULL}};
  lua_getfield(L, -1, "client");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
