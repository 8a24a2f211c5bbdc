/*
** The leases that stand in a share, see lease.h for their rules. A lease keeps its place for as long as the file is used, also when
** nobody has it: who does not ask for it must not trade under its prefix either. A new name is nobody's at first: what others have
** signed under that prefix, who did not know of it, can act no more when somebody gets it.
*/
#include "share_parts.h"

#include <stdio.h>
#include <string.h>

/* Ids of both may begin with the longer one. */
static bool overlap(const char *a, const char *b) {
  return lease_covers(a, b) || lease_covers(b, a);
}

LeaseRecord *share_lease(Share *s, const char *name, double now, char why[SHARE_WHY]) {
  Layout *y = s->map.layout;
  const uint32_t count = atomic_load_explicit(&y->leases, memory_order_acquire);
  for (uint32_t i = 0; i < count && i < SHARE_LEASES; i++) {
    LeaseRecord *r = &y->lease[i];
    if (strcmp(r->name, name) == 0) return r;
    if (!overlap(r->name, name)) continue;
    snprintf(why, SHARE_WHY,
             "has a lease '%s' already, and ids of '%s' are under it, or its own are under '%s'", r->name,
             name, name);
    return NULL;
  }
  if (count >= SHARE_LEASES) {
    snprintf(why, SHARE_WHY, "has no room for more than %d leases", SHARE_LEASES);
    return NULL;
  }
  LeaseRecord *r = &y->lease[count];
  *r = (LeaseRecord){.until = now + LEASE_MOST};
  snprintf(r->name, sizeof r->name, "%s", name);
  atomic_store_explicit(&y->leases, count + 1, memory_order_release);
  return r;
}

void share_lease_give(Share *s, LeaseRecord *r, LeaseAsk *ask, double now, LeaseAnswer *answer) {
  Layout *y = s->map.layout;
  if (r->holder != ask->holder && ++y->lease_numbers == 0) y->lease_numbers = 1;
  ask->fresh = y->lease_numbers;
  lease_give(r, ask, y->blank_until, now, answer);
}

/* Names are never changed once they are counted, so looking at them needs no lock. */
uint32_t share_leases(const Share *s) {
  const uint32_t count = atomic_load_explicit(&s->map.layout->leases, memory_order_acquire);
  return count < SHARE_LEASES ? count : SHARE_LEASES;
}

uint64_t share_lease_news(const Share *s) {
  return (uint64_t)s->epoch << 32 | share_leases(s);
}

void share_lease_name(const Share *s, uint32_t i, char name[LEASE_NAME]) {
  memcpy(name, s->map.layout->lease[i].name, LEASE_NAME - 1);
  name[LEASE_NAME - 1] = '\0';
}

bool share_lease_of(Share *s, const char *name, double now, LeaseRecord *copy) {
  bool found = false;
  if (!share_enter(s, now)) return false;
  for (uint32_t i = 0; i < share_leases(s) && !found; i++) {
    found = strcmp(s->map.layout->lease[i].name, name) == 0;
    if (found) *copy = s->map.layout->lease[i];
  }
  share_leave(s);
  return found;
}
