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
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 64 };

struct LoopTimers { /* by moment, earliest first */
  LoopTimer *first, *last;
};

struct Loop {
  Poller poller;
  struct LoopTimers real;   /* by loop_real_now */
  struct LoopTimers own;    /* by loop_now */
  PollerEvent batch[BATCH]; /* being served; an entry whose watch went away meanwhile has no owner */
  int served, ready;        /* the part of 'batch' yet to come */
  bool shared;              /* fd() was asked for: the poller's moment is kept set */
  double armed;             /* the moment the poller was set to; INFINITY: none */
  bool virtual;
  int64_t virtual_start;
  int64_t virtual_ns;  /* since 1970 */
  int64_t wall_shift;  /* ms that the wall clock was set forward by hand */
  int era;             /* how often time became virtual or real */
  int busy;            /* transfers on real sockets: virtual time stands while one is under way */
  lua_Integer wakeups; /* returns from waiting */
  bool timers_first;   /* the last step served timers only */
  LoopTimer alarm;     /* the Lua layer's one timer: it only ends a wait */
  int64_t last_wait;
  int64_t *woken; /* a ring */
  size_t woken_first, woken_count, woken_room;
  size_t waits;       /* numbers given and not taken from the ring yet, each with room in it */
  const void *yields; /* the coroutine that may be suspended; compared, never followed */
  bool cancelled;     /* its task was cancelled */
  bool no_blocking;
};

static const char KEY;     /* its address is the loop's key in the registry */
static const char ADVANCE; /* and that of what moves virtual time on */

/* For moments that outlast a suspended computer: the exchange does not sleep meanwhile. */
#ifdef CLOCK_BOOTTIME
#define STEADY CLOCK_BOOTTIME
#else
#define STEADY CLOCK_MONOTONIC
#endif

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
  return loop->virtual ? (double)(loop->virtual_ns - loop->virtual_start) * 1e-9 : clock_seconds(STEADY);
}

int loop_era(const Loop *loop) {
  return loop->era;
}

