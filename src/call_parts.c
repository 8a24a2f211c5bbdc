/*
** The tables a call gives to Lua: the response that is its third result, the facts of a failure, and the
** request and transfer of a transport written in Lua.
*/
#include "call_parts.h"
#include "json.h"
#include "redact.h"

#include <lauxlib.h>
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
  case HTTP_MEMORY: return "network";
  }
  return "http";
}

/* 'data': the key may be in it by the caller's own wish. */
static void redact_bytes(const Call *c, Bytes *b, bool data) {
  const char *const secrets[] = {c->request.signature.data, data ? NULL : c->client->session.key};
  if (b->size == 0) return;
  b->size = redact(b->data, b->size, secrets, sizeof secrets / sizeof *secrets);
  b->data[b->size] = '\0';
}

static bool is_name(const JsonValue *key, const char *name) {
  return key->size == strlen(name) && memcmp(key->text, name, key->size) == 0;
}

/* Is the answer a whole success? */
static bool is_success(const Bytes *answer) {
  JsonScanner s;
  JsonValue key, v;
  char room[JSON_KEY];
  int more, codes = 0;
  if (answer->size == 0) return false;
  json_scan_init(&s, answer->data, answer->size, JSON_DEPTH);
  if (json_scan_value(&s, &v) != JSON_OBJECT) return false;
  while ((more = json_scan_key(&s, &key, room)) == 1) {
    if (json_scan_value(&s, &v) == JSON_ERROR) return false;
    if (is_name(&key, "retCode") || is_name(&key, "ret_code")) {
      if (v.type != JSON_INTEGER || v.integer != 0) return false;
      codes++;
    }
    if (!json_scan_skip(&s, &v)) return false;
  }
  return more == 0 && codes > 0 && json_scan_end(&s);
}

/* Is this what a caller of any endpoint asked for, who may have asked for his key? */
static bool is_data(const Call *c) {
  return c->ep->shape == SHAPE_FREE && c->status == 200 && is_success(&c->answer);
}

void call_redact(Call *c) {
  Bytes message = {.data = c->message, .size = strlen(c->message)};
  redact_bytes(c, &message, false);
  redact_bytes(c, &c->headers, false);
  redact_bytes(c, &c->answer, is_data(c));
}

/* Pushes the header lines as a table of lower case names. */
static void push_headers(lua_State *L, const Bytes *lines) {
  lua_newtable(L);
  const char *at = lines->data, *end = at == NULL ? NULL : at + lines->size;
  while (at != NULL && at < end) {
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

void call_push_response(lua_State *L, const Call *c, const Answer *a) {
  lua_createtable(L, 0, 8);
  if (c->status != 0) {
    lua_pushinteger(L, c->status);
    lua_setfield(L, -2, "status");
  }
  push_headers(L, &c->headers);
  lua_setfield(L, -2, "headers");
  lua_pushnumber(L, c->duration);
  lua_setfield(L, -2, "duration");
  lua_pushinteger(L, c->attempts);
  lua_setfield(L, -2, "attempts");
  lua_pushinteger(L, c->attempts);
  lua_setfield(L, -2, "requests");
  if (a->time != 0) {
    lua_pushinteger(L, a->time);
    lua_setfield(L, -2, "time");
  }
  if (a->note != NULL && a->has_code && a->code == 0) {
    lua_pushlstring(L, a->note, a->note_size);
    lua_setfield(L, -2, "flaw");
  }
  if (c->e.raw) {
    lua_pushlstring(L, c->answer.data == NULL ? "" : c->answer.data, c->answer.size);
    lua_setfield(L, -2, "raw");
  }
  luaL_setmetatable(L, RESPONSE);
}

static int response_tostring(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  if (lua_getfield(L, 1, "status") == LUA_TNIL) lua_pushliteral(L, "no answer");
  lua_getfield(L, 1, "duration");
  int ms = (int)(lua_tonumber(L, -1) * 1000 + 0.5);
  lua_pushfstring(L, "%s, %d ms", lua_tostring(L, -2), ms);
  return 1;
}

static void set_text(lua_State *L, const char *key, const char *value) {
  if (value == NULL) return;
  lua_pushstring(L, value);
  lua_setfield(L, -2, key);
}

void call_push_facts(lua_State *L, const Call *c, const Answer *a, const char *kind, int text) {
  lua_createtable(L, 0, 12);
  set_text(L, "kind", kind);
  set_text(L, "method", c->ep->method);
  set_text(L, "group", c->ep->group);
  luaL_tolstring(L, text, NULL);
  lua_setfield(L, -2, "message");
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
  lua_pushnumber(L, c->ends - loop_now(c->client->loop));
  lua_setfield(L, -2, "left");
  lua_pushinteger(L, c->first_timestamp);
  lua_setfield(L, -2, "first_timestamp");
  lua_pushinteger(L, c->timestamp);
  lua_setfield(L, -2, "timestamp");
  lua_pushinteger(L, c->e.receive_window);
  lua_setfield(L, -2, "receive_window");
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
  lua_newtable(L);
  for (size_t i = 0; i < c->request.header_count; i++) {
    lua_pushstring(L, c->request.header[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "headers");
  if (c->request.body != NULL) {
    lua_pushlstring(L, c->request.body, c->request.body_size);
    lua_setfield(L, -2, "body");
  }
  lua_pushnumber(L, c->e.timeout);
  lua_setfield(L, -2, "timeout");
}

static void take_bytes(lua_State *L, int t, const char *key, Bytes *out) {
  bytes_clear(out);
  size_t size;
  if (lua_getfield(L, t, key) == LUA_TSTRING) {
    const char *text = lua_tolstring(L, -1, &size);
    if (!bytes_append(out, text, size)) luaL_error(L, "not enough memory");
  }
  lua_pop(L, 1);
}

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

void call_parts_open(lua_State *L) {
  luaL_newmetatable(L, RESPONSE);
  lua_pushcfunction(L, response_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pop(L, 1);
}
