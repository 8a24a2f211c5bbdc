/*
** The Lua face of the loop, core.loop, for the module's own Lua layer. The loop is an upvalue of its functions.
*/
#include "loop_lua.h"
#include "loop.h"
#include "loop_parts.h"

#include <lauxlib.h>
#include <math.h>
#include <stddef.h>

/* The loop, which is an upvalue of each of these functions. */
static Loop *loop_of(lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(1));
}

static int l_now(lua_State *L) {
  lua_pushnumber(L, loop_now(loop_of(L)));
  return 1;
}

static int l_wall(lua_State *L) {
  lua_pushinteger(L, loop_wall(loop_of(L)));
  return 1;
}

/* step([seconds = 0]): see loop_step. A negative number counts as 0: the caller's moment has passed meanwhile. */
static int l_step(lua_State *L) {
  return loop_step(L, loop_of(L), fmax(luaL_optnumber(L, 1, 0), 0)) ? 0 : lua_error(L);
}

/* fd() -> a descriptor that a host polls for reading; when it is readable, step() has work. The same for the life of the
** Lua state. */
static int l_fd(lua_State *L) {
  Loop *loop = loop_of(L);
  loop->shared = true;
  loop_arm(loop);
  lua_pushinteger(L, loop->poller.fd);
  return 1;
}

/* next_timeout() -> seconds until step() must be called at the latest; nil: no timer runs */
static int l_next_timeout(lua_State *L) {
  double left = loop_next_timeout(loop_of(L));
  if (left < 0)
    lua_pushnil(L);
  else
    lua_pushnumber(L, left);
  return 1;
}

/* wakeups() -> how many waits have ended; specs show with it that nothing polls */
static int l_wakeups(lua_State *L) {
  lua_pushinteger(L, loop_of(L)->wakeups);
  return 1;
}

/* alarm([seconds]): waits end after so many seconds at the latest. Without an argument the alarm is off. */
static int l_alarm(lua_State *L) {
  Loop *loop = loop_of(L);
  if (lua_isnoneornil(L, 1))
    loop_timer_stop(loop, &loop->alarm);
  else
    loop_timer_start(loop, &loop->alarm, luaL_checknumber(L, 1));
  return 0;
}

/* may_yield() -> may a wait suspend the coroutine that asks? */
static int l_may_yield(lua_State *L) {
  lua_pushboolean(L, loop_may_yield(loop_of(L), L));
  return 1;
}

/* blocking(allowed): says whether waits may block the thread */
static int l_blocking(lua_State *L) {
  luaL_checktype(L, 1, LUA_TBOOLEAN);
  loop_of(L)->no_blocking = !lua_toboolean(L, 1);
  return 0;
}

static int l_may_block(lua_State *L) {
  lua_pushboolean(L, loop_may_block(loop_of(L)));
  return 1;
}

static int l_is_virtual(lua_State *L) {
  lua_pushboolean(L, loop_of(L)->virtual);
  return 1;
}

/* virtual(ms): time becomes virtual and stands at this moment, in milliseconds since 1970, until it is moved on. */
static int l_virtual(lua_State *L) {
  Loop *loop = loop_of(L);
  lua_Integer ms = luaL_checkinteger(L, 1);
  luaL_argcheck(L, ms >= 0 && ms <= INT64_MAX / 1000000, 1, "milliseconds since 1970 expected");
  loop_change_time(loop, true, ms * 1000000);
  return 0;
}

/* advance(seconds): moves virtual time on. Raises when time is real. */
static int l_advance(lua_State *L) {
  Loop *loop = loop_of(L);
  double seconds = luaL_checknumber(L, 1);
  if (!loop->virtual) return luaL_error(L, "advance: time is real");
  luaL_argcheck(L, seconds >= 0 && seconds < 1e9, 1, "seconds, 0 or more, expected");
  int64_t ns = (int64_t)(seconds * 1e9 + 0.5);
  loop->virtual_ns += ns == 0 && seconds > 0 ? 1 : ns; /* else a wait of less than 1 ns would never end */
  return 0;
}

/* real(): time is real again */
static int l_real(lua_State *L) {
  loop_change_time(loop_of(L), false, 0);
  return 0;
}

/* set_advance(f): the loop calls f(seconds) when it has to move virtual time on; f calls advance(). */
static int l_set_advance(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &loop_advance);
  return 0;
}

/* next_advance() -> how many seconds a wait would move virtual time on now, or nil; and whether virtual time may move on
** at all (it is virtual, and no transfer runs) */
static int l_next_advance(lua_State *L) {
  const Loop *loop = loop_of(L);
  double ahead = loop_next_advance(loop);
  if (ahead < 0)
    lua_pushnil(L);
  else
    lua_pushnumber(L, ahead);
  lua_pushboolean(L, loop->virtual && loop->busy == 0);
  return 2;
}

/* shift(ms): moves the wall clock forward (or back), as a user or NTP may; for specs. */
static int l_shift(lua_State *L) {
  loop_of(L)->wall_shift += luaL_checkinteger(L, 1);
  return 0;
}

/* suspend(seconds): so much of the time that has passed was spent asleep; for tests. */
static int l_suspend(lua_State *L) {
  loop_of(L)->asleep += luaL_checknumber(L, 1);
  return 0;
}

void loop_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"now", l_now},
                                       {"wall", l_wall},
                                       {"step", l_step},
                                       {"fd", l_fd},
                                       {"wakeups", l_wakeups},
                                       {"next_timeout", l_next_timeout},
                                       {"virtual", l_virtual},
                                       {"advance", l_advance},
                                       {"real", l_real},
                                       {"set_advance", l_set_advance},
                                       {"next_advance", l_next_advance},
                                       {"shift", l_shift},
                                       {"suspend", l_suspend},
                                       {"is_virtual", l_is_virtual},
                                       {"alarm", l_alarm},
                                       {"may_yield", l_may_yield},
                                       {"blocking", l_blocking},
                                       {"may_block", l_may_block},
                                       {NULL, NULL}};
  loop_get(L); /* made before what uses it: at the end of the state Lua finalizes in reverse order */
  luaL_newlibtable(L, functions);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &loop_key);
  luaL_setfuncs(L, functions, 1);
  turns_open(L);
  lua_getfield(L, -1, "advance");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &loop_advance);
  loop_push_mark(L);
  lua_setfield(L, -2, "mark");
  lua_setfield(L, -2, "loop");
}