int64_t loop_wall(const Loop *loop) {
  if (loop->virtual) return loop->virtual_ns / 1000000 + loop->wall_shift;
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + loop->wall_shift;
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

/* Seconds until the first timer that real time fires; negative: there is none. */
static double next_timeout(const Loop *loop) {
  double left = -1;
  if (loop->real.first != NULL) left = fmax(loop->real.first->due - loop_real_now(loop), 0);
  if (loop->own.first == NULL || loop->virtual) return left;
  double own = fmax(loop->own.first->due - loop_now(loop), 0);
  return left < 0 || own < left ? own : left;
}

/* A host that polls fd() has to wake at the first timer's moment. Setting it costs a system call, so it is moved
** to an earlier moment only; a wake-up that comes too early finds nothing to do. */
static void arm(Loop *loop) {
  if (!loop->shared) return;
  double now = loop_real_now(loop), left = next_timeout(loop);
  double due = left < 0 ? INFINITY : now + left;
  if (loop->armed <= now) loop->armed = INFINITY; /* it went off */
  if (due >= loop->armed) return;
  if (poller_arm(&loop->poller, left)) loop->armed = due;
}

void loop_timer_stop(Loop *loop, LoopTimer *timer) {
  (void)loop;
  struct LoopTimers *among = timer->among;
  if (among == NULL) return;
  if (timer->before == NULL)
    among->first = timer->after;
  else
    timer->before->after = timer->after;
  if (timer->after == NULL)
    among->last = timer->before;
  else
    timer->after->before = timer->before;
  timer->before = timer->after = NULL;
  timer->among = NULL;
}

static void start(Loop *loop, struct LoopTimers *among, LoopTimer *timer, double due) {
  loop_timer_stop(loop, timer);
  timer->due = due;
  timer->among = among;
  LoopTimer *before = among->last; /* most are timeouts of about one length: the place is near the end */
  while (before != NULL && before->due > due) before = before->before;
  timer->before = before;
  timer->after = before == NULL ? among->first : before->after;
  if (before == NULL)
    among->first = timer;
  else
    before->after = timer;
  if (timer->after == NULL)
    among->last = timer;
  else
    timer->after->before = timer;
  arm(loop);
}

void loop_timer_start(Loop *loop, LoopTimer *timer, double seconds) {
  start(loop, &loop->real, timer, loop_real_now(loop) + fmax(seconds, 0));
}

void loop_later(Loop *loop, LoopTimer *timer, double seconds) {
  start(loop, &loop->own, timer, loop_now(loop) + fmax(seconds, 0));
}

void loop_busy(Loop *loop, int change) {
  loop->busy += change;
}

static void fire_due(Loop *loop, struct LoopTimers *among, double now) {
  while (among->first != NULL && among->first->due <= now) {
    LoopTimer *timer = among->first;
    loop_timer_stop(loop, timer);
    timer->fire(timer);
  }
}

/* Fires what is due at this moment; a timer started meanwhile waits for the next step, so this ends. */
static void fire_timers(Loop *loop) {
  if (loop->real.first != NULL) fire_due(loop, &loop->real, loop_real_now(loop));
  if (loop->own.first != NULL) fire_due(loop, &loop->own, loop_now(loop) + 1e-9); /* rounding */
  arm(loop);
}

/* Seconds that virtual time may be moved on by, to the first timer in it; negative: it has to stand. */
static double next_advance(const Loop *loop) {
  if (!loop->virtual || loop->busy > 0 || loop->own.first == NULL) return -1;
  return fmax(loop->own.first->due - loop_now(loop), 0);
}

/* Time becomes virtual or real: what was to come in so many seconds still does. */
static void change_time(Loop *loop, bool virtual, int64_t ns) {
  double before = loop_now(loop);
  loop->virtual = virtual;
  loop->virtual_ns = loop->virtual_start = ns;
  loop->era++;
  double by = loop_now(loop) - before;
  for (LoopTimer *t = loop->own.first; t != NULL; t = t->after) t->due += by;
}

/* ---- waits by number ---- */

static bool woken_grow(Loop *loop) {
  size_t room = loop->woken_room == 0 ? 64 : loop->woken_room * 2;
  int64_t *ring = malloc(room * sizeof *ring);
  if (ring == NULL) return false;
  for (size_t i = 0; i < loop->woken_count; i++)
    ring[i] = loop->woken[(loop->woken_first + i) % loop->woken_room]; /* NOLINT: room 0 holds none */
  free(loop->woken);
  loop->woken = ring;
  loop->woken_first = 0;
  loop->woken_room = room;
  return true;
}

int64_t loop_wait_new(Loop *loop) {
  if (loop->waits == loop->woken_room && !woken_grow(loop)) return 0;
  loop->waits++;
  return ++loop->last_wait;
}

void loop_wake(Loop *loop, int64_t wait) {
  loop->woken[(loop->woken_first + loop->woken_count++) % loop->woken_room] = wait;
}

void loop_wait_drop(Loop *loop, int64_t wait) {
  if (wait != 0) loop->waits--;
}

bool loop_may_yield(const Loop *loop, lua_State *L) {
  return loop->yields == L && lua_isyieldable(L);
}

bool loop_task_cancelled(const Loop *loop) {
  return loop->yields != NULL && loop->cancelled;
}

void loop_push_mark(lua_State *L) {
  lua_pushlightuserdata(L, (void *)(uintptr_t)&KEY);
}

bool loop_may_block(const Loop *loop) {
  return !loop->no_blocking;
}

static void on_alarm(LoopTimer *timer) {
  (void)timer;
}

/* ---- waiting ---- */

static int nothing(lua_State *L) {
  (void)L;
  return 0;
}

/* Calls an empty function, so that hooks run. Stock Lua's Ctrl-C sets its hook on the main thread; when another one
** waits here, that hook is lent to it, and what it makes of itself (it goes when it has struck) is carried back. */
static int run_hooks(lua_State *L) {
  luaL_checkstack(L, 2, "interrupted");
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  lua_State *first = lua_tothread(L, -1);
  lua_pop(L, 1);
  lua_Hook lent = lua_gethook(first), own = lua_gethook(L);
  int mask = lua_gethookmask(L), count = lua_gethookcount(L);
  bool lend = first != L && lent != NULL;
  if (lend) lua_sethook(L, lent, lua_gethookmask(first), lua_gethookcount(first));
  lua_pushcfunction(L, nothing);
  int status = lua_pcall(L, 0, 0, 0);
  if (!lend) return status;
  if (lua_gethook(L) != lent) lua_sethook(first, lua_gethook(L), lua_gethookmask(L), lua_gethookcount(L));
  lua_sethook(L, own, mask, count);
  return status;
}

/* Moves virtual time on by what its owner set for that: an exchange with a manual clock moves too. False: an error is
** on the stack. */
static bool advance(lua_State *L, double seconds) {
  luaL_checkstack(L, 2, "advance");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &ADVANCE);
  lua_pushnumber(L, seconds);
  return lua_pcall(L, 1, 0, 0) == LUA_OK;
}

