/*
** Checks the values of a call's parameters one by one, and raises what is wrong with them. Suggestions in messages come
** from Lua (hints), which is asked only when a message is made; hints also reads ISO times.
*/
#include "compile.h"
#include "walk.h"

#include "value/decimal_lua.h"
#include "loop/token.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

const char *walk_hint(lua_State *L, int args) {
  schema_push_hints(L);
  if (lua_isnil(L, -1)) {
    lua_pushliteral(L, "");
    return lua_tostring(L, -1);
  }
  lua_insert(L, -args - 1);
  lua_call(L, args, 1);
  const char *text = lua_tostring(L, -1);
  return text == NULL ? "" : text;
}

const char *walk_shown(lua_State *L, int index) {
  if (lua_type(L, index) == LUA_TSTRING) {
    size_t size;
    const char *text = lua_tolstring(L, index, &size);
    if (size <= 60) return lua_pushfstring(L, "'%s'", text);
    lua_pushlstring(L, text, 57);
    return lua_pushfstring(L, "'%s...'", lua_tostring(L, -1));
  }
  if (lua_type(L, index) == LUA_TTABLE) return lua_pushliteral(L, "a table");
  return luaL_tolstring(L, index, NULL);
}

int walk_wrong(const Walk *w, int i, const char *wanted) {
  lua_State *L = w->L;
  const char *value = walk_shown(L, walk_slot(w, i));
  const char *type = luaL_typename(L, walk_slot(w, i));
  Decimal x;
  if (decimal_test(L, walk_slot(w, i), &x)) type = "decimal";
  return luaL_error(L, "%s: parameter '%s': %s expected, got %s (%s)", w->ep->method, w->ep->param[i].name,
                    wanted, value, type);
}

/* The string in slot 'i'; raises when it is none. A number is not taken for a string. */
static const char *text_at(const Walk *w, int i, size_t *size, const char *wanted) {
  if (lua_type(w->L, walk_slot(w, i)) != LUA_TSTRING) walk_wrong(w, i, wanted);
  return lua_tolstring(w->L, walk_slot(w, i), size);
}

static bool link_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* A client order id; noted in the Encoding. */
static void check_link(const Walk *w, int i) {
  size_t size;
  const char *text = text_at(w, i, &size, "a string");
  bool fine = size >= 1 && size <= 36;
  for (size_t k = 0; k < size && fine; k++) fine = link_character(text[k]);
  if (!fine) walk_wrong(w, i, "1 to 36 of A-Z a-z 0-9 - _");
  memcpy(w->e->client_order_id, text, size + 1);
}

/* A UUID; noted in the Encoding in the place of a client order id. */
static void check_uuid(const Walk *w, int i) {
  size_t size;
  const char *text = text_at(w, i, &size, "a string");
  bool fine = size == 36;
  for (size_t k = 0; k < size && fine; k++) {
    if (k == 8 || k == 13 || k == 18 || k == 23)
      fine = text[k] == '-';
    else
      fine = (text[k] >= '0' && text[k] <= '9') || (text[k] >= 'a' && text[k] <= 'f');
  }
  if (!fine) walk_wrong(w, i, "a UUID such as '42c0cfb0-6bca-4242-bc76-4e6df6cbcb16'");
  memcpy(w->e->client_order_id, text, size + 1);
}

/* Raises that the symbol in slot 'i' is 'wrong'; hints adds what may be meant. */
static void bad_symbol(const Walk *w, int i, const char *wrong) {
  lua_State *L = w->L;
  lua_pushliteral(L, "symbol");
  lua_pushstring(L, w->ep->method);
  lua_pushvalue(L, walk_slot(w, i));
  lua_pushstring(L, w->ep->category >= 0 ? w->e->category : NULL); /* nil: the call can name none */
  const char *more = walk_hint(L, 4);
  luaL_error(L, "%s: parameter '%s': %s is %s%s", w->ep->method, w->ep->param[i].name,
             walk_shown(L, walk_slot(w, i)), wrong, more);
}

/* Pushes what the table at 'ref' of the anchors has for the call's category. False, and pushes nothing: it has nothing. */
static bool push_of_category(const Walk *w, int ref) {
  lua_State *L = w->L;
  if (w->e->category == NULL) return false;
  int top = lua_gettop(L);
  if (lua_rawgeti(L, w->anchors, ref) == LUA_TTABLE) {
    lua_pushstring(L, w->e->category);
    if (lua_rawget(L, top + 1) != LUA_TNIL) return true;
  }
  lua_settop(L, top);
  return false;
}

