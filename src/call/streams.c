/*
** The streams of a client: core.client.subscribe(client, what) -> a reader, core.client.order_book(client,
** what) -> a book, core.client.recorder(client, what) -> a recorder of either, see stream.h; core.client.streams(client) -> how its
** channels are. They log in with the client's key, and use its proxy, its certificates and its clock.
*/
#include "client.h"
#include "stream/stream.h"

#include <lauxlib.h>

static int64_t now_of(void *owner) {
  Client *c = owner;
  double now = loop_now(c->loop);
  return clock_now(client_clock(c, now), now, loop_wall(c->loop));
}

static Streams *streams_of(lua_State *L, Client *c) {
  const StreamsOptions options = {.loop = c->loop,
                                  .random = &c->random,
                                  .like = c->http,
                                  .key = c->session.key,
                                  .signer = c->session.signer,
                                  .now = now_of,
                                  .owner = c};
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

void client_streams_open(lua_State *L) {
  lua_getfield(L, -1, "client");
  lua_pushcfunction(L, l_subscribe);
  lua_setfield(L, -2, "subscribe");
  lua_pushcfunction(L, l_order_book);
  lua_setfield(L, -2, "order_book");
  lua_pushcfunction(L, l_recorder);
  lua_setfield(L, -2, "recorder");
  lua_pushcfunction(L, l_streams);
  lua_setfield(L, -2, "streams");
  lua_pop(L, 1);
}
