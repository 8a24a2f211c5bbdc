/*
** One call's life. Every method of every client is the C function call_method over its compiled declaration;
** all state of a call in flight is in a userdata, so the function and its continuation are one.
**
** Upvalues of a method: 1 endpoint, 2 record (or nil), 3 envelope names, 4 the Lua function for whatever is
** not a plain success: failed(client, params, facts, response) -> what the caller gets; for a composite
** endpoint the function that makes its requests, composite(client, checked, params) -> what the caller gets.
** facts.again() sends the same parameters once more, under the same client order id, with a fresh timestamp and
** signature; it gives true, result, response, or false, facts, response. Its upvalues: 1 to 3 the same, 4 the call,
** 5 the parameters.
*/
#include "call.h"
#include "call_parts.h"
#include "client.h"
#include "schema.h"

#include <lauxlib.h>
#include <string.h>

enum { ARG_CLIENT = 1, ARG_PARAMS = 2, AT_CALL = 3 };
enum { UP_ENDPOINT = 1, UP_RECORD, UP_ENVELOPE, UP_FAILED, UP_CALL = UP_FAILED, UP_PARAMS };

/* Of what recovery hears of all outcomes it also has to know which are still to come. (When the call is collected its
** endpoint may be gone.) */
static void count_heard(Call *c, bool open) {
  if (c->counted == open || (open && !c->ep->heard)) return;
  c->counted = open;
  c->client->open_heard += open ? 1 : -1;
}

/* 'close' of a call: also its __gc. Never raises. */
static int call_free(lua_State *L) {
  Call *c = luaL_checkudata(L, 1, CALL);
  call_abandon(c);
  count_heard(c, false);
  bytes_free(&c->payload);
  bytes_free(&c->named);
  bytes_free(&c->answer);
  bytes_free(&c->headers);
  signed_request_free(&c->request);
  return 0;
}

/* Pushes a new call that belongs to the client at ARG_CLIENT. */
static Call *call_new(lua_State *L, Client *client, const Endpoint *ep) {
  Call *c = lua_newuserdatauv(L, sizeof *c, 3);
  *c = (Call){.client = client, .ep = ep};
  luaL_setmetatable(L, CALL); /* from here on __gc owns what is acquired */
  lua_pushvalue(L, ARG_CLIENT);
  lua_setiuservalue(L, -2, 1);
  c->e = (Encoding){.out = &c->payload,
                    .category = client->category,
                    .receive_window = client->receive_window,
                    .timeout = client->timeout,
                    .connect_timeout = client->connect_timeout,
                    .deadline = client->deadline,
                    .confirm = -1};
  return c;
}

/* A client order id: the client's prefix and enough chance that no two processes make the same. */
static void make_id(lua_State *L, Call *c) {
  size_t prefix = strlen(c->client->id_prefix);
  memcpy(c->made_id, c->client->id_prefix, prefix);
  size_t size = sizeof c->made_id - 1 - prefix;
  if (!random_id(&c->client->random, c->made_id + prefix, size > 24 ? 24 : size))
    luaL_error(L, "the system gives no random bytes");
  c->e.made_id = c->made_id;
}

static Client *check_call(lua_State *L, const Endpoint *ep) {
  Client *client = client_test(L, ARG_CLIENT);
  if (client == NULL) {
    luaL_error(L, "%s: called with '.' in place of ':': write client:%s{...}", ep->method, ep->method);
    return NULL;
  }
  if (client->closed) luaL_error(L, "%s: the client is closed", ep->method);
  if (!ep->open && !ep->composite && client->session.signer == NULL)
    luaL_error(L, "%s: needs credentials: give bybit.client a key and a secret", ep->method);
  if (lua_isnoneornil(L, ARG_PARAMS)) {
    lua_settop(L, ARG_CLIENT);
    lua_newtable(L);
  }
  if (lua_gettop(L) > ARG_PARAMS)
    luaL_error(L, "%s: one table of parameters expected, got more arguments", ep->method);
  return client;
}