/* Is the text as the pattern says? '#' stands for a digit, '?' for a letter, anything else for itself. */
static bool fits(const char *text, const char *pattern, size_t size) {
  for (size_t k = 0; k < size; k++) {
    char c = text[k];
    if (pattern[k] == '#') {
      if (c < '0' || c > '9') return false;
    } else if (pattern[k] == '?') {
      if (c < 'A' || c > 'Z') return false;
    } else if (c != pattern[k])
      return false;
  }
  return true;
}

/* Raises for a symbol that ends as those of another kind of contract do. What only reads, or cancels, goes out all the same:
** whether there is such a symbol is for the exchange to say. */
static void check_kind(const Walk *w, int i, const char *text, size_t size) {
  const Endpoint *ep = w->ep;
  if (!ep->param[i].kind || !ep->changes || ep->cancels || w->e->category == NULL) return;
  for (int n = 0; n < ep->kind_count; n++) {
    const Kind *kind = &ep->kind[n];
    if (strcmp(kind->category, w->e->category) != 0) continue;
    for (int k = 0; k < kind->count; k++) {
      size_t length = strlen(kind->ending[k]);
      if (size > length && fits(text + size - length, kind->ending[k], length))
        bad_symbol(w, i, lua_pushfstring(w->L, "no %s contract", kind->name));
    }
  }
}

/* A symbol, such as BTCUSD or BTCUSDH26; noted in the Encoding. */
static void check_symbol(const Walk *w, int i) {
  size_t size;
  if (lua_type(w->L, walk_slot(w, i)) == LUA_TTABLE)
    walk_wrong(w, i, "one symbol such as 'BTCUSD', not a list,");
  const char *text = text_at(w, i, &size, "a symbol such as 'BTCUSD'");
  bool fine = size >= 2 && size <= 32;
  for (size_t k = 0; k < size && fine; k++)
    fine =
        (text[k] >= 'A' && text[k] <= 'Z') || (text[k] >= '0' && text[k] <= '9') || (k > 0 && text[k] == '-');
  if (!fine) bad_symbol(w, i, "not a symbol: upper case letters and digits such as 'BTCUSD'");
  check_kind(w, i, text, size);
  memcpy(w->e->symbol, text, size + 1);
}

/* A coin, or several. */
static void check_coin(const Walk *w, int i) {
  size_t size;
  bool several = w->ep->param[i].type == PARAM_COINS;
  const char *wanted =
      several ? "a coin such as 'BTC', or several such as 'BTC,ETH'," : "a coin such as 'BTC'";
  const char *text = text_at(w, i, &size, wanted);
  bool fine = size >= 1 && size <= (several ? 640 : 32) && text[size - 1] != ',';
  for (size_t k = 0; k < size && fine; k++) {
    bool comma = several && text[k] == ',' && k > 0 && text[k - 1] != ',';
    fine = (text[k] >= 'A' && text[k] <= 'Z') || (text[k] >= '0' && text[k] <= '9') || comma;
  }
  if (!fine) walk_wrong(w, i, wanted);
}

/* A string, id or cursor. An id is printable and noted in the Encoding, when it fits there. */
static void check_plain_text(const Walk *w, int i) {
  size_t size;
  const char *text = text_at(w, i, &size, "a string");
  if (size == 0) walk_wrong(w, i, "a string that is not empty");
  if (size > 4096) walk_wrong(w, i, "a string of at most 4096 bytes");
  if (w->ep->param[i].type != PARAM_ID) return;
  for (size_t k = 0; k < size; k++)
    if (text[k] <= ' ' || text[k] > '~') walk_wrong(w, i, "printable characters without spaces");
  if (size < sizeof w->e->order_id) memcpy(w->e->order_id, text, size + 1);
}

/* Adds " (0 needs 'a' = true and 'b' = true)" to the text on top of the stack. */
static const char *add_zero_with(const Walk *w, const Param *p) {
  lua_State *L = w->L;
  const char *before = " (0 needs ";
  for (int k = 0; k < w->ep->param_count; k++) {
    if ((p->zero_with >> k & 1) == 0) continue;
    lua_pushfstring(L, "%s'%s' = true", before, w->ep->param[k].name);
    lua_concat(L, 2);
    before = " and ";
  }
  lua_pushliteral(L, ")");
  lua_concat(L, 2);
  return lua_tostring(L, -1);
}

/* Is 0 fine, since the flags that it goes with are all true? */
static bool zero_passes(const Walk *w, const Param *p) {
  if (p->zero_with == 0) return false;
  for (int k = 0; k < w->ep->param_count; k++) {
    int slot = walk_slot(w, k);
    bool on = lua_isboolean(w->L, slot) && lua_toboolean(w->L, slot);
    if ((p->zero_with >> k & 1) != 0 && !on) return false;
  }
  return true;
}

