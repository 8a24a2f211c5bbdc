/*
** The userdata "bybit.decimal": its constructor, operators and methods, over decimal.h. A value that would not be exact
** raises, and so does an operation without an answer; the message says what to write instead. The doc comments that
** users read are in doc/generate/core.lua.
*/
#include "decimal_lua.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECIMAL "bybit.decimal"

static const char KEY; /* its address is the metatable's key in the registry */

/* Pushes a decimal that has no metatable yet. */
static void push_bare(lua_State *L, Decimal x) {
  Decimal *d = lua_newuserdatauv(L, sizeof *d, 0);
  *d = x;
}

void decimal_push(lua_State *L, Decimal x) {
  push_bare(L, x);
  decimal_push_metatable(L);
  lua_setmetatable(L, -2);
}

void decimal_push_metatable(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY);
}

void decimal_push_with(lua_State *L, Decimal x, int metatable) {
  push_bare(L, x);
  lua_pushvalue(L, metatable);
  lua_setmetatable(L, -2);
}

bool decimal_test(lua_State *L, int index, Decimal *out) {
  const Decimal *d = lua_touserdata(L, index);
  if (d == NULL || !lua_getmetatable(L, index)) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  if (same) *out = *d;
  return same;
}

/* The operators and methods have the metatable as their upvalue: comparing with it is cheaper than looking it up. */
static bool test(lua_State *L, int index, Decimal *out) {
  const Decimal *d = lua_touserdata(L, index);
  if (d == NULL || !lua_getmetatable(L, index)) return false;
  bool same = lua_topointer(L, -1) == lua_topointer(L, lua_upvalueindex(1));
  lua_pop(L, 1);
  if (same) *out = *d;
  return same;
}

/* ---- from other values ---- */

/* Pushes the message for a text that is no decimal, with at most 40 bytes of the text; returns false. */
static bool not_a_number(lua_State *L, const char *text) {
  size_t size = strlen(text);
  lua_pushlstring(L, text, size > 40 ? 40 : size);
  lua_pushfstring(L, "'%s%s' is not a decimal: digits expected, such as '30000.50'", lua_tostring(L, -1),
                  size > 40 ? "..." : "");
  lua_remove(L, -2);
  return false;
}

/* As decimal_exact, for a string. */
static bool from_text(lua_State *L, int index, Decimal *out) {
  size_t size;
  const char *text = lua_tolstring(L, index, &size);
  switch (decimal_parse(text, size, out)) {
  case DECIMAL_OK: return true;
  case DECIMAL_TOO_LONG: lua_pushfstring(L, "a number of more than 34 digits would be rounded"); return false;
  case DECIMAL_RANGE: lua_pushfstring(L, "a number with so many places does not fit"); return false;
  default: return not_a_number(L, text);
  }
}

/* snprintf writes the decimal point of the host's locale: perhaps a comma, perhaps several bytes. This makes it '.'. */
static void mend_point(char *text) {
  static const char others[] = "0123456789+-e";
  char *to = text;
  while (*text != '\0') {
    if (strchr(others, *text) != NULL) {
      *to++ = *text++;
    } else {
      *to++ = '.';
      while (*text != '\0' && strchr(others, *text) == NULL) text++;
    }
  }
  *to = '\0';
}

/* As decimal_exact, for a float. A float stands for the decimal of at most 15 digits that reads back as the same float.
** No other decimal of 15 digits does, so that is what the user wrote. Other floats are refused. */
static bool from_float(lua_State *L, double n, Decimal *out) {
  if (!isfinite(n)) {
    lua_pushstring(L, isnan(n) ? "nan is not a number" : "infinity is not a number");
    return false;
  }
  char text[40];
  snprintf(text, sizeof text, "%.15g", n);
  bool same = strtod(text, NULL) == n; /* before mend_point, as strtod reads the locale's point */
  mend_point(text);
  if (same && decimal_parse_json(text, strlen(text), out) == DECIMAL_OK) return true;
  snprintf(text, sizeof text, "%.17g", n);
  mend_point(text);
  lua_pushfstring(
      L, "the float %s is not exact: write it as a string, or round it with bybit.decimal(x, places)", text);
  return false;
}

