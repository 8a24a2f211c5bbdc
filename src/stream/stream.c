/*
** stream.h: the streams of a client, with a channel for each place. reader.c has their readers of events, order_book.c those of books.
*/
#include "stream.h"
#include "parts.h"
#include "post.h"
#include "wire/url.h"
#include "wire/ws.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

typedef struct Place { /* a channel, and where it is */
  Channel *channel;
  char *url;
  struct Place *next;
} Place;

struct Streams {
  StreamsOptions o;
  Http *http; /* owned; NULL: they are carried by the post */
  Carrier carrier;
  Place *places; /* owned */
  Member *members;
  Streams *next, **link; /* of the Lua state */
};

static const char all_key; /* its address is the key of the state's list of streams, in the registry */
static const char
    budgets_key; /* that of the budgets of connections, by host: the exchange counts those of all clients */

static Place *find_place(const Streams *s, const char *url) {
  Place *p = s->places;
  while (p != NULL && strcmp(p->url, url) != 0) p = p->next;
  return p;
}

double stream_number_field(lua_State *L, int table, const char *key) {
  lua_getfield(L, table, key);
  double n = luaL_checknumber(L, -1);
  lua_pop(L, 1);
  return n;
}

/* A channel that is not there yet, and its place. */
static Channel *make_channel(lua_State *L, Streams *s, const char *url, const ChannelOptions *o) {
  Place *p = calloc(1, sizeof *p);
  if (p != NULL) p->url = strdup(url);
  if (p != NULL && p->url != NULL) p->channel = channel_new(o);
  if (p == NULL || p->channel == NULL) {
    if (p != NULL) free(p->url);
    free(p);
    luaL_error(L, "not enough memory");
    return NULL;
  }
  p->next = s->places;
  s->places = p;
  return p->channel;
}

/* The budget of the host of an address. Lua keeps it until the state ends. Raises when memory runs out. Lines that travel in virtual
** time have one of their own, which begins anew with each era of that time. */
static Budget *budget_of(lua_State *L, const Streams *s, const char *url) {
  int era = s->carrier.timed ? loop_era(s->o.loop) : 0;
  const char *host = strstr(url, "://");
  host = host == NULL ? url : host + 3;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &budgets_key);
  lua_pushstring(L, s->carrier.timed ? "virtual " : "");
  lua_pushlstring(L, host, strcspn(host, "/"));
  lua_concat(L, 2);
  lua_pushvalue(L, -1);
  if (lua_rawget(L, -3) == LUA_TNIL) {
    lua_pop(L, 1);
    Budget *made = lua_newuserdatauv(L, sizeof *made, 0);
    *made = (Budget){.era = era};
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_rawset(L, -5);
  }
  Budget *budget = lua_touserdata(L, -1);
  if (budget->era != era) *budget = (Budget){.era = era};
  lua_pop(L, 3);
  return budget;
}

Channel *streams_channel(lua_State *L, Streams *s, const char *url, bool private, int index) {
  const Place *p = find_place(s, url);
  if (p != NULL) return p->channel;
  Budget *budget = budget_of(L, s, url);
  const ChannelOptions o = {.carrier = s->carrier,
                            .loop = s->o.loop,
                            .random = s->o.random,
                            .budget = budget,
                            .url = url,
                            .local = url_is_local(url),
                            .heartbeat = stream_number_field(L, index, "heartbeat"),
                            .patience = stream_number_field(L, index, "patience"),
                            .key = private ? s->o.key : NULL,
                            .signer = s->o.signer,
                            .now = s->o.now,
                            .share = s->o.share,
                            .owner = s->o.owner};
  return make_channel(L, s, url, &o);
}

/* ---- the streams of a client ---- */

const char *streams_key(const Streams *s) {
  return s->o.key;
}

Sightings *streams_sightings(const Streams *s) {
  return s->o.sightings;
}

int64_t streams_now(const Streams *s) {
  return s->o.now(s->o.owner);
}

void member_join(Streams *s, Member *m) {
  m->streams = s;
  m->next = s->members;
  m->link = &s->members;
  if (m->next != NULL) m->next->link = &m->next;
  s->members = m;
}

