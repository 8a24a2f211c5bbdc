/*
** The userdata of a call: made, freed, and used again. After a plain success nothing refers to a call, so it goes back to its
** client with its buffers, and the next call takes it: so calls make less garbage that only finalizers can free. A call that
** failed is in the facts that the Lua layer got, so it is left to the collector.
*/
#include "parts.h"

#include <lauxlib.h>

enum { CLIENT_SPARE = 6 };        /* user value of a client: its first spare call */
enum { VALUES = 6 };              /* how many user values a call has */
enum { OF_CLIENT = 1, NEXT = 6 }; /* user values of a call, see parts.h */

void call_count_heard(Call *c, bool open) {
  if (c->counted == open || (open && !c->ep->heard)) return;
  c->counted = open;
  c->client->open_heard += open ? 1 : -1;
}

int call_free(lua_State *L) {
  Call *c = luaL_checkudata(L, 1, CALL);
  call_abandon(c);
  call_unclaim(c);
  call_count_heard(c, false);
  bytes_free(&c->payload);
  bytes_free(&c->named);
  bytes_free(&c->answer);
  bytes_free(&c->headers);
  signed_request_free(&c->request);
  return 0;
}

/* Pushes a spare call of the client. NULL, and pushes nothing: there is none. */
static Call *take_spare(lua_State *L, Client *client) {
  if (client->spares == 0) return NULL;
  lua_getiuservalue(L, CALL_CLIENT, CLIENT_SPARE);
  lua_getiuservalue(L, -1, NEXT);
  lua_setiuservalue(L, CALL_CLIENT, CLIENT_SPARE);
  lua_pushnil(L);
  lua_setiuservalue(L, -2, NEXT);
  client->spares--;
  return lua_touserdata(L, -1);
}

/* Pushes a new one, with so many user values. */
static Call *make(lua_State *L, Client *client, int values) {
  Call *c = lua_newuserdatauv(L, sizeof *c, values);
  *c = (Call){.client = client};
  luaL_setmetatable(L, CALL); /* from here on __gc frees what the call has */
  lua_pushvalue(L, CALL_CLIENT);
  lua_setiuservalue(L, -2, OF_CLIENT);
  return c;
}

/* Sets it to the client's defaults. */
static Call *start(Call *c, Client *client, const Endpoint *ep) {
  c->state = CALL_NEW;
  c->ep = ep;
  c->e = (Encoding){.out = &c->payload,
                    .category = client->category,
                    .receive_window = client->receive_window,
                    .timeout = client->timeout,
                    .connect_timeout = client->connect_timeout,
                    .deadline = client->deadline,
                    .confirm = -1};
  return c;
}

Call *call_new(lua_State *L, Client *client, const Endpoint *ep) {
  Call *c = take_spare(L, client);
  return start(c == NULL ? make(L, client, VALUES) : c, client, ep);
}

Call *call_new_batch(lua_State *L, Client *client, const Endpoint *ep) {
  return start(make(L, client, VALUES + 1), client, ep);
}

/* It forgets all but its client and its empty buffers. It counts as ended, so that nobody cancels it. */
static void empty(Call *c) {
  int spares = c->client->spares;
  http_clear(&c->payload, spares);
  http_clear(&c->named, spares);
  http_clear(&c->answer, spares);
  http_clear(&c->headers, spares);
  signed_request_clear(&c->request);
  *c = (Call){.client = c->client,
              .state = CALL_ENDED,
              .payload = c->payload,
              .named = c->named,
              .answer = c->answer,
              .headers = c->headers,
              .request = c->request};
}

void call_put_back(lua_State *L, int at, Call *c) {
  Client *client = c->client;
  if (client->closed || client->spares >= client->line.in_flight_max) return;
  empty(c);
  for (int i = OF_CLIENT + 1; i < NEXT; i++) {
    lua_pushnil(L);
    lua_setiuservalue(L, at, i);
  }
  lua_getiuservalue(L, at, OF_CLIENT);
  lua_getiuservalue(L, -1, CLIENT_SPARE);
  lua_setiuservalue(L, at, NEXT);
  lua_pushvalue(L, at);
  lua_setiuservalue(L, -2, CLIENT_SPARE);
  lua_pop(L, 1);
  client->spares++;
}

void client_drop_spares(lua_State *L, int at, Client *client) {
  lua_pushnil(L);
  lua_setiuservalue(L, at, CLIENT_SPARE);
  client->spares = 0;
}
