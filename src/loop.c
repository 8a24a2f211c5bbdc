/*
** The event loop: descriptors through poller.h, timers in a list ordered by their moment, and time itself, which
** can be virtual. One per Lua state, in its registry. See loop.h for what callbacks may do.
*/
#include "loop.h"
#include "poller.h"

#include <errno.h>
#include <lauxlib.h>
#include <limits.h>
#include <math.h>
#include <string.h>
#include <time.h>

enum { BATCH = 64 };

struct Loop {
  Poller poller;
  LoopTimer *first, *last;  /* by moment, earliest first */
  PollerEvent batch[BATCH]; /* being served; an entry whose watch went away meanwhile has no owner */
  int served, ready;        /* the part of 'batch' yet to come */
  bool shared;              /* fd() was asked for: the poller's moment is kept set */
  double armed;             /* the moment the poller was set to; INFINITY: none */
  bool virtual;
  int64_t virtual_ns;  /* since 1970 */
  lua_Integer wakeups; /* returns from waiting */
};

static const char KEY; /* its address is the loop's key in the registry */

static double clock_seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double loop_real_now(const Loop *loop) {
  (void)loop;
  return clock_seconds(CLOCK_MONOTONIC);
}

double loop_now(const Loop *loop) {
  return loop->virtual ? (double)loop->virtual_ns * 1e-9 : loop_real_now(loop);
}

int64_t loop_wall(const Loop *loop) {
  if (loop->virtual) return loop->virtual_ns / 1000000;
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- descriptors ---- */

bool loop_watch(Loop *loop, LoopWatch *watch, int fd, int events) {
  int before = watch->events != 0 && watch->fd == fd ? watch->events : 0;
  if (watch->events != 0 && watch->fd != fd) loop_unwatch(loop, watch);
  if (!poller_set(&loop->poller, fd, events, before, watch)) return false;
  watch->fd = fd;
  watch->events = events;
  return true;
}

void loop_unwatch(Loop *loop, LoopWatch *watch) {
  if (watch->events == 0) return;
  poller_set(&loop->poller, watch->fd, 0, watch->events, watch);
  watch->events = 0;
  for (int i = loop->served; i < loop->ready; i++)
    if (loop->batch[i].owner == watch) loop->batch[i].owner = NULL;
}

/* ---- timers ---- */

/* A host that polls fd() has to wake at the first timer's moment. Setting it costs a system call, so it is moved
** to an earlier moment only; a wake-up that comes too early finds nothing to do. */
static void arm(Loop *loop, double now) {
  if (!loop->shared) return;
  double due = loop->first == NULL ? INFINITY : loop->first->due;
  if (loop->armed <= now) loop->armed = INFINITY; /* it went off */
  if (due >= loop->armed) return;
  if (poller_arm(&loop->poller, due > now ? due - now : 0)) loop->armed = due;
}

void loop_timer_stop(Loop *loop, LoopTimer *timer) {
  if (!timer->armed) return;
  if (timer->before == NULL)
    loop->first = timer->after;
  else
    timer->before->after = timer->after;
  if (timer->after == NULL)
    loop->last = timer->before;
  else
    timer->after->before = timer->before;
  timer->before = timer->after = NULL;
  timer->armed = false;
}

void loop_timer_start(Loop *loop, LoopTimer *timer, double seconds) {
  loop_timer_stop(loop, timer);
  double now = loop_real_now(loop);
  timer->due = now + (seconds > 0 ? seconds : 0);
  timer->armed = true;
  LoopTimer *before =
      loop->last; /* most timers are timeouts of about one length: the place is near the end */
  while (before != NULL && before->due > timer->due) before = before->before;
  timer->before = before;
  timer->after = before == NULL ? loop->first : before->after;
  if (before == NULL)
    loop->first = timer;
  else
    before->after = timer;
  if (timer->after == NULL)
    loop->last = timer;
  else
    timer->after->before = timer;
  arm(loop, now);
}

/* Fires what is due at this moment; a timer started meanwhile waits for the next step, so this ends. */
static void fire_timers(Loop *loop) {
  double now = loop_real_now(loop);
  while (loop->first != NULL && loop->first->due <= now) {
    LoopTimer *timer = loop->first;
    loop_timer_stop(loop, timer);
    timer->fire(timer);
  }
  arm(loop, now);
}

/* Seconds until the first timer; negative: there is none. */
static double next_timeout(const Loop *loop) {
  if (loop->first == NULL) return -1;
  double left = loop->first->due - loop_real_now(loop);
  return left > 0 ? left : 0;
}

/* ---- waiting ---- */

static int nothing(lua_State *L) {
  (void)L;
  return 0;
}

void loop_block(lua_State *L, Loop *loop, double seconds) {
  double next = next_timeout(loop);
  if (next >= 0 && (seconds < 0 || next < seconds)) seconds = next;
  int n = poller_wait(&loop->poller, loop->batch, BATCH, seconds);
  loop->wakeups++;
  loop->served = 0;
  loop->ready = n < 0 ? 0 : n;
  while (loop->served < loop->ready) {
    PollerEvent *e = &loop->batch[loop->served++];
    LoopWatch *watch = e->owner;
    if (watch != NULL) watch->ready(watch, e->events & (watch->events | LOOP_READ));
  }
  fire_timers(loop);
  if (n >= 0) return;
  /* Interrupted by a signal. Stock Lua's Ctrl-C sets a debug hook, which runs when a function is called. */
  luaL_checkstack(L, 2, "interrupted");
  lua_pushcfunction(L, nothing);
  lua_call(L, 0, 0);
}

/* ---- the loop of a state ---- */

static int loop_close(lua_State *L) {
  Loop *loop = lua_touserdata(L, 1);
  poller_close(&loop->poller);
  return 0;
}

Loop *loop_get(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY) == LUA_TUSERDATA) {
    Loop *found = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return found;
  }
  lua_pop(L, 1);
  Loop *loop = lua_newuserdatauv(L, sizeof *loop, 0);
  memset(loop, 0, sizeof *loop);
  loop->armed = INFINITY;
  loop->poller.fd = loop->poller.timerfd = -1;
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, loop_close);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2); /* from here on __gc owns the descriptors */
  if (!poller_open(&loop->poller)) luaL_error(L, "the event loop cannot start: %s", strerror(errno));
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY);
  return loop;
}

