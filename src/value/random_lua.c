/*
** core.random([seed]) -> the userdata "bybit.random", a generator with a state of its own. Equal seeds give equal
** sequences; without a seed each draw asks the system.
*/
#include "random.h"
#include "random_lua.h"

#include <lauxlib.h>

enum { MAX_BYTES = 1 << 20 }; /* of one r:bytes(n) */

static int l_random(lua_State *L) {
  bool seeded = !lua_isnoneornil(L, 1);
  lua_Integer seed = seeded ? luaL_checkinteger(L, 1) : 0;
  Random *r = lua_newuserdatauv(L, sizeof *r, 0);
  if (seeded)
    random_seed(r, (uint64_t)seed);
  else
    random_system(r);
  luaL_setmetatable(L, RANDOM_NAME);
  return 1;
}

static Random *check(lua_State *L) {
  return luaL_checkudata(L, 1, RANDOM_NAME);
}

static int no_bytes(lua_State *L) {
  return luaL_error(L, "the system gives no random bytes");
}

/* 64 random bits; raises when there are none. */
static uint64_t bits_of(lua_State *L, Random *r) {
  uint64_t bits = 0;
  if (!random_bits(r, &bits)) no_bytes(L);
  return bits;
}

/* r:bits() -> an integer of 64 random bits */
static int l_bits(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)bits_of(L, check(L)));
  return 1;
}

/* r:unit() -> a float, 0 <= x < 1 */
static int l_unit(lua_State *L) {
  double x;
  if (!random_unit(check(L), &x)) return no_bytes(L);
  lua_pushnumber(L, x);
  return 1;
}

/* r:integer(low, high) -> low <= n <= high, all equally likely */
static int l_integer(lua_State *L) {
  Random *r = check(L);
  lua_Integer low = luaL_checkinteger(L, 2), high = luaL_checkinteger(L, 3);
  int64_t n;
  luaL_argcheck(L, low <= high, 3, "a high end that is not below the low end expected");
  if (!random_integer(r, low, high, &n)) return no_bytes(L);
  lua_pushinteger(L, n);
  return 1;
}

/* r:uuid() -> a text of 36 characters */
static int l_uuid(lua_State *L) {
  char text[37];
  if (!random_uuid(check(L), text)) return no_bytes(L);
  lua_pushstring(L, text);
  return 1;
}

/* r:id(n) -> a text of n characters, 0-9 and a-z; n is 1 to 64 */
static int l_id(lua_State *L) {
  Random *r = check(L);
  lua_Integer size = luaL_checkinteger(L, 2);
  luaL_argcheck(L, size >= 1 && size <= 64, 2, "1 to 64 expected");
  char text[65];
  if (!random_id(r, text, (size_t)size)) return no_bytes(L);
  lua_pushstring(L, text);
  return 1;
}

/* r:bytes(n) -> a text of n random bytes */
static int l_bytes(lua_State *L) {
  Random *r = check(L);
  lua_Integer size = luaL_checkinteger(L, 2);
  luaL_argcheck(L, size >= 0 && size <= MAX_BYTES, 2, "0 to 1048576 expected");
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, (size_t)size);
  if (!random_bytes(r, out, (size_t)size)) return no_bytes(L);
  luaL_pushresultsize(&b, (size_t)size);
  return 1;
}

void random_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"bits", l_bits}, {"unit", l_unit}, {"integer", l_integer},
                                     {"uuid", l_uuid}, {"id", l_id},     {"bytes", l_bytes},
                                     {NULL, NULL}};
  luaL_newmetatable(L, RANDOM_NAME);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, l_random);
  lua_setfield(L, -2, "random");
}
