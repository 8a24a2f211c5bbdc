/*
** The event loop: descriptors (poller.h), timers (timers.h), and the time, which can be virtual. Each Lua state has one,
** in its registry. loop.h says what callbacks may do.
*/
#include "loop.h"
#include "hooks.h"
#include "poller.h"

#include <errno.h>
#include <lauxlib.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 64 }; /* the most events that one wait takes from the system */

struct Loop {
  Poller poller;
  LoopTimers real;          /* by loop_real_now */
  LoopTimers own;           /* by loop_now */
  PollerEvent batch[BATCH]; /* the events being served; one whose watch ended meanwhile has no owner */
  int served, ready;        /* how many of 'batch' were served, and how many it holds */
  bool shared;              /* a host polls fd(): the poller's timer is kept set */
  double armed;             /* what the poller's timer is set to, by loop_real_now; INFINITY: not set */
  bool virtual;             /* time is virtual */
  int64_t virtual_start;    /* when virtual time began; nanoseconds since 1970 */
  int64_t virtual_ns;       /* the virtual time; nanoseconds since 1970 */
  int64_t wall_shift;       /* milliseconds that a test has set the wall clock forward */
  double asleep;            /* s that count as spent asleep, for tests */
  int era;                  /* how often time became virtual or real */
  int busy;                 /* transfers on real sockets; see loop_busy */
  lua_Integer wakeups;      /* how many waits have ended; specs look at it */
  bool timers_first;        /* the last step served timers without looking at sockets */
  bool rang;                /* the alarm went off in the last step */
  LoopTimer alarm;          /* the Lua layer's timer: it ends a wait and does nothing else */
  int64_t last_wait;        /* the wait number given last */
  int64_t *woken;           /* the queue of woken numbers, a ring; owned */
  size_t woken_first, woken_count, woken_room;
  size_t waits;       /* numbers given, not yet dropped or read from the ring; it has room for all of them */
  Hooks *hooks;       /* of the Lua state; NULL before the first wait */
  const void *yields; /* the coroutine that a wait may suspend; compared, never followed */
  bool cancelled;     /* the task of that coroutine was cancelled */
  bool no_blocking;   /* waits must not block the thread */
};

static const char KEY;     /* its address is the loop's key in the registry */
static const char ADVANCE; /* the same for the function that moves virtual time on */

/* The clock of loop_now(). It counts while the computer sleeps, because the exchange does not sleep meanwhile. */
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

double loop_asleep(const Loop *loop) {
  if (loop->virtual) return loop->asleep;
  double steady = clock_seconds(STEADY); /* first: what comes between the two is no sleep */
  return steady - clock_seconds(CLOCK_MONOTONIC) + loop->asleep;
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

/* An event of this watch that is in the batch already loses its owner, since the watch may be freed next. */
void loop_unwatch(Loop *loop, LoopWatch *watch) {
  if (watch->events == 0) return;
  poller_set(&loop->poller, watch->fd, 0, watch->events, watch);
  watch->events = 0;
  for (int i = loop->served; i < loop->ready; i++)
    if (loop->batch[i].owner == watch) loop->batch[i].owner = NULL;
}

/* ---- timers ---- */

/* Seconds until the first timer that fires by real time; negative: there is none. */
static double next_timeout(const Loop *loop) {
  double left = -1;
  if (loop->real.first != NULL) left = fmax(timers_due(&loop->real) - loop_real_now(loop), 0);
  if (loop->own.first == NULL || loop->virtual) return left;
  double own = fmax(timers_due(&loop->own) - loop_now(loop), 0);
  return left < 0 || own < left ? own : left;
}

/* Sets the poller's timer, so that a host that polls fd() wakes when the first timer is due. Each setting is a system
** call, so the timer only ever moves to an earlier moment. A wake-up that comes too early finds nothing to do. */
static void arm(Loop *loop) {
  if (!loop->shared) return;
  double now = loop_real_now(loop), left = next_timeout(loop);
  double due = left < 0 ? INFINITY : now + left;
  if (loop->armed <= now) loop->armed = INFINITY; /* it has fired */
  if (due >= loop->armed) return;
  if (poller_arm(&loop->poller, left)) loop->armed = due;
}

void loop_timer_stop(Loop *loop, LoopTimer *timer) {
  (void)loop;
  timers_remove(timer);
}

static void start(Loop *loop, LoopTimers *among, LoopTimer *timer, double due) {
  timers_remove(timer);
  timers_add(among, timer, due);
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

/* Fires the timers that are due at 'now'. A timer that is started meanwhile waits for the next step, so that this always
** ends. */
static void fire_due(LoopTimers *among, double now) {
  uint64_t last = among->number;
  while (among->first != NULL && timers_due(among) <= now && among->first->number <= last) {
    LoopTimer *timer = among->first;
    timers_remove(timer);
    timer->fire(timer);
  }
}

/* Fires the timers of both kinds that are due, and sets the poller's timer anew. */
static void fire_timers(Loop *loop) {
  if (loop->real.first != NULL) fire_due(&loop->real, loop_real_now(loop));
  if (loop->own.first != NULL) fire_due(&loop->own, loop_now(loop) + 1e-9); /* it is rounded to 1 ns */
  arm(loop);
}

/* How many seconds virtual time may move on by, that is to its first timer; negative: it must stand still. */
static double next_advance(const Loop *loop) {
  if (!loop->virtual || loop->busy > 0 || loop->own.first == NULL) return -1;
  return fmax(timers_due(&loop->own) - loop_now(loop), 0);
}

/* Makes time virtual or real. Timers are shifted, so that each is still due in as many seconds as before. */
static void change_time(Loop *loop, bool virtual, int64_t ns) {
  double before = loop_now(loop);
  loop->virtual = virtual;
  loop->virtual_ns = loop->virtual_start = ns;
  loop->era++;
  loop->own.shift += loop_now(loop) - before;
}

/* ---- waits by number ---- */

/* Doubles the ring. False when there is no memory; the ring is then as before. */
static bool woken_grow(Loop *loop) {
  size_t room = loop->woken_room == 0 ? 64 : loop->woken_room * 2;
  int64_t *ring = malloc(room * sizeof *ring);
  if (ring == NULL) return false;
  for (size_t i = 0; i < loop->woken_count; i++)
    ring[i] = loop->woken[(loop->woken_first + i) % loop->woken_room]; /* NOLINT: room 0 means count 0 */
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
  ((Loop *)((char *)timer - offsetof(Loop, alarm)))->rang = true;
}

/* ---- waiting ---- */

/* Moves virtual time on with the function that core.loop.set_advance was given: the paper exchange sets one that moves
** its own clock too. False: it raised, and the error is on the stack. */
static bool advance(lua_State *L, double seconds) {
  luaL_checkstack(L, 2, "advance");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &ADVANCE);
  lua_pushnumber(L, seconds);
  bool struck;
  return hooks_pcall(L, 1, 0, &struck) == LUA_OK;
}

/* Calls 'ready' of the watches in the batch. Errors and hang-ups arrive as LOOP_READ even where only writing was asked
** for. A callback may unwatch others: see loop_unwatch. */
static void serve(Loop *loop, int ready) {
  loop->served = 0;
  loop->ready = ready;
  while (loop->served < loop->ready) {
    PollerEvent *e = &loop->batch[loop->served++];
    LoopWatch *watch = e->owner;
    if (watch != NULL) watch->ready(watch, e->events & (watch->events | LOOP_READ));
  }
}

/* Waits for descriptors; '*ready' gets what poller_wait returns. Signals are blocked from the last look at the hooks
** until the system call waits, so that a signal between the two ends the wait. False: a hook raised, and the error is on
** the stack. */
static bool wait_ready(lua_State *L, Loop *loop, double seconds, int *ready) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (hooks_new(loop->hooks)) {
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!hooks_run(L)) return false;
    pthread_sigmask(SIG_SETMASK, &all, NULL);
  }
  *ready = poller_wait(&loop->poller, loop->batch, BATCH, seconds, &before);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return true;
}

