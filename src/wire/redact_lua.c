/*
** The Lua face of redact.h. Calls do not use it: what they redact is no Lua string yet. The specs do.
*/
#include "redact_lua.h"
#include "redact.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

enum { SECRETS = 8 }; /* at most */

/* redact(text, secrets [, whole]) -> the text without the secrets; 'whole' leaves out the quick look */
static int l_redact(lua_State *L) {
  const char *secrets[SECRETS];
  size_t size, count = 0;
  const char *text = luaL_checklstring(L, 1, &size);
  luaL_checktype(L, 2, LUA_TTABLE);
  bool whole = lua_toboolean(L, 3);
  luaL_argcheck(L, lua_rawlen(L, 2) <= SECRETS, 2, "too many secrets");
  for (; count < lua_rawlen(L, 2); count++) {
    lua_rawgeti(L, 2, (lua_Integer)count + 1);
    secrets[count] = luaL_checkstring(L, -1); /* the table keeps it alive */
    lua_pop(L, 1);
  }
  char *copy = lua_newuserdatauv(L, size + 1, 0);
  memcpy(copy, text, size + 1);
  if (whole)
    size = redact_whole(copy, size, secrets, count);
  else {
    Redaction r;
    redact_begin(&r, secrets, count);
    size = redact(&r, copy, size);
    redact_end(&r);
  }
  lua_pushlstring(L, copy, size);
  return 1;
}

void redact_open(lua_State *L) {
  lua_pushcfunction(L, l_redact);
  lua_setfield(L, -2, "redact");
}
