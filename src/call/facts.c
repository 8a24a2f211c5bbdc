/*
** What a client knows besides its calls, for the Lua layer: the exchange's clock, what is left of its rate limits, and how
** its calls went. The Lua layer also corrects the first two here: only it understands some answers.
*/
#include "client.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static Client *check_client(lua_State *L) {
  return luaL_checkudata(L, 1, CLIENT);
}

/* ---- the clock ---- */

/* now(client) -> the exchange's clock, ms */
static int l_now(lua_State *L) {
  Client *c = check_client(L);
  double now = loop_now(c->loop);
  lua_pushinteger(L, clock_now(client_clock(c, now), now, loop_wall(c->loop)));
  return 1;
}

/* clock(client) -> how far the exchange's clock is ahead of the local one, and the possible error of that, both in ms;
** nothing before the first answer */
static int l_clock(lua_State *L) {
  Client *c = check_client(L);
  double offset, doubt, now = loop_now(c->loop);
  if (!clock_offset(client_clock(c, now), now, &offset, &doubt)) return 0;
  lua_pushnumber(L, now * 1000 + offset - (double)loop_wall(c->loop));
  lua_pushnumber(L, doubt);
  return 2;
}

/* moment(client, t) -> the earliest and latest moment of the exchange's clock at which loop.now() can have been t, whole
** ms; nothing before the first answer */
static int l_moment(lua_State *L) {
  Client *c = check_client(L);
  int64_t low, high;
  if (!clock_moment(client_clock(c, loop_now(c->loop)), luaL_checknumber(L, 2), &low, &high)) return 0;
  lua_pushinteger(L, low);
  lua_pushinteger(L, high);
  return 2;
}

/* arrival(client, t) -> the earliest moment of the exchange's clock, ms, at which a request that was signed at loop.now()
** t can have arrived; nothing before the first answer */
static int l_arrival(lua_State *L) {
  Client *c = check_client(L);
  int64_t earliest;
  if (!clock_arrival(client_clock(c, loop_now(c->loop)), luaL_checknumber(L, 2), &earliest)) return 0;
  lua_pushinteger(L, earliest);
  return 1;
}

/* open_heard(client) -> how many calls of 'heard' endpoints were sent and have an outcome that Lua does not know yet; a call that
** still waits for its turn made nothing */
static int l_open_heard(lua_State *L) {
  lua_pushinteger(L, check_client(L)->open_heard);
  return 1;
}

/* adopt_clock(client): trusts the time of the last answer, whatever earlier answers said */
static int l_adopt_clock(lua_State *L) {
  Client *c = check_client(L);
  clock_adopt(client_clock(c, loop_now(c->loop)));
  return 0;
}

/* ---- limits ---- */

/* limited(client, group, seconds): the exchange refused a call of the group; nothing of the group is sent for so long.
** A client without limits ignores it, and the next two. */
static int l_limited(lua_State *L) {
  Client *c = check_client(L);
  const char *name = luaL_checkstring(L, 2);
  double seconds = luaL_checknumber(L, 3);
  if (c->line.account == NULL) return 0;
  LimitGroup *group = limiter_group(c->line.account, name, 0);
  if (group != NULL) line_hold(&c->line, group, seconds);
  return 0;
}

/* ban(client): the exchange has shut out our IP address */
static int l_ban(lua_State *L) {
  Client *c = check_client(L);
  if (c->line.account == NULL) return 0;
  limiter_ban(c->line.account, line_now(c->line.line));
  line_shut_changed(&c->line);
  return 0;
}

/* pause(client, seconds): the exchange is overloaded; nothing is sent to this address for so long */
static int l_pause(lua_State *L) {
  Client *c = check_client(L);
  double seconds = luaL_checknumber(L, 2);
  if (c->line.account == NULL) return 0;
  limiter_rest(c->line.account, seconds, line_now(c->line.line));
  line_shut_changed(&c->line);
  return 0;
}

/* retry_after(client [, group]) -> seconds until a call may be sent; 1 when that depends on a call in flight */
static int l_retry_after(lua_State *L) {
  Client *c = check_client(L);
  const char *name = luaL_optstring(L, 2, NULL);
  double seconds = 0;
  if (c->line.account != NULL) {
    const LimitGroup *group = name == NULL ? NULL : limiter_group(c->line.account, name, 0);
    seconds = limiter_wait(c->line.account, group, 1, false,
                           shared_parts(&c->line.shared, line_now(c->line.line)), line_now(c->line.line));
  }
  lua_pushnumber(L, isfinite(seconds) ? seconds : 1);
  return 1;
}

