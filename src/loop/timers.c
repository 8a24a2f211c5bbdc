/*
** timers.h as a pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986). Adding is one comparison. Removing one of n
** timers costs O(log n) on average.
*/
#include "timers.h"

#include <stdbool.h>
#include <stddef.h>

static bool earlier(const LoopTimer *a, const LoopTimer *b) {
  return a->due < b->due || (a->due == b->due && a->number < b->number);
}

/* Makes one tree of two trees without siblings; either may be NULL. */
static LoopTimer *join(LoopTimer *a, LoopTimer *b) {
  if (a == NULL) return b;
  if (b == NULL) return a;
  if (earlier(b, a)) {
    LoopTimer *first = b;
    b = a;
    a = first;
  }
  b->before = a;
  b->next = a->child;
  if (b->next != NULL) b->next->before = b;
  a->child = b;
  return a;
}

/* Takes the first tree off a list of siblings; NULL when the list is empty. */
static LoopTimer *take(LoopTimer **list) {
  LoopTimer *t = *list;
  if (t == NULL) return NULL;
  *list = t->next;
  t->next = t->before = NULL;
  return t;
}

/* Makes one tree of a list of siblings: joins pairs from left to right, then joins the pairs from right to left. */
static LoopTimer *gather(LoopTimer *list) {
  LoopTimer *pairs = NULL, *all = NULL;
  while (list != NULL) {
    LoopTimer *a = take(&list), *b = take(&list);
    LoopTimer *pair = join(a, b);
    pair->next = pairs;
    pairs = pair;
  }
  while (pairs != NULL) all = join(all, take(&pairs));
  return all;
}

void timers_add(LoopTimers *timers, LoopTimer *timer, double due) {
  timer->due = due;
  timer->number = ++timers->number;
  timer->child = timer->next = timer->before = NULL;
  timer->among = timers;
  timers->first = join(timers->first, timer);
}

/* Takes a timer that is not the root, with its children, out of its list of siblings. */
static void cut(LoopTimer *timer) {
  if (timer->before->child == timer)
    timer->before->child = timer->next;
  else
    timer->before->next = timer->next;
  if (timer->next != NULL) timer->next->before = timer->before;
  timer->next = timer->before = NULL;
}

void timers_remove(LoopTimer *timer) {
  LoopTimers *timers = timer->among;
  if (timers == NULL) return;
  LoopTimer *below = gather(timer->child);
  timer->child = NULL;
  timer->among = NULL;
  if (timers->first == timer) {
    timers->first = below;
    return;
  }
  cut(timer);
  timers->first = join(timers->first, below);
}

double timers_due(const LoopTimers *timers) {
  return timers->first->due;
}

/* The timer after this one, parents before their children; NULL after the last. */
static LoopTimer *following(LoopTimer *t) {
  if (t->child != NULL) return t->child;
  while (t->next == NULL) {
    while (t->before != NULL && t->before->child != t) t = t->before; /* to its leftmost sibling */
    t = t->before;                                                    /* the parent */
    if (t == NULL) return NULL;
  }
  return t->next;
}

void timers_shift(LoopTimers *timers, double seconds) {
  for (LoopTimer *t = timers->first; t != NULL; t = following(t)) t->due += seconds;
}
