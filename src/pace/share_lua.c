/*
** The Lua face of share.h, for who takes no part in a share: the command looks at one, halts it and takes that back. What
** cannot be had is nil and a message that goes on from the file's name.
*/
#include "share_lua.h"
#include "redis_visit.h"
#include "share_layout.h"
#include "share_parts.h"
#include "shared.h"
#include "loop/loop.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

#define VISIT "bybit.share"

typedef struct Visit { /* the userdata "bybit.share", a visit */
  Share *share;        /* owned; NULL: none */
} Visit;

/* Frees it; also __gc. */
static int visit_end(lua_State *L) {
  Visit *v = lua_touserdata(L, 1);
  share_free(v->share, 0);
  v->share = NULL;
  return 0;
}

/* Visits the share at the path at 1; a userdata, put at 1 in its place, owns the visit. NULL: nil and a message are on top. */
static Share *visit(lua_State *L, double now) {
  char why[SHARE_WHY];
  const char *path = luaL_checkstring(L, 1);
  Visit *v = lua_newuserdatauv(L, sizeof *v, 0);
  v->share = NULL;
  luaL_setmetatable(L, VISIT);
  lua_insert(L, 1); /* the path stays alive behind it */
  v->share = share_open(path, SHARE_VISIT, now, why);
  if (v->share != NULL) return v->share;
  luaL_pushfail(L);
  lua_pushstring(L, why);
  return NULL;
}

static double now_of(lua_State *L) {
  return loop_now(loop_get(L));
}

static int lost(lua_State *L, const char *why) {
  visit_end(L);
  luaL_pushfail(L);
  lua_pushfstring(L, "cannot be used: %s", why == NULL ? "it was removed" : why);
  return 2;
}

/* halt(path, reason) -> true: all who use the share are halted. Of a URL, here and below, its name without a password is a second
** result, and the message of a failure is whole. */
static int l_halt(lua_State *L) {
  const char *reason = luaL_checkstring(L, 2);
  if (shared_is_url(luaL_checkstring(L, 1))) return redis_visit_halt(L, reason);
  double now = now_of(L);
  Share *s = visit(L, now);
  if (s == NULL) return 2;
  if (!share_halt(s, reason, loop_wall(loop_get(L)), now)) return lost(L, share_lost(s));
  visit_end(L);
  lua_pushboolean(L, 1);
  return 1;
}

/* resume(path) -> was it halted? */
static int l_resume(lua_State *L) {
  if (shared_is_url(luaL_checkstring(L, 1))) return redis_visit_resume(L);
  double now = now_of(L);
  Share *s = visit(L, now);
  if (s == NULL) return 2;
  bool halted = share_halted(s, now) != 0;
  if (!share_resume(s, now)) return lost(L, share_lost(s));
  visit_end(L);
  lua_pushboolean(L, halted);
  return 1;
}

/* ---- looking ---- */

static void set_number(lua_State *L, const char *key, double n) {
  lua_pushnumber(L, n);
  lua_setfield(L, -2, key);
}

static void set_integer(lua_State *L, const char *key, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}

/* Pushes a list of {pid, since}, those who are there. */
static void push_members(lua_State *L, const Layout *y) {
  lua_newtable(L);
  for (int i = 0, n = 0; i < SHARE_MEMBERS; i++) {
    const SharedMember *m = &y->member[i];
    if (m->state != MEMBER_LIVE) continue;
    lua_createtable(L, 0, 2);
    set_integer(L, "pid", m->pid);
    set_integer(L, "since", m->joined_at);
    lua_rawseti(L, -2, ++n);
  }
}