/* Sets t[name] = {limit, left, full_in} in the table on top of the stack, for the group or (NULL) the address; nothing when no
** limit is known. With a share, it counts what all who use it have sent. */
static void set_budget(lua_State *L, Client *c, const char *name, const LimitGroup *g, double now) {
  const LimitWindow *w = g == NULL ? c->line.account->address->ip : &g->window;
  double full_in, shared_full_in;
  int limit = window_limit(w), left = window_left(w, now, &full_in), shared;
  if (limit == 0) return;
  if (line_shared(&c->line) != NULL &&
      shared_left(&c->line.shared, c->line.account, g, now, &shared, &shared_full_in)) {
    left = shared < left ? shared : left;
    full_in = fmax(full_in, shared_full_in);
  }
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, limit);
  lua_setfield(L, -2, "limit");
  lua_pushinteger(L, left);
  lua_setfield(L, -2, "left");
  lua_pushnumber(L, full_in);
  lua_setfield(L, -2, "full_in");
  lua_setfield(L, -2, name);
}

/* budget(client, groups) -> {ip = {limit, left, full_in}, group = ..., banned_for}; nothing for a client without limits.
** 'groups' maps each group to its documented requests a second. */
static int l_budget(lua_State *L) {
  Client *c = check_client(L);
  LimitAccount *account = c->line.account;
  luaL_checktype(L, 2, LUA_TTABLE);
  if (account == NULL) return 0;
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    luaL_checktype(L, -2, LUA_TSTRING); /* lua_tostring would change a number key, which lua_next forbids */
    limiter_group(account, lua_tostring(L, -2), (int)luaL_checkinteger(L, -1));
  }
  double now = line_now(c->line.line), banned = limiter_banned(account, now);
  lua_newtable(L);
  set_budget(L, c, "ip", NULL, now);
  for (const LimitGroup *g = account->groups; g != NULL; g = g->next) set_budget(L, c, g->name, g, now);
  if (banned > 0) {
    lua_pushnumber(L, banned);
    lua_setfield(L, -2, "banned_for");
  }
  return 1;
}

/* ---- counts ---- */

/* For qsort. */
static int by_size(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* The smallest value that is not below 'share' of the values, which are sorted (nearest rank). */
static double quantile(const float *sorted, size_t count, double share) {
  size_t rank = (size_t)ceil(share * (double)count);
  return (double)sorted[rank == 0 ? 0 : rank - 1];
}

/* Sets t[key] = n in the table on top of the stack. */
static void set_count(lua_State *L, const char *key, int64_t n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}

/* stats(client) -> {calls, requests, retries, unknowns, p50, p99}. The last two are seconds, from the last 1024 attempts
** that were answered; they are absent before the first answer. */
static int l_stats(lua_State *L) {
  const ClientStats *s = &check_client(L)->stats;
  lua_createtable(L, 0, 8);
  set_count(L, "calls", s->calls);
  set_count(L, "requests", s->requests);
  set_count(L, "retries", s->retries);
  set_count(L, "unknowns", s->unknowns);
  size_t count = s->answered < RECENT ? (size_t)s->answered : RECENT;
  if (count == 0) return 1;
  float sorted[RECENT];
  memcpy(sorted, s->recent, count * sizeof *sorted);
  qsort(sorted, count, sizeof *sorted, by_size);
  lua_pushnumber(L, quantile(sorted, count, 0.50));
  lua_setfield(L, -2, "p50");
  lua_pushnumber(L, quantile(sorted, count, 0.99));
  lua_setfield(L, -2, "p99");
  return 1;
}

/* count_unknown(client): counts a call whose outcome stays unknown */
static int l_count_unknown(lua_State *L) {
  check_client(L)->stats.unknowns++;
  return 0;
}

void client_facts_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"now", l_now},
                                       {"clock", l_clock},
                                       {"moment", l_moment},
                                       {"arrival", l_arrival},
                                       {"adopt_clock", l_adopt_clock},
                                       {"open_heard", l_open_heard},
                                       {"limited", l_limited},
                                       {"ban", l_ban},
                                       {"pause", l_pause},
                                       {"retry_after", l_retry_after},
                                       {"budget", l_budget},
                                       {"stats", l_stats},
                                       {"count_unknown", l_count_unknown},
                                       {NULL, NULL}};
  lua_getfield(L, -1, "client");
  luaL_setfuncs(L, functions, 0);
  lua_pushinteger(L, LIMITER_BAN);
  lua_setfield(L, -2, "BAN");
  lua_pushinteger(L, LIMITER_HOLD_MOST);
  lua_setfield(L, -2, "HOLD_MOST");
  lua_pop(L, 1);
}
