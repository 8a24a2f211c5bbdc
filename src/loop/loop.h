/*
** One event loop per Lua state: descriptors, timers, and the time. It knows no libcurl. Callbacks are C functions that
** mark something as done: a callback never runs Lua and never raises. All that waits or reads the time asks here, so
** that a whole run can take place in virtual time.
*/
#ifndef BYBIT_LOOP_H
#define BYBIT_LOOP_H

#include "timers.h"

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct Loop Loop;

enum { LOOP_READ = 1, LOOP_WRITE = 2 }; /* as in poller.h */

/* A descriptor that is watched. Its user embeds it and keeps it alive until loop_unwatch; the loop only points to it. */
typedef struct LoopWatch {
  int fd;     /* owned by the user */
  int events; /* what is waited for, of LOOP_READ | LOOP_WRITE; 0: not watched */
  void (*ready)(struct LoopWatch *watch, int events); /* called with what is ready; LOOP_READ on errors too */
} LoopWatch;

/* The loop of this Lua state, made when the module is loaded and closed with the state. Pushes nothing. */
Loop *loop_get(lua_State *L);

pid_t loop_process(const Loop *loop); /* the number of this process; another one in a forked child */

/* Seconds on a monotonic clock that also counts while the computer sleeps; virtual seconds in virtual time. */
double loop_now(const Loop *loop);
/* A number that changes when time becomes virtual or real: values of loop_now() of two eras cannot be compared. */
int loop_era(const Loop *loop);
bool loop_is_virtual(const Loop *loop); /* is time virtual? */
int64_t loop_wall(const Loop *loop);    /* milliseconds since 1970, by the wall clock or in virtual time */
/* Seconds of loop_now() that the computer was suspended for. 'now': what that has just returned. */
double loop_asleep(const Loop *loop, double now);
double loop_real_now(const Loop *loop); /* seconds, monotonic, never virtual: for timeouts of real sockets */

long long loop_waits(const Loop *loop); /* how often it has looked at what it watches */

/* Starts watching 'fd' for 'events', or changes what is watched. False, with errno set, when the system refuses. */
bool loop_watch(Loop *loop, LoopWatch *watch, int fd, int events);
/* Stops it; does nothing when it is not watched. 'ready' is not called after this, not even for an event at hand. */
void loop_unwatch(Loop *loop, LoopWatch *watch);
/* Arms the timer for so many real seconds from now, in place of what it was armed for. */
void loop_timer_start(Loop *loop, LoopTimer *timer, double seconds);
/* The same by loop_now(). In virtual time a wait moves the time on to the timer. */
void loop_later(Loop *loop, LoopTimer *timer, double seconds);
void loop_timer_stop(Loop *loop, LoopTimer *timer); /* does nothing when it is not armed */
/* Adds 'change' to the number of transfers on real sockets. While there are any, virtual time does not move on by
** itself: an answer takes real time. */
void loop_busy(Loop *loop, int change);

/* Waits by number: code that has to wait takes a number and is woken by it. The numbers that were woken stand in a
** queue, which the Lua layer reads (core.loop.woken). So a callback in C can wake a task without running Lua. Each
** number is either woken or dropped, once. */
int64_t loop_wait_new(Loop *loop);             /* 0: not enough memory */
void loop_wake(Loop *loop, int64_t wait);      /* cannot fail: loop_wait_new has made room in the queue */
void loop_wait_drop(Loop *loop, int64_t wait); /* gives the number back; 0 is allowed */

/* May a wait suspend this coroutine? It may when it belongs to the task that runs now (itself or a generator of it) and
** can yield. Any other waits by blocking. */
bool loop_may_yield(const Loop *loop, lua_State *L);
/* Was the task that runs now cancelled? False while it runs what it deferred: that must finish. */
bool loop_task_cancelled(const Loop *loop);
/* Pushes the mark that a suspended wait yields before its number. By it the scheduler tells such a yield from a
** generator's own. */
void loop_push_mark(lua_State *L);
/* May a wait block this thread? A host with a loop of its own can forbid it (core.loop.blocking). */
bool loop_may_block(const Loop *loop);

/* Waits at most 'seconds' (negative: no bound) for the next event, and serves all that is ready. When a signal
** interrupts the wait, debug hooks run; Ctrl-C is one. On success it pushes nothing. False: a hook raised, or what moves
** virtual time on did; the error is on the stack, and the caller raises it. */
bool loop_block(lua_State *L, Loop *loop, double seconds);

#endif
