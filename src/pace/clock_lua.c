/*
** The Lua face of clock.h and stamps.h, for their specs: core.clock() and core.stamps(). All moments are arguments; nothing here
** reads a clock.
*/
#include "clock_lua.h"
#include "clock.h"
#include "stamps.h"

#include <lauxlib.h>

#define CLOCK  "bybit.clock"
#define STAMPS "bybit.stamps"

static Clock *check(lua_State *L) {
  return luaL_checkudata(L, 1, CLOCK);
}

/* clock() -> the userdata "bybit.clock", which knows nothing yet */
static int l_clock(lua_State *L) {
  Clock *c = lua_newuserdatauv(L, sizeof *c, 0);
  *c = (Clock){0};
  luaL_setmetatable(L, CLOCK);
  return 1;
}

/* clock:learn(sent, ended, time): an answer with this time (ms), to a request sent and ended then (seconds) */
static int l_learn(lua_State *L) {
  clock_learn(check(L), luaL_checknumber(L, 2), luaL_checknumber(L, 3), luaL_checkinteger(L, 4));
  return 0;
}

/* clock:adopt(): trusts the last answer */
static int l_adopt(lua_State *L) {
  clock_adopt(check(L));
  return 0;
}

/* clock:offset(now) -> offset, doubt (ms); nothing before the first answer */
static int l_offset(lua_State *L) {
  double offset, doubt;
  if (!clock_offset(check(L), luaL_checknumber(L, 2), &offset, &doubt)) return 0;
  lua_pushnumber(L, offset);
  lua_pushnumber(L, doubt);
  return 2;
}

/* clock:moment(t) -> low, high, arrival (ms): see clock_moment, clock_arrival; nothing before the first answer */
static int l_moment(lua_State *L) {
  int64_t low, high, earliest;
  double t = luaL_checknumber(L, 2);
  if (!clock_moment(check(L), t, &low, &high) || !clock_arrival(check(L), t, &earliest)) return 0;
  lua_pushinteger(L, low);
  lua_pushinteger(L, high);
  lua_pushinteger(L, earliest);
  return 3;
}

/* clock:now(now, wall) -> the exchange's clock, ms */
static int l_now(lua_State *L) {
  lua_pushinteger(L, clock_now(check(L), luaL_checknumber(L, 2), luaL_checkinteger(L, 3)));
  return 1;
}

/* clock:slept() */
static int l_slept(lua_State *L) {
  clock_slept(check(L));
  return 0;
}

/* clock:timestamp(now, wall, receive_window) -> latest, earliest (ms) */
static int l_timestamp(lua_State *L) {
  int64_t latest, earliest;
  clock_timestamp(check(L), luaL_checknumber(L, 2), luaL_checkinteger(L, 3), luaL_checkinteger(L, 4), &latest,
                  &earliest);
  lua_pushinteger(L, latest);
  lua_pushinteger(L, earliest);
  return 2;
}

/* stamps() */
static int l_stamps(lua_State *L) {
  Stamps *s = lua_newuserdatauv(L, sizeof *s, 0);
  *s = (Stamps){0};
  luaL_setmetatable(L, STAMPS);
  return 1;
}

/* stamps:take(latest, earliest) -> ms */
static int l_take(lua_State *L) {
  lua_pushinteger(
      L, stamps_take(luaL_checkudata(L, 1, STAMPS), luaL_checkinteger(L, 2), luaL_checkinteger(L, 3)));
  return 1;
}

void clock_open(lua_State *L) {
  static const luaL_Reg clock[] = {{"learn", l_learn},         {"adopt", l_adopt}, {"offset", l_offset},
                                   {"moment", l_moment},       {"now", l_now},     {"slept", l_slept},
                                   {"timestamp", l_timestamp}, {NULL, NULL}};
  static const luaL_Reg stamps[] = {{"take", l_take}, {NULL, NULL}};
  luaL_newmetatable(L, CLOCK);
  luaL_newlib(L, clock);
  lua_setfield(L, -2, "__index");
  luaL_newmetatable(L, STAMPS);
  luaL_newlib(L, stamps);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 2);
  lua_pushcfunction(L, l_clock);
  lua_setfield(L, -2, "clock");
  lua_pushcfunction(L, l_stamps);
  lua_setfield(L, -2, "stamps");
}
