/*
** The exchange's clock as far as its answers tell it. Each answer carries the exchange's time and came between two
** moments of ours, so it bounds the offset from both sides: half the round trip is allowed for, and of several
** answers the tightest bounds of either side count. Knows no Lua and no loop: moments are handed in, in seconds of a
** clock that nobody sets (loop_now), so a step of the local wall clock changes nothing here.
*/
#ifndef BYBIT_CLOCK_H
#define BYBIT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Where the offset (exchange's milliseconds less ours) lies for certain, as of 'at'. */
typedef struct ClockBounds {
  double low, high; /* ms */
  double at;        /* s, ours */
} ClockBounds;

typedef struct Clock {
  bool known;         /* 'bounds' hold; before, the local wall clock is all there is */
  bool doubted;       /* the last answer contradicts 'bounds': another that does so replaces them */
  ClockBounds bounds; /* what all answers agree on */
  ClockBounds last;   /* what the last answer alone says */
} Clock;

/* An answer said 'time' (ms since 1970); its request left at 'sent' and it was complete at 'ended'. One answer that
** contradicts those before is not believed until the next agrees with it. What is no time at all is ignored. */
void clock_learn(Clock *c, double sent, double ended, int64_t time);
/* The exchange refused our timestamp: what its last answer said counts, and nothing from before. */
void clock_adopt(Clock *c);
/* The best guess of the offset at 'now', and how far it may be off, both in ms. False: nothing is known. */
bool clock_offset(const Clock *c, double now, double *offset, double *doubt);
/* The exchange's clock, ms since 1970; 'wall' is the local one, which stands in while nothing is known. */
int64_t clock_now(const Clock *c, double now, int64_t wall);
/* A timestamp in the middle of what the exchange accepts from a request that arrives now: its time less the receive
** window, up to its time and one second (V5 documentation, integration guidance). */
int64_t clock_timestamp(const Clock *c, double now, int64_t wall, int64_t receive_window);

#endif
