/*
** Waits by number: who has to wait takes a number and is woken by it. The numbers that were woken stand in a queue until the
** turn that makes their tasks ready. A number is never given twice, so a number that is over wakes nobody.
*/
#ifndef BYBIT_LOOP_WAITS_H
#define BYBIT_LOOP_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Wait {
  int64_t number; /* 0: the place is free */
  int task; /* the place of the task that waits for it; 0: none. Of a free one: the next that is free, or 0 */
  bool own; /* only another task, or a moment, wakes it */
} Wait;

/* All zero: none. */
typedef struct Waits {
  Wait *list;       /* 'room' + 1 of them, the first is not used; owned */
  int64_t *woken;   /* the queue of woken numbers, a ring with 'room' places; owned */
  int room, free;   /* 'free': the first free place, or 0 */
  int first, count; /* of the ring */
  int64_t times;    /* how many numbers were given */
} Waits;

int64_t waits_new(Waits *w, bool own); /* 0: not enough memory */
/* The wait of this number; NULL when it is over. Valid until the next waits_new. */
Wait *waits_find(const Waits *w, int64_t number);
void waits_wake(Waits *w, int64_t number); /* puts it into the queue; each number once. Cannot fail */
/* Takes the next out of the queue. False: it is empty. '*wait' is NULL when that number is over. */
bool waits_woken(Waits *w, Wait **wait);
void waits_drop(Waits *w, int64_t number); /* it is over; 0, and one that is over already, are allowed */
void waits_close(Waits *w);

#endif
