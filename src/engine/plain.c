/*
** What a plain order and a plain amendment ask, from the JSON of a request or from the table of its parameters. Anything that few requests
** say makes it another request: lua/bybit/paper/engine/orders.lua reads that.
*/
#include "input.h"
#include "parts.h"

#include <lauxlib.h>
#include <string.h>

/* The parameters that a plain request may have. */
typedef enum Place { CATEGORY, SYMBOL, SIDE, TYPE, QUANTITY, PRICE, FORCE, LINK, INDEX, ID, PLACES } Place;

typedef struct Text {
  const char *data;
  size_t size; /* 0: absent */
} Text;

#define WORD(text)                                                                                           \
  { (text), sizeof(text) - 1 }

static const Text names[PLACES] = {
    [CATEGORY] = WORD("category"), [SYMBOL] = WORD("symbol"),    [SIDE] = WORD("side"),
    [TYPE] = WORD("orderType"),    [QUANTITY] = WORD("qty"),     [PRICE] = WORD("price"),
    [FORCE] = WORD("timeInForce"), [LINK] = WORD("orderLinkId"), [INDEX] = WORD("positionIdx"),
    [ID] = WORD("orderId")};

static bool is(Text text, const char *word) {
  size_t size = strlen(word);
  return text.size == size && memcmp(text.data, word, size) == 0;
}

static Place place_of(Text name) {
  Place i = 0;
  while (i < PLACES && (names[i].size != name.size || memcmp(names[i].data, name.data, name.size) != 0)) i++;
  return i;
}

/* Reads a flat JSON object; false when it has a name that has no place here, or a value that is no short text. Of a name that comes twice
** the last counts, as in engine_flat. */
static bool read_json(Text body, Text asked[PLACES]) {
  Input in = {.next = body.data, .end = body.data + body.size};
  if (!input_take(&in, '{')) return false;
  do {
    Text name, value;
    if (!input_text(&in, &name.data, &name.size) || !input_take(&in, ':') ||
        !input_text(&in, &value.data, &value.size))
      return false;
    Place place = place_of(name);
    if (place == PLACES) return false;
    asked[place] = value;
  } while (input_take(&in, ','));
  return input_take(&in, '}') && input_ends(&in);
}

/* The same from a table. Its texts live as long as the table, which has one reference at least. */
static bool read_table(lua_State *L, Text asked[PLACES]) {
  lua_settop(L, 1);
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    Text name = {0};
    if (lua_type(L, -2) == LUA_TSTRING) name.data = lua_tolstring(L, -2, &name.size);
    Place place = name.data == NULL ? PLACES : place_of(name);
    if (place == PLACES || lua_type(L, -1) != LUA_TSTRING) return false;
    asked[place].data = lua_tolstring(L, -1, &asked[place].size);
    if (asked[place].size == 0) return false;
    lua_pop(L, 1);
  }
  return true;
}

/* Reads the request, which is the first argument. */
static bool read(lua_State *L, Text asked[PLACES]) {
  if (lua_type(L, 1) != LUA_TSTRING) {
    luaL_checktype(L, 1, LUA_TTABLE);
    return read_table(L, asked);
  }
  Text body;
  body.data = lua_tolstring(L, 1, &body.size);
  return read_json(body, asked);
}

/* Pushes a text; nil when it is absent. */
static void push(lua_State *L, Text text) {
  if (text.size > 0)
    lua_pushlstring(L, text.data, text.size);
  else
    lua_pushnil(L);
}

/* A link id has up to 36 letters, digits, '-' and '_'. */
static bool is_link(Text text) {
  enum { MOST = 36 };
  if (text.size > MOST) return false;
  for (size_t i = 0; i < text.size; i++) {
    char c = text.data[i];
    bool fine =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
    if (!fine) return false;
  }
  return true;
}

/* order(asked) -> category, symbol, side, quantity, price, time in force, link id: texts; price and link id may be nil, and the time in force is
** nil of a market order. Nothing: it is no plain order. */
static int l_order(lua_State *L) {
  Text asked[PLACES] = {{0}};
  if (!read(L, asked)) return 0;
  bool market = is(asked[TYPE], "Market"), usual = asked[FORCE].size == 0 || is(asked[FORCE], "GTC");
  if (asked[QUANTITY].size == 0 || asked[ID].size > 0) return 0;
  if (!is(asked[SIDE], "Buy") && !is(asked[SIDE], "Sell")) return 0;
  if (asked[INDEX].size > 0 && !is(asked[INDEX], "0")) return 0;
  if (!is_link(asked[LINK])) return 0;
  if (market && !usual && !is(asked[FORCE], "IOC")) return 0;
  if (!market && (!is(asked[TYPE], "Limit") || asked[PRICE].size == 0)) return 0;
  if (!market && !usual && !is(asked[FORCE], "PostOnly")) return 0;
  luaL_checkstack(L, PLACES, NULL);
  push(L, asked[CATEGORY]);
  push(L, asked[SYMBOL]);
  push(L, asked[SIDE]);
  push(L, asked[QUANTITY]);
  if (market) {
    lua_pushnil(L);
    lua_pushnil(L);
  } else {
    push(L, asked[PRICE]);
    lua_pushstring(L, usual ? "GTC" : "PostOnly");
  }
  push(L, asked[LINK]);
  return 7;
}

/* change(asked) -> category, symbol, price, order id, link id: texts; one of the ids may be nil. Nothing: it is no amendment of a price
** alone. */
static int l_change(lua_State *L) {
  static const Place others[] = {SIDE, TYPE, QUANTITY, FORCE, INDEX};
  Text asked[PLACES] = {{0}};
  if (!read(L, asked) || asked[PRICE].size == 0) return 0;
  if (asked[ID].size == 0 && asked[LINK].size == 0) return 0;
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    if (asked[others[i]].size > 0) return 0;
  luaL_checkstack(L, PLACES, NULL);
  push(L, asked[CATEGORY]);
  push(L, asked[SYMBOL]);
  push(L, asked[PRICE]);
  push(L, asked[ID]);
  push(L, asked[LINK]);
  return 5;
}

void engine_push_plain(lua_State *L) {
  static const luaL_Reg functions[] = {{"order", l_order}, {"change", l_change}, {NULL, NULL}};
  luaL_newlib(L, functions);
}