/* The Lua transport of tests and simulations: start(transport, request) gives a transfer, a table that is done
** once it has 'status' or 'error'; until then wait(transport, transfer) is called.
** Stack: the call, the client. */
static int run_transport(lua_State *L) {
  Call *c = lua_touserdata(L, 1);
  c->failure = call_prepare(c);
  if (c->failure == NULL) c->failure = call_save(c);
  if (c->failure != NULL) {
    c->error = HTTP_NETWORK;
    return 0;
  }
  lua_getiuservalue(L, 2, 2);
  lua_getfield(L, 3, "start");
  lua_pushvalue(L, 3);
  call_push_request(L, c);
  lua_call(L, 2, 1);
  luaL_argexpected(L, lua_istable(L, 4), 1, "transfer table");
  while (!call_take_transfer(L, 4, c)) {
    lua_getfield(L, 3, "wait");
    lua_pushvalue(L, 3);
    lua_pushvalue(L, 4);
    lua_call(L, 2, 0);
  }
  return 0;
}

/* Whatever the transport raises, the call's slots are free again. */
static void send_through_lua(lua_State *L, Call *c) {
  lua_pushcfunction(L, run_transport);
  lua_pushvalue(L, AT_CALL);
  lua_pushvalue(L, ARG_CLIENT);
  if (lua_pcall(L, 2, 0, 0) == LUA_OK) {
    call_sent_through_lua(c);
    return;
  }
  call_abandon(c);
  lua_error(L);
}

static int give_back(lua_State *L, int status, lua_KContext base) {
  (void)status;
  return lua_gettop(L) - (int)base;
}

static int call_again(lua_State *L);

/* Sets 'again' in the facts on top of the stack. */
static void set_again(lua_State *L) {
  for (int i = UP_ENDPOINT; i <= UP_ENVELOPE; i++) lua_pushvalue(L, lua_upvalueindex(i));
  lua_pushvalue(L, AT_CALL);
  lua_pushvalue(L, ARG_PARAMS);
  lua_pushcclosure(L, call_again, UP_PARAMS);
  lua_setfield(L, -2, "again");
}

/* Not a plain success: Lua decides what the caller gets. 'message' and 'result' are places on the stack, 0: none;
** with a result this is a success whose full record is to be read back. */
static int call_judge(lua_State *L, Call *c, const Answer *a, const char *kind, int message, int result) {
  if (message != 0)
    lua_pushvalue(L, message);
  else
    lua_pushstring(L, c->failure);
  int text = lua_gettop(L);
  if (c->again)
    lua_pushboolean(L, 0);
  else {
    lua_pushvalue(L, lua_upvalueindex(UP_FAILED));
    lua_pushvalue(L, ARG_CLIENT);
    lua_pushvalue(L, ARG_PARAMS);
  }
  call_push_facts(L, c, a, kind, text);
  if (c->raise) {
    if (lua_getiuservalue(L, AT_CALL, 3) == LUA_TNIL) {
      lua_pop(L, 1);
      lua_pushboolean(L, 1);
    }
    lua_setfield(L, -2, "raise");
  }
  if (result != 0) {
    lua_pushvalue(L, result);
    lua_setfield(L, -2, "result");
  }
  set_again(L);
  call_push_response(L, c, a);
  if (result != 0) {
    lua_pushvalue(L, result + 2); /* the fields that did not decode */
    lua_setfield(L, -2, "undecoded");
  }
  if (c->again) return 3;
  lua_callk(L, 4, LUA_MULTRET, text, give_back);
  return give_back(L, LUA_OK, text);
}

static int call_failed(lua_State *L, Call *c, const Answer *a, const char *kind, int message) {
  return call_judge(L, c, a, kind, message, 0);
}

