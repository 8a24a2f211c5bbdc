/* The search of lua/bybit/paper/engine/rows.lua. */
#include "parts.h"

#include <lauxlib.h>
#include <stdbool.h>

/* place_of(items, number, key) -> the first place whose thing has this number in the field 'key', or a higher one; one past the last when
** there is none. A thing that was taken out has left its number in its place. */
int engine_place_of(lua_State *L) {
  enum { ITEMS = 1, NUMBER, KEY };
  luaL_checktype(L, ITEMS, LUA_TTABLE);
  lua_Integer number = luaL_checkinteger(L, NUMBER), low = 1, high = (lua_Integer)lua_rawlen(L, ITEMS) + 1;
  lua_settop(L, KEY);
  while (low < high) {
    lua_Integer middle = low + (high - low) / 2;
    if (lua_rawgeti(L, ITEMS, middle) != LUA_TNUMBER) {
      lua_pushvalue(L, KEY);
      lua_gettable(L, -2);
    }
    if (luaL_checkinteger(L, -1) < number)
      low = middle + 1;
    else
      high = middle;
    lua_settop(L, KEY);
  }
  lua_pushinteger(L, low);
  return 1;
}

int engine_unchanged(lua_State *L) {
  enum { KEPT = 1, RECORD, FIELDS };
  bool fixed = lua_isuserdata(L, RECORD);
  luaL_checktype(L, KEPT, LUA_TTABLE);
  if (!fixed) luaL_checktype(L, RECORD, LUA_TTABLE);
  luaL_checktype(L, FIELDS, LUA_TTABLE);
  lua_settop(L, FIELDS);
  bool same = true;
  for (lua_Integer i = 1; !fixed && lua_rawgeti(L, FIELDS, i) != LUA_TNIL; i++) {
    lua_rawget(L, RECORD);
    lua_rawgeti(L, KEPT, i);
    if (!lua_rawequal(L, -1, -2)) {
      same = false;
      lua_pop(L, 1);
      lua_rawseti(L, KEPT, i);
    }
    lua_settop(L, FIELDS);
  }
  lua_pushboolean(L, same);
  return 1;
}
