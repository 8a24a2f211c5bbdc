/*
** What a fill does to a position, to the coin of its account and to its order. The rules are those of the exchange's documentation; the
** amounts are the same, to the last digit and zero, as those that the formulas of spec/support/paper_plain.lua give.
*/
#include "booking.h"
#include "parts.h"

#include <lauxlib.h>

Decimal booking_value(lua_State *L, const Fill *f, Decimal quantity, Decimal price) {
  return f->inverse ? money_divide(L, quantity, price) : money_multiply(L, quantity, price);
}

static Decimal part_of(lua_State *L, Decimal whole, const Fill *f) {
  return money_divide(L, money_multiply(L, whole, f->closed), f->size);
}

/* A field that may be absent loses the part that closes. */
static void shrink(lua_State *L, const Fill *f, const char *name) {
  Decimal x;
  if (money_has(L, BOOKING_POSITION, name, &x))
    money_set(L, BOOKING_POSITION, name, money_subtract(L, x, part_of(L, x, f)));
}

static void set_nil(lua_State *L, const char *name) {
  lua_pushnil(L);
  lua_setfield(L, BOOKING_POSITION, name);
}

/* Nothing is left of the position. */
static void flatten(lua_State *L, Fill *f) {
  f->size = f->cost = f->fees = decimal_from_integer(0);
  money_set(L, BOOKING_POSITION, "added", f->size);
  lua_pushliteral(L, "");
  lua_setfield(L, BOOKING_POSITION, "side");
  set_nil(L, "bought");
  set_nil(L, "drawn");
}

/* The part of the fill that is against the position. 'rest', 'rest_value' and 'rest_fee' are what is left of it. */
static void close_part(lua_State *L, Fill *f, bool is_short, Decimal *rest, Decimal *rest_value,
                       Decimal *rest_fee) {
  f->entry = f->inverse ? money_divide(L, f->size, f->cost) : money_divide(L, f->cost, f->size);
  f->closed = decimal_compare(f->quantity, f->size) < 0 ? f->quantity : f->size;
  *rest = money_subtract(L, f->quantity, f->closed);
  f->whole = decimal_sign(*rest) == 0;
  Decimal cost = part_of(L, f->cost, f);
  Decimal gone = f->whole ? *rest_value : booking_value(L, f, f->closed, f->price);
  f->profit = money_multiply(L, money_subtract(L, cost, gone),
                             decimal_from_integer((is_short ? -1 : 1) * (f->inverse ? 1 : -1)));
  f->opening = money_coin(L, part_of(L, f->fees, f));
  shrink(L, f, "bought");
  shrink(L, f, "drawn");
  f->cost = money_subtract(L, f->cost, cost);
  f->fees = money_subtract(L, f->fees, f->opening);
  f->size = money_subtract(L, f->size, f->closed);
  if (decimal_sign(f->size) == 0) flatten(L, f);
  if (f->whole) {
    f->closing = f->fee;
    return;
  }
  *rest_value = booking_value(L, f, *rest, f->price);
  *rest_fee = money_coin(L, money_divide(L, money_multiply(L, f->fee, *rest), f->quantity));
  f->closing = money_subtract(L, f->fee, *rest_fee);
}

/* The part that opens, or adds. */
static void open_part(lua_State *L, Fill *f, Decimal rest, Decimal rest_value, Decimal rest_fee) {
  Decimal bought;
  f->size = money_add(L, f->size, rest);
  f->cost = money_add(L, f->cost, rest_value);
  f->fees = money_add(L, f->fees, rest_fee);
  lua_pushvalue(L, f->side);
  lua_setfield(L, BOOKING_POSITION, "side");
  if (money_has(L, BOOKING_POSITION, "bought", &bought))
    money_set(L, BOOKING_POSITION, "bought", money_add(L, bought, rest_value));
}

static void change_position(lua_State *L, Fill *f, bool is_short) {
  Decimal rest = f->quantity, rest_value = f->value, rest_fee = f->fee;
  f->closed = f->profit = f->opening = f->closing = decimal_from_integer(0);
  if (f->against) close_part(L, f, is_short, &rest, &rest_value, &rest_fee);
  f->fresh = !f->whole && (!f->held || decimal_sign(f->size) == 0);
  if (!f->whole) open_part(L, f, rest, rest_value, rest_fee);
  money_set(L, BOOKING_POSITION, "size", f->size);
  money_set(L, BOOKING_POSITION, "cost", f->cost);
  money_set(L, BOOKING_POSITION, "open_fees", f->fees);
}