/* ---- the Lua face, for the module's own Lua layer ---- */

static int l_now(lua_State *L) {
  lua_pushnumber(L, loop_now(loop_get(L)));
  return 1;
}

static int l_wall(lua_State *L) {
  lua_pushinteger(L, loop_wall(loop_get(L)));
  return 1;
}

/* step([seconds = 0]): serves what is ready, waiting at most so long for the first of it. */
static int l_step(lua_State *L) {
  double seconds = luaL_optnumber(L, 1, 0);
  luaL_argcheck(L, seconds >= 0, 1, "seconds, 0 or more, expected");
  loop_block(L, loop_get(L), seconds);
  return 0;
}

/* fd(): one descriptor for the life of the state, to be polled for reading. */
static int l_fd(lua_State *L) {
  Loop *loop = loop_get(L);
  loop->shared = true;
  arm(loop, loop_real_now(loop));
  lua_pushinteger(L, loop->poller.fd);
  return 1;
}

/* next_timeout(): seconds until step() should be called at the latest; nil: no timer runs. */
static int l_next_timeout(lua_State *L) {
  double left = next_timeout(loop_get(L));
  if (left < 0)
    lua_pushnil(L);
  else
    lua_pushnumber(L, left);
  return 1;
}

static int l_wakeups(lua_State *L) {
  lua_pushinteger(L, loop_get(L)->wakeups);
  return 1;
}

/* virtual(ms): time stands still at this moment (milliseconds since 1970) until it is advanced. */
static int l_virtual(lua_State *L) {
  Loop *loop = loop_get(L);
  lua_Integer ms = luaL_checkinteger(L, 1);
  luaL_argcheck(L, ms >= 0 && ms <= INT64_MAX / 1000000, 1, "milliseconds since 1970 expected");
  loop->virtual = true;
  loop->virtual_ns = ms * 1000000;
  return 0;
}

/* advance(seconds): moves virtual time on. */
static int l_advance(lua_State *L) {
  Loop *loop = loop_get(L);
  double seconds = luaL_checknumber(L, 1);
  if (!loop->virtual) return luaL_error(L, "advance: time is real");
  luaL_argcheck(L, seconds >= 0 && seconds < 1e9, 1, "seconds, 0 or more, expected");
  loop->virtual_ns += (int64_t)(seconds * 1e9 + 0.5);
  return 0;
}

static int l_real(lua_State *L) {
  loop_get(L)->virtual = false;
  return 0;
}

void loop_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"now", l_now},         {"wall", l_wall},
                                       {"step", l_step},       {"fd", l_fd},
                                       {"wakeups", l_wakeups}, {"next_timeout", l_next_timeout},
                                       {"virtual", l_virtual}, {"advance", l_advance},
                                       {"real", l_real},       {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "loop");
}
