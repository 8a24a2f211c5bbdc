/* The header lines of a request at the network of a simulation, taken apart. */
#include "parts.h"

#include <lauxlib.h>
#include <string.h>
#include <strings.h>

/* The header lines that the exchange looks at, in the order in which engine_headers returns their values. */
static const struct {
  const char *name;
  size_t size;
} wanted[] = {
    {"X-BAPI-API-KEY", 14}, {"X-BAPI-TIMESTAMP", 16}, {"X-BAPI-SIGN", 11}, {"X-BAPI-RECV-WINDOW", 18}};

enum { WANTED = sizeof wanted / sizeof *wanted, LINES = 1 };

/* Which of them a name is; -1: none. */
static int which(const char *name, size_t size) {
  for (int i = 0; i < WANTED; i++)
    if (size == wanted[i].size && strncasecmp(name, wanted[i].name, size) == 0) return i;
  return -1;
}

int engine_headers(lua_State *L) {
  luaL_checktype(L, LINES, LUA_TTABLE);
  lua_settop(L, LINES + WANTED);
  for (lua_Integer i = 1; lua_rawgeti(L, LINES, i) == LUA_TSTRING; i++) {
    size_t size;
    const char *line = lua_tolstring(L, -1, &size), *colon = memchr(line, ':', size);
    int place = colon == NULL ? -1 : which(line, (size_t)(colon - line));
    if (place >= 0 && lua_isnil(L, LINES + 1 + place)) {
      const char *value = line + size - colon >= 2 ? colon + 2 : line + size; /* behind ": " */
      lua_pushlstring(L, value, (size_t)(line + size - value));
      lua_replace(L, LINES + 1 + place);
    }
    lua_settop(L, LINES + WANTED);
  }
  lua_settop(L, LINES + WANTED);
  return WANTED;
}
