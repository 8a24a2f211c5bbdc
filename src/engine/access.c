/* What stands before each request of the exchange: the receive window. */
#include "parts.h"

#include <lauxlib.h>
#include <stdbool.h>

/* Reads decimal digits, and nothing else, that fit an integer. */
static bool read_digits(const char *text, size_t size, lua_Integer *out) {
  lua_Integer n = 0;
  if (size == 0) return false;
  for (size_t i = 0; i < size; i++) {
    int digit = text[i] - '0';
    if (digit < 0 || digit > 9 || n > (LUA_MAXINTEGER - digit) / 10) return false;
    n = n * 10 + digit;
  }
  *out = n;
  return true;
}

/* The digits of the text at 'index'; false when it is none, or has others. */
static bool digits_at(lua_State *L, int index, lua_Integer *out) {
  size_t size;
  const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &size) : NULL;
  return text != NULL && read_digits(text, size, out);
}

int engine_in_window(lua_State *L) {
  enum { WINDOW = 5000, WINDOW_MAX = 60000, AHEAD = 1000 }; /* ms */
  lua_Integer sent, window = WINDOW, now = luaL_checkinteger(L, 3);
  bool read = digits_at(L, 1, &sent) && (!lua_toboolean(L, 2) || digits_at(L, 2, &window));
  lua_pushboolean(L,
                  read && window >= 1 && window <= WINDOW_MAX && now - window <= sent && sent < now + AHEAD);
  return 1;
}
