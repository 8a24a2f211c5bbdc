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
  double due; /* loop_now() time; owned by the loop while armed */
  bool armed;
  void (*fire)(struct LoopTimer *timer);
  struct LoopTimer *before, *after; /* owned by the loop while armed */
} LoopTimer;

/* Adds 'loop' (now, wall, step, fd, ...) to the module table on top of the stack. */
void loop_open(lua_State *L);
/* The state's loop, made on first use and closed with the state. Pushes nothing. */
Loop *loop_get(lua_State *L);

double loop_now(const Loop *loop);      /* seconds, monotonic; virtual where time is */
int64_t loop_wall(const Loop *loop);    /* milliseconds since 1970; virtual where time is */
double loop_real_now(const Loop *loop); /* seconds, monotonic, never virtual: timeouts of real sockets */

bool loop_watch(Loop *loop, LoopWatch *watch, int fd, int events);   /* adds or changes */
void loop_unwatch(Loop *loop, LoopWatch *watch);                     /* harmless when not watched */
void loop_timer_start(Loop *loop, LoopTimer *timer, double seconds); /* real seconds from now; re-arms */
void loop_timer_stop(Loop *loop, LoopTimer *timer);

/* Waits for the next event, at most 'seconds' (negative: no bound), and serves all that is ready. Owns
** nothing while it runs Lua: after EINTR it calls an empty Lua function so that debug hooks (Ctrl-C) run, and
** those may raise. */
void loop_block(lua_State *L, Loop *loop, double seconds);

#endif
