/*
** The userdata "bybit.order_book": a book of book.h that a topic keeps up to date, its Lua face, and what it does when it is not
** sure. A book that has a gap, or cannot be read, has its topic begin anew. Until the next snapshot it is stale.
*/
#include "book.h"
#include "loop/token.h"
#include "parts.h"
#include "value/decimal_lua.h"

#include <lauxlib.h>
#include <string.h>

#define ORDER_BOOK "bybit.order_book"

/* User values: 1 the cancel token; 2 the client; 3 the table that the Lua layer keeps for it; 4 the recorder. */
typedef struct Kept {
  Member member; /* the first, as it is cast back */
  Listener listener;
  Loop *loop;
  Book book;
  const char *stale; /* why it may be old; static; NULL: it is not */
  char refused[128]; /* what the exchange says; "": it has not refused */
  int64_t changes,
      seen; /* how often it has changed, in levels or in being stale; when a reader looked last */
  int64_t resyncs;
  int64_t wait;    /* the number of who waits; 0: nobody does */
  LoopTimer limit; /* of a wait that blocks */
  bool timed_out;  /* it has fired */
  bool cancelled, closed;
  Record *record;         /* of user value 4; NULL: none */
  const char *unrecorded; /* why lines cannot be recorded; NULL: they can */
  TokenWatch watch;
} Kept;

/* ---- what the channel calls ---- */

static Kept *kept_of(Listener *l) {
  return (Kept *)((char *)l - offsetof(Kept, listener));
}

static void wake(Kept *k) {
  if (k->wait != 0) loop_wake(k->loop, k->wait);
  k->wait = 0;
}

static void change(Kept *k) {
  k->changes++;
  wake(k);
}

static void record_state(Kept *k, const char *mark, const char *reason) {
  if (k->record == NULL || k->member.streams == NULL) return;
  const char *why = record_mark(k->record, mark, reason, streams_now(k->member.streams));
  if (why != NULL) k->unrecorded = why;
}

static void set_stale(Kept *k, const char *why) {
  k->book.whole = false;
  if (k->stale != NULL) return; /* the first reason stays until it is whole again */
  k->stale = why;
  record_state(k, "stale", why);
  change(k);
}

static void on_message(Listener *l, const char *text, size_t size) {
  static const char *const why[] = {
      [BOOK_GAP] = "gap", [BOOK_CROSSED] = "gap", [BOOK_ODD] = "decode", [BOOK_MEMORY] = "memory"};
  Kept *k = kept_of(l);
  if (k->record != NULL) {
    const char *unrecorded = record_message(k->record, text, size, streams_now(k->member.streams));
    if (unrecorded != NULL) k->unrecorded = unrecorded;
  }
  BookNews news = book_take(&k->book, text, size);
  if (news == BOOK_SAME) return;
  if (news == BOOK_CHANGED) {
    if (k->stale != NULL) record_state(k, "live", NULL);
    k->stale = NULL;
    change(k);
    return;
  }
  set_stale(k, why[news]);
  if (channel_again(l)) k->resyncs++;
}

static void on_live(Listener *l) {
  (void)l; /* it is live with its snapshot */
}

static void on_calm(Listener *l) {
  Kept *k = kept_of(l);
  if (k->changes != k->seen) wake(k);
}

static void on_stale(Listener *l, const char *why) {
  set_stale(kept_of(l), strcmp(why, "pong") == 0 ? "pong" : "connection");
}

static void on_refused(Listener *l, const char *why) {
  Kept *k = kept_of(l);
  strncpy(k->refused, why[0] == '\0' ? "no reason given" : why, sizeof k->refused - 1);
  set_stale(k, "refused");
  change(k);
}

/* ---- its life ---- */

static void leave(Kept *k) {
  token_unwatch(&k->watch);
  loop_timer_stop(k->loop, &k->limit);
  channel_leave(&k->listener);
  member_leave(&k->member);
}

/* Ends the recording, if there is one. May run twice. */
static void end_record(Kept *k) {
  record_state(k, "close", NULL);
  if (k->record != NULL) record_close(k->record);
}

