/* Steps of a market's walk in which nothing happens besides: only what is drawn for each. */
#include "parts.h"
#include "value/random.h"
#include "value/random_lua.h"

#include <lauxlib.h>
#include <stdbool.h>

typedef struct Walk {
  Random *random, *flow;
  int64_t last, index, home, lowest, reach, least, most;
} Walk;

enum { MARKET = 1, REACH, COUNT, LOW, HIGH, MOST };

static Random *generator(lua_State *L, const char *name) {
  lua_getfield(L, MARKET, name);
  Random *r = luaL_checkudata(L, -1, RANDOM_NAME);
  lua_pop(L, 1); /* the market keeps it */
  return r;
}

static int64_t number(lua_State *L, const char *name) {
  lua_getfield(L, MARKET, name);
  int64_t n = luaL_checkinteger(L, -1);
  lua_pop(L, 1);
  return n;
}

/* Where a step leads to: some ticks up or down, and a part of the way home. Division rounds towards zero. */
static bool draw_step(const Walk *w, int64_t *to) {
  if (!random_integer(w->random, -w->reach, w->reach, to)) return false;
  *to += w->last + (w->home - w->last) / 2000;
  if (*to < w->lowest) *to = w->lowest;
  return true;
}

/* The index price follows the last price. */
static int64_t follow(int64_t index, int64_t last) {
  index += (last - index) / 4;
  int64_t way = last - index;
  return way <= 3 && way >= -3 ? last : index;
}

/* A stranger's order is drawn as always, but there is none that it could fill. */
static bool draw_order(Random *r) {
  double x;
  int64_t n;
  if (!random_unit(r, &x)) return false;
  return x > 0.6 || (random_unit(r, &x) && random_integer(r, 1, 60, &n));
}

/* What strangers trade where a step leads to, and the rest of it. */
static bool finish_step(Walk *w, int64_t to, int64_t *size) {
  if (!random_integer(w->flow, 0, w->most - 1, size) || !draw_order(w->random)) return false;
  *size += w->least;
  w->last = to;
  w->index = follow(w->index, to);
  return true;
}

static void push_list(lua_State *L, const int64_t *numbers, int count) {
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; i++) {
    lua_pushinteger(L, numbers[i]);
    lua_rawseti(L, -2, i + 1);
  }
}

int engine_steps(lua_State *L) {
  luaL_checktype(L, MARKET, LUA_TTABLE);
  lua_Integer count = luaL_checkinteger(L, COUNT), low = luaL_checkinteger(L, LOW),
              high = luaL_checkinteger(L, HIGH);
  Walk w = {.random = generator(L, "random"), .flow = generator(L, "flow")};
  w.last = number(L, "last");
  w.index = number(L, "index");
  w.home = number(L, "home");
  w.lowest = number(L, "low");
  w.least = number(L, "least_steps");
  w.reach = luaL_checkinteger(L, REACH);
  w.most = luaL_checkinteger(L, MOST);
  luaL_argcheck(L, w.reach >= 0, REACH, "ticks expected");
  luaL_argcheck(L, w.most > 0, MOST, "a number above 0 expected");
  int64_t prices[STEPS_AT_ONCE] = {0}, sizes[STEPS_AT_ONCE] = {0}, indexes[STEPS_AT_ONCE] = {0}, to;
  int n = 0;
  bool drawn = true, outside = false;
  while (n < STEPS_AT_ONCE && n < count && !outside && drawn) {
    drawn = draw_step(&w, &to);
    outside = to < low || to > high;
    if (!drawn || outside) break;
    drawn = finish_step(&w, to, &sizes[n]);
    prices[n] = to;
    indexes[n++] = w.index;
  }
  if (!drawn) return luaL_error(L, "the system gives no random bytes");
  push_list(L, prices, n);
  push_list(L, sizes, n);
  push_list(L, indexes, n);
  if (!outside) return 3;
  lua_pushinteger(L, to);
  return 4;
}
