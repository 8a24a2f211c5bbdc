/*
** The Lua face of limiter.h, for its specs: core.limiter() is an account at an address of its own, in the loop's time.
*/
#include "limiter_lua.h"
#include "limiter.h"
#include "loop/loop.h"

#include <lauxlib.h>

#define LIMITER "bybit.limiter"

typedef struct Face {    /* the userdata "bybit.limiter" */
  Limiter limiter;       /* its own */
  LimitAccount *account; /* in 'limiter' */
  Loop *loop;
} Face;

static Face *check(lua_State *L) {
  return luaL_checkudata(L, 1, LIMITER);
}

/* The group with the name at 2, made with the limit at 3 when it is new; NULL for nil. */
static LimitGroup *group_of(lua_State *L, const Face *f) {
  if (lua_isnoneornil(L, 2)) return NULL;
  LimitGroup *g = limiter_group(f->account, luaL_checkstring(L, 2), (int)luaL_optinteger(L, 3, 0));
  if (g == NULL) luaL_error(L, "not enough memory");
  return g;
}

/* limiter() -> an account at an address of its own */
static int l_limiter(lua_State *L) {
  Face *f = lua_newuserdatauv(L, sizeof *f, 0);
  *f = (Face){.loop = loop_get(L)};
  luaL_setmetatable(L, LIMITER);
  f->account = limiter_join(&f->limiter, "http://127.0.0.1:1", true, "");
  if (f->account == NULL) return luaL_error(L, "not enough memory");
  return 1;
}

/* limiter:wait([group [, limit [, urgent [, weight]]]]) -> seconds until a request may be sent; math.huge: not before one has ended */
static int l_wait(lua_State *L) {
  const Face *f = check(L);
  lua_pushnumber(L, limiter_wait(f->account, group_of(L, f), (int)luaL_optinteger(L, 5, 1),
                                 lua_toboolean(L, 4), loop_now(f->loop)));
  return 1;
}

/* limiter:take(group, limit [, weight]) -> does it probe? */
static int l_take(lua_State *L) {
  const Face *f = check(L);
  bool probes;
  if (!limiter_take(f->account, group_of(L, f), (int)luaL_optinteger(L, 4, 1), loop_now(f->loop), &probes))
    return luaL_error(L, "not enough memory");
  lua_pushboolean(L, probes);
  return 1;
}

/* limiter:done(group, limit [, sent = true [, probed [, weight]]]): it has ended */
static int l_done(lua_State *L) {
  const Face *f = check(L);
  limiter_end(f->account, group_of(L, f), (int)luaL_optinteger(L, 6, 1), loop_now(f->loop),
              lua_isnoneornil(L, 4) || lua_toboolean(L, 4), lua_toboolean(L, 5));
  return 0;
}

/* limiter:learn(group, limit, announced, left): an answer told the limit, and how much is left */
static int l_learn(lua_State *L) {
  const Face *f = check(L);
  LimitGroup *g = group_of(L, f);
  luaL_argcheck(L, g != NULL, 2, "a group expected");
  limiter_learn(g, (int)luaL_checkinteger(L, 4), (int)luaL_optinteger(L, 5, -1), loop_now(f->loop));
  return 0;
}

/* limiter:cap(group, limit, most): the user's own limit; group nil: of the address */
static int l_cap(lua_State *L) {
  const Face *f = check(L);
  LimitGroup *g = group_of(L, f);
  LimitWindow *w = g == NULL ? f->account->address->ip : &g->window;
  w->cap = (int)luaL_checkinteger(L, 4);
  return 0;
}

/* limiter:hold(group, limit, seconds): the exchange refused a request */
static int l_hold(lua_State *L) {
  const Face *f = check(L);
  LimitGroup *g = group_of(L, f);
  luaL_argcheck(L, g != NULL, 2, "a group expected");
  limiter_hold(g, luaL_checknumber(L, 4), loop_now(f->loop));
  return 0;
}

static int l_pause(lua_State *L) {
  const Face *f = check(L);
  limiter_pause(f->account, loop_now(f->loop));
  return 0;
}

static int l_fine(lua_State *L) {
  limiter_fine(check(L)->account);
  return 0;
}

static int l_ban(lua_State *L) {
  const Face *f = check(L);
  limiter_ban(f->account, loop_now(f->loop));
  return 0;
}

static int l_reopen(lua_State *L) {
  limiter_reopen(check(L)->account);
  return 0;
}

static int l_gc(lua_State *L) {
  Face *f = check(L);
  limiter_free(&f->limiter);
  return 0;
}

void limiter_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"wait", l_wait},     {"take", l_take}, {"done", l_done},
                                     {"learn", l_learn},   {"cap", l_cap},   {"hold", l_hold},
                                     {"pause", l_pause},   {"fine", l_fine}, {"ban", l_ban},
                                     {"reopen", l_reopen}, {NULL, NULL}};
  luaL_newmetatable(L, LIMITER);
  lua_pushcfunction(L, l_gc);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, l_limiter);
  lua_setfield(L, -2, "limiter");
}