void member_leave(Member *m) {
  if (m->streams == NULL) return;
  *m->link = m->next;
  if (m->next != NULL) m->next->link = m->link;
  m->streams = NULL;
}

static Streams **all_of(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &all_key);
  Streams **all = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return all;
}

Streams *streams_new(lua_State *L, const StreamsOptions *options, const char **why) {
  HttpOptions http = {.connections = 64};
  if (options->like != NULL) http_same(options->like, &http);
  *why = "not enough memory";
  Streams *s = calloc(1, sizeof *s), **all = all_of(L);
  if (s == NULL) return NULL;
  s->o = *options;
  if (options->like != NULL) s->http = http_new(options->loop, &http, why);
  if (options->like != NULL && s->http == NULL) {
    free(s);
    return NULL;
  }
  s->carrier = s->http != NULL ? socket_carrier(s->http) : post_carrier(L);
  s->next = *all;
  s->link = all;
  if (s->next != NULL) s->next->link = &s->next;
  *all = s;
  return s;
}

void streams_free(Streams *s) {
  if (s == NULL) return;
  while (s->members != NULL) s->members->detach(s->members);
  while (s->places != NULL) {
    Place *p = s->places;
    s->places = p->next;
    channel_free(p->channel);
    free(p->url);
    free(p);
  }
  if (s->http != NULL) http_free(s->http);
  *s->link = s->next;
  if (s->next != NULL) s->next->link = s->link;
  free(s);
}

void streams_nudge(Streams *s) {
  for (Member *m = s == NULL ? NULL : s->members; m != NULL; m = m->next)
    if (m->nudge != NULL) m->nudge(m);
}

void streams_push_stats(lua_State *L, const Streams *s) {
  lua_newtable(L);
  lua_Integer n = 0;
  for (const Place *p = s == NULL ? NULL : s->places; p != NULL; p = p->next) {
    ChannelStats stats = channel_stats(p->channel);
    lua_createtable(L, 0, 6);
    lua_pushstring(L, p->url);
    lua_setfield(L, -2, "url");
    lua_pushboolean(L, stats.up);
    lua_setfield(L, -2, "up");
    lua_pushinteger(L, stats.topics);
    lua_setfield(L, -2, "topics");
    lua_pushinteger(L, stats.connects);
    lua_setfield(L, -2, "connects");
    lua_pushinteger(L, stats.messages);
    lua_setfield(L, -2, "messages");
    if (stats.heard != 0) lua_pushinteger(L, stats.heard);
    if (stats.heard != 0) lua_setfield(L, -2, "heard");
    lua_rawseti(L, -2, ++n);
  }
}

/* available() -> was this built with libwslay? */
static int l_available(lua_State *L) {
  lua_pushboolean(L, ws_available());
  return 1;
}

/* missing() -> why there are no streams over sockets; nil: there are */
static int l_missing(lua_State *L) {
  lua_pushstring(L, ws_missing());
  return 1;
}

/* expect(connection, messages): the exchange says how many messages it has sent there, see channel_expect */
static int l_expected(lua_State *L) {
  size_t size;
  const char *connection = luaL_checklstring(L, 1, &size);
  lua_Integer messages = luaL_checkinteger(L, 2);
  for (const Streams *s = *all_of(L); s != NULL; s = s->next)
    for (const Place *p = s->places; p != NULL; p = p->next)
      channel_expect(p->channel, connection, size, messages);
  return 0;
}

void stream_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"available", l_available}, {"missing", l_missing}, {"expect", l_expected}, {NULL, NULL}};
  Streams **all = lua_newuserdatauv(L, sizeof(Streams *), 0);
  *all = NULL;
  lua_rawsetp(L, LUA_REGISTRYINDEX, &all_key);
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &budgets_key);
  reader_open(L);
  order_book_open(L);
  recorder_open(L);
  ticker_open(L);
  luaL_newlib(L, functions);
  post_open(L);
  lua_setfield(L, -2, "stream");
}
