/*
** The lease of a client (pace/lease.h): it is asked for and renewed here, by a timer of the loop and whenever a call that adds
** risk is made; no such call is signed unless the lease outlives what it can do; and no client signs for a prefix that another one
** has a lease for. The Lua layer (lua/bybit/client/lease.lua) reads what there is before the first order, and finds out the client
** order ids of orders that are named in another way.
*/
#include "parts.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct ClientLease {
  Lease lease;
  Client *client;
  LoopTimer timer;                             /* fires when the share is to be asked */
  int64_t told_gains, told_losses, told_waits; /* how many of each its listener was told of */
} ClientLease;

/* "2026-01-31 12:00:00", of ms since 1970. */
static void write_moment(int64_t ms, char text[24]) {
  time_t seconds = (time_t)(ms / 1000);
  struct tm parts;
  text[0] = '\0';
  if (gmtime_r(&seconds, &parts) != NULL) strftime(text, 24, "%Y-%m-%d %H:%M:%S", &parts);
}

/* ---- asking the share ---- */

static void watch(ClientLease *x, double now) {
  loop_later(x->client->loop, &x->timer, fmax(x->lease.asks_at - now, 1e-3));
}

/* Asks the share if it is time to, and if this process may use it. The lease of the client as it is now; NULL: it asks for none. */
static Lease *pulse(Client *client) {
  ClientLease *x = client->lease;
  Shared *shared = line_shared(&client->line);
  if (x == NULL) return NULL;
  double now = loop_now(client->loop);
  if (shared == NULL) { /* time is virtual: its moments are others */
    x->lease.until = -INFINITY;
    lease_look(&x->lease, now);
    return &x->lease;
  }
  lease_look(&x->lease, now);
  if (now < x->lease.asks_at) return &x->lease;
  shared_lease_ask(shared, &x->lease, loop_wall(client->loop), now);
  watch(x, now);
  return &x->lease;
}

static void on_pulse(LoopTimer *timer) {
  ClientLease *x = (ClientLease *)((char *)timer - offsetof(ClientLease, timer));
  pulse(x->client);
  if (x->timer.among == NULL && line_shared(&x->client->line) != NULL) watch(x, loop_now(x->client->loop));
}

void client_lease_open(lua_State *L, Client *client, const char *name, double visibility) {
  char why[SHARE_WHY];
  uint64_t holder = 0;
  Random random;
  random_system(&random); /* never the client's own: with a seed two clients would be one holder */
  if (!random_bits(&random, &holder) || holder == 0) luaL_error(L, "the system gives no random bytes");
  ClientLease *x = calloc(1, sizeof *x);
  if (x == NULL) {
    luaL_error(L, "not enough memory");
    return;
  }
  client->lease = x;
  x->client = client;
  x->timer.fire = on_pulse;
  lease_open(&x->lease, name, holder, client->receive_window, visibility);
  if (!shared_lease_open(&client->line.shared, &x->lease, loop_now(client->loop), why))
    luaL_error(L, "bybit.client: option 'share': the share '%s' %s", client->line.shared.name, why);
  pulse(client);
}

void client_lease_close(Client *client) {
  ClientLease *x = client->lease;
  Shared *shared = line_shared(&client->line);
  if (x == NULL) return;
  client->lease = NULL;
  loop_timer_stop(client->loop, &x->timer);
  if (shared != NULL) shared_lease_back(shared, &x->lease, loop_now(client->loop));
  free(x);
}

/* ---- signing ---- */

/* Writes why the client has no lease. */
static void say_none(Client *client, const Lease *l, char *out, size_t room) {
  const LeaseAnswer *r = &l->refusal;
  const char *lost =
      line_shared(&client->line) == NULL ? "time is virtual" : shared_lost(&client->line.shared);
  char since[24];
  if (lost != NULL)
    snprintf(out, room, "nobody can get the lease '%s': the share is lost (%.100s)", l->name, lost);
  else if (r->impossible && r->other[0] != '\0')
    snprintf(out, room,
             "nobody can get the lease '%s': the share has a lease '%s', and ids of one are under the other",
             l->name, r->other);
  else if (r->impossible)
    snprintf(out, room, "nobody can get the lease '%s': the share has no room for more than %d leases",
             l->name, SHARE_LEASES);
  else if (r->pid != 0) {
    write_moment(r->since, since);
    snprintf(out, room,
             "process %d%s%s holds the lease '%s' since %s UTC: only its holder adds risk under that prefix",
             (int)r->pid, r->machine[0] == '\0' ? "" : " on ", r->machine, l->name, since);
  } else if (r->left > 0)
    snprintf(out, room,
             "the lease is new here, or the share has lost what it knew: nobody gets the lease '%s' for "
             "another %.1f s",
             l->name, r->left);
  else
    snprintf(out, room, "this client does not hold the lease '%s'", l->name);
}

