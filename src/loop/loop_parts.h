/*
** The loop itself, for the files that work on it: loop.c, turns.c, and loop_lua.c, its Lua face.
*/
#ifndef BYBIT_LOOP_PARTS_H
#define BYBIT_LOOP_PARTS_H

#include "hooks.h"
#include "poller.h"
#include "process.h"
#include "timers.h"
#include "turns.h"
#include "waits.h"

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Loop Loop;

enum { BATCH = 64 }; /* the most events that one wait takes from the system */

struct Loop {
  Poller poller;
  Process process;
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
  Waits waits;
  Turns turns;
  Hooks *hooks;       /* of the Lua state; NULL before the first wait */
  const void *yields; /* the coroutine that a wait may suspend; compared, never followed */
  bool no_blocking;   /* waits must not block the thread */
};

extern const char loop_key;     /* its address is the loop's key in the registry, and the mark of a wait */
extern const char loop_advance; /* the same for the function that moves virtual time on */

/* Seconds until the first timer that fires by real time; negative: there is none. */
double loop_next_timeout(const Loop *loop);
/* How many seconds virtual time may move on by, that is to its first timer; negative: it must stand still. */
double loop_next_advance(const Loop *loop);
/* Waits at most 'seconds' for something to be ready, and serves it. Where only timers were served, which woke nobody, it waits
** once more: mostly that has sent a request, and whoever asks would only ask again. False: as loop_block. */
bool loop_step(lua_State *L, Loop *loop, double seconds);
/* Sets the poller's timer, so that a host that polls fd() wakes when the first timer is due. Each setting is a system
** call, so the timer only ever moves to an earlier moment. A wake-up that comes too early finds nothing to do. */
void loop_arm(Loop *loop);
/* Makes time virtual or real. Timers are shifted, so that each is still due in as many seconds as before. */
void loop_change_time(Loop *loop, bool virtual, int64_t ns);

#endif
