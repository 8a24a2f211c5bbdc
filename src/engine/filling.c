/*
** A market order that is filled at once, in one fill: what becomes of position and coin, and the rows that tell of it. It is what
** lua/bybit/paper/engine/account.lua does with an order step by step (Account:file, Account:book, Account:end_order).
*/
#include "booking.h"
#include "parts.h"
#include "records.h"
#include "value/random.h"
#include "value/random_lua.h"

#include <lauxlib.h>

/* The arguments of engine_fill, and behind them what it makes. */
enum {
  POSITION = BOOKING_POSITION,
  COIN = BOOKING_COIN,
  ACCOUNT,
  MARKET,
  ENGINE,
  INSTRUMENT,
  METAS, /* of the records: order, execution, profit */
  SIDE,
  LINK,
  QUANTITY,
  AT,
  PRICE,
  LAST,
  NOW,
  ORDER,
  ARGUMENTS = NOW
};

typedef struct Numbers {
  lua_Integer rows, seq, now;
  unsigned char order[16], trade[16], execution[16]; /* ids */
  bool is_long;                                      /* a list has more rows than are kept */
} Numbers;

static lua_Integer integer_of(lua_State *L, int table, const char *name) {
  lua_getfield(L, table, name);
  lua_Integer n = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return n;
}

static void set_integer(lua_State *L, int table, const char *name, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_setfield(L, table, name);
}

/* Draws the ids, in the order in which they are drawn step by step. */
static void draw(lua_State *L, Numbers *n) {
  lua_getfield(L, ENGINE, "random");
  Random *random = luaL_checkudata(L, -1, RANDOM_NAME);
  if (!random_uuid_bytes(random, n->order) || !random_uuid_bytes(random, n->trade) ||
      !random_uuid_bytes(random, n->execution))
    luaL_error(L, "the system gave no random bytes");
  lua_pop(L, 1);
}

/* Adds the value on top of the stack to the end of a list of the account, and pops it. */
static void append(lua_State *L, const char *list, lua_Integer most, Numbers *n) {
  lua_getfield(L, ACCOUNT, list);
  lua_Integer count = (lua_Integer)lua_rawlen(L, -1) + 1;
  lua_insert(L, -2);
  lua_rawseti(L, -2, count);
  lua_pop(L, 1);
  if (count > most) n->is_long = true;
}

static void push_meta(lua_State *L, int kind) {
  lua_rawgeti(L, METAS, kind + 1);
}

/* Makes the order, at ORDER, and files it. */
static void file_order(lua_State *L, const Fill *f, Numbers *n) {
  push_meta(L, RECORD_ORDER);
  Record *r = record_new(L, ORDER_EXACTS, ORDER_VALUES, -1);
  lua_replace(L, ORDER);
  lua_settop(L, ORDER);
  for (int i = 0; i < 16; i++) r->id[i] = n->order[i];
  r->whole[ORDER_ROW] = n->rows + 1;
  r->whole[ORDER_CREATED] = n->now;
  r->whole[ORDER_ENDED] = n->rows + (f->against ? 4 : 3);
  r->exact[ORDER_QUANTITY] = f->quantity;
  r->exact[ORDER_PRICE] = money_check(L, PRICE);
  r->exact[ORDER_LAST] = money_check(L, LAST);
  r->exact[ORDER_WORTH] = f->worth;
  r->exact[ORDER_FEE] = f->fee;
  r->exact[ORDER_EXACT] = f->value;
  lua_pushvalue(L, LINK);
  lua_setiuservalue(L, ORDER, ORDER_LINK);
  lua_pushvalue(L, SIDE);
  lua_setiuservalue(L, ORDER, ORDER_SIDE);
  lua_getfield(L, ACCOUNT, "orders");
  record_push_id(L, n->order);
  lua_pushvalue(L, ORDER);
  lua_rawset(L, -3);
  if (!lua_isnil(L, LINK)) {
    lua_getfield(L, ACCOUNT, "links");
    lua_pushvalue(L, LINK);
    lua_pushvalue(L, ORDER);
    lua_rawset(L, -3);
  }
  lua_settop(L, ORDER);
  lua_pushvalue(L, ORDER);
  append(L, "list", LUA_MAXINTEGER, n);
}