static void say(Client *client, const Lease *l, LeaseVerdict verdict, const Call *c, double acts_for,
                char *out, size_t room) {
  double now = loop_now(client->loop);
  switch (verdict) {
  case LEASE_UNREAD:
    snprintf(
        out, room,
        "this client got the lease '%s' and has not read yet what there is: client:await_lease{} does that",
        l->name);
    return;
  case LEASE_BLIND:
    snprintf(out, room, "the exchange's clock is not known yet, which the lease '%s' needs", l->name);
    return;
  case LEASE_WIDE:
    snprintf(
        out, room,
        "receive_window %lld: the lease '%s' is made for at most %lld ms, the client's own receive_window",
        (long long)c->e.receive_window, l->name, (long long)l->window);
    return;
  case LEASE_SHORT:
    snprintf(out, room,
             "the lease '%s' lasts for %.1f s, and the exchange may take the request for %.1f s: it was not "
             "renewed "
             "in time",
             l->name, fmax(l->until - now, 0), acts_for);
    return;
  default: say_none(client, l, out, room);
  }
}

/* ---- what belongs to the leases of others ---- */

static const char *own_name(const Client *client) {
  return client->lease == NULL ? NULL : client->lease->lease.name;
}

/* Is the id under the prefix of a lease that the client did not ask for? Then the words are in 'out'. */
static bool is_foreign(Client *client, const char *id, char *out, size_t room) {
  Shared *shared = line_shared(&client->line);
  const char *name = shared_lease_over(shared, id, own_name(client));
  double now = loop_now(client->loop);
  LeaseRecord r;
  char since[24];
  if (name == NULL) return false;
  if (shared_lease_of(shared, name, now, &r) && r.holder != 0 && r.until > now) {
    write_moment(r.since, since);
    snprintf(out, room,
             "'%s' is under the lease '%s', which process %d holds since %s UTC: only its holder adds risk "
             "under that prefix",
             id, name, (int)r.pid, since);
  } else
    snprintf(out, room,
             "'%s' is under the lease '%s': only its holder adds risk under that prefix, and this client has "
             "not asked for it "
             "(share = {path = ..., lease = \"%s\"})",
             id, name, name);
  return true;
}

/* The client order id of the order that the call places or changes, or ""; NULL: that is not known here. An order id goes before a
** client order id at the exchange. Of an order that the client has placed itself both are known. */
static const char *id_of(const Call *c) {
  const Client *client = c->client;
  if (c->ep->change == CHANGE_PLACE) return c->e.client_order_id;
  if (c->ep->change != CHANGE_AMEND) return NULL;
  if (c->e.order_id[0] == '\0') return c->e.client_order_id[0] == '\0' ? NULL : c->e.client_order_id;
  for (uint64_t i = client->placed_count; i > 0 && client->placed_count - i < PLACED; i--) {
    const PlacedOrder *p = &client->placed[(i - 1) % PLACED];
    if (strcmp(p->order_id, c->e.order_id) == 0)
      return p->client_order_id[0] == '\0' ? NULL : p->client_order_id;
  }
  return NULL;
}

typedef enum Reservation { RESERVED_NOT, RESERVED, RESERVED_PERHAPS } Reservation;

static Reservation reserved_one(Call *c, const Call *e) {
  const char *id = id_of(e);
  if (id == NULL) return RESERVED_PERHAPS;
  return is_foreign(c->client, id, c->message, sizeof c->message) ? RESERVED : RESERVED_NOT;
}

/* The share has not told yet which leases there are. */
static bool is_untold(const Shared *shared) {
  return shared->untold && shared_lost(shared) == NULL;
}

