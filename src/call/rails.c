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

/* The share is halted: the words for that. The text of who halted is cut where it is too long. */
static void say_halted(Client *client, Shared *share) {
  char reason[SHARE_REASON];
  int pid;
  int64_t at;
  shared_halt_words(share, reason, &pid, &at);
  snprintf(client->halted_by, sizeof client->halted_by,
           "all who use the share %.100s are halted by process %d (%s): client:resume() or `bybit resume` "
           "takes that back",
           share->name, pid, reason);
}

const char *client_halted(Client *client) {
  Shared *share = line_shared(&client->line);
  if (client->halted[0] != '\0') return client->halted;
  if (share == NULL) return NULL;
  double now = loop_now(client->loop);
  uint64_t halt = shared_halted(share, now);
  bool news = halt != client->halt_seen;
  client->halt_seen = halt;
  if (news && halt != 0) {
    say_halted(client, share);
    client_end_risk(client); /* it asks here again, and hears the same */
  }
  if (halt != 0) return client->halted_by;
  const char *lost = shared_forbids(share, now);
  if (lost == NULL) return NULL;
  snprintf(client->halted_by, sizeof client->halted_by, "the share %.100s is lost (%s), and %s", share->name,
           lost,
           share->on_loss == LOSS_HALT ? "the option says on_loss = \"halt\""
                                       : "it was never reached, so nobody knows how many take part");
  return client->halted_by;
}

const char *call_halted(Call *c) {
  bool adds = c->ep->changes && !c->protects && !c->spared;
  const char *words = adds ? client_halted(c->client) : NULL;
  return words == NULL ? NULL : keep(c, words);
}

bool call_asks(Call *c) {
  if (!c->ep->changes || c->protects) return false;
  const bool reserved = call_reserved(c);
  return reserved || c->client->asks || client_halted(c->client) != NULL || client_lease_asks(c->client);
}

/* ask(client, f, always): f(client, call, row, params, client order id or "", seconds left) is called before a call that may add
** risk is sent: always, or only while there is a halt. It returns nothing; true, when the call takes no risk, so that a halt does
** not hold it; or why it is not sent. */
static int l_ask(lua_State *L) {
  Client *client = luaL_checkudata(L, 1, CLIENT);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  client->asks = lua_toboolean(L, 3);
  lua_settop(L, 2);
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

/* halted(client) -> the words of the halt, its own or its share's; nil: it is not halted. And: has a server told of it, whose news may wait
** to be read? */
static int l_halted(lua_State *L) {
  Client *client = luaL_checkudata(L, 1, CLIENT);
  const char *words = client->closed ? NULL : client_halted(client);
  if (words == NULL) return 0;
  Shared *share = line_shared(&client->line);
  lua_pushstring(L, words);
  lua_pushboolean(L, client->halted[0] == '\0' && share != NULL && shared_is_told(share));
  return 2;
}

void call_rails_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"ask", l_ask}, {"halt", l_halt}, {"halted", l_halted}, {NULL, NULL}};
  lua_getfield(L, -1, "client");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
