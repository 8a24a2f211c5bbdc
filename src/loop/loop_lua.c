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

/* step([seconds = 0]): waits at most so long for something to be ready, and serves it. A negative number counts as 0: the
** caller's moment has passed meanwhile. Where only timers were served, which woke nobody, it waits once more: mostly that has
** sent a request, and whoever asks would only ask again. */
static int l_step(lua_State *L) {
  Loop *loop = loop_of(L);
  double seconds = fmax(luaL_optnumber(L, 1, 0), 0);
  double stop = seconds > 0 ? loop_real_now(loop) + seconds : 0;
  loop->rang = false;
  if (!loop_block(L, loop, seconds)) return lua_error(L);
  bool idle = loop->timers_first && !loop->rang && loop->woken_count == 0 && !loop->virtual;
  if (seconds == 0 || !idle) return 0;
  return loop_block(L, loop, fmax(stop - loop_real_now(loop), 0)) ? 0 : lua_error(L);
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

/* wait_new() -> a number to wait by */
static int l_wait_new(lua_State *L) {
  int64_t wait = loop_wait_new(loop_of(L));
  if (wait == 0) return luaL_error(L, "not enough memory");
  lua_pushinteger(L, wait);
  return 1;
}

/* wake(number): puts it into the queue of woken numbers */
static int l_wake(lua_State *L) {
  Loop *loop = loop_of(L);
  lua_Integer wait = luaL_checkinteger(L, 1);
  luaL_argcheck(L, loop->woken_count < loop->waits, 1, "nobody waits");
  loop_wake(loop, wait);
  return 0;
}

/* woken() -> the next number of that queue, or nothing when it is empty */
static int l_woken(lua_State *L) {
  Loop *loop = loop_of(L);
  if (loop->woken_count == 0) return 0;
  lua_pushinteger(L, loop->woken[loop->woken_first]);
  loop->woken_first = (loop->woken_first + 1) % loop->woken_room;
  loop->woken_count--;
  loop->waits--;
  return 1;
}

/* drop(number): gives back a number that will not be woken */
static int l_drop(lua_State *L) {
  loop_wait_drop(loop_of(L), luaL_checkinteger(L, 1));
  return 0;
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

/* task([coroutine, cancelled]): from now on waits may suspend this coroutine, or none. 'cancelled': its task was. */
static int l_task(lua_State *L) {
  Loop *loop = loop_of(L);
  loop->yields = lua_isthread(L, 1) ? (const void *)lua_tothread(L, 1) : NULL;
  loop->cancelled = lua_toboolean(L, 2);
  return 0;
}

/* Can the coroutine never go on? */
static bool is_dead(lua_State *co) {
  lua_Debug ar;
  int status = lua_status(co);
  return status != LUA_YIELD && (status != LUA_OK || (lua_getstack(co, 0, &ar) == 0 && lua_gettop(co) == 0));
}

/* Moves the values on top of 'co' to L. */
static void take_values(lua_State *L, lua_State *co, int count) {
  if (!lua_checkstack(L, count + 1)) luaL_error(L, "too many results");
  lua_xmove(co, L, count);
}

/* resume(coroutine, cancelled, value): resumes the coroutine of a task; until it is suspended, waits may suspend it.
** 'cancelled': the task was. Returns true and what a wait yields behind its mark; nil, when it yielded otherwise; or false and
** what its end gives: nil, it had ended before; true; or false and its error. */
static int l_resume(lua_State *L) {
  Loop *loop = loop_of(L);
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co != NULL, 1, "coroutine");
  lua_settop(L, 3);
  if (is_dead(co)) {
    lua_pushboolean(L, 0);
    return 1;
  }
  const void *yields = loop->yields;
  bool cancelled = loop->cancelled;
  int count = 0;
  if (!lua_checkstack(co, 1)) return luaL_error(L, "too many arguments");
  lua_xmove(L, co, 1);
  loop->yields = co;
  loop->cancelled = lua_toboolean(L, 2);
  int status = lua_resume(co, L, 1, &count);
  loop->yields = yields;
  loop->cancelled = cancelled;
  if (status == LUA_YIELD) {
    bool waits = count > 0 && lua_touserdata(co, -count) == (const void *)&loop_key;
    lua_settop(L, 0);
    take_values(L, co, count);
    if (!waits) return 0;
    lua_pushboolean(L, 1);
    lua_replace(L, 1);
    return count;
  }
  if (status != LUA_OK && !is_dead(co)) { /* it runs already: it is resumed later */
    lua_pop(co, 1);
    return 0;
  }
  lua_pushboolean(L, 0);
  lua_pushboolean(L, status == LUA_OK);
  if (status == LUA_OK) return 2;
  take_values(L, co, 1);
  return 3;
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
                                       {"wait_new", l_wait_new},
                                       {"wake", l_wake},
                                       {"woken", l_woken},
                                       {"drop", l_drop},
                                       {"alarm", l_alarm},
                                       {"task", l_task},
                                       {"resume", l_resume},
                                       {"may_yield", l_may_yield},
                                       {"blocking", l_blocking},
                                       {"may_block", l_may_block},
                                       {NULL, NULL}};
  loop_get(L); /* made before what uses it: at the end of the state Lua finalizes in reverse order */
  luaL_newlibtable(L, functions);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &loop_key);
  luaL_setfuncs(L, functions, 1);
  lua_getfield(L, -1, "advance");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &loop_advance);
  loop_push_mark(L);
  lua_setfield(L, -2, "mark");
  lua_setfield(L, -2, "loop");
}