static void on_detach(Member *member) {
  Kept *k = (Kept *)member;
  end_record(k);
  leave(k);
  set_stale(k, "closed");
  change(k);
}

static void on_cancelled(TokenWatch *watch) {
  Kept *k = (Kept *)((char *)watch - offsetof(Kept, watch));
  k->cancelled = true;
  change(k);
}

static Kept *check(lua_State *L) {
  return luaL_checkudata(L, 1, ORDER_BOOK);
}

/* close(book), __close and __gc. May run twice. */
static int l_close(lua_State *L) {
  Kept *k = check(L);
  end_record(k);
  leave(k);
  set_stale(k, "closed");
  k->closed = true;
  loop_wait_drop(k->loop, k->wait);
  k->wait = 0;
  book_free(&k->book);
  return 0;
}

/* ---- looking ---- */

static void push_level(lua_State *L, const Level *level) {
  if (level == NULL) {
    lua_pushnil(L);
    lua_pushnil(L);
    return;
  }
  decimal_push(L, level->price);
  decimal_push(L, level->quantity);
}

/* best(book, side) -> price, quantity; nil where the side is empty. Sides: 0 bids, 1 asks */
static int l_best(lua_State *L) {
  const Kept *k = check(L);
  push_level(L, book_best(&k->book, lua_tointeger(L, 2) == BOOK_ASKS));
  return 2;
}

/* levels(book, side, most) -> prices and quantities in turn, the best first */
static int l_levels(lua_State *L) {
  const Kept *k = check(L);
  const Side *s = &k->book.side[lua_tointeger(L, 2) == BOOK_ASKS];
  lua_Integer most = luaL_checkinteger(L, 3);
  lua_newtable(L);
  decimal_push_metatable(L);
  for (lua_Integer i = 0; i < s->count && i < most; i++) {
    const Level *level = &s->level[s->count - 1 - i];
    decimal_push_with(L, level->price, 5);
    lua_rawseti(L, 4, 2 * i + 1);
    decimal_push_with(L, level->quantity, 5);
    lua_rawseti(L, 4, 2 * i + 2);
  }
  lua_settop(L, 4);
  return 1;
}

/* quantity_to(book, side, price) -> how much there is up to that price */
static int l_quantity_to(lua_State *L) {
  const Kept *k = check(L);
  Decimal price, sum;
  if (!decimal_test(L, 3, &price)) return luaL_argerror(L, 3, "a decimal expected");
  if (!book_quantity_to(&k->book, lua_tointeger(L, 2) == BOOK_ASKS, price, &sum))
    return luaL_error(L, "order_book: a sum of more than 34 digits");
  decimal_push(L, sum);
  return 1;
}

/* state(book) -> why it is stale (or nil), update, seq, time, resyncs, refused (or nil), cancelled, closed, why lines cannot be
** recorded (or nil) */
static int l_state(lua_State *L) {
  const Kept *k = check(L);
  lua_pushstring(L, k->stale);
  lua_pushinteger(L, k->book.update);
  lua_pushinteger(L, k->book.seq);
  lua_pushinteger(L, k->book.time);
  lua_pushinteger(L, k->resyncs);
  if (k->refused[0] != '\0')
    lua_pushstring(L, k->refused);
  else
    lua_pushnil(L);
  lua_pushboolean(L, k->cancelled);
  lua_pushboolean(L, k->closed || k->member.streams == NULL);
  lua_pushstring(L, k->unrecorded);
  return 9;
}

/* ---- waiting ---- */

static bool is_ready(const Kept *k) {
  return k->changes != k->seen || k->cancelled || k->member.streams == NULL;
}

/* ready(book) -> has it changed since look(book)? Also when nothing will ever come any more */
static int l_ready(lua_State *L) {
  lua_pushboolean(L, is_ready(check(L)));
  return 1;
}

static int l_look(lua_State *L) {
  Kept *k = check(L);
  k->seen = k->changes;
  return 0;
}

static void on_limit(LoopTimer *timer) {
  ((Kept *)((char *)timer - offsetof(Kept, limit)))->timed_out = true;
}

