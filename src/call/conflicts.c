/*
** How a call uses claims (claim.h): it waits for earlier changes of the same thing, and lets later ones go when it has
** ended. When a copy of a call may still arrive, a leftover claim stays, which a timer ends.
*/
#include "parts.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* A claim that outlives its call, because a copy of that may still arrive. The client's list owns it. */
typedef struct Leftover {
  Claim claim;
  LoopTimer timer;                                                 /* ends it */
  Client *client;                                                  /* whose list it is in */
  struct Leftover *next;                                           /* in Client.leftovers */
  char symbol[33], order_id[64], client_order_id[37], setting[33]; /* what the claim points to */
} Leftover;

Call *call_of_claim(Claim *claim) {
  Call *c = (Call *)((char *)claim - offsetof(Call, claim)); /* only calls have held claims */
  return c->batch == NULL ? c : c->batch;
}

void call_unhold(Call *c) {
  claim_hold(&c->claim, false);
  for (Call *e = c->elements; e != NULL; e = e->sibling) claim_hold(&e->claim, false);
}

/* Does an element of the batch wait for an earlier claim? */
static bool is_held(const Call *c) {
  for (const Call *e = c->elements; e != NULL; e = e->sibling)
    if (e->claim.held) return true;
  return false;
}

/* The first held claim from 'claim' on; NULL: none. */
static Claim *next_held(Claim *claim) {
  while (claim != NULL && !claim->held) claim = claim->next;
  return claim;
}

/* Submits every held call that has nothing to wait for any more. That may end other calls, so the search begins again
** after each. */
static void serve(Client *client) {
  if (client->claims.held == 0) return;
  for (Claim *c = next_held(client->claims.first); c != NULL;) {
    if (claim_conflict(&client->claims, c) != NULL) {
      c = next_held(c->next);
      continue;
    }
    Call *call = call_of_claim(c);
    claim_hold(c, false);
    if (!is_held(call)) call_let_go(call);
    c = next_held(client->claims.first);
  }
}

/* The call is sent before earlier changes of the same thing have ended. Those that were not sent yet end: sent later, they
** would undo this one. */
static void overtake(Call *c) {
  Claims *claims = &c->client->claims;
  for (Claim *at = claim_conflict(claims, &c->claim); at != NULL;) {
    Claim *next = claim_next_conflict(at, &c->claim);
    at->overtaken = true;
    if (at->held) call_overtaken(call_of_claim(at));
    at = next;
  }
}

/* Claims what a call changes, or an element of a batch; see call_claim. */
static bool claim_one(Call *c, const void *batch) {
  Claims *claims = &c->client->claims;
  Change change = c->ep->change;
  c->claim = (Claim){.change = change,
                     .conditional = c->ep->conditional,
                     .adds = c->adds,
                     .symbol = c->e.symbol,
                     .order_id = c->e.order_id,
                     .client_order_id = c->e.used_made_id ? "" : c->e.client_order_id,
                     .setting = change == CHANGE_SETTING ? c->ep->row : "",
                     .leg = c->e.leg,

                     .batch = batch};
  if (change == CHANGE_PLACE) call_placing(c);
  if (!change_undoes(change)) return true;
  bool conflict = claim_conflict(claims, &c->claim) != NULL;
  if (change == CHANGE_PLACE && c->e.used_made_id && !conflict) return true; /* no other call has its id */
  if (conflict && c->protects && change == CHANGE_STOP && !c->adds) { /* one that adds cannot be set again */
    overtake(c);
    c->overtook = true;
    conflict = false;
  }
  claim_enter(claims, &c->claim);
  claim_hold(&c->claim, conflict);
  return !conflict;
}

bool call_claim(Call *c) {
  if (c->elements == NULL) return claim_one(c, NULL);
  bool free = true;
  for (Call *e = c->elements; e != NULL; e = e->sibling) free = claim_one(e, c) && free;
  return free;
}

void call_unclaim(Call *c) {
  call_placed(c);
  if (c->claim.among == NULL) return;
  claim_drop(&c->claim);
  if (!c->client->closed) serve(c->client);
}

/* ---- leftovers ---- */

/* Frees a leftover; the caller takes it off the client's list. */
static void release(Leftover *left) {
  loop_timer_stop(left->client->loop, &left->timer);
  claim_drop(&left->claim);
  free(left);
}

