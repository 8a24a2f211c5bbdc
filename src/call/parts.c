/*
** The tables that a call gives to Lua: the response, which is its third result; the facts of a failure; the request for a
** transport written in Lua. And what it takes from the transfer of such a transport.
*/
#include "parts.h"
#include "wire/answer.h"
#include "wire/redact.h"
#include "wire/sign.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

#define RESPONSE "bybit.response"

const char *call_error_kind(HttpError error) {
  switch (error) {
  case HTTP_OK: break;
  case HTTP_NETWORK: return "network";
  case HTTP_TIMEOUT: return "timeout";
  case HTTP_TLS: return "tls";
  case HTTP_TOO_LARGE: return "too_large";
  case HTTP_CANCELLED: return "cancelled";
  case HTTP_MEMORY:
  case HTTP_BUSY: return "network";
  }
  return "http";
}

/* Strikes secrets out of 'b'. */
static void redact_bytes(const Redaction *r, Bytes *b) {
  if (b->size == 0) return;
  size_t size = redact(r, b->data, b->size);
  if (size < b->size) wipe(b->data + size, b->size - size); /* the buffer is used again */
  b->size = size;
  b->data[size] = '\0';
}

/* Is this the answer to a call of any endpoint, by which the caller may have asked for the key's own data? */
static bool is_data(const Call *c) {
  return c->ep->shape == SHAPE_FREE && c->status == 200 && answer_is_success(&c->answer);
}

/* Of an answer that is data only the signature is struck out, since the caller may have asked for the key. */
void call_redact(Call *c) {
  const char *const secrets[] = {c->request.signature.data, c->request.key.data};
  Bytes message = {.data = c->message, .size = strlen(c->message)};
  Redaction r;
  redact_begin(&r, secrets, sizeof secrets / sizeof *secrets);
  redact_bytes(&r, &message);
  redact_bytes(&r, &c->headers);
  if (is_data(c)) {
    redact_end(&r);
    redact_begin(&r, secrets, 1);
  }
  redact_bytes(&r, &c->answer);
  redact_end(&r);
}

/* Pushes the header lines as a table from lower case names to values. */
static void push_headers(lua_State *L, const char *lines, size_t length) {
  lua_newtable(L);
  const char *at = lines, *end = at + length;
  while (at < end) {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    const char *next = stop == NULL ? end : stop + 1;
    if (stop == NULL) stop = end;
    while (stop > at && (stop[-1] == '\r' || stop[-1] == ' ')) stop--;
    const char *colon = memchr(at, ':', (size_t)(stop - at));
    if (colon != NULL && colon - at < 256) {
      char name[256];
      size_t size = (size_t)(colon - at);
      for (size_t i = 0; i < size; i++)
        name[i] = (char)(at[i] >= 'A' && at[i] <= 'Z' ? at[i] - 'A' + 'a' : at[i]);
      for (colon++; colon < stop && *colon == ' '; colon++) continue;
      lua_pushlstring(L, name, size);
      lua_pushlstring(L, colon, (size_t)(stop - colon));
      lua_rawset(L, -3);
    }
    at = next;
  }
}

/* The fields of a response, in the order of the metatable's list of their names: a name that is at hand need not be made for each
** response. */
enum { STATUS = 1, HEADER_LINES, DURATION, ATTEMPTS, REQUESTS, TIME };
static const char *const NAMES[] = {"status", "header_lines", "duration", "attempts", "requests", "time"};

static const char RESPONSE_KEY; /* its address is the metatable's key in the registry */

/* Pushes the name of a field. Stack: the response, its metatable. */
static void push_name(lua_State *L, int field) {
  lua_rawgeti(L, -1, field);
}

/* Sets the field whose name and value are on top of the stack, and takes both off. Below are the response and its metatable. */
static void set_named(lua_State *L) {
  lua_rawset(L, -4);
}

void call_push_response(lua_State *L, const Call *c, const Answer *a) {
  lua_createtable(L, 0, 8);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &RESPONSE_KEY);
  if (c->status != 0) {
    push_name(L, STATUS);
    lua_pushinteger(L, c->status);
    set_named(L);
  }
  if (c->headers.size > 0) { /* see response_index */
    push_name(L, HEADER_LINES);
    lua_pushlstring(L, c->headers.data, c->headers.size);
    set_named(L);
  }
  push_name(L, DURATION);
  lua_pushnumber(L, c->duration);
  set_named(L);
  push_name(L, ATTEMPTS);
  lua_pushinteger(L, c->attempts);
  set_named(L);
  push_name(L, REQUESTS);
  lua_pushinteger(L, c->attempts);
  set_named(L);
  if (a->time != 0) {
    push_name(L, TIME);
    lua_pushinteger(L, a->time);
    set_named(L);
  }
  lua_setmetatable(L, -2);
  if (a->note != NULL && a->has_code && a->code == 0) {
    lua_pushlstring(L, a->note, a->note_size);
    lua_setfield(L, -2, "flaw");
  }
  if (c->unjournalled[0] != '\0') {
    lua_pushstring(L, c->unjournalled);
    lua_setfield(L, -2, "unjournalled");
  }
  if (c->e.raw) {
    lua_pushlstring(L, c->answer.data == NULL ? "" : c->answer.data, c->answer.size);
    lua_setfield(L, -2, "raw");
  }
}

