/*
** The rules of the lease, see lease.h. Each has its sentence in spec/model/lease.pml, too.
*/
#include "lease.h"
#include "wire/session.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* A lease lasts for that many times what a request may take: so it has two fifths of its time for being renewed. */
static const double FACTOR = 5.0 / 3;
/* A client asks that many times in the time of a lease. */
static const double PULSES = 20;

/* ---- what stands in a share ---- */

/* What is stored before it is there before what is stored after it, for whoever comes when this process was killed. */
static void in_order(void) {
  atomic_signal_fence(memory_order_seq_cst);
}

void lease_give(LeaseRecord *r, const LeaseAsk *ask, double blank_until, double now, LeaseAnswer *answer) {
  const bool own = r->holder == ask->holder, blank = now < blank_until;
  const double free_at = fmax(r->until, blank_until);
  *answer = (LeaseAnswer){.given = !blank && (own || now >= r->until)};
  if (!answer->given) {
    const bool known = !blank && r->holder != 0;
    answer->left = free_at - now;
    answer->pid = known ? r->pid : 0;
    answer->since = known ? r->since : 0;
    return;
  }
  if (!own) answer->age = fmax(now - free_at, 0);
  r->until = now + ask->lasts;
  in_order();
  if (!own) { /* the number first: if the old holder comes back now, it learns that something has happened */
    r->number = ask->fresh;
    in_order();
    r->pid = ask->pid;
    r->since = ask->wall;
    in_order();
    r->holder = ask->holder;
  }
  answer->number = r->number;
}

void lease_back(LeaseRecord *r, uint64_t number, double rest, double now) {
  if (r->number == number) r->until = fmin(r->until, now + fmax(rest, 0));
}

bool lease_covers(const char *name, const char *id) {
  const size_t size = strlen(name);
  return strncmp(id, name, size) == 0 && id[size] == '-';
}

/* ---- what a client knows ---- */

void lease_open(Lease *l, const char *name, uint64_t holder, int64_t window, double visibility) {
  const double longest = (double)session_fence(0, window) / 1000;
  *l = (Lease){.holder = holder,
               .window = window,
               .lasts = longest * FACTOR,
               .visibility = visibility,
               .asks_at = -INFINITY};
  l->acts_until = l->loose_until = -INFINITY;
  snprintf(l->name, sizeof l->name, "%s", name);
}

bool lease_look(Lease *l, double now) {
  if (l->held && now >= l->until) {
    l->held = false;
    l->losses++;
    l->refusal = (LeaseAnswer){0};
  }
  return l->held;
}

void lease_put_off(Lease *l, double now) {
  l->asks_at = now + l->lasts / PULSES;
}

static void refused(Lease *l, const LeaseAnswer *answer, double now) {
  const bool news = answer->pid != l->refusal.pid || answer->since != l->refusal.since;
  if (l->held) l->losses++;
  l->held = false;
  l->until = -INFINITY;
  if (answer->pid != 0 && news) l->waits++;
  l->refusal = *answer;
  l->asks_at = fmin(l->asks_at, now + answer->left);
}

/* The lease counts from the moment at which it was asked for. A number that is not the known one means that somebody else may have
** had it meanwhile. */
void lease_heard(Lease *l, const LeaseAnswer *answer, double asked, double now) {
  lease_look(l, now);
  lease_put_off(l, now);
  l->asking = false;
  l->heard = true;
  if (!answer->given) {
    refused(l, answer, now);
    return;
  }
  const bool other = answer->number != l->number;
  l->until = asked + l->lasts;
  if (other) {
    if (l->held) l->losses++;
    l->held = l->ready = false;
    l->number = answer->number;
    l->reads_at = now + fmax(l->visibility - answer->age, 0);
  }
  if (now >= l->until) { /* the answer came too late */
    l->asks_at = now;
    return;
  }
  if (!l->held) l->gains++;
  l->held = true;
  l->refusal = (LeaseAnswer){0};
}

void lease_read(Lease *l, uint64_t number) {
  if (l->number == number) l->ready = true;
}

LeaseVerdict lease_sign(Lease *l, const Clock *clock, int64_t timestamp, int64_t window, double now,
                        double *acts_until) {
  if (!lease_look(l, now)) return LEASE_NONE;
  if (!l->ready) return LEASE_UNREAD;
  if (window > l->window) return LEASE_WIDE;
  *acts_until = clock_passes(clock, session_fence(timestamp, window));
  if (isinf(*acts_until)) return LEASE_BLIND;
  if (*acts_until > l->until) return LEASE_SHORT;
  l->under_way++;
  l->acts_until = fmax(l->acts_until, *acts_until);
  return LEASE_RIGHT;
}

void lease_ended(Lease *l, double acts_until, bool known) {
  l->under_way--;
  if (!known) l->loose_until = fmax(l->loose_until, acts_until);
  if (l->under_way == 0) l->acts_until = l->loose_until;
}

double lease_rest(const Lease *l, double now) {
  return fmax(l->acts_until - now, 0);
}
