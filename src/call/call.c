/*
** The method that Lua calls. Every method of every client is the C function call_method with a compiled declaration. The
** whole state of a call is in a userdata, so call_wait is the function and its continuation (after a yield) at once.
**
** Upvalues of a method: 1 the endpoint, 2 the record or nil, 3 the envelope names, 5 the metatable of clients, 4 a Lua function
** whose results the caller gets. For a composite endpoint that function makes the requests: composite(client, checked, params). Else it
** judges everything that is not a plain success: failed(client, params, facts, response). facts.again(fresh) makes another
** attempt: the same parameters and client order id, with a fresh timestamp and signature. It returns true, result, response
** and what Ctrl-C raised, or false, facts, response. Its upvalues are 1 to 3 as above, 4 the call, 5 the parameters.
*/
#include "call.h"
#include "parts.h"
#include "client.h"
#include "loop/hooks.h"
#include "value/decimal_lua.h"
#include "schema/schema.h"

#include <lauxlib.h>
#include <string.h>

enum { TRANSFER = 6 }; /* user value of a call, see parts.h */

static int call_left(lua_State *L);

/* __close of a call that a task waits for. If the call is still in flight, coroutine.close has closed its coroutine. The
** call is then cancelled, and call_left notes its outcome like that of any other.
** Stack: the call, the error. */
static int call_close(lua_State *L) {
  enum { UPVALUES = 4 };
  Call *c = lua_touserdata(L, 1);
  lua_getmetatable(L, 1);
  luaL_argexpected(L, c != NULL && lua_rawequal(L, -1, lua_upvalueindex(1)), 1, CALL);
  lua_pop(L, 1);
  if (c->state == CALL_ENDED) {
    if (c->given) call_put_back(L, 1, c);
    return 0;
  }
  c->raise = true;
  call_cancel(c);
  if (c->again) return 0; /* recovery, which runs in the same coroutine, notes it */
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, 4);
  for (int i = 1; i <= UPVALUES; i++) lua_getupvalue(L, 2, i);
  lua_pushcclosure(L, call_left, UPVALUES);
  lua_getiuservalue(L, 1, 1);
  lua_getiuservalue(L, 1, 5);
  lua_pushvalue(L, 1);
  lua_call(L, 3, 0);
  return 0;
}

/* Makes the id of a call that has one of ours and was given none. */
static void make_id(lua_State *L, Call *c) {
  if (!lua_istable(L, ARG_PARAMS)) return; /* schema_encode says what is wrong */
  if (c->ep->generates < 0) return;
  lua_pushstring(L, c->ep->param[c->ep->generates].name);
  bool given = lua_rawget(L, ARG_PARAMS) != LUA_TNIL;
  lua_pop(L, 1);
  if (!given && !call_make_id(c)) luaL_error(L, "the system gives no random bytes");
}

/* An internal endpoint may be called on a closed client: it is part of a call in flight, which then ends as cancelled. */
Client *call_check(lua_State *L, const Endpoint *ep, int last) {
  Client *client = client_test(L, ARG_CLIENT, lua_upvalueindex(UP_CLIENTS));
  if (client == NULL) {
    luaL_error(L, "%s: called with '.' in place of ':': write client:%s{...}", ep->method, ep->method);
    return NULL;
  }
  if (client->closed && !ep->internal) luaL_error(L, "%s: the client is closed", ep->method);
  if (client->process != loop_process(client->loop))
    luaL_error(L, "%s: a client cannot be used after fork: make a new one", ep->method);
  if (!client->closed && !ep->open && client->session.signer == NULL)
    luaL_error(L, "%s: needs credentials: give bybit.client a key and a secret", ep->method);
  if (lua_isnoneornil(L, ARG_PARAMS)) {
    lua_settop(L, ARG_CLIENT);
    lua_newtable(L);
  }
  if (lua_gettop(L) > last)
    luaL_error(L, "%s: one table of parameters expected, got more arguments", ep->method);
  return client;
}

/* Pushes the transfer that the transport's 'start' returns. Stack: the call, the client, the transport. */
static void start_transfer(lua_State *L, Call *c) {
  lua_getfield(L, 3, "start");
  lua_pushvalue(L, 3);
  call_push_request(L, c);
  c->sent = true; /* if 'start' raises, it may have sent the request before */
  lua_call(L, 2, 1);
  luaL_argexpected(L, lua_istable(L, 4), 1, "transfer table");
}