/* Pushes the headers of the response at 1, and keeps them in it. Few callers look at them: so they are taken apart when they
** are first asked for. */
static void make_headers(lua_State *L) {
  size_t size = 0;
  lua_getfield(L, 1, "header_lines");
  const char *lines = lua_tolstring(L, -1, &size);
  push_headers(L, lines == NULL ? "" : lines, size);
  lua_pushvalue(L, -1);
  lua_setfield(L, 1, "headers");
}

/* __index: a field that the response does not have, or not yet. */
static int response_index(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  if (lua_type(L, 2) != LUA_TSTRING || strcmp(lua_tostring(L, 2), "headers") != 0) return 0;
  make_headers(L);
  return 1;
}

static int next_field(lua_State *L) {
  lua_settop(L, 2);
  if (lua_next(L, 1) != 0) return 2;
  lua_pushnil(L);
  return 1;
}

/* __pairs: all fields, 'headers' too. */
static int response_pairs(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, 1, "headers");
  lua_pushcfunction(L, next_field);
  lua_pushvalue(L, 1);
  return 2;
}

/* "200, 35 ms" */
static int response_tostring(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  if (lua_getfield(L, 1, "status") == LUA_TNIL) lua_pushliteral(L, "no answer");
  lua_getfield(L, 1, "duration");
  int ms = (int)(lua_tonumber(L, -1) * 1000 + 0.5);
  lua_pushfstring(L, "%s, %d ms", lua_tostring(L, -2), ms);
  return 1;
}

/* Sets t[key] = value in the table on top of the stack, unless the value is NULL. */
static void set_text(lua_State *L, const char *key, const char *value) {
  if (value == NULL) return;
  lua_pushstring(L, value);
  lua_setfield(L, -2, key);
}

/* Sets in the facts what an answer that is none of the exchange's, or cannot be read, looks like. */
static void set_page(lua_State *L, const Call *c) {
  enum { HEAD = 4096 };
  size_t size = c->answer.size < HEAD ? c->answer.size : HEAD;
  lua_pushlstring(L, size == 0 ? "" : c->answer.data, size);
  lua_setfield(L, -2, "body");
  lua_pushinteger(L, (lua_Integer)c->answer.size);
  lua_setfield(L, -2, "body_size");
  if (c->status != 403 || !answer_bars_country(&c->answer)) return;
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "bars_country");
}

/* The moments of the last attempt, for its fence (lua/bybit/outcome/fence.lua). */
static void set_moments(lua_State *L, const Call *c) {
  lua_pushnumber(L, c->ends - loop_now(c->client->loop));
  lua_setfield(L, -2, "left");
  lua_pushnumber(L, c->signed_at);
  lua_setfield(L, -2, "signed_at");
  if (c->first != 0) {
    lua_pushinteger(L, c->first);
    lua_setfield(L, -2, "first");
  }
  lua_pushinteger(L, c->timestamp);
  lua_setfield(L, -2, "timestamp");
  lua_pushinteger(L, c->e.receive_window);
  lua_setfield(L, -2, "receive_window");
}

void call_push_facts(lua_State *L, const Call *c, const Answer *a, const char *kind, int text) {
  lua_createtable(L, 0, 12);
  set_text(L, "kind", kind);
  set_text(L, "method", c->ep->method);
  bool has_group =
      c->group != NULL && c->client->line.account != NULL;         /* a closed client has left its groups */
  set_text(L, "group", has_group ? c->group->name : c->ep->group); /* of its symbol, where the limit is */
  set_text(L, "settle", c->ep->settle);
  if (lua_isnil(L, text)) /* the exchange gave a code and no words */
    lua_pushliteral(L, "");
  else
    luaL_tolstring(L, text, NULL);
  lua_setfield(L, -2, "message");
  if (strcmp(kind, "http") == 0 || strcmp(kind, "decode") == 0) set_page(L, c);
  lua_pushboolean(L, c->ep->changes);
  lua_setfield(L, -2, "changes");
  lua_pushboolean(L, c->sent);
  lua_setfield(L, -2, "sent");
  if (a->has_code && a->error == NULL) {
    lua_pushinteger(L, a->code);
    lua_setfield(L, -2, "code");
  }
  if (a->reset > 0) {
    lua_pushinteger(L, a->reset);
    lua_setfield(L, -2, "limit_reset");
  }
  if (a->error != NULL) {
    lua_pushinteger(L, (lua_Integer)a->offset);
    lua_setfield(L, -2, "offset");
  }
  if (c->status != 0) {
    lua_pushinteger(L, c->status);
    lua_setfield(L, -2, "http_status");
  }
  if (c->retry_after > 0) {
    lua_pushnumber(L, c->retry_after);
    lua_setfield(L, -2, "retry_after");
  }
  if (c->e.used_made_id) set_text(L, "client_order_id", c->made_id);
  set_moments(L, c);
  if (c->overtook) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "overtook");
  }
  lua_pushboolean(L, c->e.confirm < 0 ? c->client->confirm : c->e.confirm);
  lua_setfield(L, -2, "confirm");
  if (c->number != 0) {
    lua_pushinteger(L, c->number);
    lua_setfield(L, -2, "number");
  }
}

