/*
** core.http(options) -> a transport without a client. http:start{...} -> a transfer; it never blocks, and core.loop.step
** moves it on. The specs of the transport use it, with client and server in one process.
*/
#include "http.h"
#include "http_lua.h"
#include "url.h"

#include <lauxlib.h>
#include <string.h>

#define HTTP     "bybit.http"
#define TRANSFER "bybit.transfer"

enum { MAX_LINES = 64 }; /* headers of one request */

typedef struct Face { /* the userdata "bybit.http" */
  Http *http;         /* owned; NULL: closed */
} Face;

/* The userdata "bybit.transfer". User values: 1 the transport; 2 the strings of the request, in a table of their own. */
typedef struct Handle {
  Transfer *transfer; /* owned; NULL: released */
  int told;           /* how often 'done' was called; it must be once */
} Handle;

static const char *text_field(lua_State *L, int table, const char *key) {
  lua_getfield(L, table, key);
  const char *text = lua_isnil(L, -1) ? NULL : luaL_checkstring(L, -1);
  lua_pop(L, 1); /* the table keeps it alive */
  return text;
}

static double number_field(lua_State *L, int table, const char *key, double otherwise) {
  lua_getfield(L, table, key);
  double n = lua_isnil(L, -1) ? otherwise : luaL_checknumber(L, -1);
  lua_pop(L, 1);
  return n;
}

static bool flag_field(lua_State *L, int table, const char *key) {
  lua_getfield(L, table, key);
  bool set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return set;
}

/* http([{connections, spares, http2, ca_file, proxy}]) -> a transport */
static int l_http(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  HttpOptions o = {.connections = (int)number_field(L, 1, "connections", 0),
                   .spares = (int)number_field(L, 1, "spares", 0),
                   .http2 = flag_field(L, 1, "http2"),
                   .ca_file = text_field(L, 1, "ca_file"),
                   .proxy = text_field(L, 1, "proxy")};
  const char *why;
  Face *f = lua_newuserdatauv(L, sizeof *f, 0);
  f->http = NULL;
  luaL_setmetatable(L, HTTP);
  f->http = http_new(loop_get(L), &o, &why);
  if (f->http == NULL) return luaL_error(L, "%s", why);
  return 1;
}

static Http *check_http(lua_State *L) {
  Face *f = luaL_checkudata(L, 1, HTTP);
  if (f->http == NULL) luaL_error(L, "this transport is closed");
  return f->http;
}

/* http:close(), and __gc: ends its transfers. May run twice. */
static int l_close(lua_State *L) {
  Face *f = luaL_checkudata(L, 1, HTTP);
  http_free(f->http);
  f->http = NULL;
  return 0;
}

static int l_in_flight(lua_State *L) {
  lua_pushinteger(L, http_in_flight(check_http(L)));
  return 1;
}

static int l_spares(lua_State *L) {
  lua_pushinteger(L, http_spares(check_http(L)));
  return 1;
}

static void on_done(void *owner) {
  ((Handle *)owner)->told++;
}

/* Reads the request table at 2. The result points to strings of the table and to 'lines'. */
static HttpRequest read_request(lua_State *L, const char *lines[MAX_LINES]) {
  HttpRequest r = {.verb = text_field(L, 2, "verb"),
                   .url = text_field(L, 2, "url"),
                   .headers = lines,
                   .body = text_field(L, 2, "body"),
                   .timeout = number_field(L, 2, "timeout", 10),
                   .connect_timeout = number_field(L, 2, "connect_timeout", 5),
                   .max_body = (size_t)number_field(L, 2, "max_body", 1 << 20),
                   .gzip = flag_field(L, 2, "gzip")};
  luaL_argcheck(L, r.verb != NULL && r.url != NULL, 2, "verb and url expected");
  r.local = url_is_local(r.url);
  if (r.body != NULL) {
    lua_getfield(L, 2, "body");
    r.body_size = lua_rawlen(L, -1);
    lua_pop(L, 1);
  }
  if (lua_getfield(L, 2, "headers") == LUA_TTABLE) {
    size_t count = lua_rawlen(L, -1);
    luaL_argcheck(L, count <= MAX_LINES, 2, "too many headers");
    for (size_t i = 0; i < count; i++) {
      lua_rawgeti(L, -1, (lua_Integer)i + 1);
      lines[i] = luaL_checkstring(L, -1);
      lua_pop(L, 1);
    }
    r.header_count = count;
  }
  lua_pop(L, 1);
  return r;
}

