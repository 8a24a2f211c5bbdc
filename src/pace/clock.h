/*
** The exchange's clock, as far as answers tell it. Each answer carries the exchange's time, and that moment lies between
** the sending of the request and the arrival of the answer. So each answer gives a lower and an upper bound of the offset
** between the clocks; the tightest bounds count. Knows no Lua and no loop: callers pass moments in, in seconds of a clock
** that nobody sets (loop_now). So a step of the local wall clock changes nothing here.
*/
#ifndef BYBIT_CLOCK_H
#define BYBIT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Bounds of the offset at the moment 'at'. The offset is the exchange's clock minus ours, in ms. */
typedef struct ClockBounds {
  double low, high; /* ms */
  double at;        /* s, ours */
} ClockBounds;

typedef struct Clock {
  bool known;   /* there was an answer; before it, only the local wall clock is known */
  bool doubted; /* the last answer contradicts 'bounds'; if the next one agrees with it, they are replaced */
  ClockBounds bounds; /* what all answers agree on */
  ClockBounds last;   /* what the last answer says, taken alone */
  double fastest;     /* seconds of the shortest round trip so far */
} Clock;

/* An answer had the time 'time' (ms since 1970). Its request was sent at 'sent', and it was complete at 'ended'. An answer
** that contradicts earlier ones is believed only when the next one agrees with it. A time outside of 2010 to 2100 is
** ignored. */
void clock_learn(Clock *c, double sent, double ended, int64_t time);
/* The exchange refused our timestamp: if the last answer contradicts earlier ones, only the last one counts. */
void clock_adopt(Clock *c);
/* The best guess of the offset at 'now', and its largest possible error, both in ms. False before the first answer, here
** and below. */
bool clock_offset(const Clock *c, double now, double *offset, double *doubt);
/* The earliest and the latest moment of the exchange's clock, in whole ms, at which our clock can have been 't'. The further 't'
** is from the answers that are known, before or after them, the wider apart they are. */
bool clock_moment(const Clock *c, double t, int64_t *low, int64_t *high);
/* The moment of our clock after which the exchange's has surely passed 'moment' (ms since 1970), whichever of our bounds is right.
** INFINITY before the first answer. */
double clock_passes(const Clock *c, int64_t moment);
/* The earliest moment, in whole ms, at which a request that was signed at 't' can have reached the exchange. */
bool clock_arrival(const Clock *c, double t, int64_t *earliest);
/* The exchange's clock, ms since 1970. 'wall' is the local wall clock; it is returned before the first answer. */
int64_t clock_now(const Clock *c, double now, int64_t wall);
/* Our computer slept since the last answer: how long for may be wrong by a second, as its clock may count whole ones. */
void clock_slept(Clock *c);
/* Between which moments the timestamp of a request lies that is signed now. The exchange takes it until it is older than
** the receive window (V5 documentation, integration guidance). 'latest' is the best guess of the exchange's clock less its
** doubt, so that the request never acts later than the window allows; not less than by a quarter of the window, as an old
** doubt would have it refused. 'earliest' leaves half of the window. */
void clock_timestamp(const Clock *c, double now, int64_t wall, int64_t receive_window, int64_t *latest,
                     int64_t *earliest);

#endif