void call_push_request(lua_State *L, const Call *c) {
  lua_createtable(L, 0, 6);
  set_text(L, "verb", c->ep->verb);
  lua_pushlstring(L, c->request.url.data, c->request.url.size);
  lua_setfield(L, -2, "url");
  lua_createtable(L, (int)c->request.header_count, 0);
  for (size_t i = 0; i < c->request.header_count; i++) {
    size_t size;
    const char *line = session_line(&c->request, i, &size);
    lua_pushlstring(L, line, size);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "headers");
  if (c->request.body != NULL) {
    lua_pushlstring(L, c->request.body, c->request.body_size);
    lua_setfield(L, -2, "body");
  }
  lua_pushnumber(L, fmin(c->e.timeout, c->ends - loop_now(c->client->loop)));
  lua_setfield(L, -2, "timeout");
  lua_pushnumber(L, c->e.connect_timeout);
  lua_setfield(L, -2, "connect_timeout");
}

/* Copies the string in field 'key' of the table at 't', or nothing. Raises when memory runs out. */
static void take_bytes(lua_State *L, int t, const char *key, Bytes *out) {
  bytes_clear(out);
  size_t size;
  if (lua_getfield(L, t, key) == LUA_TSTRING) {
    const char *text = lua_tolstring(L, -1, &size);
    if (!bytes_append(out, text, size)) luaL_error(L, "not enough memory");
  }
  lua_pop(L, 1);
}

/* The error that a Lua transport names; raises for an unknown one. */
static HttpError error_of(lua_State *L, const char *kind) {
  static const HttpError errors[] = {HTTP_NETWORK, HTTP_TIMEOUT, HTTP_TLS, HTTP_TOO_LARGE, HTTP_CANCELLED};
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (strcmp(call_error_kind(errors[i]), kind) == 0) return errors[i];
  luaL_error(L, "transport: unknown error '%s'", kind);
  return HTTP_NETWORK;
}

bool call_take_transfer(lua_State *L, int t, Call *c) {
  bool answered = lua_getfield(L, t, "status") == LUA_TNUMBER;
  c->status = (int)lua_tointeger(L, -1);
  bool refused = lua_getfield(L, t, "error") == LUA_TSTRING;
  if (!answered && !refused) {
    lua_pop(L, 2);
    return false;
  }
  c->error = refused ? error_of(L, lua_tostring(L, -1)) : HTTP_OK;
  lua_getfield(L, t, "sent");
  c->sent = answered || lua_toboolean(L, -1);
  const char *message = lua_getfield(L, t, "message") == LUA_TSTRING ? lua_tostring(L, -1) : "";
  size_t size = strnlen(message, sizeof c->message - 1);
  memcpy(c->message, message, size);
  c->message[size] = '\0';
  c->failure = c->message;
  lua_pop(L, 4);
  take_bytes(L, t, "body", &c->answer);
  take_bytes(L, t, "headers", &c->headers);
  return true;
}

bool call_leave_transfer(lua_State *L, int t, Call *c) {
  bool leaves = lua_getfield(L, t, "after") == LUA_TNUMBER;
  double seconds = lua_tonumber(L, -1);
  lua_getfield(L, t, "sent");
  bool sent = lua_toboolean(L, -1);
  lua_pop(L, 2);
  if (!leaves) return false;
  lua_pushnil(L);
  lua_setfield(L, t, "after");
  call_away(c, seconds, sent);
  return true;
}

void call_parts_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__index", response_index},
                                  {"__pairs", response_pairs},
                                  {"__tostring", response_tostring},
                                  {NULL, NULL}};
  luaL_newmetatable(L, RESPONSE);
  luaL_setfuncs(L, meta, 0);
  for (int i = 0; i < (int)(sizeof NAMES / sizeof *NAMES); i++) {
    lua_pushstring(L, NAMES[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &RESPONSE_KEY);
  lua_pop(L, 1);
}