static void note_execution(lua_State *L, const Fill *f, lua_Integer most, Numbers *n) {
  push_meta(L, RECORD_EXECUTION);
  Record *r = record_new(L, f->against ? EXECUTION_EXACTS : EXECUTION_OPENS, 1, -1);
  for (int i = 0; i < 16; i++) r->id[i] = n->execution[i];
  r->whole[EXECUTION_ROW] = n->rows + 2;
  r->whole[EXECUTION_TIME] = n->now;
  r->whole[EXECUTION_MARK] = integer_of(L, MARKET, "mark");
  r->whole[EXECUTION_SEQ] = n->seq;
  r->exact[EXECUTION_PRICE] = f->price;
  r->exact[EXECUTION_QUANTITY] = r->exact[EXECUTION_ORDER_QUANTITY] = f->quantity;
  r->exact[EXECUTION_WORTH] = f->worth;
  r->exact[EXECUTION_FEE] = f->fee;
  r->exact[EXECUTION_LEAVES] = money_subtract(L, f->quantity, f->quantity);
  r->exact[EXECUTION_ORDER_PRICE] = money_check(L, PRICE);
  if (f->against) {
    r->exact[EXECUTION_CLOSED] = f->closed;
    r->exact[EXECUTION_GAIN] = f->profit;
  }
  lua_pushvalue(L, ORDER);
  lua_setiuservalue(L, -2, EXECUTION_ORDER);
  append(L, "executions", most, n);
  lua_settop(L, ORDER);
}

static void note_profit(lua_State *L, const Fill *f, lua_Integer most, Numbers *n) {
  push_meta(L, RECORD_PROFIT);
  Record *r = record_new(L, PROFIT_EXACTS, 1, -1);
  r->whole[PROFIT_ROW] = n->rows + 3;
  r->whole[PROFIT_CREATED] = n->now;
  r->exact[PROFIT_CLOSED] = f->closed;
  r->exact[PROFIT_BOUGHT] = f->bought;
  r->exact[PROFIT_EXIT] = f->exit;
  r->exact[PROFIT_PNL] = f->pnl;
  r->exact[PROFIT_OPENING] = f->opening;
  r->exact[PROFIT_CLOSING] = f->closing;
  r->exact[PROFIT_LEVERAGE] = money_field(L, POSITION, "leverage");
  lua_pushvalue(L, ORDER);
  lua_setiuservalue(L, -2, PROFIT_ORDER);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, ORDER, ORDER_PROFIT);
  append(L, "profits", most, n);
  lua_settop(L, ORDER);
}

/* The moments of the position, and the numbers of engine and market. */
static void count_on(lua_State *L, const Fill *f, const Numbers *n) {
  if (f->fresh) set_integer(L, POSITION, "opened", n->now);
  if (integer_of(L, POSITION, "created") == 0) set_integer(L, POSITION, "created", n->now);
  set_integer(L, POSITION, "updated", n->now);
  set_integer(L, POSITION, "seq", n->seq);
  set_integer(L, MARKET, "seq", n->seq);
  set_integer(L, ENGINE, "rows", n->rows + (f->against ? 4 : 3));
}

int engine_fill(lua_State *L) {
  Numbers n = {0};
  lua_settop(L, ORDER);
  luaL_checkstack(L, 24, NULL);
  n.now = luaL_checkinteger(L, NOW);
  n.rows = integer_of(L, ENGINE, "rows");
  n.seq = integer_of(L, MARKET, "seq") + 2; /* one for the order, one for the trade */
  lua_Integer keep = integer_of(L, ENGINE, "keep"), most = keep + keep / 10;
  Fill f = {.quantity = money_check(L, QUANTITY),
            .price = money_check(L, AT),
            .rate = money_field(L, INSTRUMENT, "taker"),
            .side = SIDE,
            .inverse = booking_is_inverse(L)};
  f.value = booking_value(L, &f, f.quantity, f.price);
  draw(L, &n);
  booking_apply(L, &f);
  count_on(L, &f, &n);
  file_order(L, &f, &n);
  note_execution(L, &f, most, &n);
  if (f.against) note_profit(L, &f, most, &n);
  lua_pushvalue(L, ORDER);
  append(L, "closed", most, &n);
  lua_pushvalue(L, ORDER);
  money_push(L, f.value);
  record_push_id(L, n.trade);
  lua_pushboolean(L, f.against);
  lua_pushboolean(L, f.held != (!f.whole || decimal_sign(f.size) != 0)); /* is there a position now? */
  lua_pushboolean(L, n.is_long);
  return 6;
}
