/*
** What a plain order and a plain amendment ask, from the table of a request's parameters. Anything that few requests say makes it
** another request: lua/bybit/paper/engine/orders.lua reads that.
*/
#include "parts.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

/* Where the parameters of a request are put on the stack. */
enum { ASKED = 1, CATEGORY, SYMBOL, SIDE, TYPE, QUANTITY, PRICE, FORCE, LINK, INDEX, ID, PLACES = ID };
static const char *const names[] = {
    [CATEGORY] = "category", [SYMBOL] = "symbol", [SIDE] = "side",         [TYPE] = "orderType",
    [QUANTITY] = "qty",      [PRICE] = "price",   [FORCE] = "timeInForce", [LINK] = "orderLinkId",
    [INDEX] = "positionIdx", [ID] = "orderId"};

/* Puts the parameters in their places; false when one has no place, or is no text. The upvalue is a table of places by name. */
static bool spread(lua_State *L) {
  luaL_checktype(L, ASKED, LUA_TTABLE);
  lua_settop(L, PLACES);
  lua_pushnil(L);
  while (lua_next(L, ASKED) != 0) {
    lua_pushvalue(L, -2);
    lua_rawget(L, lua_upvalueindex(1));
    int place = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    if (place == 0 || lua_type(L, -1) != LUA_TSTRING) return false;
    lua_replace(L, place);
  }
  return true;
}

/* Is the text at a place this word? */
static bool is(lua_State *L, int place, const char *word) {
  const char *text = lua_tostring(L, place);
  return text != NULL && strcmp(text, word) == 0;
}

static bool absent(lua_State *L, int place) {
  return lua_isnil(L, place);
}

/* A link id has up to 36 letters, digits, '-' and '_'. */
static bool is_link(lua_State *L, int place) {
  enum { MOST = 36 };
  size_t size;
  const char *text = lua_tolstring(L, place, &size);
  if (size == 0 || size > MOST) return false;
  for (size_t i = 0; i < size; i++) {
    char c = text[i];
    bool fine =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
    if (!fine) return false;
  }
  return true;
}

/* order(asked) -> side, quantity, price, time in force, link id: texts; price and link id may be nil, and the time in force is nil of a
** market order. Nothing: it is no plain order. */
static int l_order(lua_State *L) {
  if (!spread(L) || absent(L, QUANTITY) || !absent(L, ID)) return 0;
  if (!is(L, SIDE, "Buy") && !is(L, SIDE, "Sell")) return 0;
  if (!absent(L, INDEX) && !is(L, INDEX, "0")) return 0;
  if (!absent(L, LINK) && !is_link(L, LINK)) return 0;
  bool usual = absent(L, FORCE) || is(L, FORCE, "GTC");
  lua_pushvalue(L, SIDE);
  lua_pushvalue(L, QUANTITY);
  if (is(L, TYPE, "Market")) {
    if (!usual && !is(L, FORCE, "IOC")) return 0;
    lua_pushnil(L);
    lua_pushnil(L);
  } else {
    if (!is(L, TYPE, "Limit") || absent(L, PRICE) || (!usual && !is(L, FORCE, "PostOnly"))) return 0;
    lua_pushvalue(L, PRICE);
    lua_pushstring(L, usual ? "GTC" : "PostOnly");
  }
  lua_pushvalue(L, LINK);
  return 5;
}

/* change(asked) -> order id, link id, price: texts; one of the ids may be nil. Nothing: it is no amendment of a price alone. */
static int l_change(lua_State *L) {
  static const int others[] = {SIDE, TYPE, QUANTITY, FORCE, INDEX};
  if (!spread(L) || absent(L, PRICE) || (absent(L, ID) && absent(L, LINK))) return 0;
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    if (!absent(L, others[i])) return 0;
  lua_pushvalue(L, ID);
  lua_pushvalue(L, LINK);
  lua_pushvalue(L, PRICE);
  return 3;
}

void engine_push_plain(lua_State *L) {
  static const luaL_Reg functions[] = {{"order", l_order}, {"change", l_change}, {NULL, NULL}};
  luaL_newlibtable(L, functions);
  lua_createtable(L, 0, PLACES);
  for (int i = CATEGORY; i <= PLACES; i++) {
    lua_pushinteger(L, i);
    lua_setfield(L, -2, names[i]);
  }
  luaL_setfuncs(L, functions, 1);
}
