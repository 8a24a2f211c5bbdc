/* What the exchange works out for each order, besides its fills: what it ties up, and its price in ticks. */
#include "money.h"
#include "parts.h"
#include "value/decimal_bits.h"

#include <lauxlib.h>
#include <string.h>

/* cost(quantity, price, side, leverage, instrument) -> what an order ties up: initial margin, fee to open, fee to close, which is the
** taker's at the bankruptcy price: value (1 + 1/L) of a long inverse and of a short linear contract, else value (1 - 1/L). */
int engine_cost(lua_State *L) {
  enum { QUANTITY = 1, PRICE, SIDE, LEVERAGE, INSTRUMENT };
  Decimal quantity = money_check(L, QUANTITY), price = money_check(L, PRICE),
          leverage = money_check(L, LEVERAGE);
  bool is_short = *luaL_checkstring(L, SIDE) == 'S';
  Decimal taker = money_field(L, INSTRUMENT, "taker"), one = decimal_from_integer(1);
  lua_getfield(L, INSTRUMENT, "kind");
  lua_getfield(L, -1, "sign");
  bool inverse = lua_tointeger(L, -1) == 1;
  lua_pop(L, 2);
  Decimal value = inverse ? money_divide(L, quantity, price) : money_multiply(L, quantity, price);
  Decimal part =
      money_multiply(L, money_divide(L, one, leverage), decimal_from_integer(is_short == inverse ? -1 : 1));
  Decimal close = money_multiply(L, money_multiply(L, value, money_add(L, one, part)), taker);
  Decimal open = money_add(L, money_divide(L, value, leverage), money_multiply(L, value, taker));
  money_push(L, money_coin(L, money_add(L, open, close)));
  return 1;
}

/* Both numbers as whole numbers of the smaller one's last place. False: they are too long for that. */
static bool align(Parts *a, Parts *b) {
  const uint64_t most = UINT64_MAX / 10;
  if (a->negative || b->negative || a->coefficient > INT64_MAX || b->coefficient > INT64_MAX) return false;
  for (; a->exponent > b->exponent; a->exponent--) {
    if (a->coefficient > most) return false;
    a->coefficient *= 10;
  }
  for (; b->exponent > a->exponent; b->exponent--) {
    if (b->coefficient > most) return false;
    b->coefficient *= 10;
  }
  return b->coefficient != 0;
}

/* ticks(price, tick) -> how many whole ticks a price has; nil when they do not fit an integer. */
int engine_ticks(lua_State *L) {
  Decimal price = money_check(L, 1), tick = money_check(L, 2), quotient;
  Parts a = decimal_take_apart(price), b = decimal_take_apart(tick);
  int64_t n;
  if (align(&a, &b)) {
    uint64_t whole = (uint64_t)a.coefficient / (uint64_t)b.coefficient;
    if (whole <= INT64_MAX) {
      lua_pushinteger(L, (lua_Integer)whole);
      return 1;
    }
  }
  DecimalStatus status = decimal_floor_divide(price, tick, &quotient);
  if (status == DECIMAL_DIVIDE) return luaL_error(L, "division by zero");
  if (status == DECIMAL_OK && decimal_to_integer(quotient, &n))
    lua_pushinteger(L, n);
  else
    lua_pushnil(L);
  return 1;
}

/* add(table, name, x [, name, x]...): adds to decimals in the fields of a table. */
int engine_add(lua_State *L) {
  int count = lua_gettop(L);
  for (int i = 2; i < count; i += 2) {
    Decimal x = money_check(L, i + 1), before;
    lua_pushvalue(L, i);
    lua_gettable(L, 1);
    before = money_check(L, -1);
    lua_pop(L, 1);
    lua_pushvalue(L, i);
    money_push(L, money_add(L, before, x));
    lua_settable(L, 1);
  }
  return 0;
}

int engine_padded(lua_State *L) {
  char text[DECIMAL_TEXT_MAX];
  Decimal x;
  lua_Integer places = luaL_checkinteger(L, 2);
  if (!money_test(L, 1, &x)) return 0;
  size_t size = decimal_format(x, text);
  const char *point = memchr(text, '.', size);
  if ((point == NULL ? 0 : text + size - point - 1) < places) {
    if (places > 34 || decimal_round(x, (int)places, DECIMAL_HALF_EVEN, &x) != DECIMAL_OK)
      return luaL_error(L, "the result does not fit a decimal of 34 digits");
    size = decimal_format(x, text);
  }
  lua_pushlstring(L, text, size);
  return 1;
}
