/*
** The leases that stand in a share, see lease.h for their rules. A lease keeps its place for as long as the file is used, also when
** nobody has it: who does not ask for it must not trade under its prefix either.
*/
#include "share_parts.h"

#include <stdio.h>
#include <string.h>

/* Does the id begin with the prefix and a '-'? */
static bool is_under(const char *id, const char *prefix) {
  size_t size = strlen(prefix);
  return strncmp(id, prefix, size) == 0 && id[size] == '-';
}

/* Ids of both may begin with the longer one. */
static bool overlap(const char *a, const char *b) {
  return is_under(a, b) || is_under(b, a);
}

LeaseRecord *share_lease(Share *s, const char *name, char why[SHARE_WHY]) {
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
  *r = (LeaseRecord){0};
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
static const LeaseRecord *find(const Layout *y, const char *id) {
  const uint32_t count = atomic_load_explicit(&y->leases, memory_order_acquire);
  for (uint32_t i = 0; i < count && i < SHARE_LEASES; i++)
    if (is_under(id, y->lease[i].name)) return &y->lease[i];
  return NULL;
}

bool share_lease_of(Share *s, const char *id, double now, LeaseRecord *copy) {
  if (!share_is_there(s, now) || find(s->map.layout, id) == NULL || !share_enter(s, now)) return false;
  const LeaseRecord *r = find(s->map.layout, id); /* the file may be another one now */
  if (r != NULL) *copy = *r;
  share_leave(s);
  return r != NULL;
}