/* Calls the transport's 'wait'. Stack: the call, the client, the transport, the transfer. */
static void wait_transfer(lua_State *L) {
  lua_getfield(L, 3, "wait");
  lua_pushvalue(L, 3);
  lua_pushvalue(L, 4);
  lua_call(L, 2, 0);
}

/* Runs a transport written in Lua, for tests and simulations. start(transport, request) returns a transfer, a table that
** has ended when it has 'status' or 'error'. Until then wait(transport, transfer) is called; if the transfer has 'after',
** only after so many seconds. Meanwhile the call waits as with any other transport, and can be cancelled.
** Runs protected. Stack: the call, the client, a pointer to a bool that becomes true when the call has its outcome. */
static int run_transport(lua_State *L) {
  Call *c = lua_touserdata(L, 1);
  bool *told = lua_touserdata(L, 3);
  lua_settop(L, 2);
  lua_getiuservalue(L, 2, 2);
  if (lua_getiuservalue(L, 1, TRANSFER) == LUA_TTABLE)
    wait_transfer(L);
  else {
    lua_pop(L, 1);
    c->failure = call_prepare(c);
    if (c->failure == NULL) c->failure = call_save(c);
    if (c->failure != NULL) {
      c->error = HTTP_NETWORK;
      *told = true;
      return 0;
    }
    start_transfer(L, c);
  }
  while (!call_take_transfer(L, 4, c) && c->state == CALL_TURN) {
    if (call_leave_transfer(L, 4, c)) {
      lua_pushvalue(L, 4);
      lua_setiuservalue(L, 1, TRANSFER);
      return 0;
    }
    wait_transfer(L);
  }
  *told = true;
  return 0;
}

void call_keep(lua_State *L, Call *c) {
  bool first = lua_getiuservalue(L, AT_CALL, 3) == LUA_TNIL;
  lua_pop(L, 1);
  if (first)
    lua_setiuservalue(L, AT_CALL, 3);
  else
    lua_pop(L, 1);
  c->raise = true;
}

/* Runs the Lua transport. An error in it (Ctrl-C may be one) is kept, and raised when the outcome of the call is noted. */
static void send_through_lua(lua_State *L, Call *c) {
  bool struck, told = false;
  c->sent = false;
  lua_pushcfunction(L, run_transport);
  lua_pushvalue(L, AT_CALL);
  lua_pushvalue(L, ARG_CLIENT);
  lua_pushlightuserdata(L, &told);
  bool raised = hooks_pcall(L, 3, 0, &struck) != LUA_OK;
  if (raised) call_keep(L, c);
  if (!raised && c->state == CALL_AWAY) return;
  lua_pushnil(L);
  lua_setiuservalue(L, AT_CALL, TRANSFER);
  if (c->state == CALL_AWAY) { /* Ctrl-C came after it went away */
    call_cancel(c);
    return;
  }
  if (!told) {
    c->error = HTTP_CANCELLED;
    c->failure = "cancelled";
  }
  call_sent_through_lua(c);
}

/* Continuation of Lua functions: returns all their results, which stand above 'base'. */
static int give_back(lua_State *L, int status, lua_KContext base) {
  (void)status;
  return lua_gettop(L) - (int)base;
}

static int call_again(lua_State *L);

void call_set_again(lua_State *L) {
  lua_pushvalue(L, AT_CALL);
  lua_setfield(L, -2, "call");
  for (int i = UP_ENDPOINT; i <= UP_ENVELOPE; i++) lua_pushvalue(L, lua_upvalueindex(i));
  lua_pushvalue(L, AT_CALL);
  lua_pushvalue(L, ARG_PARAMS);
  lua_pushcclosure(L, call_again, UP_PARAMS);
  lua_setfield(L, -2, "again");
}

/* Pushes the error that was kept (Ctrl-C), or true. */
static void push_raised(lua_State *L) {
  if (lua_getiuservalue(L, AT_CALL, 3) != LUA_TNIL) return;
  lua_pop(L, 1);
  lua_pushboolean(L, 1);
}