/* The answer is here: decodes it and returns, or hands over. */
static int call_finish(lua_State *L, Call *c) {
  Answer a = {0};
  count_heard(c, false);
  call_redact(c);
  if (c->guarded != NULL) {
    c->failure = c->guarded;
    return call_failed(L, c, &a, "guard", 0);
  }
  if (c->retry_after > 0) return call_failed(L, c, &a, "rate_limit", 0);
  if (c->error == HTTP_CANCELLED && c->client->closed) return call_failed(L, c, &a, "closed", 0);
  if (c->error != HTTP_OK) return call_failed(L, c, &a, call_error_kind(c->error), 0);
  const char *kind = call_read(L, c, lua_upvalueindex(UP_RECORD), lua_upvalueindex(UP_ENVELOPE), &a);
  int result = lua_gettop(L) - 2, message = result + 1, undecoded = result + 2;
  if (kind != NULL) return call_failed(L, c, &a, kind, a.has_code && a.error == NULL ? message : 0);
  if (lua_isnil(L, result)) {
    lua_newtable(L);
    lua_replace(L, result);
  }
  call_succeeded(c);
  bool confirm = c->ep->changes && (c->e.confirm < 0 ? c->client->confirm : c->e.confirm == 1);
  if ((confirm || c->ep->heard) && !c->again) return call_judge(L, c, &a, "confirm", 0, result);
  call_push_response(L, c, &a);
  lua_pushvalue(L, undecoded);
  lua_setfield(L, -2, "undecoded");
  if (!c->again) call_tell(L, c, ARG_CLIENT, ARG_PARAMS, undecoded + 1);
  if (c->again) lua_pushboolean(L, 1);
  lua_pushvalue(L, result);
  if (!c->again) lua_pushnil(L);
  lua_pushvalue(L, undecoded + 1);
  return 3;
}

/* All state is in the userdata at AT_CALL, so this is the function and its continuation. In a task it suspends the
** task; a true value that the task is resumed with says that it was cancelled meanwhile. */
static int call_wait(lua_State *L, int status, lua_KContext ctx) {
  Call *c = lua_touserdata(L, AT_CALL);
  Loop *loop = c->client->loop;
  (void)ctx;
  if (status == LUA_YIELD && lua_toboolean(L, AT_CALL + 1) && c->state != CALL_ENDED) {
    c->raise = true;
    call_cancel(c);
  }
  lua_settop(L, AT_CALL);
  while (c->state != CALL_ENDED) {
    if (c->state == CALL_TURN) {
      send_through_lua(L, c);
      continue;
    }
    if (!loop_may_yield(loop, L)) {
      if (loop_block(L, loop, -1)) continue;
      lua_setiuservalue(L, AT_CALL, 3); /* Ctrl-C: raised when it is noted what the call leaves open */
      c->raise = true;
      call_cancel(c);
      continue;
    }
    if (c->wait == 0) c->wait = loop_wait_new(loop);
    if (c->wait == 0) return luaL_error(L, "not enough memory");
    loop_push_mark(L);
    lua_pushinteger(L, c->wait);
    return lua_yieldk(L, 2, 0, call_wait);
  }
  return call_finish(L, c);
}

static void on_token(TokenWatch *watch) {
  call_cancel((Call *)((char *)watch - offsetof(Call, token)));
}

/* Does the caller say that it only shrinks a position? */
static bool reduces(lua_State *L) {
  lua_pushliteral(L, "reduce_only");
  bool set = lua_rawget(L, ARG_PARAMS) == LUA_TBOOLEAN && lua_toboolean(L, -1);
  lua_pop(L, 1);
  return set;
}

