/*
** One event loop per Lua state: descriptors (epoll), timers, and time itself. It knows no libcurl and calls
** back only into C: a callback marks something as done, it never runs Lua and never raises. Whatever waits or
** wants the time asks here, so that a run can take place in virtual time.
*/
#ifndef BYBIT_LOOP_H
#define BYBIT_LOOP_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Loop Loop;

enum { LOOP_READ = 1, LOOP_WRITE = 2 }; /* as in poller.h */

/* Embedded in its user; the loop links it, the user keeps it alive until loop_unwatch. */
typedef struct LoopWatch {
  int fd;
  int events; /* LOOP_READ | LOOP_WRITE as asked for; 0: not watched */
  void (*ready)(struct LoopWatch *watch, int events);
} LoopWatch;

typedef struct LoopTimer {
  double due;               /* owned by the loop while armed, as what follows */
  struct LoopTimers *among; /* NULL: not armed */
  void (*fire)(struct LoopTimer *timer);
  struct LoopTimer *before, *after; /* owned by the loop while armed */
} LoopTimer;

/* Adds 'loop' (now, wall, step, fd, ...) to the module table on top of the stack. */
void loop_open(lua_State *L);
/* The state's loop, made when the module is loaded and closed with the state. Pushes nothing. */
Loop *loop_get(lua_State *L);

double loop_now(const Loop *loop); /* seconds, monotonic, suspension included; virtual where time is */
int loop_era(const Loop *loop); /* another number once time became virtual or real: loop_now() began anew */
int64_t loop_wall(const Loop *loop);    /* milliseconds since 1970; virtual where time is */
double loop_real_now(const Loop *loop); /* seconds, monotonic, never virtual: timeouts of real sockets */

bool loop_watch(Loop *loop, LoopWatch *watch, int fd, int events);   /* adds or changes */
void loop_unwatch(Loop *loop, LoopWatch *watch);                     /* harmless when not watched */
void loop_timer_start(Loop *loop, LoopTimer *timer, double seconds); /* real seconds from now; re-arms */
/* The same in the loop's own time: where that is virtual, waiting moves it on to the timer. */
void loop_later(Loop *loop, LoopTimer *timer, double seconds);
void loop_timer_stop(Loop *loop, LoopTimer *timer); /* harmless when not armed */
/* So many more transfers on real sockets are under way: virtual time does not move on by itself meanwhile. */
void loop_busy(Loop *loop, int change);

/* Waits by number: whoever cannot go on takes one, and is woken by it. The numbers that were woken stand in a queue,
** which the Lua layer empties (core.loop.woken), so that no callback runs Lua. 0: not enough memory. */
int64_t loop_wait_new(Loop *loop);
void loop_wake(Loop *loop, int64_t wait);      /* once per number; cannot fail */
void loop_wait_drop(Loop *loop, int64_t wait); /* in place of waking; 0 is fine */

/* The coroutine that may be suspended by a wait: the task that runs now, or a generator of its own. Any other waits
** by blocking. */
bool loop_may_yield(const Loop *loop, lua_State *L);
/* Was the task that runs now cancelled (and is not inside what it deferred)? */
bool loop_task_cancelled(const Loop *loop);
/* Pushes what a suspended wait yields before its number, so that it is told from a generator's own yield. */
void loop_push_mark(lua_State *L);
bool loop_may_block(const Loop *loop);

/* Waits for the next event, at most 'seconds' (negative: no bound), and serves all that is ready. After EINTR debug
** hooks run (Ctrl-C is one). False: a hook raised, and what it raised is on the stack, for the caller to raise. */
bool loop_block(lua_State *L, Loop *loop, double seconds);

#endif