/* Is an order of the call under the lease of another? Then c->message has the words. */
static Reservation reserved(Call *c, bool untold) {
  const Client *client = c->client;
  if (!untold && shared_lease_over(&client->line.shared, NULL, own_name(client)) == NULL) return RESERVED_NOT;
  if (c->elements == NULL) return reserved_one(c, c);
  Reservation all = RESERVED_NOT;
  for (const Call *e = c->elements; e != NULL && all != RESERVED; e = e->sibling) {
    const Reservation one = e->protects ? RESERVED_NOT : reserved_one(c, e);
    if (one != RESERVED_NOT) all = one;
  }
  return all;
}

/* The Lua layer is asked about orders that are not known here, and what it has found holds for the leases that were known then. */
bool call_reserved(Call *c) {
  Shared *shared = line_shared(&c->client->line);
  if (shared == NULL) return false;
  const bool untold = is_untold(shared);
  c->leases = shared_leases(shared, loop_now(c->client->loop));
  return (c->leases > 0 || untold) && reserved(c, untold) != RESERVED_NOT;
}

/* NULL: the call may be signed. */
static const char *check_reserved(Call *c, Shared *shared) {
  const uint64_t leases = shared_leases(shared, loop_now(c->client->loop));
  if (leases == 0) return NULL;
  const Reservation r = reserved(c, false);
  if (r == RESERVED_NOT || (r == RESERVED_PERHAPS && leases == c->leases)) return NULL;
  if (r == RESERVED_PERHAPS)
    snprintf(
        c->message, sizeof c->message,
        "another lease became known while the call waited, '%s', and its order may be under it: make the "
        "call again",
        shared_lease_over(shared, NULL, own_name(c->client)));
  return c->guarded = c->message;
}

const char *call_unleased(Call *c) {
  Client *client = c->client;
  Shared *shared = line_shared(&client->line);
  if (c->leased) call_lease_ended(c, true); /* it found no connection and was not sent */
  if (client->line.shared.ways == NULL || !c->ep->changes || c->protects || c->spared) return NULL;
  if (shared != NULL && check_reserved(c, shared) != NULL) return c->guarded;
  Lease *l = pulse(client);
  if (l == NULL) return NULL;
  LeaseVerdict verdict = lease_sign(l, client_clock(client, c->signed_at), c->timestamp, c->e.receive_window,
                                    c->signed_at, &c->acts_until);
  c->leased = verdict == LEASE_RIGHT;
  if (c->leased) return NULL;
  say(client, l, verdict, c, c->acts_until - c->signed_at, c->message, sizeof c->message);
  return c->guarded = c->message;
}

void call_lease_ended(Call *c, bool known) {
  if (c->leased && c->client->lease != NULL) lease_ended(&c->client->lease->lease, c->acts_until, known);
  c->leased = false;
}

/* Is it over before a request of the longest window can act no more? */
static bool is_low(const Lease *l, double now) {
  return l->until - now < (double)session_fence(0, l->window) / 1000;
}

bool client_lease_asks(Client *client) {
  const Lease *l = pulse(client);
  return l != NULL && !(l->held && l->ready && !is_low(l, loop_now(client->loop)));
}

void call_check_prefix(lua_State *L, const Call *c) {
  const ClientLease *x = c->client->lease;
  const char *id = c->e.client_order_id;
  if (x == NULL || c->ep->generates < 0 || c->ep->uuid != NULL || c->protects || id[0] == '\0') return;
  size_t size = strlen(x->lease.name);
  if (strncmp(id, x->lease.name, size) == 0 && id[size] == '-') return;
  luaL_error(L, "%s: client_order_id '%s': ids of a client with the lease '%s' begin with '%s-'",
             c->ep->method, id, x->lease.name, x->lease.name);
}

/* ---- for the Lua layer ---- */

/* Tells the listener of the client at stack place 'client' of what became of its lease. */
void call_tell_lease(lua_State *L, Client *c, int client) {
  ClientLease *x = c->lease;
  const Lease *l = x == NULL ? NULL : &x->lease;
  char words[300];
  if (l == NULL || (l->gains == x->told_gains && l->losses == x->told_losses && l->waits == x->told_waits))
    return;
  const bool lost = l->losses != x->told_losses, gained = l->gains != x->told_gains,
             waits = l->waits != x->told_waits;
  x->told_gains = l->gains;
  x->told_losses = l->losses;
  x->told_waits = l->waits;
  if (lost) {
    snprintf(words, sizeof words, "the lease '%s' was lost", l->name);
    call_tell_words(L, c, client, "lease", "warn", words);
  }
  if (gained && l->held) {
    snprintf(words, sizeof words, "this client holds the lease '%s'", l->name);
    call_tell_words(L, c, client, "lease", "info", words);
  } else if (waits) {
    say_none(c, l, words, sizeof words);
    call_tell_words(L, c, client, "lease", "info", words);
  }
}