/* Calls the function above 'base' with its 4 arguments, for all its results. Ctrl-C does not break into it. */
static int call_recovery(lua_State *L, int base) {
  int count = hooks_shelter(L, 4);
  if (count >= 0) return count;
  lua_callk(L, 4, LUA_MULTRET, base, give_back);
  return give_back(L, LUA_OK, base);
}

/* Has Lua decide what the caller gets; for 'again' it returns the facts instead. 'message' and 'result' are stack places, 0
** for none. With a result the call succeeded, and Lua has something to do after it, such as reading the record back. */
static int call_judge(lua_State *L, Call *c, const Answer *a, const char *kind, int message, int result) {
  if (hooks_due(L) && !hooks_run(L)) call_keep(L, c);
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
    push_raised(L);
    lua_setfield(L, -2, "raise");
  }
  if (result != 0) {
    lua_pushvalue(L, result);
    lua_setfield(L, -2, "result");
  }
  call_set_again(L);
  call_push_response(L, c, a);
  if (result != 0) {
    lua_pushvalue(L, result + 2); /* the fields that did not decode */
    lua_setfield(L, -2, "undecoded");
  }
  return c->again ? 3 : call_recovery(L, text);
}

static int call_failed(lua_State *L, Call *c, const Answer *a, const char *kind, int message) {
  return call_judge(L, c, a, kind, message, 0);
}

/* Returns what 'again' gives for a success: true, result, response, and what Ctrl-C raised, or nil. */
static int give_again(lua_State *L, const Call *c, int result, int response) {
  lua_pushboolean(L, 1);
  lua_pushvalue(L, result);
  lua_pushvalue(L, response);
  if (c->raise)
    push_raised(L);
  else
    lua_pushnil(L);
  return 4;
}

/* The attempt has ended: decodes the answer, and returns the results or has Lua judge. */
static int call_finish(lua_State *L, Call *c) {
  Answer a = {0};
  call_count_heard(c, false);
  call_redact(c);
  call_tell_share(L, c->client, ARG_CLIENT);
  call_tell_lease(L, c->client, ARG_CLIENT);
  call_hand_down(c);
  if (c->error != HTTP_OK || !c->sent) call_lease_ended(c, !c->sent);
  if (c->guarded != NULL) {
    c->failure = c->guarded;
    return call_failed(L, c, &a, "guard", 0);
  }
  if (c->retry_after > 0) return call_failed(L, c, &a, "rate_limit", 0);
  if (c->error == HTTP_CANCELLED && c->client->closed) return call_failed(L, c, &a, "closed", 0);
  if (c->error != HTTP_OK) return call_failed(L, c, &a, call_error_kind(c->error), 0);
  const char *kind = call_read(L, c, lua_upvalueindex(UP_RECORD), lua_upvalueindex(UP_ENVELOPE), &a);
  int result = lua_gettop(L) - 2, message = result + 1, undecoded = result + 2;
  call_lease_ended(c, kind == NULL && c->elements == NULL);
  if (kind != NULL) return call_failed(L, c, &a, kind, a.has_code && a.error == NULL ? message : 0);
  if (lua_isnil(L, result)) {
    lua_newtable(L);
    lua_replace(L, result);
  }
  if (c->elements == NULL) call_succeeded(c);
  bool confirm = c->ep->changes && (c->e.confirm < 0 ? c->client->confirm : c->e.confirm == 1);
  if ((confirm || c->ep->heard || c->raise || c->asked || c->elements != NULL) && !c->again)
    return call_judge(L, c, &a, "confirm", 0, result);
  call_push_response(L, c, &a);
  if (!lua_isnil(L, undecoded)) {
    lua_pushvalue(L, undecoded);
    lua_setfield(L, -2, "undecoded");
  }
  if (c->again) return give_again(L, c, result, undecoded + 1);
  call_note_placed(L, c, result);
  call_unclaim(c);
  call_tell(L, c, ARG_CLIENT, ARG_PARAMS, undecoded + 1);
  if (c->guards)
    c->given = true; /* call_close comes next */
  else
    call_put_back(L, AT_CALL, c);
  lua_pushvalue(L, result);
  lua_pushnil(L);
  lua_pushvalue(L, undecoded + 1);
  return 3;
}

/* Waits by blocking, one event at a time. Ctrl-C cancels the call, and is raised when the outcome is noted. */
static void block(lua_State *L, Call *c) {
  if (loop_block(L, c->client->loop, -1)) return;
  call_keep(L, c);
  call_cancel(c);
}