/* Raises, with the bounds in the message. */
static void out_of_range(const Walk *w, int i) {
  const Param *p = &w->ep->param[i];
  char low[DECIMAL_TEXT_MAX], high[DECIMAL_TEXT_MAX];
  if (p->has_min) decimal_format(p->min, low);
  if (p->has_max) decimal_format(p->max, high);
  lua_State *L = w->L;
  const char *wanted = "";
  if (p->has_min && p->has_max)
    wanted = lua_pushfstring(L, "a value from %s to %s", low, high);
  else if (p->has_min)
    wanted = lua_pushfstring(L, p->min_open ? "a value above %s" : "%s or more", low);
  else if (p->has_max)
    wanted = lua_pushfstring(L, "at most %s", high);
  if (p->zero_with != 0) wanted = add_zero_with(w, p);
  walk_wrong(w, i, wanted);
}

static void check_range(const Walk *w, int i, Decimal x) {
  const Param *p = &w->ep->param[i];
  int low = p->has_min ? decimal_compare(x, p->min) : 1;
  if (low == 0 && p->min_open && zero_passes(w, p)) return;
  if (low < 0 || (low == 0 && p->min_open) || (p->has_max && decimal_compare(x, p->max) > 0))
    out_of_range(w, i);
}

/* Raises for a part of a contract that cannot be split, which is most likely an amount of coin. */
static void check_whole(const Walk *w, int i, Decimal x) {
  const Param *p = &w->ep->param[i];
  if (p->whole_ref == 0 || decimal_is_whole(x) || !push_of_category(w, p->whole_ref)) return;
  lua_State *L = w->L;
  walk_wrong(w, i, lua_pushfstring(L, "a whole number of %s, not an amount of coin,", lua_tostring(L, -1)));
}

/* A decimal, without rounding. Encoding writes it at once; for schema_check a decimal is left in the slot. */
static void check_decimal(Walk *w, int i) {
  lua_State *L = w->L;
  Decimal x;
  if (!decimal_exact(L, walk_slot(w, i), &x)) {
    const char *why = lua_tostring(L, -1);
    luaL_error(L, "%s: parameter '%s': %s", w->ep->method, w->ep->param[i].name, why);
  }
  check_range(w, i, x);
  check_whole(w, i, x);
  w->number = x;
  if (w->table != 0 && lua_type(L, walk_slot(w, i)) != LUA_TUSERDATA) {
    decimal_push(L, x);
    lua_replace(L, walk_slot(w, i));
  }
}

/* An integer; leaves an integer in the slot. 10.0 is one, "10" is not. */
static void check_integer(const Walk *w, int i) {
  lua_State *L = w->L;
  Decimal x;
  int64_t n;
  if (decimal_test(L, walk_slot(w, i), &x)) {
    if (!decimal_to_integer(x, &n)) walk_wrong(w, i, "an integer");
  } else {
    int exact = 0;
    n = lua_type(L, walk_slot(w, i)) == LUA_TNUMBER ? lua_tointegerx(L, walk_slot(w, i), &exact) : 0;
    if (!exact) walk_wrong(w, i, "an integer");
  }
  check_range(w, i, decimal_from_integer(n));
  if (w->ep->param[i].leg) w->e->leg = (int)n;
  lua_pushinteger(L, n);
  lua_replace(L, walk_slot(w, i));
}

/* A word of an enum; leaves in the slot what goes out for it, except for schema_check. */
static void check_enum(const Walk *w, int i) {
  lua_State *L = w->L;
  const Param *p = &w->ep->param[i];
  lua_rawgeti(L, w->anchors, p->values_ref);
  lua_pushvalue(L, walk_slot(w, i));
  if (lua_rawget(L, -2) != LUA_TNIL) {
    if (w->table == 0) lua_replace(L, walk_slot(w, i));
    lua_settop(L, walk_slot(w, w->ep->param_count - 1));
    return;
  }
  lua_pushliteral(L, "enum");
  lua_pushstring(L, w->ep->method);
  lua_pushvalue(L, walk_slot(w, i));
  lua_pushstring(L, p->name);
  lua_rawgeti(L, w->anchors, p->values_ref);
  const char *more = walk_hint(L, 5);
  luaL_error(L, "%s: parameter '%s': %s is not one of its values%s", w->ep->method, p->name,
             walk_shown(L, walk_slot(w, i)), more);
}

static const lua_Integer TIME_MOST = 32503680000000; /* ms: the year 3000 */

