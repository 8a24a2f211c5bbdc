/*
** The userdata "bybit.ticker": deltas put together, for messages that do not come over a connection, such as those of a recording.
** core.ticker() makes one.
*/
#include "parts.h"
#include "ticker.h"

#include <lauxlib.h>

#define TICKER "bybit.ticker"

typedef struct Merged {
  Ticker ticker;
  Bytes text, changed; /* room for what is pushed; owned */
} Merged;

/* ticker() -> one without fields */
static int l_new(lua_State *L) {
  Merged *m = lua_newuserdatauv(L, sizeof *m, 0);
  *m = (Merged){0};
  luaL_setmetatable(L, TICKER); /* from here on __gc frees what it has */
  return 1;
}

/* ticker:take(message) -> a message with all fields, and the names of those that have changed, each with a comma behind it; nil:
** the message cannot be read */
static int l_take(lua_State *L) {
  Merged *m = luaL_checkudata(L, 1, TICKER);
  size_t size;
  const char *text = luaL_checklstring(L, 2, &size);
  if (!ticker_take(&m->ticker, text, size)) return 0;
  bytes_clear(&m->text);
  bytes_clear(&m->changed);
  ticker_write(&m->ticker, &m->text, &m->changed);
  if (m->text.failed || m->changed.failed) return luaL_error(L, "not enough memory");
  lua_pushlstring(L, m->text.data, m->text.size);
  lua_pushlstring(L, m->changed.size > 0 ? m->changed.data : "", m->changed.size);
  return 2;
}

static int l_gc(lua_State *L) {
  Merged *m = luaL_checkudata(L, 1, TICKER);
  ticker_free(&m->ticker);
  bytes_free(&m->text);
  bytes_free(&m->changed);
  return 0;
}

void ticker_open(lua_State *L) {
  luaL_newmetatable(L, TICKER);
  lua_pushcfunction(L, l_gc);
  lua_setfield(L, -2, "__gc");
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, l_take);
  lua_setfield(L, -2, "take");
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, l_new);
  lua_setfield(L, -2, "ticker"); /* of the module table */
}
