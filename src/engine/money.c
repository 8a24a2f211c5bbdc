#include "money.h"

#include <lauxlib.h>
#include <string.h>

bool money_test(lua_State *L, int index, Decimal *out) {
  const void *p = lua_touserdata(L, index);
  if (p == NULL || lua_rawlen(L, index) != sizeof *out) return false;
  memcpy(out, p, sizeof *out);
  return true;
}

Decimal money_check(lua_State *L, int index) {
  Decimal x = decimal_from_integer(0);
  if (!money_test(L, index, &x)) luaL_error(L, "a decimal expected, got %s", luaL_typename(L, index));
  return x;
}

void money_push(lua_State *L, Decimal x) {
  Decimal *d = lua_newuserdatauv(L, sizeof *d, 0);
  *d = x;
  lua_pushvalue(L, MONEY_META);
  lua_setmetatable(L, -2);
}

bool money_has(lua_State *L, int table, const char *name, Decimal *out) {
  lua_getfield(L, table, name);
  bool has = money_test(L, -1, out);
  lua_pop(L, 1);
  return has;
}

Decimal money_field(lua_State *L, int table, const char *name) {
  Decimal x = decimal_from_integer(0);
  if (!money_has(L, table, name, &x)) luaL_error(L, "a decimal expected in '%s'", name);
  return x;
}

void money_set(lua_State *L, int table, const char *name, Decimal x) {
  money_push(L, x);
  lua_setfield(L, table, name);
}

void money_sum(lua_State *L, int table, const char *name, int index) {
  lua_getfield(L, table, name);
  if (lua_rawequal(L, -1, MONEY_BEGIN))
    lua_pushvalue(L, index);
  else
    money_push(L, money_add(L, money_check(L, -1), money_check(L, index)));
  lua_setfield(L, table, name);
  lua_pop(L, 1);
}

static Decimal given(lua_State *L, DecimalStatus status, Decimal x) {
  if (status == DECIMAL_DIVIDE) luaL_error(L, "division by zero");
  if (status != DECIMAL_OK) luaL_error(L, "the result does not fit a decimal of 34 digits");
  return x;
}

Decimal money_add(lua_State *L, Decimal a, Decimal b) {
  Decimal x = a;
  DecimalStatus status = decimal_add(a, b, &x);
  return given(L, status, x);
}

Decimal money_subtract(lua_State *L, Decimal a, Decimal b) {
  Decimal x = a;
  DecimalStatus status = decimal_subtract(a, b, &x);
  return given(L, status, x);
}

Decimal money_multiply(lua_State *L, Decimal a, Decimal b) {
  Decimal x = a;
  DecimalStatus status = decimal_multiply(a, b, &x);
  return given(L, status, x);
}

Decimal money_divide(lua_State *L, Decimal a, Decimal b) {
  Decimal x = a;
  DecimalStatus status = decimal_divide(a, b, &x);
  return given(L, status, x);
}

Decimal money_coin(lua_State *L, Decimal x) {
  enum { PLACES = 8 };
  DecimalStatus status = decimal_round(x, PLACES, DECIMAL_HALF_UP, &x);
  x = given(L, status, x);
  return decimal_sign(x) != 0 ? x : money_add(L, x, decimal_from_integer(0));
}