/* block(book, seconds): serves the loop until it changes, or the time has passed */
static int l_block(lua_State *L) {
  Kept *k = check(L);
  k->timed_out = false;
  loop_later(k->loop, &k->limit, luaL_checknumber(L, 2));
  bool fine = true;
  while (fine && !is_ready(k) && !k->timed_out) fine = loop_block(L, k->loop, -1);
  loop_timer_stop(k->loop, &k->limit);
  return fine ? 0 : lua_error(L);
}

/* expect(book) -> a wait number, which is woken when it changes; at once where it has already */
static int l_expect(lua_State *L) {
  Kept *k = check(L);
  if (k->wait != 0) return luaL_error(L, "order_book: another task waits for this book");
  k->wait = loop_wait_new(k->loop);
  if (k->wait == 0) return luaL_error(L, "not enough memory");
  lua_pushinteger(L, k->wait);
  if (!is_ready(k)) return 1;
  loop_wake(k->loop, k->wait);
  k->wait = 0;
  return 1;
}

/* forget(book): gives the number back, if it was not woken */
static int l_forget(lua_State *L) {
  Kept *k = check(L);
  loop_wait_drop(k->loop, k->wait);
  k->wait = 0;
  return 0;
}

/* ---- making one ---- */

void streams_order_book(lua_State *L, Streams *s, int index) {
  index = lua_absindex(L, index);
  Kept *k = lua_newuserdatauv(L, sizeof *k, 4);
  *k = (Kept){.member = {.detach = on_detach}, .loop = loop_get(L), .stale = "connection"};
  k->limit.fire = on_limit;
  luaL_setmetatable(L, ORDER_BOOK); /* from here on __gc frees what it has */
  member_join(s, &k->member);
  if (lua_getfield(L, index, "cancel") != LUA_TNIL) {
    Token *token = luaL_checkudata(L, -1, TOKEN);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, -3, 1);
    k->cancelled = token_cancelled(token);
    if (!k->cancelled) token_watch(token, &k->watch, on_cancelled);
  }
  lua_pop(L, 1);
  k->record = recorder_field(L, index, 4);
  record_state(k, "open", NULL);
  lua_getfield(L, index, "url");
  Channel *c = streams_channel(L, s, luaL_checkstring(L, -1), false, index);
  k->listener = (Listener){.snapshot = true,
                           .message = on_message,
                           .live = on_live,
                           .stale = on_stale,
                           .refused = on_refused,
                           .calm = on_calm};
  lua_getfield(L, index, "name");
  const char *name = luaL_checkstring(L, -1);
  if (!channel_is_name(name)) luaL_error(L, "no topic can be called '%s'", name);
  if (!channel_want(c, name, &k->listener)) luaL_error(L, "not enough memory");
  lua_pop(L, 2);
}

/* __index: the function that the Lua layer has set, with the book, its table, and the key. */
static int l_index(lua_State *L) {
  check(L);
  lua_settop(L, 2);
  lua_getiuservalue(L, 1, 3);
  lua_pushvalue(L, 2);
  lua_gettable(L, -2);
  return 1;
}

/* attach(book, table): indexing the book looks there */
static int l_attach(lua_State *L) {
  check(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, 3);
  return 0;
}

static int l_tostring(lua_State *L) {
  const Kept *k = check(L);
  if (k->stale != NULL)
    lua_pushfstring(L, "order book (stale: %s)", k->stale);
  else
    lua_pushliteral(L, "order book");
  return 1;
}

void order_book_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", l_close},
                                  {"__close", l_close},
                                  {"__index", l_index},
                                  {"__tostring", l_tostring},
                                  {NULL, NULL}};
  static const luaL_Reg functions[] = {
      {"close", l_close},   {"best", l_best},     {"levels", l_levels}, {"quantity_to", l_quantity_to},
      {"state", l_state},   {"ready", l_ready},   {"look", l_look},     {"expect", l_expect},
      {"forget", l_forget}, {"attach", l_attach}, {"block", l_block},   {NULL, NULL}};
  luaL_newmetatable(L, ORDER_BOOK);
  luaL_setfuncs(L, meta, 0);
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "order_book"); /* of the module table */
}