/* Pushes a window: {name, used, running, limit, span, held_for, paused_for, banned_for}; 'used' are the requests that count now. */
static void push_window(lua_State *L, const Layout *y, const SharedWindow *w, double now) {
  int used = 0, running = 0;
  uint32_t count = w->tail - w->head;
  for (uint32_t i = 0; i < count && i < SHARE_MOMENTS; i++)
    used += w->ended[(w->head + i) % SHARE_MOMENTS] + w->span > now;
  for (uint32_t i = 0; i < y->top && i < SHARE_MEMBERS; i++) running += w->running[i];
  lua_createtable(L, 0, 8);
  lua_pushlstring(L, w->name, strnlen(w->name, SHARE_NAME));
  lua_setfield(L, -2, "name");
  set_integer(L, "used", used + running);
  set_integer(L, "running", running);
  if (w->limit > 0) set_integer(L, "limit", w->limit);
  set_number(L, "span", w->span);
  set_number(L, "held_for", fmax(w->held_until - now, 0));
  set_number(L, "paused_for", fmax(w->shut.paused_until - now, 0));
  set_number(L, "banned_for", fmax(w->shut.banned_until - now, 0));
}

static void push_windows(lua_State *L, const Layout *y, double now) {
  lua_newtable(L);
  for (int i = 0, n = 0; i < SHARE_WINDOWS; i++) {
    if (y->window[i].generation == 0) continue;
    push_window(L, y, &y->window[i], now);
    lua_rawseti(L, -2, ++n);
  }
}

/* Pushes a list of {name, pid, since, number, left}: the leases, and who has each or had it last. */
static void push_leases(lua_State *L, const Layout *y, double now) {
  lua_newtable(L);
  for (uint32_t i = 0; i < y->leases && i < SHARE_LEASES; i++) {
    const LeaseRecord *r = &y->lease[i];
    lua_createtable(L, 0, 5);
    lua_pushlstring(L, r->name, strnlen(r->name, LEASE_NAME));
    lua_setfield(L, -2, "name");
    set_number(L, "left", r->holder == 0 ? 0 : fmax(r->until - now, 0));
    if (r->holder != 0) {
      set_integer(L, "pid", r->pid);
      set_integer(L, "since", r->since);
      set_integer(L, "number", (lua_Integer)r->number);
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* Sets 'halted' in the table on top of the stack: {reason, pid, at}, if it is. */
static void set_halted(lua_State *L, Share *s, double now) {
  char reason[SHARE_REASON];
  int pid;
  int64_t at;
  if (share_halted(s, now) == 0) return;
  share_halt_words(s, reason, &pid, &at);
  lua_createtable(L, 0, 3);
  lua_pushstring(L, reason);
  lua_setfield(L, -2, "reason");
  set_integer(L, "pid", pid);
  set_integer(L, "at", at);
  lua_setfield(L, -2, "halted");
}

/* look(path) -> {members, windows, leases, halted, recovered}: what is in it now; of a URL a text in JSON, see redis_script.lua. Members that
** died are looked for first. */
static int l_look(lua_State *L) {
  if (shared_is_url(luaL_checkstring(L, 1))) return redis_visit_look(L);
  double now = now_of(L);
  Share *s = visit(L, now);
  if (s == NULL) return 2;
  Layout *copy =
      lua_newuserdatauv(L, sizeof *copy, 0); /* nothing that may raise runs while the share is locked */
  if (!share_enter(s, now) || !share_sweep(s, now)) return lost(L, share_lost(s));
  memcpy(copy, s->map.layout, sizeof *copy);
  share_leave(s);
  lua_createtable(L, 0, 4);
  push_members(L, copy);
  lua_setfield(L, -2, "members");
  push_windows(L, copy, now);
  lua_setfield(L, -2, "windows");
  push_leases(L, copy, now);
  lua_setfield(L, -2, "leases");
  set_integer(L, "recovered", copy->recovered);
  set_halted(L, s, now);
  visit_end(L);
  return 1;
}

/* servers() -> can a share be on a server? false: this build is without hiredis */
static int l_servers(lua_State *L) {
  lua_pushboolean(L, redis_visit_works());
  return 1;
}

void share_open_lua(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"look", l_look}, {"halt", l_halt}, {"resume", l_resume}, {"servers", l_servers}, {NULL, NULL}};
  luaL_newmetatable(L, VISIT);
  lua_pushcfunction(L, visit_end);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "share");
}
