/*
** Waits by number, see waits.h. A number's lower 31 bits are its place in the list, the others tell it from
** earlier ones of that place.
*/
#include "waits.h"

#include <limits.h>
#include <stdlib.h>

static int place_of(int64_t number) {
  return (int)(number & INT32_MAX);
}

/* Doubles list and ring. False when there is no memory; all is then as before. */
static bool grow(Waits *w) {
  int room = w->room == 0 ? 64 : w->room * 2;
  if (w->room > INT_MAX / 4) return false;
  Wait *list = realloc(w->list, ((size_t)room + 1) * sizeof *list);
  if (list == NULL) return false;
  w->list = list;
  int64_t *ring = malloc((size_t)room * sizeof *ring);
  if (ring == NULL) return false;
  for (int i = 0; i < w->count; i++)
    ring[i] = w->woken[(w->first + i) % w->room]; /* NOLINT: room 0 means count 0 */
  free(w->woken);
  w->woken = ring;
  w->first = 0;
  for (int i = room; i > w->room; i--) {
    list[i] = (Wait){.task = w->free};
    w->free = i;
  }
  w->room = room;
  return true;
}

int64_t waits_new(Waits *w, bool own) {
  if (w->free == 0 && !grow(w)) return 0;
  int place = w->free;
  Wait *wait = &w->list[place];
  w->free = wait->task;
  w->times = w->times % INT32_MAX + 1;
  *wait = (Wait){.number = w->times << 31 | place, .own = own};
  return wait->number;
}

Wait *waits_find(const Waits *w, int64_t number) {
  int place = place_of(number);
  if (number <= 0 || place == 0 || place > w->room || w->list[place].number != number) return NULL;
  return &w->list[place];
}

static void give_back(Waits *w, Wait *wait) {
  *wait = (Wait){.task = w->free};
  w->free = (int)(wait - w->list);
}

void waits_wake(Waits *w, int64_t number) {
  int at = w->first + w->count++;
  w->woken[at < w->room ? at : at - w->room] = number;
}

bool waits_woken(Waits *w, Wait **wait) {
  if (w->count == 0) return false;
  *wait = waits_find(w, w->woken[w->first]);
  w->count--;
  if (++w->first == w->room) w->first = 0;
  return true;
}

void waits_drop(Waits *w, int64_t number) {
  Wait *wait = waits_find(w, number);
  if (wait != NULL) give_back(w, wait);
}

void waits_close(Waits *w) {
  free(w->list);
  free(w->woken);
  *w = (Waits){0};
}
