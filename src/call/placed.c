/*
** The orders that a client placed last. The exchange lists an order some time after it acknowledged it. Who cancels a client's
** own orders by a list has to know those that the list may not show yet. And the placements that have not returned: whoever tells of
** orders waits until the caller knows of them.
*/
#include "parts.h"
#include "stream/stream.h"

#include <lauxlib.h>
#include <string.h>

/* Copies the text to 'out', which has 'room' bytes; "" when it is too long. */
static void copy(char *out, size_t room, const char *text) {
  size_t size = strlen(text);
  if (size >= room) size = 0;
  memcpy(out, text, size);
  out[size] = '\0';
}

static void note(Client *client, double at, const char *symbol, const char *order_id,
                 const char *client_order_id, bool conditional) {
  PlacedOrder *p = &client->placed[client->placed_count++ % PLACED];
  p->at = at;
  p->conditional = conditional;
  copy(p->symbol, sizeof p->symbol, symbol);
  copy(p->order_id, sizeof p->order_id, order_id);
  copy(p->client_order_id, sizeof p->client_order_id, client_order_id);
}

void call_note_placed(lua_State *L, const Call *c, int result) {
  if (c->ep->change != CHANGE_PLACE || !lua_istable(L, result)) return;
  lua_pushliteral(L, "order_id");
  const char *id = lua_rawget(L, result) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  note(c->client, c->ended_at, c->e.symbol, id, c->e.client_order_id, c->ep->conditional);
  lua_pop(L, 1);
}

void call_placing(Call *c) {
  if (c->placing_link != NULL) return;
  c->placing = c->client->placing;
  c->placing_link = &c->client->placing;
  if (c->placing != NULL) c->placing->placing_link = &c->placing;
  c->client->placing = c;
}

void call_placed(Call *c) {
  if (c->placing_link == NULL) return;
  *c->placing_link = c->placing;
  if (c->placing != NULL) c->placing->placing_link = c->placing_link;
  c->placing_link = NULL;
  streams_nudge(c->client->streams);
}

/* placing(client, client_order_id) -> is an order with this id being placed by a call that has not returned? */
static int l_placing(lua_State *L) {
  const Client *client = luaL_checkudata(L, 1, CLIENT);
  const char *id = luaL_checkstring(L, 2);
  const Call *c = client->placing;
  while (c != NULL && strcmp(c->e.client_order_id, id) != 0) c = c->placing;
  lua_pushboolean(L, c != NULL);
  return 1;
}

/* Sets t[key] = text in the table on top of the stack, unless the text is empty. */
static void set_text(lua_State *L, const char *key, const char *text) {
  if (text[0] == '\0') return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, key);
}

/* placed(client, seconds) -> a list of {symbol, order_id, client_order_id, conditional}: the orders that were placed in the last
** so many seconds, the oldest first; the last PLACED of them */
static int l_placed(lua_State *L) {
  const Client *c = luaL_checkudata(L, 1, CLIENT);
  double since = loop_now(c->loop) - luaL_checknumber(L, 2);
  lua_Integer count = 0;
  lua_newtable(L);
  for (uint64_t i = c->placed_count > PLACED ? c->placed_count - PLACED : 0; i < c->placed_count; i++) {
    const PlacedOrder *p = &c->placed[i % PLACED];
    if (p->at < since) continue;
    lua_createtable(L, 0, 4);
    set_text(L, "symbol", p->symbol);
    set_text(L, "order_id", p->order_id);
    set_text(L, "client_order_id", p->client_order_id);
    lua_pushboolean(L, p->conditional);
    lua_setfield(L, -2, "conditional");
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

/* note_placed(client, symbol, order_id, client_order_id, conditional): Lua found out that an order was placed; an id that is not
** known is nil */
static int l_note_placed(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  note(c, loop_now(c->loop), luaL_checkstring(L, 2), luaL_optstring(L, 3, ""), luaL_optstring(L, 4, ""),
       lua_toboolean(L, 5));
  return 0;
}

void call_placed_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"placed", l_placed}, {"note_placed", l_note_placed}, {"placing", l_placing}, {NULL, NULL}};
  lua_getfield(L, -1, "client");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