/* Takes a wait number for the task. False when memory runs out: the call is then cancelled. */
static bool number(lua_State *L, Call *c) {
  c->wait = loop_wait_new(c->client->loop);
  if (c->wait != 0) return true;
  lua_pushliteral(L, "not enough memory");
  call_keep(L, c);
  call_cancel(c);
  return false;
}

/* Wakes the task that waits for the call: it goes on in the next round of the scheduler. */
static void wake(Call *c) {
  loop_wake(c->client->loop, c->wait);
  c->wait = 0;
}

/* From here on coroutine.close ends the call, see call_close. It keeps the method and its parameters for that. */
static void guard(lua_State *L, Call *c) {
  lua_Debug ar;
  if (!c->again && lua_getstack(L, 0, &ar)) {
    lua_getinfo(L, "f", &ar);
    lua_setiuservalue(L, AT_CALL, 4);
    lua_pushvalue(L, ARG_PARAMS);
    lua_setiuservalue(L, AT_CALL, 5);
  }
  c->guards = true;
  lua_toclose(L, AT_CALL);
}

/* Waits until the call has ended, then finishes it. In a task it suspends the task and is its own continuation; a true
** value that the task is resumed with means that the task was cancelled. */
static int call_wait(lua_State *L, int status, lua_KContext ctx) {
  Call *c = lua_touserdata(L, AT_CALL);
  Loop *loop = c->client->loop;
  (void)ctx;
  bool cancelled = lua_toboolean(L, AT_CALL + 1) || loop_task_cancelled(loop);
  if (status == LUA_YIELD && cancelled && c->state != CALL_ENDED) {
    c->raise = true;
    call_cancel(c);
  }
  lua_settop(L, AT_CALL);
  while (c->state != CALL_ENDED) {
    bool task = loop_may_yield(loop, L);
    /* Ctrl-C can only be seen on the main thread, so the task gives it a turn first. */
    bool lets_main = task && c->state == CALL_TURN && hooks_new(hooks_get(L));
    if (c->state == CALL_TURN && !lets_main)
      send_through_lua(L, c);
    else if (!task)
      block(L, c);
    else if (c->wait != 0 || number(L, c)) {
      if (status != LUA_YIELD) guard(L, c);
      loop_push_mark(L);
      lua_pushinteger(L, c->wait);
      if (lets_main) wake(c);
      return lua_yieldk(L, 2, 0, call_wait);
    }
  }
  return call_finish(L, c);
}

/* Finishes a call whose coroutine was closed. It has the method's upvalues and arguments. */
static int call_left(lua_State *L) {
  return call_finish(L, lua_touserdata(L, AT_CALL));
}

/* The cancel token of the call was cancelled. */
static void on_token(TokenWatch *watch) {
  call_cancel((Call *)((char *)watch - offsetof(Call, token)));
}

/* Is the amount 'name' given? '*zero' becomes true when it is 0, or no number. */
static bool amount(lua_State *L, const char *name, bool *zero) {
  Decimal x;
  int top = lua_gettop(L);
  lua_pushstring(L, name);
  bool given = lua_rawget(L, ARG_PARAMS) != LUA_TNIL;
  if (given && (!decimal_exact(L, top + 1, &x) || decimal_sign(x) == 0)) *zero = true;
  lua_settop(L, top);
  return given;
}

/* Does the call set a stop that bounds a loss, and remove none (by an amount of 0)? */
static bool sets_stop(lua_State *L) {
  bool zero = false;
  amount(L, "take_profit_price", &zero);
  bool stop = amount(L, "stop_loss_price", &zero);
  stop = amount(L, "trailing_stop_price", &zero) || stop;
  stop = amount(L, "trailing_stop_distance", &zero) || stop;
  return stop && !zero;
}

/* Does the call take risk away? Then it goes before all others, no guard refuses it, and it is sent even when its intent
** cannot be written. */
static bool takes_risk_away(lua_State *L, const Call *c) {
  if (c->ep->cancels) return true;
  if (!c->ep->changes) return false;
  if (c->elements != NULL) {
    const Call *e = c->elements;
    while (e != NULL && e->protects) e = e->sibling;
    return e == NULL;
  }
  return c->e.reduces || (c->ep->protects && sets_stop(L));
}

