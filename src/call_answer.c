/*
** Reads the answer of a call: decoded, and held against what was asked. An answer that is about another order than the
** call's, or about none, says nothing of this one.
*/
#include "call_parts.h"

#include <lauxlib.h>
#include <string.h>

/* Decodes in protected mode: where memory runs out, the outcome of what was sent is not lost with the error.
** Stack: light pointers to the call and the answer, the record, the names. */
static int decode(lua_State *L) {
  const Call *c = lua_touserdata(L, 1);
  const char *text = c->answer.data == NULL ? "" : c->answer.data;
  schema_decode(L, c->ep, 3, 4, text, c->answer.size, lua_touserdata(L, 2));
  return 3;
}

/* Pushes the field of the record on top of the stack: a string, or nil. */
static const char *push_field(lua_State *L, const char *key) {
  lua_pushstring(L, key);
  return lua_rawget(L, -2) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

/* Is the record on top of the stack about the order that the call names? Its ids agree where both sides have one. */
static const char *wrong_order(lua_State *L, const Call *c) {
  const char *order_id = push_field(L, "order_id");
  lua_pop(L, 1); /* the record keeps it alive */
  const char *client_order_id = push_field(L, "client_order_id");
  lua_pop(L, 1);
  bool named = order_id != NULL || (client_order_id != NULL && !c->ep->generates);
  if (c->ep->changes && !named) return "the answer names no order";
  const char *wanted = c->e.order_id, *wanted_link = c->e.client_order_id;
  if ((wanted[0] != '\0' && order_id != NULL && strcmp(wanted, order_id) != 0) ||
      (wanted_link[0] != '\0' && client_order_id != NULL && strcmp(wanted_link, client_order_id) != 0))
    return "the answer is about another order";
  return NULL;
}

/* Why the decoded answer is none to this call; NULL: it is one. */
static const char *misfit(lua_State *L, const Call *c, int result) {
  bool one = c->ep->shape == SHAPE_RECORD || c->ep->shape == SHAPE_FIRST;
  if (!one || !c->ep->names_order || !lua_istable(L, result)) return NULL;
  lua_pushvalue(L, result);
  const char *why = wrong_order(L, c);
  lua_pop(L, 1);
  return why;
}

static const char *undecodable(Call *c, Answer *a, const char *why) {
  a->error = c->failure = why;
  return "decode";
}

const char *call_read(lua_State *L, Call *c, int record, int names, Answer *a) {
  int base = lua_gettop(L);
  lua_pushcfunction(L, decode);
  lua_pushlightuserdata(L, c);
  lua_pushlightuserdata(L, a);
  lua_pushvalue(L, record);
  lua_pushvalue(L, names);
  if (lua_pcall(L, 4, 3, 0) != LUA_OK) {
    lua_settop(L, base);
    lua_settop(L, base + 3); /* in place of the error: three nils */
    *a = (Answer){0};
    c->failure = "not enough memory to read the answer";
    return "too_large";
  }
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
