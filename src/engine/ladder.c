/*
** What stands in lua/bybit/paper/engine/ladder.lua about ladders, carried out. A ladder is a table of Lua, as its orders are: `best`, and
** `rungs`, the oldest order of each price. The prices that have a rung are in a set beside it.
*/
#include "parts.h"
#include "prices.h"

#include <lauxlib.h>

#define LADDER "bybit.paper.prices"

typedef struct Set {
  Prices *prices; /* owned; NULL: closed */
  bool falling;   /* is the highest price the best? */
} Set;

/* The upvalues of the functions: names of fields. */
enum { TICKS = 1, BEFORE, AFTER, BEST, RUNGS, SET, NAMES = SET };
static const char *const names[NAMES] = {"ticks", "before", "after", "best", "rungs", "prices"};

/* Where the functions keep what they work on. */
enum { SELF = 1, ORDER, TABLE_OF_RUNGS };

static int get(lua_State *L, int table, int name) {
  lua_pushvalue(L, lua_upvalueindex(name));
  return lua_rawget(L, table);
}

/* Sets a field to the value at 'value', which stays. */
static void set(lua_State *L, int table, int name, int value) {
  lua_pushvalue(L, lua_upvalueindex(name));
  lua_pushvalue(L, value);
  lua_rawset(L, table);
}

static void clear(lua_State *L, int table, int name) {
  lua_pushvalue(L, lua_upvalueindex(name));
  lua_pushnil(L);
  lua_rawset(L, table);
}

static int64_t ticks_of(lua_State *L, int order) {
  get(L, order, TICKS);
  int64_t ticks = luaL_checkinteger(L, -1);
  lua_pop(L, 1);
  return ticks;
}

/* The set of the ladder at SELF; pushes its rungs at TABLE_OF_RUNGS. */
static Set *begin(lua_State *L) {
  luaL_checktype(L, SELF, LUA_TTABLE);
  luaL_checktype(L, ORDER, LUA_TTABLE);
  lua_settop(L, ORDER);
  get(L, SELF, SET);
  Set *s = lua_touserdata(L, -1); /* only Ladder.new sets it */
  lua_pop(L, 1);
  get(L, SELF, RUNGS);
  return s;
}

/* ladder:add(order) */
static int l_add(lua_State *L) {
  Set *s = begin(L);
  int64_t ticks = ticks_of(L, ORDER);
  if (lua_rawgeti(L, TABLE_OF_RUNGS, ticks) == LUA_TTABLE) { /* behind the last of the ring */
    const int first = TABLE_OF_RUNGS + 1, last = first + 1;
    get(L, first, BEFORE);
    set(L, ORDER, BEFORE, last);
    set(L, ORDER, AFTER, first);
    set(L, last, AFTER, ORDER);
    set(L, first, BEFORE, ORDER);
    return 0;
  }
  if (!prices_add(s->prices, ticks)) return luaL_error(L, "not enough memory");
  lua_pushvalue(L, ORDER);
  lua_rawseti(L, TABLE_OF_RUNGS, ticks);
  set(L, ORDER, BEFORE, ORDER);
  set(L, ORDER, AFTER, ORDER);
  if (get(L, SELF, BEST) == LUA_TTABLE) {
    int64_t best = ticks_of(L, lua_gettop(L));
    if (s->falling ? ticks <= best : ticks >= best) return 0;
  }
  set(L, SELF, BEST, ORDER);
  return 0;
}

/* Pushes the rung that is next when one is done with; nil when there is none. */
static void push_worse(lua_State *L, const Set *s, int64_t ticks) {
  int64_t worse;
  if ((s->falling ? prices_below : prices_above)(s->prices, ticks, &worse))
    lua_rawgeti(L, TABLE_OF_RUNGS, worse);
  else
    lua_pushnil(L);
}

/* ladder:remove(order) */
static int l_remove(lua_State *L) {
  const int before = TABLE_OF_RUNGS + 1, after = before + 1;
  Set *s = begin(L);
  int64_t ticks = ticks_of(L, ORDER);
  get(L, ORDER, BEFORE);
  get(L, ORDER, AFTER);
  get(L, SELF, BEST);
  bool alone = lua_rawequal(L, after, ORDER), is_best = lua_rawequal(L, -1, ORDER);
  if (alone) {
    lua_pushnil(L);
    lua_rawseti(L, TABLE_OF_RUNGS, ticks);
    prices_remove(s->prices, ticks);
    if (is_best) push_worse(L, s, ticks);
  } else {
    set(L, before, AFTER, after);
    set(L, after, BEFORE, before);
    lua_rawgeti(L, TABLE_OF_RUNGS, ticks);
    if (lua_rawequal(L, -1, ORDER)) {
      lua_pushvalue(L, after);
      lua_rawseti(L, TABLE_OF_RUNGS, ticks);
    }
    if (is_best) lua_pushvalue(L, after);
  }
  if (is_best) set(L, SELF, BEST, lua_gettop(L));
  clear(L, ORDER, BEFORE);
  clear(L, ORDER, AFTER);
  return 0;
}

/* ladder:next(order) -> the order whose turn is after this one's; nil after the last */
static int l_next(lua_State *L) {
  Set *s = begin(L);
  int64_t ticks = ticks_of(L, ORDER);
  get(L, ORDER, AFTER);
  lua_rawgeti(L, TABLE_OF_RUNGS, ticks);
  if (lua_rawequal(L, -1, -2))
    push_worse(L, s, ticks);
  else
    lua_pop(L, 1);
  return 1;
}

static int l_free(lua_State *L) {
  Set *s = lua_touserdata(L, 1);
  prices_free(s->prices);
  s->prices = NULL;
  return 0;
}

/* prices(falling) -> the set of a new ladder's prices */
static int l_prices(lua_State *L) {
  bool falling = lua_toboolean(L, 1);
  Set *s = lua_newuserdatauv(L, sizeof *s, 0);
  *s = (Set){.falling = falling};
  luaL_setmetatable(L, LADDER); /* from here on it owns its numbers */
  s->prices = prices_new();
  return s->prices != NULL ? 1 : luaL_error(L, "not enough memory");
}

/* #prices: how many there are */
static int l_count(lua_State *L) {
  const Set *s = luaL_checkudata(L, 1, LADDER);
  lua_pushinteger(L, (lua_Integer)prices_count(s->prices));
  return 1;
}

void engine_push_ladder(lua_State *L) {
  static const luaL_Reg functions[] = {{"add", l_add}, {"remove", l_remove}, {"next", l_next}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", l_free}, {"__len", l_count}, {NULL, NULL}};
  luaL_newmetatable(L, LADDER);
  luaL_setfuncs(L, meta, 0);
  lua_pop(L, 1);
  luaL_newlibtable(L, functions);
  for (int i = 0; i < NAMES; i++) lua_pushstring(L, names[i]);
  luaL_setfuncs(L, functions, NAMES);
  lua_pushcfunction(L, l_prices);
  lua_setfield(L, -2, "prices");
}