/* As decimal_exact, for a value that is no decimal. */
static bool from_other(lua_State *L, int index, Decimal *out) {
  switch (lua_type(L, index)) {
  case LUA_TNUMBER:
    if (!lua_isinteger(L, index)) return from_float(L, lua_tonumber(L, index), out);
    *out = decimal_from_integer(lua_tointeger(L, index));
    return true;
  case LUA_TSTRING: return from_text(L, index, out);
  default:
    lua_pushfstring(L, "a decimal expected (a decimal, integer, numeric string or exact float), got %s",
                    luaL_typename(L, index));
    return false;
  }
}

bool decimal_exact(lua_State *L, int index, Decimal *out) {
  return decimal_test(L, index, out) || from_other(L, index, out);
}

/* The argument at 'index' as a decimal; raises the reason when it is not exactly one. */
static Decimal check(lua_State *L, int index) {
  Decimal x;
  if (!test(L, index, &x) && !from_other(L, index, &x)) luaL_error(L, "%s", lua_tostring(L, -1));
  return x;
}

/* ---- results ---- */

static void push(lua_State *L, Decimal x) {
  decimal_push_with(L, x, lua_upvalueindex(1));
}

/* Pushes the result x and returns 1, or raises what 'status' says. */
static int give(lua_State *L, DecimalStatus status, Decimal x) {
  switch (status) {
  case DECIMAL_OK: push(L, x); return 1;
  case DECIMAL_DIVIDE: return luaL_error(L, "division by zero");
  case DECIMAL_RANGE: return luaL_error(L, "the result does not fit a decimal of 34 digits");
  default: return luaL_error(L, "no such number");
  }
}

/* An operation of two decimals, of decimal.h. */
typedef DecimalStatus Operation(Decimal a, Decimal b, Decimal *out);

static int apply(lua_State *L, Operation *operation) {
  Decimal a = check(L, 1), b = check(L, 2), result = a;
  DecimalStatus status = operation(a, b, &result);
  return give(L, status, result);
}

static int l_add(lua_State *L) {
  return apply(L, decimal_add);
}

static int l_sub(lua_State *L) {
  return apply(L, decimal_subtract);
}

static int l_mul(lua_State *L) {
  return apply(L, decimal_multiply);
}

static int l_div(lua_State *L) {
  return apply(L, decimal_divide);
}

static int l_idiv(lua_State *L) {
  return apply(L, decimal_floor_divide);
}

static int l_mod(lua_State *L) {
  return apply(L, decimal_modulo);
}

static int l_pow(lua_State *L) {
  Decimal x = check(L, 1), exponent = check(L, 2), result = x;
  int64_t n;
  if (!decimal_to_integer(exponent, &n)) return luaL_error(L, "the exponent of '^' must be an integer");
  DecimalStatus status = decimal_power(x, n, &result);
  return give(L, status, result);
}

static int l_unm(lua_State *L) {
  push(L, decimal_negate(check(L, 1)));
  return 1;
}

/* Lua asks __eq only for two userdata; a decimal never equals a userdata of another kind. */
static int l_eq(lua_State *L) {
  Decimal a, b;
  lua_pushboolean(L, test(L, 1, &a) && test(L, 2, &b) && decimal_compare(a, b) == 0);
  return 1;
}

static int l_lt(lua_State *L) {
  Decimal a = check(L, 1), b = check(L, 2);
  lua_pushboolean(L, decimal_compare(a, b) < 0);
  return 1;
}

static int l_le(lua_State *L) {
  Decimal a = check(L, 1), b = check(L, 2);
  lua_pushboolean(L, decimal_compare(a, b) <= 0);
  return 1;
}

static void push_text(lua_State *L, Decimal x) {
  char text[DECIMAL_TEXT_MAX];
  size_t size = decimal_format(x, text);
  lua_pushlstring(L, text, size);
}

static int l_tostring(lua_State *L) {
  push_text(L, check(L, 1));
  return 1;
}

