/*
** Reads the answer of a call: decodes it, and compares it with what was asked. An answer about another order, or about no
** order, is not an answer to this call.
*/
#include "parts.h"
#include "loop/hooks.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* If 'name' is "order_id", 0; if it is "[3].order_id", the place in the list (3); else -1. */
static lua_Integer place_of_id(const char *name) {
  char *end;
  lua_Integer place = 0;
  if (name[0] == '[') {
    place = strtoll(name + 1, &end, 10);
    name = strncmp(end, "].", 2) == 0 ? end + 2 : "";
  }
  return strcmp(name, "order_id") == 0 ? place : -1;
}

/* Removes ids that were not strings from the answer to a change: such an id names no order. 'result' and 'undecoded' are
** stack places; the latter is on top, a table of names or nil. */
static void drop_odd_ids(lua_State *L, int result, int undecoded) {
  lua_Integer count = lua_istable(L, undecoded) ? (lua_Integer)lua_rawlen(L, undecoded) : 0;
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, undecoded, i);
    lua_Integer place = place_of_id(lua_tostring(L, -1));
    if (place > 0)
      lua_rawgeti(L, result, place);
    else
      lua_pushvalue(L, result);
    if (place >= 0 && lua_istable(L, -1)) {
      lua_pushnil(L);
      lua_setfield(L, -2, "order_id");
    }
    lua_pop(L, 2);
  }
}

/* Decodes in protected mode, so that running out of memory or Ctrl-C does not lose the outcome of what was sent.
** Stack: light pointers to the call and the Answer, the record, the names. Returns what schema_decode pushes. */
static int decode(lua_State *L) {
  const Call *c = lua_touserdata(L, 1);
  const char *text = c->answer.data == NULL ? "" : c->answer.data;
  schema_decode(L, c->ep, 3, 4, text, c->answer.size, lua_touserdata(L, 2));
  if (c->ep->changes && lua_istable(L, -3)) drop_odd_ids(L, lua_gettop(L) - 2, lua_gettop(L));
  return 3;
}

/* Pushes a field of the record on top of the stack, and returns it when it is a string, else NULL. */
static const char *push_field(lua_State *L, const char *key) {
  lua_pushstring(L, key);
  return lua_rawget(L, -2) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

/* Can this text be a client order id? The text of a value that was no string cannot. */
static bool is_link(const char *text) {
  return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

/* Why the record on top of the stack is not about the order that the call names; NULL: it is. Ids must agree when both
** sides have them. */
static const char *wrong_order(lua_State *L, const Call *c) {
  const char *order_id = push_field(L, "order_id");
  lua_pop(L, 1); /* the record keeps it alive */
  const char *client_order_id = push_field(L, "client_order_id");
  lua_pop(L, 1);
  if (c->ep->changes && (order_id == NULL || order_id[0] == '\0')) return "the answer names no order";
  const char *wanted = c->e.order_id, *wanted_link = c->e.client_order_id;
  if ((wanted[0] != '\0' && order_id != NULL && strcmp(wanted, order_id) != 0) ||
      (wanted_link[0] != '\0' && client_order_id != NULL && strcmp(wanted_link, client_order_id) != 0 &&
       is_link(client_order_id)))
    return "the answer is about another order";
  return NULL;
}

/* Sets the id that the caller gave, or that was made for the call, in an acknowledgement that lacks it. */
static void complete_ids(lua_State *L, const Call *c, int result) {
  if (!c->ep->changes || c->e.client_order_id[0] == '\0') return;
  lua_pushliteral(L, "client_order_id");
  if (lua_rawget(L, result) == LUA_TNIL) {
    lua_pushliteral(L, "client_order_id");
    lua_pushstring(L, c->e.client_order_id);
    lua_rawset(L, result);
  }
  lua_pop(L, 1);
}

/* Why the decoded result is not an answer to this call; NULL: it is, and has the order's ids. */
static const char *misfit(lua_State *L, const Call *c, int result) {
  bool one = c->ep->shape == SHAPE_RECORD || c->ep->shape == SHAPE_FIRST;
  if (!one || !c->ep->names_order || !lua_istable(L, result)) return NULL;
  lua_pushvalue(L, result);
  const char *why = wrong_order(L, c);
  lua_pop(L, 1);
  if (why == NULL) complete_ids(L, c, result);
  return why;
}

/* Notes why the answer counts as not decodable; returns that kind. */
static const char *undecodable(Call *c, Answer *a, const char *why) {
  a->error = c->failure = why;
  return "decode";
}

/* Decodes once. Returns a status of Lua's; it pushes three values, or one error. */
static int try_decode(lua_State *L, Call *c, int record, int names, Answer *a) {
  bool struck;
  *a = (Answer){0};
  lua_pushcfunction(L, decode);
  lua_pushlightuserdata(L, c);
  lua_pushlightuserdata(L, a);
  lua_pushvalue(L, record);
  lua_pushvalue(L, names);
  return hooks_pcall(L, 4, 3, &struck);
}

/* Decodes, and tries again after an error of a debug hook (Ctrl-C), which is kept for the end of the call. False when the
** answer cannot be read; it then pushes three nils. */
static bool read_answer(lua_State *L, Call *c, int record, int names, Answer *a) {
  enum { TRIES = 3 };
  int status = LUA_ERRRUN;
  for (int i = 0; i < TRIES && status != LUA_OK && status != LUA_ERRMEM; i++) {
    status = try_decode(L, c, record, names, a);
    if (status != LUA_OK && status != LUA_ERRMEM) call_keep(L, c);
  }
  if (status == LUA_OK) return true;
  if (status == LUA_ERRMEM) lua_pop(L, 1);
  c->failure = status == LUA_ERRMEM ? "not enough memory to read the answer" : "the answer could not be read";
  *a = (Answer){0};
  lua_settop(L, lua_gettop(L) + 3);
  return false;
}

const char *call_read(lua_State *L, Call *c, int record, int names, Answer *a) {
  int base = lua_gettop(L);
  if (!read_answer(L, c, record, names, a)) return "too_large";
  call_learn(c, a);
  int result = base + 1;
  if (c->status != 200 && !(a->error == NULL && a->code != 0)) return "http";
  if (a->error != NULL) return undecodable(c, a, a->error);
  if (a->code != 0) return "exchange";
  if (c->ep->shape == SHAPE_FIRST && lua_isnil(L, result)) return "not_found";
  if (c->ep->shape == SHAPE_RECORD && lua_isnil(L, result)) return undecodable(c, a, "no result");
  const char *why = misfit(L, c, result);
  return why == NULL ? NULL : undecodable(c, a, why);
}