/* What the fill brings or costs goes to the coin of the account, and is counted for the position. */
static void pay(lua_State *L, const Fill *f) {
  Decimal net = money_subtract(L, f->profit, f->fee);
  money_set(L, BOOKING_COIN, "wallet", money_add(L, money_field(L, BOOKING_COIN, "wallet"), net));
  money_set(L, BOOKING_COIN, "realised", money_add(L, money_field(L, BOOKING_COIN, "realised"), net));
  money_set(L, BOOKING_POSITION, "total", money_add(L, money_field(L, BOOKING_POSITION, "total"), net));
  Decimal own = f->fresh ? money_subtract(L, f->closing, f->fee) : net; /* it has only its part of the fee */
  Decimal before = f->fresh ? decimal_from_integer(0) : money_field(L, BOOKING_POSITION, "realised");
  money_set(L, BOOKING_POSITION, "realised", money_add(L, before, own));
}

bool booking_is_inverse(lua_State *L) {
  lua_getfield(L, BOOKING_POSITION, "kind");
  lua_getfield(L, -1, "sign");
  bool inverse = lua_tointeger(L, -1) == 1;
  lua_pop(L, 2);
  return inverse;
}

/* What the fill was against is known. */
static void sum_up(lua_State *L, Fill *f) {
  f->opened = money_subtract(L, f->quantity, f->closed);
  f->bought = money_coin(L, booking_value(L, f, f->closed, f->entry));
  f->exit = f->whole ? f->worth : money_coin(L, booking_value(L, f, f->closed, f->price));
  f->pnl = money_subtract(L, money_subtract(L, f->profit, f->closing), f->opening);
}

void booking_apply(lua_State *L, Fill *f) {
  lua_getfield(L, BOOKING_POSITION, "side");
  const char *side = luaL_checkstring(L, -1);
  bool is_short = *side == 'S';
  f->held = *side != '\0';
  f->against = f->held && !lua_rawequal(L, -1, f->side);
  lua_pop(L, 1);
  f->size = money_field(L, BOOKING_POSITION, "size");
  f->cost = money_field(L, BOOKING_POSITION, "cost");
  f->fees = money_field(L, BOOKING_POSITION, "open_fees");
  f->worth = money_coin(L, f->value);
  f->fee = money_coin(L, money_multiply(L, f->value, f->rate));
  f->whole = false;
  change_position(L, f, is_short);
  f->profit = money_coin(L, f->profit);
  pay(L, f);
  if (f->against) sum_up(L, f);
}

/* settle(position, coin, order, quantity, price, value, rate) -> worth, fee, leaves, fresh [, closed, opened, profit, opening, closing, bought,
** exit, pnl]: what is behind 'fresh' only where the fill is against the position. */
int engine_settle(lua_State *L) {
  enum { ORDER = BOOKING_COIN + 1, QUANTITY, PRICE, VALUE, RATE, SIDE, WORTH, FEE };
  lua_settop(L, RATE);
  luaL_checkstack(L, 24, NULL);
  lua_getfield(L, ORDER, "side");
  Fill f = {.quantity = money_check(L, QUANTITY),
            .price = money_check(L, PRICE),
            .value = money_check(L, VALUE),
            .rate = money_check(L, RATE),
            .side = SIDE,
            .inverse = booking_is_inverse(L)};
  booking_apply(L, &f);
  money_push(L, f.worth);
  money_push(L, f.fee);
  money_sum(L, ORDER, "filled", QUANTITY);
  money_sum(L, ORDER, "value", WORTH);
  money_sum(L, ORDER, "fee", FEE);
  money_sum(L, ORDER, "exact", VALUE);
  money_push(L, money_subtract(L, money_field(L, ORDER, "qty"), money_field(L, ORDER, "filled")));
  lua_pushboolean(L, f.fresh);
  if (!f.against) return 4;
  const Decimal rest[] = {f.closed, f.opened, f.profit, f.opening, f.closing, f.bought, f.exit, f.pnl};
  for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) money_push(L, rest[i]);
  return 12;
}
