/*
** core.link.new{url, timeout, max, ca_file, proxy, seed} -> a WebSocket connection without a client; core.loop.step moves it on.
** The specs of the wire use it. Messages are kept until link:messages() takes them.
*/
#include "link.h"
#include "link_lua.h"
#include "url.h"
#include "ws.h"

#include <lauxlib.h>

#define LINK "bybit.link"

typedef struct Face {
  Http *http; /* owned; NULL: closed */
  Link *link; /* owned */
  Random random;
  Bytes kept;        /* the messages, each with its size before it */
  int opened, ended; /* how often the owner was told */
  bool lost;         /* a message could not be kept */
} Face;

static void on_open(void *owner) {
  ((Face *)owner)->opened++;
}

static void on_ended(void *owner) {
  ((Face *)owner)->ended++;
}

static void on_message(void *owner, const char *text, size_t size) {
  Face *f = owner;
  if (!bytes_append(&f->kept, &size, sizeof size) || !bytes_append(&f->kept, text, size)) f->lost = true;
}

static const char *text_field(lua_State *L, const char *key) {
  lua_getfield(L, 1, key);
  const char *text = lua_isnil(L, -1) ? NULL : luaL_checkstring(L, -1);
  lua_pop(L, 1); /* the table keeps it alive */
  return text;
}

static lua_Number number_field(lua_State *L, const char *key, lua_Number otherwise) {
  lua_getfield(L, 1, key);
  lua_Number n = luaL_optnumber(L, -1, otherwise);
  lua_pop(L, 1);
  return n;
}

static int l_link(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const HttpOptions options = {.ca_file = text_field(L, "ca_file"), .proxy = text_field(L, "proxy")};
  LinkOptions o = {.url = text_field(L, "url"),
                   .timeout = number_field(L, "timeout", 5),
                   .max = (size_t)number_field(L, "max", 1 << 20)};
  const char *why;
  luaL_argcheck(L, o.url != NULL, 1, "url expected");
  o.local = url_is_local(o.url);
  Face *f = lua_newuserdatauv(L, sizeof *f, 0);
  *f = (Face){0};
  luaL_setmetatable(L, LINK);
  random_system(&f->random);
  if (lua_getfield(L, 1, "seed") == LUA_TNUMBER) random_seed(&f->random, (uint64_t)lua_tointeger(L, -1));
  lua_pop(L, 1);
  o.random = &f->random;
  const LinkEvents events = {.open = on_open, .message = on_message, .ended = on_ended, .owner = f};
  f->http = http_new(loop_get(L), &options, &why);
  if (f->http != NULL) f->link = link_new(f->http, loop_get(L), &o, &events, &why);
  if (f->link == NULL) return luaL_error(L, "%s", why);
  return 1;
}

static Face *check_face(lua_State *L) {
  Face *f = luaL_checkudata(L, 1, LINK);
  if (f->link == NULL) luaL_error(L, "this connection is freed");
  return f;
}

/* link:free(), and __gc. May run twice. */
static int l_free(lua_State *L) {
  Face *f = luaL_checkudata(L, 1, LINK);
  link_free(f->link);
  http_free(f->http);
  bytes_free(&f->kept);
  f->link = NULL;
  f->http = NULL;
  return 0;
}

static int l_text(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 2, &size);
  lua_pushboolean(L, link_text(check_face(L)->link, text, size));
  return 1;
}

static int l_close(lua_State *L) {
  link_close(check_face(L)->link, (int)luaL_optinteger(L, 2, 1000));
  return 0;
}

/* link:state() -> is it open?, how often it was told that it opened, that it ended; frames received */
static int l_state(lua_State *L) {
  Face *f = check_face(L);
  lua_pushboolean(L, link_is_open(f->link));
  lua_pushinteger(L, f->opened);
  lua_pushinteger(L, f->ended);
  lua_pushinteger(L, (lua_Integer)link_received(f->link));
  return 4;
}

/* link:ending() -> how, why, close code, HTTP status; nothing while it has not ended */
static int l_ending(lua_State *L) {
  static const char *const names[] = {[LINK_OPEN] = "open",         [LINK_CLOSED] = "closed",
                                      [LINK_NETWORK] = "network",   [LINK_TIMEOUT] = "timeout",
                                      [LINK_TLS] = "tls",           [LINK_REFUSED] = "refused",
                                      [LINK_PROTOCOL] = "protocol", [LINK_TOO_LARGE] = "too_large",
                                      [LINK_MEMORY] = "memory"};
  const LinkEnding *e = link_ending(check_face(L)->link);
  if (e->how == LINK_OPEN) return 0;
  lua_pushstring(L, names[e->how]);
  lua_pushstring(L, e->why);
  lua_pushinteger(L, e->code);
  lua_pushinteger(L, e->status);
  return 4;
}

/* link:messages() -> those that came since the last call, in a list */
static int l_messages(lua_State *L) {
  Face *f = check_face(L);
  lua_newtable(L);
  if (f->lost) return luaL_error(L, "not enough memory");
  lua_Integer n = 0;
  for (size_t at = 0, size; at < f->kept.size; at += sizeof size + size) {
    memcpy(&size, f->kept.data + at, sizeof size);
    lua_pushlstring(L, f->kept.data + at + sizeof size, size);
    lua_rawseti(L, -2, ++n);
  }
  bytes_clear(&f->kept);
  return 1;
}

/* link.available() -> was this built with libwslay? */
static int l_available(lua_State *L) {
  lua_pushboolean(L, ws_available());
  return 1;
}

void link_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"free", l_free},   {"text", l_text},     {"close", l_close},
                                     {"state", l_state}, {"ending", l_ending}, {"messages", l_messages},
                                     {NULL, NULL}};
  static const luaL_Reg functions[] = {{"new", l_link}, {"available", l_available}, {NULL, NULL}};
  luaL_newmetatable(L, LINK);
  lua_pushcfunction(L, l_free);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "link");
}