/* No copy can arrive any more: the claim ends, and calls that waited for it go. */
static void on_over(LoopTimer *timer) {
  Leftover *left = (Leftover *)((char *)timer - offsetof(Leftover, timer));
  Client *client = left->client;
  Leftover **at = &client->leftovers;
  while (*at != left) at = &(*at)->next;
  *at = left->next;
  release(left);
  serve(client);
}

void client_drop_claims(Client *client) {
  Leftover *next;
  for (Leftover *left = client->leftovers; left != NULL; left = next) {
    next = left->next;
    release(left);
  }
  client->leftovers = NULL;
}

/* Copies a text, cut to 'room' bytes with its zero byte. */
static void copy(char *out, size_t room, const char *text) {
  size_t size = strnlen(text, room - 1);
  memcpy(out, text, size);
  out[size] = '\0';
}

enum { DESCRIPTION = 8 }; /* how many arguments describe a change */

/* Reads a change from the arguments from 'at' on: change, conditional, adds, symbol or "", order_id or "", client_order_id
** or "", setting or "", leg.
** The texts belong to the arguments. Raises if they are wrong. */
static Claim describe(lua_State *L, int at) {
  return (Claim){.change = change_of(luaL_checkstring(L, at)),
                 .conditional = lua_toboolean(L, at + 1),
                 .adds = lua_toboolean(L, at + 2),
                 .symbol = luaL_checkstring(L, at + 3),
                 .order_id = luaL_checkstring(L, at + 4),
                 .client_order_id = luaL_checkstring(L, at + 5),
                 .setting = luaL_checkstring(L, at + 6),
                 .leg = (int)luaL_checkinteger(L, at + 7)};
}

/* claim(client, [a change], seconds [, call]): for so long later changes of the same thing wait. With the call given, so do
** those that wait for that call already. */
static int l_claim(lua_State *L) {
  Client *client = luaL_checkudata(L, 1, CLIENT);
  Claim what = describe(L, 2);
  double seconds = luaL_checknumber(L, 2 + DESCRIPTION);
  Call *call = luaL_testudata(L, 3 + DESCRIPTION, CALL);
  if (client->closed || !change_undoes(what.change)) return 0;
  Leftover *left = calloc(1, sizeof *left);
  if (left == NULL) return luaL_error(L, "not enough memory");
  copy(left->symbol, sizeof left->symbol, what.symbol);
  copy(left->order_id, sizeof left->order_id, what.order_id);
  copy(left->client_order_id, sizeof left->client_order_id, what.client_order_id);
  copy(left->setting, sizeof left->setting, what.setting);
  left->claim = what;
  left->claim.symbol = left->symbol;
  left->claim.order_id = left->order_id;
  left->claim.client_order_id = left->client_order_id;
  left->claim.setting = left->setting;
  left->client = client;
  left->next = client->leftovers;
  client->leftovers = left;
  if (call != NULL && call->claim.among != NULL)
    claim_enter_before(&left->claim, &call->claim);
  else
    claim_enter(&client->claims, &left->claim);
  left->timer.fire = on_over;
  loop_later(client->loop, &left->timer, seconds > 0 ? seconds : 0);
  return 0;
}

/* ---- what Lua asks of a call ---- */

/* undoes([a change], [a later change]) -> can a late copy of the first undo what the second does? */
static int l_undoes(lua_State *L) {
  Claim earlier = describe(L, 1), later = describe(L, 1 + DESCRIPTION);
  lua_pushboolean(L, claim_undoes(&earlier, &later));
  return 1;
}

/* contended(call) -> may a copy of an earlier change still undo this one?, was a later change sent before this one had
** ended? */
static int l_contended(lua_State *L) {
  Call *c = luaL_checkudata(L, 1, CALL);
  lua_pushboolean(L, c->claim.among != NULL && claim_conflict(&c->client->claims, &c->claim) != NULL);
  lua_pushboolean(L, c->claim.overtaken);
  return 2;
}

/* unclaim(call): the call has ended, others need not wait for it */
static int l_unclaim(lua_State *L) {
  call_unclaim(luaL_checkudata(L, 1, CALL));
  return 0;
}

void call_claim_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"claim", l_claim},
                                       {"contended", l_contended},
                                       {"unclaim", l_unclaim},
                                       {"undoes", l_undoes},
                                       {NULL, NULL}};
  lua_getfield(L, -1, "client");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
