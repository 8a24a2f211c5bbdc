/*
** The event loop: descriptors (poller.h), timers (timers.h), and the time, which can be virtual. Each Lua state has one,
** in its registry. loop.h says what callbacks may do.
*/
#include "loop.h"
#include "loop_parts.h"

#include <errno.h>
#include <lauxlib.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char loop_key, loop_advance;

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

long long loop_waits(const Loop *loop) {
  return (long long)loop->wakeups;
}

int loop_era(const Loop *loop) {
  return loop->era;
}

bool loop_is_virtual(const Loop *loop) {
  return loop->virtual;
}

int64_t loop_wall(const Loop *loop) {
  if (loop->virtual) return loop->virtual_ns / 1000000 + loop->wall_shift;
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + loop->wall_shift;
}

/* What comes between the two readings is no sleep, since 'now' was read first. */
double loop_asleep(const Loop *loop, double now) {
  return (loop->virtual ? 0 : now - clock_seconds(CLOCK_MONOTONIC)) + loop->asleep;
}

pid_t loop_process(const Loop *loop) {
  return process_id(&loop->process);
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

double loop_next_timeout(const Loop *loop) {
  double left = -1;
  if (loop->real.first != NULL) left = fmax(timers_due(&loop->real) - loop_real_now(loop), 0);
  if (loop->own.first == NULL || loop->virtual) return left;
  double own = fmax(timers_due(&loop->own) - loop_now(loop), 0);
  return left < 0 || own < left ? own : left;
}

void loop_arm(Loop *loop) {
  if (!loop->shared) return;
  double now = loop_real_now(loop), left = loop_next_timeout(loop);
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
  loop_arm(loop);
}

void loop_timer_start(Loop *loop, LoopTimer *timer, double seconds) {
  start(loop, &loop->real, timer, loop_real_now(loop) + fmax(seconds, 0));
}

/* After half a year of virtual time a double of its seconds cannot tell one nanosecond from the next. A wait lasts until time has moved
** all the same: who is woken too early waits again. */
void loop_later(Loop *loop, LoopTimer *timer, double seconds) {
  double now = loop_now(loop), due = now + fmax(seconds, 0);
  if (loop->virtual && seconds > 0 && due <= now) due = nextafter(now, INFINITY);
  start(loop, &loop->own, timer, due);
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
  loop_arm(loop);
}

double loop_next_advance(const Loop *loop) {
  if (!loop->virtual || loop->busy > 0 || loop->own.first == NULL) return -1;
  return fmax(timers_due(&loop->own) - loop_now(loop), 0);
}

void loop_change_time(Loop *loop, bool virtual, int64_t ns) {
  double before = loop_now(loop);
  loop->virtual = virtual;
  loop->virtual_ns = loop->virtual_start = ns;
  loop->era++;
  timers_shift(&loop->own, loop_now(loop) - before);
}

/* ---- waits by number ---- */

int64_t loop_wait_new(Loop *loop) {
  return waits_new(&loop->waits, false);
}

void loop_wake(Loop *loop, int64_t wait) {
  waits_wake(&loop->waits, wait);
}

void loop_wait_drop(Loop *loop, int64_t wait) {
  waits_drop(&loop->waits, wait);
}

bool loop_may_yield(const Loop *loop, lua_State *L) {
  return loop->yields == L && lua_isyieldable(L);
}

bool loop_task_cancelled(const Loop *loop) {
  return loop->yields != NULL && turns_cancelled(&loop->turns);
}

void loop_push_mark(lua_State *L) {
  lua_pushlightuserdata(L, (void *)(uintptr_t)&loop_key);
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
  lua_rawgetp(L, LUA_REGISTRYINDEX, &loop_advance);
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

/* How many events one wait takes. An answer is taken and its task goes on before the next few are looked at, while all that it
** needs is in the processor's cache. But with few at a time few connections are idle, and libcurl looks through the others for
** one each time. */
static size_t room_for(const Loop *loop) {
  enum { FEW = 8, PART = 4 };
  int part = loop->busy / PART;
  return (size_t)(part < FEW ? FEW : part < BATCH ? part : BATCH);
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
  *ready = poller_wait(&loop->poller, loop->batch, room_for(loop), seconds, &before);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return true;
}

bool loop_block(lua_State *L, Loop *loop, double seconds) {
  if (loop->hooks == NULL) loop->hooks = hooks_get(L);
  if (hooks_new(loop->hooks) && !hooks_run(L)) return false;
  double ahead = seconds == 0 ? -1 : loop_next_advance(loop);
  if (ahead >= 0) {
    bool moved = advance(L, ahead);
    fire_timers(loop);
    return moved;
  }
  double next = loop_next_timeout(loop);
  if (next == 0 && !loop->timers_first) { /* mostly libcurl's timer of 0 ms: it needs no system call */
    loop->timers_first = true;            /* sockets come next, so that timers cannot starve them */
    fire_timers(loop);
    return true;
  }
  loop->timers_first = false;
  if (next >= 0 && (seconds < 0 || next < seconds)) seconds = next;
  int n;
  if (seconds == 0)
    n = poller_wait(&loop->poller, loop->batch, room_for(loop), 0, NULL);
  else if (!wait_ready(L, loop, seconds, &n))
    return false;
  loop->wakeups++;
  serve(loop, n < 0 ? 0 : n);
  fire_timers(loop);
  return n >= 0 || hooks_run(L);
}

bool loop_step(lua_State *L, Loop *loop, double seconds) {
  double stop = seconds > 0 ? loop_real_now(loop) + seconds : 0;
  loop->rang = false;
  if (!loop_block(L, loop, seconds)) return false;
  bool idle = loop->timers_first && !loop->rang && loop->waits.count == 0 && !loop->virtual;
  return seconds == 0 || !idle || loop_block(L, loop, fmax(stop - loop_real_now(loop), 0));
}

/* ---- the loop of a state ---- */

/* __gc: closes the descriptors, and frees what it holds. loop_open sees to it that this finalizer runs last. */
static int loop_close(lua_State *L) {
  Loop *loop = lua_touserdata(L, 1);
  poller_close(&loop->poller);
  process_close(&loop->process);
  waits_close(&loop->waits);
  turns_close(&loop->turns);
  return 0;
}

Loop *loop_get(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &loop_key) == LUA_TUSERDATA) {
    Loop *found = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return found;
  }
  lua_pop(L, 1);
  Loop *loop = lua_newuserdatauv(L, sizeof *loop, 1); /* the user value: see turns.h */
  memset(loop, 0, sizeof *loop);
  loop->turns.due = INFINITY;
  loop->armed = INFINITY;
  loop->alarm.fire = on_alarm;
  loop->poller.fd = loop->poller.timerfd = -1;
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, loop_close);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2); /* from here on __gc closes the descriptors */
  lua_newtable(L);
  lua_setiuservalue(L, -2, 1);
  process_open(&loop->process);
  if (!poller_open(&loop->poller)) luaL_error(L, "the event loop cannot start: %s", strerror(errno));
  lua_rawsetp(L, LUA_REGISTRYINDEX, &loop_key);
  return loop;
}