/* Is the call's symbol held, or that of an element that may add risk? A call without a symbol counts as held, since it may be
** about any. */
static bool is_held(lua_State *L, const Call *c) {
  if (!c->client->held) return false;
  if (c->elements != NULL) {
    bool any = false;
    for (const Call *e = c->elements; e != NULL; e = e->sibling) any = any || (!e->protects && is_held(L, e));
    return any;
  }
  if (c->e.symbol[0] == '\0') return true;
  lua_getiuservalue(L, ARG_CLIENT, 5);
  lua_pushstring(L, c->e.symbol);
  bool held = lua_rawget(L, -2) != LUA_TNIL && lua_toboolean(L, -1);
  lua_pop(L, 2);
  return held;
}

/* Raises when the call would block and must not. */
static void check_blocking(lua_State *L, const Call *c) {
  if (loop_may_yield(c->client->loop, L) || loop_may_block(c->client->loop)) return;
  luaL_error(L, "%s: this call would block, which bybit.blocking(false) forbids: make it in a task",
             c->ep->method);
}

/* Ends the call when there is a reason not to send it. Else it listens to the cancel token. */
static void refuse(lua_State *L, Call *c) {
  bool task = loop_task_cancelled(c->client->loop);
  if (task || c->client->closed || (c->e.cancel != NULL && token_cancelled(c->e.cancel))) {
    c->raise = task;
    c->guarded = NULL; /* what a guard rail could not read, it could not for this */
    call_cancel(c);
    return;
  }
  if (c->guarded == NULL && c->ep->changes && !c->protects && is_held(L, c))
    c->guarded = "intents of an earlier run are open: client:reconcile() settles them";
  if (c->guarded != NULL || call_halted(c) != NULL) {
    c->state = CALL_ENDED;
    return;
  }
  check_blocking(L, c);
  if (c->e.cancel == NULL) return;
  lua_getfield(L, ARG_PARAMS, "cancel");
  lua_setiuservalue(L, AT_CALL, 2); /* the call keeps the token alive */
  token_watch(c->e.cancel, &c->token, on_token);
}

/* Checks the parameters and calls the Lua function that makes the requests. */
static int call_composite(lua_State *L, Call *c) {
  int base = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(UP_FAILED));
  lua_pushvalue(L, ARG_CLIENT);
  lua_pushvalue(L, lua_upvalueindex(UP_ENDPOINT));
  schema_check(L, lua_gettop(L), ARG_PARAMS, &c->e);
  lua_remove(L, -2);
  call_put_back(L, AT_CALL, c);
  lua_pushvalue(L, ARG_PARAMS);
  lua_callk(L, 3, LUA_MULTRET, base, give_back);
  return give_back(L, LUA_OK, base);
}

/* Submits the call at AT_CALL, unless there is a reason not to, and waits for its end. */
static int call_attempt(lua_State *L, Call *c) {
  refuse(L, c);
  if (c->state == CALL_NEW && c->again) call_submit(c);
  if (c->state == CALL_NEW) call_enter(c);
  return call_wait(L, LUA_OK, 0);
}

/* Guard rails have answered: the continuation of the function that was asked. Its answer is above the call. */
static int call_asked(lua_State *L, int status, lua_KContext ctx) {
  Call *c = lua_touserdata(L, AT_CALL);
  (void)status;
  (void)ctx;
  call_take_answer(L, AT_CALL + 1, c);
  lua_settop(L, AT_CALL);
  return call_attempt(L, c);
}

/* facts.again(fresh): another attempt, see the head of this file */
static int call_again(lua_State *L) {
  Call *c = lua_touserdata(L, lua_upvalueindex(UP_CALL));
  bool fresh = lua_toboolean(L, 1);
  lua_settop(L, 0);
  lua_getiuservalue(L, lua_upvalueindex(UP_CALL), 1); /* the client */
  lua_pushvalue(L, lua_upvalueindex(UP_PARAMS));
  lua_pushvalue(L, lua_upvalueindex(UP_CALL));
  if (c->state != CALL_ENDED) return luaL_error(L, "%s: the call is still running", c->ep->method);
  c->fresh = fresh;
  call_reset(c);
  lua_pushnil(L);
  lua_setiuservalue(L, AT_CALL, TRANSFER); /* of an attempt that was cancelled */
  c->again = true;
  return call_attempt(L, c);
}