/* Pushes a table with the strings that the transfer reads until it has ended. */
static void push_strings(lua_State *L, const HttpRequest *r) {
  lua_createtable(L, (int)r->header_count, 1);
  lua_getfield(L, 2, "body");
  lua_setfield(L, -2, "body");
  if (lua_getfield(L, 2, "headers") == LUA_TTABLE)
    for (size_t i = 1; i <= r->header_count; i++) {
      lua_rawgeti(L, -1, (lua_Integer)i);
      lua_rawseti(L, -3, (lua_Integer)i);
    }
  lua_pop(L, 1);
}

/* http:start{verb, url, headers, body, timeout, connect_timeout, max_body, gzip} -> transfer */
static int l_start(lua_State *L) {
  Http *http = check_http(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  const char *lines[MAX_LINES];
  HttpRequest r = read_request(L, lines);
  Handle *h = lua_newuserdatauv(L, sizeof *h, 2);
  *h = (Handle){0};
  luaL_setmetatable(L, TRANSFER);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  push_strings(L, &r);
  lua_setiuservalue(L, -2, 2);
  const char *why;
  h->transfer = http_start(http, &r, on_done, h, &why);
  if (h->transfer == NULL) return luaL_error(L, "%s", why);
  return 1;
}

static Handle *check_transfer(lua_State *L) {
  Handle *h = luaL_checkudata(L, 1, TRANSFER);
  if (h->transfer == NULL) luaL_error(L, "this transfer is released");
  return h;
}

/* transfer:done() -> has it ended?, how often 'done' was called */
static int l_done(lua_State *L) {
  lua_pushboolean(L, http_done(check_transfer(L)->transfer));
  lua_pushinteger(L, check_transfer(L)->told);
  return 2;
}

static int l_cancel(lua_State *L) {
  http_cancel(check_transfer(L)->transfer);
  return 0;
}

/* transfer:release(), and __gc: cancels it when it runs. May run twice. */
static int l_release(lua_State *L) {
  Handle *h = luaL_checkudata(L, 1, TRANSFER);
  http_release(h->transfer);
  h->transfer = NULL;
  return 0;
}

/* transfer:result() -> {error, message, sent, status, headers, body, duration}; nothing while it runs */
static int l_result(lua_State *L) {
  static const char *const kinds[] = {[HTTP_OK] = NULL,
                                      [HTTP_NETWORK] = "network",
                                      [HTTP_TIMEOUT] = "timeout",
                                      [HTTP_TLS] = "tls",
                                      [HTTP_TOO_LARGE] = "too_large",
                                      [HTTP_CANCELLED] = "cancelled",
                                      [HTTP_MEMORY] = "memory",
                                      [HTTP_BUSY] = "busy"};
  Transfer *t = check_transfer(L)->transfer;
  if (!http_done(t)) return 0;
  const HttpResult *r = http_result(t);
  lua_createtable(L, 0, 7);
  lua_pushstring(L, kinds[r->error]);
  lua_setfield(L, -2, "error");
  lua_pushstring(L, r->message);
  lua_setfield(L, -2, "message");
  lua_pushboolean(L, r->sent);
  lua_setfield(L, -2, "sent");
  lua_pushinteger(L, r->status);
  lua_setfield(L, -2, "status");
  lua_pushlstring(L, r->headers.size > 0 ? r->headers.data : "", r->headers.size);
  lua_setfield(L, -2, "headers");
  lua_pushlstring(L, r->body.size > 0 ? r->body.data : "", r->body.size);
  lua_setfield(L, -2, "body");
  lua_pushnumber(L, r->duration);
  lua_setfield(L, -2, "duration");
  return 1;
}

static void make_class(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
  lua_newtable(L);
  luaL_setfuncs(L, methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

void http_open(lua_State *L) {
  static const luaL_Reg http[] = {
      {"start", l_start}, {"close", l_close}, {"in_flight", l_in_flight}, {"spares", l_spares}, {NULL, NULL}};
  static const luaL_Reg transfer[] = {
      {"done", l_done}, {"result", l_result}, {"cancel", l_cancel}, {"release", l_release}, {NULL, NULL}};
  make_class(L, HTTP, http, l_close);
  make_class(L, TRANSFER, transfer, l_release);
  lua_pushcfunction(L, l_http);
  lua_setfield(L, -2, "http");
}