static void set_number(lua_State *L, const char *key, double n) {
  lua_pushnumber(L, n);
  lua_setfield(L, -2, key);
}

static void set_integer(lua_State *L, const char *key, int64_t n) {
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key, bool flag) {
  lua_pushboolean(L, flag);
  lua_setfield(L, -2, key);
}

/* lease(client) -> {name, held, ready, asking, low, number, left, reads_in, asks_in, gains, losses, waits, holder = {pid, since}, why}:
** how it is now; 'asking': the share has not answered yet; 'low': it lasts for no more requests; 'why' it is not held. Nothing for a client without a lease, or one that was closed. */
static int l_lease(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  const Lease *l = c->closed ? NULL : pulse(c);
  char words[300];
  if (l == NULL) return 0;
  double now = loop_now(c->loop);
  call_tell_lease(L, c, 1);
  lua_createtable(L, 0, 12);
  lua_pushstring(L, l->name);
  lua_setfield(L, -2, "name");
  set_flag(L, "held", l->held);
  set_flag(L, "ready", l->held && l->ready);
  set_flag(L, "asking", l->asking || (!l->heard && shared_lost(&c->line.shared) == NULL));
  set_flag(L, "low", l->held && is_low(l, now));
  set_integer(L, "number", (int64_t)l->number);
  set_number(L, "left", l->held ? l->until - now : 0);
  set_number(L, "reads_in", l->held ? fmax(l->reads_at - now, 0) : 0);
  set_number(L, "asks_in", fmax(l->asks_at - now, 0));
  set_integer(L, "gains", l->gains);
  set_integer(L, "losses", l->losses);
  set_integer(L, "waits", l->waits);
  if (l->held) return 1;
  if (l->refusal.pid != 0) {
    lua_createtable(L, 0, 2);
    set_integer(L, "pid", l->refusal.pid);
    set_integer(L, "since", l->refusal.since);
    if (l->refusal.machine[0] != '\0') {
      lua_pushstring(L, l->refusal.machine);
      lua_setfield(L, -2, "machine");
    }
    lua_setfield(L, -2, "holder");
  }
  say_none(c, l, words, sizeof words);
  lua_pushstring(L, words);
  lua_setfield(L, -2, "why");
  return 1;
}

/* leases(client) -> does it have a lease to get, or to read for, before it adds risk? */
static int l_leases(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  lua_pushboolean(L, !c->closed && client_lease_asks(c));
  return 1;
}

/* reserved(client [, id]) -> why the client adds no risk to an order with that client order id; nil: it is under no lease of others.
** Without an id: the name of a lease that others have asked for; how many leases are known; and whether the share has told them. */
static int l_reserved(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  const char *id = luaL_optstring(L, 2, NULL);
  Shared *shared = c->closed ? NULL : line_shared(&c->line);
  char words[256];
  if (shared == NULL) return 0;
  const uint64_t leases = shared_leases(shared, loop_now(c->loop));
  if (id != NULL) {
    if (!is_foreign(c, id, words, sizeof words)) return 0;
    lua_pushstring(L, words);
    return 1;
  }
  lua_pushstring(L, shared_lease_over(shared, NULL, own_name(c))); /* nil for none */
  lua_pushinteger(L, (lua_Integer)leases);
  lua_pushboolean(L, !is_untold(shared));
  return 3;
}

/* unreserved(call, number): when so many leases were known, none of others was on the call's orders */
static int l_unreserved(lua_State *L) {
  Call *c = luaL_checkudata(L, 1, CALL);
  c->leases = (uint64_t)luaL_checkinteger(L, 2);
  return 0;
}

/* lease_read(client, number): what there is was read, under the lease of that number */
static int l_lease_read(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  uint64_t number = (uint64_t)luaL_checkinteger(L, 2);
  if (c->lease != NULL) lease_read(&c->lease->lease, number);
  return 0;
}

void client_lease_functions(lua_State *L) {
  static const luaL_Reg functions[] = {{"lease", l_lease},           {"leases", l_leases},
                                       {"lease_read", l_lease_read}, {"reserved", l_reserved},
                                       {"unreserved", l_unreserved}, {NULL, NULL}};
  lua_getfield(L, -1, "client");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