/* Milliseconds, or ISO text that Lua reads; leaves milliseconds in the slot. Numbers below 10^11 are refused: they would be
** before 1973, so they are probably seconds. Numbers after the year 3000 are probably microseconds or nanoseconds. */
static void check_time(const Walk *w, int i) {
  lua_State *L = w->L;
  if (lua_type(L, walk_slot(w, i)) == LUA_TSTRING) {
    lua_pushliteral(L, "time");
    lua_pushstring(L, w->ep->method);
    lua_pushvalue(L, walk_slot(w, i));
    schema_push_hints(L);
    lua_insert(L, -4);
    lua_call(L, 3, 1);
    if (!lua_isinteger(L, -1))
      walk_wrong(w, i, "milliseconds or ISO 8601 text such as '2026-01-31T12:00:00Z'");
    lua_replace(L, walk_slot(w, i));
  }
  check_integer(w, i);
  lua_Integer ms = lua_tointeger(L, walk_slot(w, i));
  if (ms > 0 && ms < 100000000000) walk_wrong(w, i, "milliseconds since 1970 (this looks like seconds)");
  if (ms < 0) walk_wrong(w, i, "milliseconds since 1970");
  if (ms >= 100000000000000000) walk_wrong(w, i, "milliseconds since 1970 (this looks like nanoseconds)");
  if (ms > TIME_MOST) walk_wrong(w, i, "milliseconds since 1970 (this looks like microseconds)");
}

/* A span in seconds. More than 600 is refused: it is probably milliseconds. */
static double check_seconds(const Walk *w, int i) {
  lua_State *L = w->L;
  if (lua_type(L, walk_slot(w, i)) != LUA_TNUMBER) walk_wrong(w, i, "seconds");
  double seconds = lua_tonumber(L, walk_slot(w, i));
  if (!isfinite(seconds) || seconds <= 0) walk_wrong(w, i, "seconds above 0");
  if (seconds > 600) walk_wrong(w, i, "seconds, at most 600 (this looks like milliseconds)");
  return seconds;
}

static void check_type(const Walk *w, int i, int type, const char *wanted) {
  if (lua_type(w->L, walk_slot(w, i)) != type) walk_wrong(w, i, wanted);
}

/* Notes an option of the call in the Encoding. */
static void take_option(const Walk *w, int i) {
  lua_State *L = w->L;
  Encoding *e = w->e;
  switch (w->ep->param[i].option) {
  case OPTION_RECEIVE_WINDOW:
    e->receive_window = lua_tointeger(L, walk_slot(w, i));
    if (e->receive_window < 100) walk_wrong(w, i, "milliseconds, at least 100 (this looks like seconds)");
    return;
  case OPTION_TIMEOUT: e->timeout = check_seconds(w, i); return;
  case OPTION_CONNECT_TIMEOUT: e->connect_timeout = check_seconds(w, i); return;
  case OPTION_DEADLINE: e->deadline = check_seconds(w, i); return;
  case OPTION_CANCEL: e->cancel = token_test(L, walk_slot(w, i)); return;
  case OPTION_RAW: e->raw = lua_toboolean(L, walk_slot(w, i)); return;
  case OPTION_CONFIRM: e->confirm = lua_toboolean(L, walk_slot(w, i)); return;
  case OPTION_CATEGORY: /* a word of the row, which the endpoint keeps */
    e->category = lua_tostring(L, walk_slot(w, i));
    return;
  default: return;
  }
}

void walk_value(Walk *w, int i) {
  switch (w->ep->param[i].type) {
  case PARAM_SYMBOL: check_symbol(w, i); break;
  case PARAM_COIN:
  case PARAM_COINS: check_coin(w, i); break;
  case PARAM_LINK: check_link(w, i); break;
  case PARAM_UUID: check_uuid(w, i); break;
  case PARAM_STRING:
  case PARAM_ID:
  case PARAM_CURSOR: check_plain_text(w, i); break;
  case PARAM_DECIMAL: check_decimal(w, i); break;
  case PARAM_INTEGER: check_integer(w, i); break;
  case PARAM_BOOLEAN:
    check_type(w, i, LUA_TBOOLEAN, "true or false");
    if (w->ep->param[i].reduces && lua_toboolean(w->L, walk_slot(w, i))) w->e->reduces = true;
    break;
  case PARAM_ENUM: check_enum(w, i); break;
  case PARAM_TIME: check_time(w, i); break;
  case PARAM_SECONDS: check_seconds(w, i); break;
  case PARAM_TABLE: check_type(w, i, LUA_TTABLE, "a table"); break;
  case PARAM_TOKEN:
    if (token_test(w->L, walk_slot(w, i)) == NULL) walk_wrong(w, i, "a cancel token");
    break;
  }
  if (w->ep->param[i].option != OPTION_NONE) take_option(w, i);
}