static void serve(Loop *loop, int ready) {
  loop->served = 0;
  loop->ready = ready;
  while (loop->served < loop->ready) {
    PollerEvent *e = &loop->batch[loop->served++];
    LoopWatch *watch = e->owner;
    if (watch != NULL) watch->ready(watch, e->events & (watch->events | LOOP_READ));
  }
}

bool loop_block(lua_State *L, Loop *loop, double seconds) {
  double ahead = seconds == 0 ? -1 : next_advance(loop);
  if (ahead >= 0) {
    bool moved = advance(L, ahead);
    fire_timers(loop);
    return moved;
  }
  double next = next_timeout(loop);
  if (next == 0 && !loop->timers_first) { /* libcurl's 0 ms timer, mostly: no system call for it */
    loop->timers_first = true;            /* but sockets come next, so that timers cannot starve them */
    fire_timers(loop);
    return true;
  }
  loop->timers_first = false;
  if (next >= 0 && (seconds < 0 || next < seconds)) seconds = next;
  int n = poller_wait(&loop->poller, loop->batch, BATCH, seconds);
  loop->wakeups++;
  serve(loop, n < 0 ? 0 : n);
  fire_timers(loop);
  return n >= 0 || run_hooks(L) == LUA_OK;
}

/* ---- the loop of a state ---- */

static int loop_close(lua_State *L) {
  Loop *loop = lua_touserdata(L, 1);
  poller_close(&loop->poller);
  free(loop->woken);
  loop->woken = NULL;
  loop->woken_count = loop->woken_room = 0;
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
  loop->alarm.fire = on_alarm;
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
  return loop_block(L, loop_get(L), seconds) ? 0 : lua_error(L);
}

