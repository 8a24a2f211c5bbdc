/*
** What a fill does to a position, to the coin of its account and to its order. The rules are those of the exchange's documentation; the
** amounts are the same, to the last digit and zero, as those that the formulas of spec/support/paper_plain.lua give.
*/
#include "money.h"
#include "parts.h"

#include <lauxlib.h>

/* The arguments of engine_settle. */
enum { POSITION = 1, COIN, ORDER, QUANTITY, PRICE, VALUE, RATE };

typedef struct Fill {
  bool inverse; /* is the contract worth quantity / price? else quantity * price */
  bool held;    /* was there a position? */
  bool against; /* and of the other side? */
  bool fresh;   /* does a position begin with this fill? */
  bool whole;   /* is all of the quantity against it? */
  Decimal quantity, price, value, fee, worth;
  Decimal size, cost, fees; /* of the position: contracts, value at entry, fees paid to open */
  Decimal entry;            /* its entry price before, where the fill is against it */
  Decimal closed, profit, opening, closing;
} Fill;

static Decimal value_of(lua_State *L, const Fill *f, Decimal quantity, Decimal price) {
  return f->inverse ? money_divide(L, quantity, price) : money_multiply(L, quantity, price);
}

static Decimal part_of(lua_State *L, Decimal whole, const Fill *f) {
  return money_divide(L, money_multiply(L, whole, f->closed), f->size);
}

/* A field that may be absent loses the part that closes. */
static void shrink(lua_State *L, const Fill *f, const char *name) {
  Decimal x;
  if (money_has(L, POSITION, name, &x)) money_set(L, POSITION, name, money_subtract(L, x, part_of(L, x, f)));
}

static void set_nil(lua_State *L, const char *name) {
  lua_pushnil(L);
  lua_setfield(L, POSITION, name);
}

/* Nothing is left of the position. */
static void flatten(lua_State *L, Fill *f) {
  f->size = f->cost = f->fees = decimal_from_integer(0);
  money_set(L, POSITION, "added", f->size);
  lua_pushliteral(L, "");
  lua_setfield(L, POSITION, "side");
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
  Decimal gone = f->whole ? *rest_value : value_of(L, f, f->closed, f->price);
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
  *rest_value = value_of(L, f, *rest, f->price);
  *rest_fee = money_coin(L, money_divide(L, money_multiply(L, f->fee, *rest), f->quantity));
  f->closing = money_subtract(L, f->fee, *rest_fee);
}

/* The part that opens, or adds. */
static void open_part(lua_State *L, Fill *f, Decimal rest, Decimal rest_value, Decimal rest_fee) {
  Decimal bought;
  f->size = money_add(L, f->size, rest);
  f->cost = money_add(L, f->cost, rest_value);
  f->fees = money_add(L, f->fees, rest_fee);
  lua_getfield(L, ORDER, "side");
  lua_setfield(L, POSITION, "side");
  if (money_has(L, POSITION, "bought", &bought))
    money_set(L, POSITION, "bought", money_add(L, bought, rest_value));
}

static void change_position(lua_State *L, Fill *f, bool is_short) {
  Decimal rest = f->quantity, rest_value = f->value, rest_fee = f->fee;
  f->closed = f->profit = f->opening = f->closing = decimal_from_integer(0);
  if (f->against) close_part(L, f, is_short, &rest, &rest_value, &rest_fee);
  f->fresh = !f->whole && (!f->held || decimal_sign(f->size) == 0);
  if (!f->whole) open_part(L, f, rest, rest_value, rest_fee);
  money_set(L, POSITION, "size", f->size);
  money_set(L, POSITION, "cost", f->cost);
  money_set(L, POSITION, "open_fees", f->fees);
}

/* What the fill brings or costs goes to the coin of the account, and is counted for the position. */
static void pay(lua_State *L, const Fill *f) {
  Decimal net = money_subtract(L, f->profit, f->fee);
  money_set(L, COIN, "wallet", money_add(L, money_field(L, COIN, "wallet"), net));
  money_set(L, COIN, "realised", money_add(L, money_field(L, COIN, "realised"), net));
  money_set(L, POSITION, "total", money_add(L, money_field(L, POSITION, "total"), net));
  Decimal own = f->fresh ? money_subtract(L, f->closing, f->fee) : net; /* it has only its part of the fee */
  Decimal before = f->fresh ? decimal_from_integer(0) : money_field(L, POSITION, "realised");
  money_set(L, POSITION, "realised", money_add(L, before, own));
}

static void count_for_order(lua_State *L, int worth, int fee) {
  money_sum(L, ORDER, "filled", QUANTITY);
  money_sum(L, ORDER, "value", worth);
  money_sum(L, ORDER, "fee", fee);
  money_sum(L, ORDER, "exact", VALUE);
}

static Fill read_fill(lua_State *L, bool *is_short) {
  Fill f = {0};
  f.quantity = money_check(L, QUANTITY);
  f.price = money_check(L, PRICE);
  f.value = money_check(L, VALUE);
  lua_getfield(L, POSITION, "kind");
  lua_getfield(L, -1, "sign");
  f.inverse = lua_tointeger(L, -1) == 1;
  lua_getfield(L, POSITION, "side");
  const char *side = luaL_checkstring(L, -1);
  f.held = *side != '\0';
  *is_short = *side == 'S';
  f.against = f.held && !money_same_word(L, ORDER, "side", lua_gettop(L));
  lua_pop(L, 3);
  f.size = money_field(L, POSITION, "size");
  f.cost = money_field(L, POSITION, "cost");
  f.fees = money_field(L, POSITION, "open_fees");
  f.worth = money_coin(L, f.value);
  f.fee = money_coin(L, money_multiply(L, f.value, money_check(L, RATE)));
  return f;
}

/* settle(position, coin, order, quantity, price, value, rate) -> worth, fee, leaves, fresh [, closed, opened, profit, opening, closing, bought,
** exit, pnl]: what is behind 'fresh' only where the fill is against the position. */
int engine_settle(lua_State *L) {
  bool is_short;
  lua_settop(L, RATE);
  luaL_checkstack(L, 24, NULL);
  Fill f = read_fill(L, &is_short);
  change_position(L, &f, is_short);
  f.profit = money_coin(L, f.profit);
  pay(L, &f);
  money_push(L, f.worth);
  money_push(L, f.fee);
  count_for_order(L, RATE + 1, RATE + 2);
  money_push(L, money_subtract(L, money_field(L, ORDER, "qty"), money_field(L, ORDER, "filled")));
  lua_pushboolean(L, f.fresh);
  if (!f.against) return 4;
  money_push(L, f.closed);
  money_push(L, money_subtract(L, f.quantity, f.closed));
  money_push(L, f.profit);
  money_push(L, f.opening);
  money_push(L, f.closing);
  money_push(L, money_coin(L, value_of(L, &f, f.closed, f.entry)));
  if (f.whole)
    lua_pushvalue(L, RATE + 1);
  else
    money_push(L, money_coin(L, value_of(L, &f, f.closed, f.price)));
  money_push(L, money_subtract(L, money_subtract(L, f.profit, f.closing), f.opening));
  return 12;
}