/* Pushes the set of parameters that this client requires of the method, and notes its stack place. */
static void push_required(lua_State *L, Call *c) {
  if (!c->client->requires || c->ep->internal) return;
  lua_getiuservalue(L, ARG_CLIENT, 1);
  lua_getfield(L, -1, "required");
  /* An element of a batch is checked as a call of its own would be. */
  if (lua_getfield(L, -1, c->ep->row) == LUA_TTABLE) c->e.required = lua_gettop(L);
}

/* Does the trading stop add to other stops (Partial mode), or does it replace them? */
static bool stop_adds(lua_State *L) {
  static const char *const quantities[] = {"take_profit_quantity", "stop_loss_quantity"};
  lua_pushliteral(L, "tpsl_mode");
  bool adds = lua_rawget(L, ARG_PARAMS) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "Partial") == 0;
  for (size_t i = 0; i < sizeof quantities / sizeof *quantities; i++) {
    lua_pushstring(L, quantities[i]);
    adds |= lua_rawget(L, ARG_PARAMS) != LUA_TNIL;
  }
  lua_settop(L, AT_CALL);
  return adds;
}

void call_encode(lua_State *L, Call *c) {
  push_required(L, c);
  make_id(L, c);
  if (c->client->journal != NULL && c->ep->settle != NULL) c->e.named = &c->named;
  lua_pushvalue(L, lua_upvalueindex(UP_ENDPOINT));
  schema_encode(L, lua_gettop(L), ARG_PARAMS, &c->e);
  lua_settop(L, AT_CALL);
  c->protects = takes_risk_away(L, c);
  call_check_prefix(L, c);
  if (c->ep->change == CHANGE_STOP) c->adds = stop_adds(L);
}

int call_run(lua_State *L, Call *c) {
  c->blocks = !loop_may_yield(c->client->loop, L);
  call_begin(c);
  call_tell_share(L, c->client, ARG_CLIENT);
  call_tell_lease(L, c->client, ARG_CLIENT);
  if (!call_asks(c)) return call_attempt(L, c);
  check_blocking(L, c);
  lua_callk(L, call_push_question(L, c, ARG_CLIENT, ARG_PARAMS, AT_CALL), 1, 0, call_asked);
  return call_asked(L, LUA_OK, 0);
}

/* method(client [, params]) -> result, err, response: a call, up to its end. The encoding raises before anything is sent. */
static int call_method(lua_State *L) {
  const Endpoint *ep = lua_touserdata(L, lua_upvalueindex(UP_ENDPOINT));
  Call *c = call_new(L, call_check(L, ep, ARG_PARAMS), ep);
  if (ep->composite) {
    push_required(L, c);
    return call_composite(L, c);
  }
  call_encode(L, c);
  return call_run(L, c);
}

void call_push_method(lua_State *L, lua_CFunction f) {
  luaL_checkudata(L, 1, SCHEMA_ENDPOINT);
  if (!lua_isnoneornil(L, 2)) luaL_checkudata(L, 2, SCHEMA_RECORD);
  luaL_checktype(L, 3, LUA_TTABLE);
  luaL_checktype(L, 4, LUA_TFUNCTION);
  lua_settop(L, 4);
  schema_push_names(L, UP_ENVELOPE);
  lua_replace(L, UP_ENVELOPE);
  luaL_getmetatable(L, CLIENT);
  lua_pushcclosure(L, f, UP_CLIENTS);
}

/* method(endpoint, record or nil, envelope names, failed or composite function) -> a method, for call_method's upvalues */
static int call_make(lua_State *L) {
  call_push_method(L, call_method);
  return 1;
}

void call_open(lua_State *L) {
  luaL_newmetatable(L, CALL);
  lua_pushcfunction(L, call_free);
  lua_setfield(L, -2, "__gc");
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, call_close, 1);
  lua_setfield(L, -2, "__close");
  lua_pop(L, 1);
  call_parts_open(L);
  call_log_open(L);
  call_placed_open(L);
  call_claim_open(L);
  call_rails_open(L);
  call_batch_open(L);
  lua_pushcfunction(L, call_make);
  lua_setfield(L, -2, "method");
}