/* fd(): one descriptor for the life of the state, to be polled for reading. */
static int l_fd(lua_State *L) {
  Loop *loop = loop_get(L);
  loop->shared = true;
  arm(loop);
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

/* wait_new() -> number; wake(number); woken() -> the next number that was woken, or nil */
static int l_wait_new(lua_State *L) {
  int64_t wait = loop_wait_new(loop_get(L));
  if (wait == 0) return luaL_error(L, "not enough memory");
  lua_pushinteger(L, wait);
  return 1;
}

static int l_wake(lua_State *L) {
  Loop *loop = loop_get(L);
  lua_Integer wait = luaL_checkinteger(L, 1);
  luaL_argcheck(L, loop->woken_count < loop->waits, 1, "nobody waits");
  loop_wake(loop, wait);
  return 0;
}

static int l_woken(lua_State *L) {
  Loop *loop = loop_get(L);
  if (loop->woken_count == 0) return 0;
  lua_pushinteger(L, loop->woken[loop->woken_first]);
  loop->woken_first = (loop->woken_first + 1) % loop->woken_room;
  loop->woken_count--;
  loop->waits--;
  return 1;
}

/* drop(number): it will not be woken */
static int l_drop(lua_State *L) {
  loop_wait_drop(loop_get(L), luaL_checkinteger(L, 1));
  return 0;
}

/* alarm([seconds]): ends a wait then at the latest; without an argument no longer. */
static int l_alarm(lua_State *L) {
  Loop *loop = loop_get(L);
  if (lua_isnoneornil(L, 1))
    loop_timer_stop(loop, &loop->alarm);
  else
    loop_timer_start(loop, &loop->alarm, luaL_checknumber(L, 1));
  return 0;
}

/* task([coroutine, cancelled]): who may be suspended from now on. */
static int l_task(lua_State *L) {
  Loop *loop = loop_get(L);
  loop->yields = lua_isthread(L, 1) ? (const void *)lua_tothread(L, 1) : NULL;
  loop->cancelled = lua_toboolean(L, 2);
  return 0;
}

/* may_yield() -> is the caller the coroutine that may be suspended? */
static int l_may_yield(lua_State *L) {
  lua_pushboolean(L, loop_may_yield(loop_get(L), L));
  return 1;
}

/* blocking(allowed) */
static int l_blocking(lua_State *L) {
  luaL_checktype(L, 1, LUA_TBOOLEAN);
  loop_get(L)->no_blocking = !lua_toboolean(L, 1);
  return 0;
}

static int l_may_block(lua_State *L) {
  lua_pushboolean(L, loop_may_block(loop_get(L)));
  return 1;
}

static int l_is_virtual(lua_State *L) {
  lua_pushboolean(L, loop_get(L)->virtual);
  return 1;
}

/* virtual(ms): time stands still at this moment (milliseconds since 1970) until it is advanced. */
static int l_virtual(lua_State *L) {
  Loop *loop = loop_get(L);
  lua_Integer ms = luaL_checkinteger(L, 1);
  luaL_argcheck(L, ms >= 0 && ms <= INT64_MAX / 1000000, 1, "milliseconds since 1970 expected");
  change_time(loop, true, ms * 1000000);
  return 0;
}

/* advance(seconds): moves virtual time on. */
static int l_advance(lua_State *L) {
  Loop *loop = loop_get(L);
  double seconds = luaL_checknumber(L, 1);
  if (!loop->virtual) return luaL_error(L, "advance: time is real");
  luaL_argcheck(L, seconds >= 0 && seconds < 1e9, 1, "seconds, 0 or more, expected");
  int64_t ns = (int64_t)(seconds * 1e9 + 0.5);
  loop->virtual_ns += ns == 0 && seconds > 0 ? 1 : ns; /* or whoever waits for less would wait for ever */
  return 0;
}

static int l_real(lua_State *L) {
  change_time(loop_get(L), false, 0);
  return 0;
}

/* set_advance(f): what moves virtual time on where the loop has to, f(seconds); it calls advance(). */
static int l_set_advance(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &ADVANCE);
  return 0;
}

/* next_advance() -> seconds that the loop would move virtual time on by if it waited now, or nil; may_advance */
static int l_next_advance(lua_State *L) {
  const Loop *loop = loop_get(L);
  double ahead = next_advance(loop);
  if (ahead < 0)
    lua_pushnil(L);
  else
    lua_pushnumber(L, ahead);
  lua_pushboolean(L, loop->virtual && loop->busy == 0);
  return 2;
}

/* shift(ms): sets the local wall clock forward (or back), as its user or NTP may; for tests. */
static int l_shift(lua_State *L) {
  loop_get(L)->wall_shift += luaL_checkinteger(L, 1);
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
                                       {"is_virtual", l_is_virtual},
                                       {"wait_new", l_wait_new},
                                       {"wake", l_wake},
                                       {"woken", l_woken},
                                       {"drop", l_drop},
                                       {"alarm", l_alarm},
                                       {"task", l_task},
                                       {"may_yield", l_may_yield},
                                       {"blocking", l_blocking},
                                       {"may_block", l_may_block},
                                       {NULL, NULL}};
  loop_get(L); /* made before all that uses it, so that at the end of the state it goes after them */
  lua_pushcfunction(L, l_advance);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &ADVANCE);
  luaL_newlib(L, functions);
  loop_push_mark(L);
  lua_setfield(L, -2, "mark");
  lua_setfield(L, -2, "loop");
}
