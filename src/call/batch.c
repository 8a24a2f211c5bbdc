/*
** Batches: one request that carries the first attempts of several calls. An element is a whole call, with its id, its claim and
** its intent; only its first attempt is not a request of its own. What became of the batch is handed down to its elements, and
** from there on each of them goes its own way: the Lua layer (lua/bybit/outcome/batch.lua) settles it, and makes it again, like
** any other call.
*/
#include "parts.h"
#include "value/json.h"

#include <lauxlib.h>
#include <string.h>

enum { OF_ELEMENTS = 7 }; /* user value of a batch: the list of its elements */

/* element(client, params) -> a call that is checked and encoded, and waits for its batch; its client order id, "" for none. Raises
** when the parameters are wrong. */
static int make_element(lua_State *L) {
  const Endpoint *ep = lua_touserdata(L, lua_upvalueindex(UP_ENDPOINT));
  Call *c = call_new(L, call_check(L, ep, ARG_PARAMS), ep);
  call_encode(L, c);
  lua_pushstring(L, c->e.client_order_id);
  return 2;
}

/* facts(client, params, element) -> a table with what is known of the element itself; the response. What became of the request
** that carried it is in the facts of the batch. */
static int element_facts(lua_State *L) {
  static const Answer none = {0};
  luaL_checkudata(L, ARG_CLIENT, CLIENT);
  luaL_checktype(L, ARG_PARAMS, LUA_TTABLE);
  Call *c = luaL_checkudata(L, AT_CALL, CALL);
  luaL_argcheck(L, c->state == CALL_ENDED, AT_CALL, "an element of a batch that has ended expected");
  lua_settop(L, AT_CALL);
  lua_pushnil(L); /* no message */
  call_push_facts(L, c, &none, "", AT_CALL + 1);
  call_set_again(L);
  call_push_response(L, c, &none);
  return 2;
}

/* Appends to the body of the batch, an object, the list of its elements: what each would send, without what always goes out. */
static bool put_elements(const Call *c) {
  Bytes *out = c->e.out;
  out->size--; /* its closing brace */
  bool fine = bytes_text(out, ",") && json_quote(out, c->ep->items, strlen(c->ep->items));
  const char *before = ":[{";
  for (const Call *e = c->elements; e != NULL; e = e->sibling) {
    const size_t skipped = e->e.own + 1; /* and the comma or brace after it */
    fine = fine && bytes_text(out, before) &&
           bytes_append(out, e->payload.data + skipped, e->payload.size - skipped);
    before = ",{";
  }
  return fine && bytes_text(out, "]}");
}

/* Takes the calls of the list at 'list' as elements of the batch. */
static void take_elements(lua_State *L, Call *c, int list) {
  for (lua_Integer i = (lua_Integer)lua_rawlen(L, list); i > 0; i--) {
    lua_rawgeti(L, list, i);
    Call *e = luaL_checkudata(L, -1, CALL);
    if (e->client != c->client || e->state != CALL_NEW || e->batch != NULL)
      luaL_error(L, "%s: an element is no new call of this client", c->ep->method);
    e->batch = c;
    e->sibling = c->elements;
    c->elements = e;
    lua_pop(L, 1);
  }
  if (c->elements == NULL) luaL_error(L, "%s: there are no elements", c->ep->method);
}

/* batch(client, options, elements) -> what its Lua function makes of it; see call.c. The batch keeps its elements alive. */
static int call_batch(lua_State *L) {
  enum { ARG_ELEMENTS = 3 };
  const Endpoint *ep = lua_touserdata(L, lua_upvalueindex(UP_ENDPOINT));
  luaL_checktype(L, ARG_ELEMENTS, LUA_TTABLE);
  Client *client = call_check(L, ep, ARG_ELEMENTS);
  Call *c = call_new_batch(L, client, ep);
  lua_pushvalue(L, ARG_ELEMENTS);
  lua_setiuservalue(L, -2, OF_ELEMENTS);
  take_elements(L, c, ARG_ELEMENTS);
  lua_replace(L, AT_CALL);
  call_encode(L, c);
  if (!put_elements(c)) return luaL_error(L, "not enough memory");
  return call_run(L, c);
}

void call_hand_down(Call *c) {
  for (Call *e = c->elements; e != NULL; e = e->sibling) {
    e->state = c->state == CALL_ENDED ? CALL_ENDED : CALL_NEW;
    e->group = c->group;
    e->started = c->started;
    e->ends = c->ends;
    e->signed_at = c->signed_at;
    e->sent_at = c->sent_at;
    e->ended_at = c->ended_at;
    e->duration = c->duration;
    e->timestamp = c->timestamp;
    e->first = c->first;
    e->leases = c->leases;
    e->fresh = c->fresh;
    e->attempts = c->attempts;
    e->retry_after = c->retry_after;
    e->status = c->status;
    e->sent = c->sent;
  }
}

/* succeeded(element): its attempt, which a batch carried, was a success */
static int l_succeeded(lua_State *L) {
  call_succeeded(luaL_checkudata(L, 1, CALL));
  return 0;
}

/* element(endpoint, record, envelope names, failed function) -> make_element and element_facts, which share these upvalues */
static int push_element(lua_State *L) {
  call_push_method(L, make_element);
  int made = lua_gettop(L);
  for (int i = UP_ENDPOINT; i <= UP_CLIENTS; i++) lua_getupvalue(L, made, i);
  lua_pushcclosure(L, element_facts, UP_CLIENTS);
  return 2;
}

/* batch(endpoint, record, envelope names, finish function) -> call_batch */
static int push_batch(lua_State *L) {
  call_push_method(L, call_batch);
  return 1;
}

void call_batch_open(lua_State *L) {
  lua_getfield(L, -1, "client");
  lua_pushcfunction(L, l_succeeded);
  lua_setfield(L, -2, "succeeded");
  lua_pop(L, 1);
  lua_pushcfunction(L, push_element);
  lua_setfield(L, -2, "element");
  lua_pushcfunction(L, push_batch);
  lua_setfield(L, -2, "batch");
}