bool loop_block(lua_State *L, Loop *loop, double seconds) {
  if (loop->hooks == NULL) loop->hooks = hooks_get(L);
  if (hooks_new(loop->hooks) && !hooks_run(L)) return false;
  double ahead = seconds == 0 ? -1 : next_advance(loop);
  if (ahead >= 0) {
    bool moved = advance(L, ahead);
    fire_timers(loop);
    return moved;
  }
  double next = next_timeout(loop);
  if (next == 0 && !loop->timers_first) { /* mostly libcurl's timer of 0 ms: it needs no system call */
    loop->timers_first = true;            /* sockets come next, so that timers cannot starve them */
    fire_timers(loop);
    return true;
  }
  loop->timers_first = false;
  if (next >= 0 && (seconds < 0 || next < seconds)) seconds = next;
  int n;
  if (seconds == 0)
    n = poller_wait(&loop->poller, loop->batch, BATCH, 0, NULL);
  else if (!wait_ready(L, loop, seconds, &n))
    return false;
  loop->wakeups++;
  serve(loop, n < 0 ? 0 : n);
  fire_timers(loop);
  return n >= 0 || hooks_run(L);
}

/* ---- the loop of a state ---- */

/* __gc: closes the descriptors and frees the ring. loop_open sees to it that this finalizer runs last. */
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
  lua_setmetatable(L, -2); /* from here on __gc closes the descriptors */
  if (!poller_open(&loop->poller)) luaL_error(L, "the event loop cannot start: %s", strerror(errno));
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY);
  return loop;
}

/* ---- the Lua face, for the module's own Lua layer ---- */

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
  arm(loop);
  lua_pushinteger(L, loop->poller.fd);
  return 1;
}

/* next_timeout() -> seconds until step() must be called at the latest; nil: no timer runs */
static int l_next_timeout(lua_State *L) {
  double left = next_timeout(loop_of(L));
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
    bool waits = count > 0 && lua_touserdata(co, -count) == (const void *)&KEY;
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
  change_time(loop, true, ms * 1000000);
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
  change_time(loop_of(L), false, 0);
  return 0;
}

/* set_advance(f): the loop calls f(seconds) when it has to move virtual time on; f calls advance(). */
static int l_set_advance(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &ADVANCE);
  return 0;
}

/* next_advance() -> how many seconds a wait would move virtual time on now, or nil; and whether virtual time may move on
** at all (it is virtual, and no transfer runs) */
static int l_next_advance(lua_State *L) {
  const Loop *loop = loop_of(L);
  double ahead = next_advance(loop);
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
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY);
  luaL_setfuncs(L, functions, 1);
  lua_getfield(L, -1, "advance");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &ADVANCE);
  loop_push_mark(L);
  lua_setfield(L, -2, "mark");
  lua_setfield(L, -2, "loop");
}
