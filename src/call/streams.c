/*
** The streams of a client: core.client.subscribe(client, what) -> a reader, core.client.order_book(client,
** what) -> a book, core.client.recorder(client, what) -> a recorder of either, see stream.h; core.client.streams(client) -> how its
** channels are; core.client.sightings and others, below. They log in with the client's key, and use its proxy, its certificates and its clock.
*/
#include "client.h"
#include "stream/stream.h"

#include <lauxlib.h>

static int64_t now_of(void *owner) {
  Client *c = owner;
  double now = loop_now(c->loop);
  return clock_now(client_clock(c, now), now, loop_wall(c->loop));
}

static Shared *share_of(void *owner) {
  Client *c = owner;
  return line_shared(&c->line);
}

static Streams *streams_of(lua_State *L, Client *c) {
  const StreamsOptions options = {.loop = c->loop,
                                  .random = &c->random,
                                  .like = c->http,
                                  .key = c->session.key,
                                  .signer = c->session.signer,
                                  .now = now_of,
                                  .share = share_of,
                                  .owner = c,
                                  .sightings = &c->sightings};
  const char *why;
  if (c->closed) luaL_error(L, "this client is closed");
  if (c->process != loop_process(c->loop)) luaL_error(L, "this client was made by the parent process");
  if (c->streams == NULL) c->streams = streams_new(L, &options, &why);
  if (c->streams == NULL) luaL_error(L, "%s", why);
  return c->streams;
}

/* Has 'make' push a reader or a book from the table at 2; it keeps its client, which is at 1. */
static int push_kept(lua_State *L, void (*make)(lua_State *L, Streams *streams, int options)) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  luaL_checktype(L, 2, LUA_TTABLE);
  make(L, streams_of(L, c), 2);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 2);
  return 1;
}

static int l_subscribe(lua_State *L) {
  return push_kept(L, streams_subscribe);
}

static int l_order_book(lua_State *L) {
  return push_kept(L, streams_order_book);
}

static int l_recorder(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  luaL_checktype(L, 2, LUA_TTABLE);
  return streams_recorder(L, streams_of(L, c), 2);
}

static int l_streams(lua_State *L) {
  const Client *c = luaL_checkudata(L, 1, CLIENT);
  streams_push_stats(L, c->streams);
  return 1;
}

/* sightings(client, id, since) -> the messages about orders in which the id stands and that came since that moment (by loop.now()), the
** oldest first; nothing where the stream is not sure */
static int l_sightings(lua_State *L) {
  const Client *c = luaL_checkudata(L, 1, CLIENT);
  size_t size;
  const char *id = luaL_checklstring(L, 2, &size);
  double since = luaL_checknumber(L, 3);
  if (c->sightings.live == 0 || c->sightings.coming || c->closed) return 0;
  lua_newtable(L);
  lua_Integer n = 0;
  for (const Sighting *s = c->sightings.first; s != NULL; s = s->next) {
    if (s->at < since || memmem(s->text, s->size, id, size) == NULL) continue;
    lua_pushlstring(L, s->text, s->size);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

static void on_news(TokenWatch *watch) {
  (void)watch; /* it is cancelled */
}

/* sighting_news(client, token): the next message, or that the stream is not sure any more, cancels the token, in place of the one
** that was given before -> is the stream sure? */
static int l_sighting_news(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  Token *token = luaL_checkudata(L, 2, TOKEN);
  if (c->closed) return 0;
  token_unwatch(&c->sightings.news);
  token_watch(token, &c->sightings.news, on_news);
  lua_pushboolean(L, c->sightings.live > 0);
  return 1;
}

/* sight(client, what): for transports written in Lua, which have no stream: a message about orders (a text), or whether there is a
** stream that is sure (a boolean) */
static int l_sight(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  Sightings *s = &c->sightings;
  if (lua_isboolean(L, 2)) {
    if (lua_toboolean(L, 2) != (s->live > 0)) sightings_live(s, lua_toboolean(L, 2));
    return 0;
  }
  size_t size;
  const char *text = luaL_checklstring(L, 2, &size);
  if (s->live == 0) return 0;
  sightings_add(s, text, size, loop_now(c->loop));
  sightings_tell(s);
  return 0;
}

void client_streams_open(lua_State *L) {
  lua_getfield(L, -1, "client");
  static const luaL_Reg functions[] = {{"subscribe", l_subscribe}, {"order_book", l_order_book},
                                       {"recorder", l_recorder},   {"streams", l_streams},
                                       {"sightings", l_sightings}, {"sighting_news", l_sighting_news},
                                       {"sight", l_sight},         {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