/* Lua joins the two values at hand; one of them is a decimal. */
static int l_concat(lua_State *L) {
  for (int i = 1; i <= 2; i++) {
    Decimal x;
    if (test(L, i, &x))
      push_text(L, x);
    else if (lua_isstring(L, i))
      lua_pushvalue(L, i);
    else
      return luaL_error(L, "attempt to concatenate a %s value with a decimal", luaL_typename(L, i));
  }
  lua_concat(L, 2);
  return 1;
}

/* ---- methods ---- */

/* The rounding mode that the argument names, or 'otherwise' when it is absent. The names are in the order of
** DecimalMode. */
static DecimalMode check_mode(lua_State *L, int index, DecimalMode otherwise) {
  static const char *const names[] = {"half_even", "half_up", "half_down", "up", "down", "ceiling", "floor"};
  if (lua_isnoneornil(L, index)) return otherwise;
  const char *name = luaL_checkstring(L, index);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(names[i], name) == 0) return (DecimalMode)i;
  luaL_error(
      L,
      "unknown rounding mode '%s': 'half_even', 'half_up', 'half_down', 'up', 'down', 'ceiling' or 'floor' "
      "expected",
      name);
  return otherwise;
}

/* The argument as a number of places. The bound is that of a decimal's exponent, and keeps an int. */
static int check_places(lua_State *L, int index) {
  int exact;
  lua_Integer places = lua_tointegerx(L, index, &exact);
  if (!exact || places < -6000 || places > 6000)
    luaL_error(L, "a number of places expected, such as 2, got %s",
               lua_isnumber(L, index) ? luaL_tolstring(L, index, NULL) : luaL_typename(L, index));
  return (int)places;
}

/* x:round(places [, mode = "half_even"]) -> a decimal */
static int l_round(lua_State *L) {
  Decimal x = check(L, 1), result = x;
  int places = check_places(L, 2);
  DecimalStatus status = decimal_round(x, places, check_mode(L, 3, DECIMAL_HALF_EVEN), &result);
  return give(L, status, result);
}

/* x:to_step(step [, mode = "down"]) -> a decimal */
static int l_to_step(lua_State *L) {
  Decimal x = check(L, 1), step = check(L, 2), result = x;
  if (decimal_sign(step) <= 0) {
    push_text(L, step);
    return luaL_error(L, "to_step: a step above zero expected, got %s", lua_tostring(L, -1));
  }
  DecimalStatus status = decimal_to_step(x, step, check_mode(L, 3, DECIMAL_DOWN), &result);
  return give(L, status, result);
}

static int l_abs(lua_State *L) {
  push(L, decimal_absolute(check(L, 1)));
  return 1;
}

static int l_sign(lua_State *L) {
  lua_pushinteger(L, decimal_sign(check(L, 1)));
  return 1;
}

static int l_is_zero(lua_State *L) {
  lua_pushboolean(L, decimal_sign(check(L, 1)) == 0);
  return 1;
}

/* The least of the arguments (wanted = -1) or the greatest (wanted = 1); of equal ones the first. */
static int extreme(lua_State *L, int wanted) {
  Decimal best = check(L, 1);
  int count = lua_gettop(L), at = 1;
  for (int i = 2; i <= count; i++) {
    Decimal x = check(L, i);
    if (decimal_compare(x, best) != wanted) continue;
    best = x;
    at = i;
  }
  if (lua_isuserdata(L, at))
    lua_pushvalue(L, at);
  else
    push(L, best);
  return 1;
}

static int l_min(lua_State *L) {
  return extreme(L, -1);
}

static int l_max(lua_State *L) {
  return extreme(L, 1);
}

/* x:eq(y): unlike ==, y may also be an integer, a string or an exact float. */
static int l_equals(lua_State *L) {
  Decimal a = check(L, 1), b = check(L, 2);
  lua_pushboolean(L, decimal_compare(a, b) == 0);
  return 1;
}

static int l_compare(lua_State *L) {
  Decimal a = check(L, 1), b = check(L, 2);
  lua_pushinteger(L, decimal_compare(a, b));
  return 1;
}

/* x:key() -> the same text for equal values: "1" for 1 and 1.00. For keys of tables. */
static int l_key(lua_State *L) {
  push_text(L, decimal_reduce(check(L, 1)));
  return 1;
}

