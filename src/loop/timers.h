/*
** A queue of timers: the earliest first, and of timers with the same moment the one that was started first. It is a
** pairing heap whose links are inside the timers, so it never allocates. Knows no clock and no loop.
*/
#ifndef BYBIT_TIMERS_H
#define BYBIT_TIMERS_H

#include <stdint.h>

/* Its user embeds it, sets 'fire', and keeps it alive while it is armed. The other fields belong to the queue. */
typedef struct LoopTimer {
  struct LoopTimers *among;              /* the queue that it is in; NULL: not armed */
  void (*fire)(struct LoopTimer *timer); /* called when it is due; it is not armed then */
  double due;                            /* its moment */
  uint64_t number;                       /* counts starts: decides between equal moments */
  struct LoopTimer *child;               /* the first of its children, which all come later */
  struct LoopTimer *next;                /* its right sibling */
  struct LoopTimer *before;              /* its left sibling; for a first child the parent */
} LoopTimer;

typedef struct LoopTimers {
  LoopTimer *first; /* the root of the heap: the earliest; NULL: the queue is empty */
  uint64_t number;  /* of the timer that was started last */
} LoopTimers;

/* Arms a timer, which must not be armed, for the moment 'due'. */
void timers_add(LoopTimers *timers, LoopTimer *timer, double due);
void timers_remove(LoopTimer *timer); /* disarms it; does nothing when it is not armed */
/* When the first timer is due. The queue must not be empty. */
double timers_due(const LoopTimers *timers);
void timers_shift(LoopTimers *timers, double seconds); /* moves all moments */

#endif
