/*
** The parameters of nearly every request: a JSON object of texts, plain numbers and booleans, or of lists of such objects, as batches have.
** Reads it in one pass. What is not of that form is left to bybit.paper.params, which reads all JSON. It shares no code with the client's
** JSON: each checks the other.
*/
#include "input.h"
#include "parts.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

/* How many bytes a plain number has at the front: digits, perhaps a sign and a fraction; 0: there is none. */
static size_t number_size(const Input *in) {
  enum { LONGEST = 64 };
  const char *at = in->next, *end = in->end;
  if (at < end && *at == '-') at++;
  const char *whole = at;
  while (at < end && *at >= '0' && *at <= '9') at++;
  if (at == whole || (*whole == '0' && at - whole > 1)) return 0;
  if (at < end && *at == '.') {
    const char *point = at++;
    while (at < end && *at >= '0' && *at <= '9') at++;
    if (at == point + 1) return 0;
  }
  size_t size = (size_t)(at - in->next);
  return size > LONGEST || (at < end && (*at == 'e' || *at == 'E')) ? 0 : size;
}

static bool read_object(lua_State *L, Input *in, bool outer);

/* Reads a list of objects, and pushes it. */
static bool push_list(lua_State *L, Input *in) {
  lua_createtable(L, 2, 0);
  if (input_take(in, ']')) return true;
  for (lua_Integer i = 1;; i++) {
    lua_createtable(L, 0, 4);
    if (!read_object(L, in, false)) {
      lua_pop(L, 2);
      return false;
    }
    lua_rawseti(L, -2, i);
    if (input_take(in, ']')) return true;
    if (!input_take(in, ',')) break;
  }
  lua_pop(L, 1);
  return false;
}

/* Pushes a value: nil for "", as that is no value here. False, with nothing pushed, when it is of another kind. A number is its digits. */
static bool push_value(lua_State *L, Input *in, bool outer) {
  const char *text;
  size_t size;
  input_skip_space(in);
  if (input_text(in, &text, &size)) {
    if (size > 0)
      lua_pushlstring(L, text, size);
    else
      lua_pushnil(L);
    return true;
  }
  if ((size = number_size(in)) > 0) {
    lua_pushlstring(L, in->next, size);
    in->next += size;
    return true;
  }
  if (outer && input_take(in, '[')) return push_list(L, in);
  bool yes = input_word(in, "true", 4);
  if (!yes && !input_word(in, "false", 5)) return false;
  lua_pushboolean(L, yes);
  return true;
}

/* Reads a name and its value into the table on top of the stack. Of a name that comes twice the last counts. */
static bool read_field(lua_State *L, Input *in, bool outer) {
  const char *name;
  size_t size;
  if (!input_text(in, &name, &size) || !input_take(in, ':')) return false;
  lua_pushlstring(L, name, size);
  if (!push_value(L, in, outer)) {
    lua_pop(L, 1);
    return false;
  }
  lua_rawset(L, -3);
  return true;
}

/* Reads an object into the table on top of the stack; 'outer': its values may be lists of objects. */
static bool read_object(lua_State *L, Input *in, bool outer) {
  if (!input_take(in, '{')) return false;
  if (input_take(in, '}')) return true;
  do {
    if (!read_field(L, in, outer)) return false;
  } while (input_take(in, ','));
  return input_take(in, '}');
}

int engine_flat(lua_State *L) {
  enum { FIELDS = 8, PLACES = 12 }; /* of an order; of the stack */
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  Input in = {.next = text, .end = text + size};
  luaL_checkstack(L, PLACES, NULL);
  lua_createtable(L, 0, FIELDS);
  bool read = read_object(L, &in, true);
  if (!read || !input_ends(&in)) lua_pushnil(L);
  return 1;
}

/* ---- queries ---- */

static int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Pushes a text of a query with what is escaped in it: + is a space, %2B a byte. */
static void push_unescaped(lua_State *L, const char *text, size_t size) {
  if (memchr(text, '%', size) == NULL && memchr(text, '+', size) == NULL) {
    lua_pushlstring(L, text, size);
    return;
  }
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, size);
  size_t made = 0;
  for (size_t i = 0; i < size; i++) {
    int high = text[i] == '%' && size - i > 2 ? digit_of(text[i + 1]) : -1,
        low = high < 0 ? -1 : digit_of(text[i + 2]);
    if (low >= 0) i += 2;
    out[made++] = low >= 0 ? (char)(high * 16 + low) : text[i] == '+' ? ' ' : text[i];
  }
  luaL_pushresultsize(&b, made);
}

/* Puts a name and its value into the table on top of the stack, when it has none with this name. */
static void keep_first(lua_State *L, const char *name, const char *equal, const char *end) {
  push_unescaped(L, name, (size_t)(equal - name));
  lua_pushvalue(L, -1);
  bool first = lua_rawget(L, -3) == LUA_TNIL;
  lua_pop(L, 1);
  if (!first) {
    lua_pop(L, 1);
    return;
  }
  push_unescaped(L, equal + 1, (size_t)(end - equal - 1));
  lua_rawset(L, -3);
}

int engine_query(lua_State *L) {
  enum { FIELDS = 8 };
  size_t size;
  const char *at = luaL_checklstring(L, 1, &size), *end = at + size;
  lua_createtable(L, 0, size > 0 ? FIELDS : 0);
  while (at < end) {
    const char *name = at;
    while (at < end && *at != '=' && *at != '&') at++;
    if (at == end) break;
    if (*at == '&' || at == name) { /* no name, or no value */
      at++;
      continue;
    }
    const char *equal = at, *stop = memchr(at, '&', (size_t)(end - at));
    at = stop == NULL ? end : stop;
    if (at > equal + 1) keep_first(L, name, equal, at);
  }
  return 1;
}
