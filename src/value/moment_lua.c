/*
** core.moment(text) -> milliseconds since 1970, or nil when the text is not ISO 8601.
*/
#include "moment.h"
#include "moment_lua.h"

#include <lauxlib.h>

/* moment(text) */
static int l_moment(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  int64_t ms;
  if (moment_iso(text, size, &ms))
    lua_pushinteger(L, ms);
  else
    lua_pushnil(L);
  return 1;
}

void moment_open(lua_State *L) {
  lua_pushcfunction(L, l_moment);
  lua_setfield(L, -2, "moment");
}
