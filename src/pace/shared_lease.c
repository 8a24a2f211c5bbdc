/*
** The names of the leases that a client was told of, whichever kind its share is: it adds no risk under one that it did not ask for. It
** keeps them for as long as it lives, also when the share is lost.
*/
#include "shared.h"

#include <stdio.h>
#include <string.h>

static int known_leases(const Shared *x) {
  return x->lease_count < SHARED_LEASES ? (int)x->lease_count : SHARED_LEASES;
}

void shared_lease_known(Shared *x, const char *name) {
  for (int i = 0; i < known_leases(x); i++)
    if (strcmp(x->leases[i], name) == 0) return;
  snprintf(x->leases[x->lease_count++ % SHARED_LEASES], LEASE_NAME, "%s", name);
}

uint64_t shared_leases(Shared *x, double now) {
  if (x->ways->lease_names != NULL) x->ways->lease_names(x, now);
  return x->lease_count;
}

const char *shared_lease_over(const Shared *x, const char *id, const char *own) {
  for (int i = 0; i < known_leases(x); i++)
    if ((own == NULL || strcmp(x->leases[i], own) != 0) && (id == NULL || lease_covers(x->leases[i], id)))
      return x->leases[i];
  return NULL;
}
