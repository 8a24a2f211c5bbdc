/*
** The Lua face of clock.h, for its specs. Moments are arguments: nothing here looks at a clock.
*/
#include "clock_lua.h"
#include "clock.h"

#include <lauxlib.h>

#define CLOCK "bybit.clock"

static Clock *check(lua_State *L) {
  return luaL_checkudata(L, 1, CLOCK);
}

static int l_clock(lua_State *L) {
  Clock *c = lua_newuserdatauv(L, sizeof *c, 0);
  *c = (Clock){0};
  luaL_setmetatable(L, CLOCK);
  return 1;
}

/* clock:learn(sent, ended, time): seconds, seconds, ms */
static int l_learn(lua_State *L) {
  clock_learn(check(L), luaL_checknumber(L, 2), luaL_checknumber(L, 3), luaL_checkinteger(L, 4));
  return 0;
}

static int l_adopt(lua_State *L) {
  clock_adopt(check(L));
  return 0;
}

/* clock:offset(now) -> offset, doubt (ms); nothing while unknown */
static int l_offset(lua_State *L) {
  double offset, doubt;
  if (!clock_offset(check(L), luaL_checknumber(L, 2), &offset, &doubt)) return 0;
  lua_pushnumber(L, offset);
  lua_pushnumber(L, doubt);
  return 2;
}

/* clock:now(now, wall) -> ms */
static int l_now(lua_State *L) {
  lua_pushinteger(L, clock_now(check(L), luaL_checknumber(L, 2), luaL_checkinteger(L, 3)));
  return 1;
}

/* clock:timestamp(now, wall, receive_window) -> ms */
static int l_timestamp(lua_State *L) {
  lua_pushinteger(
      L, clock_timestamp(check(L), luaL_checknumber(L, 2), luaL_checkinteger(L, 3), luaL_checkinteger(L, 4)));
  return 1;
}

void clock_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"learn", l_learn}, {"adopt", l_adopt},         {"offset", l_offset},
                                     {"now", l_now},     {"timestamp", l_timestamp}, {NULL, NULL}};
  luaL_newmetatable(L, CLOCK);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, l_clock);
  lua_setfield(L, -2, "clock");
}