/* Is there a reason not to send? Then the call has ended. */
static void refuse(lua_State *L, Call *c) {
  Loop *loop = c->client->loop;
  bool task = loop_task_cancelled(loop);
  if (task || c->client->closed || (c->e.cancel != NULL && token_cancelled(c->e.cancel))) {
    c->raise = task;
    call_cancel(c);
    return;
  }
  if (c->client->held && c->ep->changes && !c->ep->cancels && !reduces(L)) {
    c->guarded = "intents of an earlier run are open: client:reconcile() settles them";
    c->state = CALL_ENDED;
    return;
  }
  if (!loop_may_yield(loop, L) && !loop_may_block(loop))
    luaL_error(L, "%s: this call would block, which bybit.blocking(false) forbids: make it in a task",
               c->ep->method);
  if (c->e.cancel == NULL) return;
  lua_getfield(L, ARG_PARAMS, "cancel");
  lua_setiuservalue(L, AT_CALL, 2); /* the token lives as long as the call */
  token_watch(c->e.cancel, &c->token, on_token);
}

static int call_composite(lua_State *L, Call *c) {
  int base = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(UP_FAILED));
  lua_pushvalue(L, ARG_CLIENT);
  lua_pushvalue(L, lua_upvalueindex(UP_ENDPOINT));
  schema_check(L, lua_gettop(L), ARG_PARAMS, &c->e);
  lua_remove(L, -2);
  lua_pushvalue(L, ARG_PARAMS);
  lua_callk(L, 3, LUA_MULTRET, base, give_back);
  return give_back(L, LUA_OK, base);
}

/* The call at AT_CALL is sent, or waits for its turn, unless there is a reason not to. */
static int call_attempt(lua_State *L, Call *c) {
  count_heard(c, true);
  refuse(L, c);
  if (c->state == CALL_NEW) call_submit(c);
  return call_wait(L, LUA_OK, 0);
}

static int call_again(lua_State *L) {
  Call *c = lua_touserdata(L, lua_upvalueindex(UP_CALL));
  lua_settop(L, 0);
  lua_getiuservalue(L, lua_upvalueindex(UP_CALL), 1); /* the client */
  lua_pushvalue(L, lua_upvalueindex(UP_PARAMS));
  lua_pushvalue(L, lua_upvalueindex(UP_CALL));
  if (c->state != CALL_ENDED) return luaL_error(L, "%s: the call is still running", c->ep->method);
  call_reset(c);
  c->again = true;
  return call_attempt(L, c);
}

/* Pushes what the client requires of this method beyond its declaration: a set of names, and where it stands. */
static void push_required(lua_State *L, Call *c) {
  if (!c->client->requires || c->ep->internal) return;
  lua_getiuservalue(L, ARG_CLIENT, 1);
  lua_getfield(L, -1, "required");
  if (lua_getfield(L, -1, c->ep->method) == LUA_TTABLE) c->e.required = lua_gettop(L);
}

static int call_method(lua_State *L) {
  const Endpoint *ep = lua_touserdata(L, lua_upvalueindex(UP_ENDPOINT));
  Client *client = check_call(L, ep);
  Call *c = call_new(L, client, ep);
  push_required(L, c);
  if (ep->composite) return call_composite(L, c);
  make_id(L, c);
  if (client->journal != NULL && ep->settles) c->e.named = &c->named;
  lua_pushvalue(L, lua_upvalueindex(UP_ENDPOINT));
  schema_encode(L, lua_gettop(L), ARG_PARAMS, &c->e);
  lua_settop(L, AT_CALL);
  call_begin(c);
  return call_attempt(L, c);
}

/* method(endpoint, record or nil, envelope names, failed or composite function) -> the method */
static int call_make(lua_State *L) {
  luaL_checkudata(L, 1, SCHEMA_ENDPOINT);
  if (!lua_isnoneornil(L, 2)) luaL_checkudata(L, 2, SCHEMA_RECORD);
  luaL_checktype(L, 3, LUA_TTABLE);
  luaL_checktype(L, 4, LUA_TFUNCTION);
  lua_settop(L, 4);
  lua_pushcclosure(L, call_method, 4);
  return 1;
}

void call_open(lua_State *L) {
  luaL_newmetatable(L, CALL);
  lua_pushcfunction(L, call_free);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  call_parts_open(L);
  call_log_open(L);
  lua_pushcfunction(L, call_make);
  lua_setfield(L, -2, "method");
}
