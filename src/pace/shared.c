/* What both kinds of shares have in common, see shared.h. */
#include "shared.h"

#include <string.h>

bool shared_is_url(const char *where) {
  return strstr(where, "://") != NULL;
}

bool shared_open(Shared *x, const char *where, Loop *loop, double now, char why[SHARE_WHY]) {
  const SharedWays *ways = shared_is_url(where) ? &shared_redis : &shared_file;
  x->process = loop_process(loop);
  if (!ways->open(x, where, loop, now, why)) return false;
  x->ways = ways;
  return true;
}

void shared_close(Shared *x, bool mine, double now) {
  if (x->ways == NULL) return;
  if (mine)
    x->ways->leave(x, now);
  else
    x->ways->forget(x);
  *x = (Shared){0};
}

void shared_drop(const Shared *x, SharePlace *place) {
  if (x->ways != NULL && x->ways->drop != NULL) x->ways->drop(place);
}

double shared_take(Shared *x, const SharedAsk *ask, double now, SharedTurn *turn) {
  *turn = (SharedTurn){.left = -1};
  return x->ways->take(x, ask, now, turn);
}

void shared_end(Shared *x, const SharedTurn *turn, SharePlace *place, bool sent, double now) {
  if (turn->taken) x->ways->end(x, turn, place, sent, now);
}

void shared_push(Shared *x, const LimitAccount *account, double now) {
  x->ways->push(x, account, now);
}

void shared_pull(Shared *x, LimitAccount *account, double now) {
  x->ways->pull(x, account, now);
}

void shared_hold(Shared *x, SharePlace *place, double seconds, double now) {
  if (seconds > 0) x->ways->hold(x, place, seconds, now);
}

void shared_charge(Shared *x, SharePlace *place, int more, double now) {
  if (more > 0) x->ways->charge(x, place, more, now);
}

void shared_learn(Shared *x, SharePlace *place, int limit, int left, double now) {
  if (limit >= 1 && left <= limit) x->ways->learn(x, place, limit, left, now);
}

bool shared_left(Shared *x, const LimitAccount *account, const LimitGroup *group, double now, int *left,
                 double *full_in) {
  return x->ways->left(x, account, group, now, left, full_in);
}

double shared_mends_in(const Shared *x, double now) {
  return x->ways->mends_in(x, now);
}

void shared_mend(Shared *x, double now) {
  x->ways->mend(x, now);
}

bool shared_halt(Shared *x, const char *reason, int64_t wall, double now) {
  return x->ways->halt(x, reason, wall, now);
}

bool shared_resume(Shared *x, double now) {
  return x->ways->resume(x, now);
}

int shared_told(const Shared *x) {
  return x->ways->told == NULL ? 1 : x->ways->told(x);
}

bool shared_is_told(const Shared *x) {
  return x->ways->told != NULL;
}

uint64_t shared_halted(Shared *x, double now) {
  return x->ways->halted(x, now);
}

void shared_halt_words(Shared *x, char reason[SHARE_REASON], int *pid, int64_t *at) {
  x->ways->halt_words(x, reason, pid, at);
}

bool shared_lease_open(Shared *x, const Lease *l, double now, char why[SHARE_WHY]) {
  return x->ways->lease_open(x, l, now, why);
}

void shared_lease_ask(Shared *x, Lease *l, int64_t wall, double now) {
  lease_put_off(l, now);
  x->ways->lease_ask(x, l, wall, now);
}

void shared_lease_back(Shared *x, const Lease *l, double now) {
  x->ways->lease_back(x, l, now);
}

bool shared_lease_of(Shared *x, const char *name, double now, LeaseRecord *copy) {
  return x->ways->lease_of(x, name, now, copy);
}

double shared_connect(Shared *x, const char *host, int most, double span, double now) {
  return x->ways->connect(x, host, most, span, now);
}

int64_t shared_changes(const Shared *x) {
  return x->ways->changes(x);
}

SharedState shared_state(Shared *x, double now) {
  SharedState state = {0};
  x->ways->state(x, now, &state);
  return state;
}

const char *shared_lost(const Shared *x) {
  return x->ways->lost(x);
}

int shared_parts(Shared *x, double now) {
  if (x->ways == NULL || x->on_loss != LOSS_DIVIDE || shared_lost(x) == NULL) return 1;
  return shared_state(x, now).members;
}

const char *shared_forbids(Shared *x, double now) {
  const char *lost = shared_lost(x);
  if (lost == NULL || x->on_loss == LOSS_ALONE) return NULL;
  return x->on_loss == LOSS_HALT || shared_state(x, now).never ? lost : NULL;
}
