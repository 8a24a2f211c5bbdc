/*
** The Lua face of url.h.
*/
#include "url_lua.h"
#include "libcurl.h"
#include "url.h"

#include <lauxlib.h>
#include <string.h>

#define URL "bybit.url"

static int l_free(lua_State *L) {
  url_free(lua_touserdata(L, 1));
  return 0;
}

/* url(text) -> {url, host, https, loopback}; nil and why. Raises when memory runs out, or libcurl is not there. The url is in one
** spelling: what leads to one place compares equal. */
static int l_url(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size), *why = libcurl_open();
  if (why != NULL) return luaL_error(L, "%s", why);
  why = "a zero byte";
  Url *u = lua_newuserdatauv(L, sizeof *u, 0); /* owns what is read while Lua may raise */
  *u = (Url){0};
  luaL_setmetatable(L, URL);
  if (strlen(text) != size || !url_read(text, u, &why)) {
    if (why == url_no_memory) return luaL_error(L, "%s", why);
    luaL_pushfail(L);
    lua_pushstring(L, why);
    return 2;
  }
  lua_createtable(L, 0, 4);
  lua_pushstring(L, u->text);
  lua_setfield(L, -2, "url");
  lua_pushstring(L, u->host);
  lua_setfield(L, -2, "host");
  lua_pushboolean(L, u->https);
  lua_setfield(L, -2, "https");
  lua_pushboolean(L, u->local);
  lua_setfield(L, -2, "loopback");
  url_free(u);
  return 1;
}

void url_open(lua_State *L) {
  luaL_newmetatable(L, URL);
  lua_pushcfunction(L, l_free);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  lua_pushcfunction(L, l_url);
  lua_setfield(L, -2, "url");
}