/* x:tonumber() -> the float nearest to x */
static int l_tonumber(lua_State *L) {
  double n;
  Decimal x = check(L, 1);
  if (decimal_to_double(x, &n) != DECIMAL_OK) return luaL_error(L, "tonumber: too large for a float");
  lua_pushnumber(L, n);
  return 1;
}

/* x:tointeger() -> an integer, or nil when x is not whole or too large */
static int l_tointeger(lua_State *L) {
  int64_t n;
  if (decimal_to_integer(check(L, 1), &n))
    lua_pushinteger(L, n);
  else
    lua_pushnil(L);
  return 1;
}

/* ---- the constructor ---- */

/* decimal(n, places) for a float: rounds the exact value of the float, not its shortest text. */
static int rounded_float(lua_State *L, double n, int places) {
  if (!isfinite(n)) return luaL_error(L, "decimal: %s is not a number", isnan(n) ? "nan" : "infinity");
  if (places < 0 || places > 400)
    return luaL_error(L, "decimal: 0 to 400 places expected for a float, got %d", places);
  char text[DECIMAL_TEXT_MAX];
  snprintf(text, sizeof text, "%.*f", places, n);
  mend_point(text);
  Decimal x;
  if (decimal_parse(text, strlen(text), &x) != DECIMAL_OK)
    return luaL_error(L, "decimal: %s with %d places has more than 34 digits", lua_tostring(L, 1), places);
  push(L, x);
  return 1;
}

/* decimal(x [, places]) -> a decimal; without 'places' x must be exact, with them it is rounded */
static int l_decimal(lua_State *L) {
  if (lua_isnoneornil(L, 2)) {
    Decimal x;
    if (!test(L, 1, &x) && !from_other(L, 1, &x)) return luaL_error(L, "decimal: %s", lua_tostring(L, -1));
    push(L, x);
    return 1;
  }
  lua_settop(L, 2);
  int places = check_places(L, 2);
  if (lua_type(L, 1) == LUA_TNUMBER && !lua_isinteger(L, 1))
    return rounded_float(L, lua_tonumber(L, 1), places);
  return l_round(L);
}

/* Makes the metatable, once per Lua state: when the module is loaded again, old and new decimals must share it. */
static void make_metatable(lua_State *L) {
  static const luaL_Reg meta[] = {{"__add", l_add},
                                  {"__sub", l_sub},
                                  {"__mul", l_mul},
                                  {"__div", l_div},
                                  {"__idiv", l_idiv},
                                  {"__mod", l_mod},
                                  {"__pow", l_pow},
                                  {"__unm", l_unm},
                                  {"__eq", l_eq},
                                  {"__lt", l_lt},
                                  {"__le", l_le},
                                  {"__concat", l_concat},
                                  {"__tostring", l_tostring},
                                  {NULL, NULL}};
  static const luaL_Reg methods[] = {{"round", l_round},       {"to_step", l_to_step},
                                     {"abs", l_abs},           {"sign", l_sign},
                                     {"is_zero", l_is_zero},   {"min", l_min},
                                     {"max", l_max},           {"eq", l_equals},
                                     {"compare", l_compare},   {"key", l_key},
                                     {"tonumber", l_tonumber}, {"tointeger", l_tointeger},
                                     {"tostring", l_tostring}, {NULL, NULL}};
  bool made = lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY) != LUA_TNIL;
  lua_pop(L, 1);
  if (made) return;
  luaL_newlibtable(L, meta);
  lua_pushvalue(L, -1);
  luaL_setfuncs(L, meta, 1);
  luaL_newlibtable(L, methods);
  lua_pushvalue(L, -2);
  luaL_setfuncs(L, methods, 1);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, DECIMAL);
  lua_setfield(L, -2, "__name");
  lua_pushliteral(L, DECIMAL);
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY);
}

void decimal_open(lua_State *L) {
  make_metatable(L);
  decimal_push_metatable(L);
  lua_pushcclosure(L, l_decimal, 1);
  lua_setfield(L, -2, "decimal");
}
