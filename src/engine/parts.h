/* The parts of bybit.paper_engine. Each function is called by Lua; engine.c names it there. */
#ifndef BYBIT_ENGINE_PARTS_H
#define BYBIT_ENGINE_PARTS_H

#include <lua.h>

/* flat(text) -> the fields of a JSON object whose values are texts without escapes and with ASCII alone, plain numbers, which become texts
** of their digits, booleans, and lists of objects of these. Nil when there is anything else in it, or it is no JSON: then the caller reads
** it another way. Fields that are "" are left out. */
int engine_flat(lua_State *L);

/* query(text) -> the names and values of a query or a form. Of a name that comes twice the first counts; a name without a value is left
** out. */
int engine_query(lua_State *L);

/* unchanged(kept, record, fields) -> was each of the record's own fields the very value that `kept` has in the field's place? They are
** there now. A record that is no table never changes. */
int engine_unchanged(lua_State *L);

/* in_window(timestamp, window, now) -> is a request in time? The two are texts of milliseconds; without a window the exchange's counts. */
int engine_in_window(lua_State *L);

/* writer(object, record, list, text, row, null, decimal) -> the functions that write answers. The arguments are the metatables of the values
** of an answer, see lua/bybit/paper/answer.lua.
** encode(value) -> JSON.
** shape(entries) -> what records of a kind have in common.
** answered(code, message, result, extra, now, seed, count, limit, left, reset) -> body, header lines as a text: an answer in its envelope.
** `result` and `extra`: values, a text of JSON, or nil for {}; `now`: ms; `seed` and `count`: what its trace id is made of, another for
** each answer; the rest: where the caller stands with its limit, nil where there is none. */
int engine_writer(lua_State *L);

/* headers(lines) -> key, timestamp, sign, window: what the exchange wants to know of a request, from its header lines ("name: value"). Of
** a name that comes twice the first counts; nil: there is none such. */
int engine_headers(lua_State *L);

/* rules(list, random, ending) -> strike(verb, place): the first rule of the list that strikes what has this verb, or nil, and this place;
** nil: none does. Each rule that is about it counts it, and draws for it where it has a probability. A rule's fields: verb, place,
** probability, nth (a set of counts), left. A place with this ending means all that begin so. */
int engine_rules(lua_State *L);

/* Pushes a table of functions: new, take and used of windows of time. */
void engine_push_windows(lua_State *L);

/* Pushes a table of functions: add, remove and next of ladders, and prices, which makes the set of a ladder's prices. */
void engine_push_ladder(lua_State *L);

/* Pushes a table of functions: order and change read plain requests, from JSON or from a table. */
void engine_push_plain(lua_State *L);

/* settle(position, coin, order, quantity, price, value, rate) -> worth, fee, leaves, fresh [, closed, opened, profit, opening, closing, bought,
** exit, pnl]: books a fill of an order on its position and on the coin of the account, and counts it for the order. `worth` and `fee` are
** rounded; `leaves`: what the order has left; `fresh`: a position begins with the fill. The rest is there where the fill is against the position: how much closes and how
** much opens, the profit, the shares of the fees to open and to close, what was bought and sold is worth, and the profit after fees. */
int engine_settle(lua_State *L);

/* steps(market, reach, count, low, high, most) -> prices, sizes, indexes [, next]: draws steps of a market's walk, at most `count` of them
** and STEPS_AT_ONCE, while they lead to prices from `low` to `high`: where each leads to, how much strangers trade there, of up to `most`
** steps of a quantity, and where the index price is then. `next`: where the step after them leads to, which is outside. `reach`: how far a
** step goes at most. What lua/bybit/paper/engine/market.lua draws for each step is drawn here, in its order. */
enum { STEPS_AT_ONCE = 64 };
int engine_steps(lua_State *L);

/* fill(position, coin, account, market, engine, instrument, metas, side, link, quantity, at, price, last, now) -> order, value, id of the trade,
** closes, turns, is long: books a market order that is filled at once, all of it at the price `at`. `metas`: of its records; `price`: how far
** it would have gone; `last`: the last price before it. `value`: what it is worth, with all digits; `closes`: whether it is against the
** position; `turns`: whether there is one now and was none, or the other way round; `is long`: a list of the account has more rows than
** are kept. */
int engine_fill(lua_State *L);

/* records(kind, shared) -> the metatable of records of a kind: "order", "execution", "profit"; `shared`: the fields that they have in
** common. */
int engine_records(lua_State *L);

int engine_place_of(lua_State *L); /* where a number stands among rows */
int engine_cost(lua_State *L);     /* what an order ties up */
/* padded(x, places) -> a decimal as a text, with at least so many places and none taken away; nil for anything else */
int engine_padded(lua_State *L);
int engine_ticks(lua_State *L); /* how many ticks a price has */
int engine_add(lua_State *L);   /* adds to fields of a table */

#endif
