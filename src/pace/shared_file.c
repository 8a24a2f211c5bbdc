/*
** A share that is a file, see shared.h. A window that stands in the share is looked at through a LimitWindow, so that limiter.c
** decides by the same rules as for the windows of this process.
*/
#include "shared.h"
#include "share_layout.h"
#include "share_notice.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Seconds until the share is asked again when a request of another process has to end first. When it ends it counts for a
** whole span still, so this only delays what another process took and did not send. */
static const double AGAIN = 0.1;
/* Seconds that a claim outlives the moment at which its process asks again. */
static const double CLAIM = 1;

enum { WINDOW_NAME = 512 }; /* bytes of a name, whole */

/* The windows of a request. */
typedef struct Windows {
  SharedWindow *address, *ip, *group; /* 'group' is NULL for none */
} Windows;

/* ---- names ---- */

static void name_ip(const LimitAddress *a, char name[WINDOW_NAME]) {
  snprintf(name, WINDOW_NAME, "ip%s%s", a->local ? " " : "", a->local ? a->host : "");
}

/* "KEY@HOST GROUP", where KEY stands for the key. False: no memory. */
static bool name_group(Shared *x, const LimitAccount *account, const LimitGroup *group,
                       char name[WINDOW_NAME]) {
  char print[17];
  if (!share_print(x->share, x->key, print)) return false;
  snprintf(name, WINDOW_NAME, "%s@%s %s", print, account->address->host, group->name);
  return true;
}

/* ---- finding windows; the share is locked ---- */

static SharedWindow *find_ip(Shared *x, const LimitAddress *a, double now) {
  SharedWindow *found = share_known(x->share, &x->ip);
  char name[WINDOW_NAME];
  if (found != NULL) return found;
  name_ip(a, name);
  return share_window(x->share, &x->ip, name, a->ip->span, now);
}

/* What this process knew of pauses and bans before it looked here holds too. */
static void join_shut(Shared *x, SharedWindow *w, const LimitShut *own, double now) {
  if (!limiter_is_shut(own, now)) return;
  w->shut.paused_until = fmax(w->shut.paused_until, own->paused_until);
  w->shut.banned_until = fmax(w->shut.banned_until, own->banned_until);
  w->shut.probe_at = fmax(w->shut.probe_at, own->probe_at);
  share_shut_changed(x->share);
}

static SharedWindow *find_address(Shared *x, const LimitAddress *a, double now) {
  SharedWindow *found = share_known(x->share, &x->address);
  char name[WINDOW_NAME];
  if (found != NULL) return found;
  snprintf(name, sizeof name, "address %s", a->host);
  found = share_window(x->share, &x->address, name, a->ip->span, now);
  if (found != NULL) join_shut(x, found, &a->shut, now);
  x->shut_seen = share_shut_changes(x->share) - 1;
  return found;
}

static SharedWindow *find_group(Shared *x, const LimitAccount *account, const LimitGroup *group,
                                SharePlace *place, double now) {
  SharedWindow *found = share_known(x->share, place);
  char name[WINDOW_NAME];
  if (found != NULL || !name_group(x, account, group, name)) return found;
  return share_window(x->share, place, name, group->window.span, now);
}

/* False: there is no place for one of them, or no memory. */
static bool find(Shared *x, const LimitAccount *account, const LimitGroup *group, SharePlace *place,
                 double now, Windows *w) {
  w->address = find_address(x, account->address, now);
  w->ip = w->address == NULL ? NULL : find_ip(x, account->address, now);
  w->group = w->ip == NULL || group == NULL ? NULL : find_group(x, account, group, place, now);
  return w->ip != NULL && (group == NULL || w->group != NULL);
}

/* A window of the share as one of the limiter. 'own' is this process's, which knows the limit. */
static LimitWindow view(const Shared *x, SharedWindow *w, const LimitWindow *own) {
  uint32_t count = w->tail - w->head;
  LimitWindow v = {.span = own->span,
                   .limit = own->limit,
                   .cap = own->cap,
                   .announced = own->announced,
                   .running = share_running(x->share, w),
                   .ended = w->ended,
                   .first = w->head % SHARE_MOMENTS,
                   .count = count > SHARE_MOMENTS ? SHARE_MOMENTS : count,
                   .room = SHARE_MOMENTS,
                   .held_until = w->held_until};
  if (window_limit(&v) > SHARE_MOMENTS) v.limit = v.cap = SHARE_MOMENTS;
  return v;
}

/* Frees the places of moments that count no more. */
static void tidy(SharedWindow *w, const LimitWindow *v, double now) {
  share_drop(w, window_gone(v, now));
}

/* ---- pauses and bans; the share is locked ---- */

static void take_shut(Shared *x, const SharedWindow *w, LimitAddress *a) {
  uint32_t changes = share_shut_changes(x->share);
  if (changes == x->shut_seen) return;
  a->shut = w->shut;
  x->shut_seen = changes;
}

static void give_shut(Shared *x, SharedWindow *w, const LimitAddress *a) {
  w->shut = a->shut;
  if (a->shut.prober != 0) w->shut.prober = share_member(x->share) + 1;
  share_shut_changed(x->share);
  x->shut_seen = share_shut_changes(x->share);
}

static void push(Shared *x, const LimitAccount *account, double now) {
  if (!share_enter(x->share, now)) return;
  SharedWindow *w = find_address(x, account->address, now);
  if (w != NULL) give_shut(x, w, account->address);
  share_leave(x->share);
}

static void pull(Shared *x, LimitAccount *account, double now) {
  share_notice_vouch(x->notice, x->share, now);
  if (share_lost(x->share) != NULL || x->address.epoch == 0 || !share_is_there(x->share, now)) return;
  if (share_shut_changes(x->share) == x->shut_seen || !share_enter(x->share, now)) return;
  const SharedWindow *w = find_address(x, account->address, now);
  if (w != NULL) take_shut(x, w, account->address);
  share_leave(x->share);
}

/* ---- taking ---- */

/* The limit that another process was told. */
static void take_limit(const SharedWindow *w, LimitGroup *group) {
  if (w->announced > 0 && (!group->window.announced || group->window.limit != w->announced))
    limiter_adopt(group, w->announced);
}

/* A request that counts as several needs room for all of them at once, which it would never find while others take each place that
** is free. So while it waits, only it may take. A claim ends by itself, should its process die. */
static bool is_claimed(const Shared *x, const SharedWindow *w, double now) {
  return w->claimant != 0 && w->claimant != (uint32_t)share_member(x->share) + 1 && now < w->claimed_until;
}

static void claim(const Shared *x, SharedWindow *w, double wait, double now) {
  w->claimed_until = now + wait + CLAIM;
  w->claimant = (uint32_t)share_member(x->share) + 1;
}

/* The share is locked. Returns as shared_take. */
static double take(Shared *x, const SharedAsk *ask, const Windows *w, double now) {
  LimitAddress *a = ask->account->address;
  LimitGroup *group = ask->group;
  const int weight = ask->weight;
  take_shut(x, w->address, a);
  if (group != NULL) take_limit(w->group, group);
  LimitWindow ip = view(x, w->ip, a->ip), own = {0};
  if (group != NULL) own = view(x, w->group, &group->window);
  double wait =
      limiter_wait_in(&w->address->shut, &ip, group == NULL ? NULL : &own, weight, ask->urgent, 1, now);
  if (isinf(wait)) wait = AGAIN;
  if (group != NULL && is_claimed(x, w->group, now)) return fmax(wait, AGAIN);
  if (group != NULL && wait > 0 && weight > 1) claim(x, w->group, wait, now);
  if (wait > 0) return wait;
  if (group != NULL && weight > 1) w->group->claimant = 0;
  w->ip->limit = window_limit(&ip);
  tidy(w->ip, &ip, now);
  share_run(x->share, w->ip, 1, now);
  if (group != NULL) {
    w->group->limit = window_limit(&own);
    tidy(w->group, &own, now);
    share_run(x->share, w->group, weight, now);
  }
  if (!limiter_is_shut(&w->address->shut, now)) return 0;
  w->address->shut.prober = share_member(x->share) + 1;
  share_shut_changed(x->share);
  return 0;
}

static double take_turn(Shared *x, const SharedAsk *ask, double now, SharedTurn *turn) {
  Windows w;
  bool lost = share_lost(x->share) != NULL;
  share_notice_vouch(x->notice, x->share, now);
  if (!share_enter(x->share, now)) {
    if (!lost) return SHARED_LOST;
    share_miss(x->share);
    return 0;
  }
  double wait = find(x, ask->account, ask->group, ask->place, now, &w) ? take(x, ask, &w, now) : AGAIN;
  if (wait > 0) {
    x->waits++;
    if (!share_sweep(x->share, now)) return wait;
  } else
    *turn = (SharedTurn){.taken = true, .weight = ask->weight, .epoch = x->ip.epoch, .left = -1};
  share_leave(x->share);
  return wait;
}

/* The exchange says that so much of the limit is left. What it counted in addition to ours came from another program with the
** same key. */
static void learn(const Shared *x, SharedWindow *w, int limit, int left, double now) {
  w->announced = limit;
  if (left < 0) return;
  int ours = (int)(w->tail - w->head) + share_running(x->share, w);
  for (int i = ours; i < limit - left; i++) share_push(w, now);
}

static void end(Shared *x, const SharedTurn *turn, SharePlace *place, bool sent, double now) {
  share_notice_vouch(x->notice, x->share, now);
  if (!share_enter(x->share, now)) {
    if (turn->epoch == x->ip.epoch) share_owe(x->share, &x->ip, 1, sent);
    if (turn->epoch == place->epoch) share_owe(x->share, place, turn->weight, sent);
    return;
  }
  SharedWindow *ip = turn->epoch == x->ip.epoch ? share_known(x->share, &x->ip) : NULL;
  SharedWindow *group = turn->epoch == place->epoch ? share_known(x->share, place) : NULL;
  if (group != NULL && turn->limit > 0) learn(x, group, turn->limit, turn->left, now);
  if (ip != NULL) share_end(x->share, ip, 1, sent, now);
  if (group != NULL) share_end(x->share, group, turn->weight, sent, now);
  share_leave(x->share);
}

/* ---- connections of streams ---- */

/* Takes its place among the last 'most' moments of the window, which are in order. */
static double connect_in(SharedWindow *w, int most, double span, double now) {
  const LimitWindow v = {.span = span,
                         .ended = w->ended,
                         .first = w->head % SHARE_MOMENTS,
                         .count = w->tail - w->head > SHARE_MOMENTS ? SHARE_MOMENTS : w->tail - w->head,
                         .room = SHARE_MOMENTS};
  tidy(w, &v, now);
  const uint32_t count = w->tail - w->head;
  w->used_at = now;
  w->limit = most;
  if (w->held_until > now) return w->held_until - now;
  if (count >= (uint32_t)most)
    return fmax(w->ended[(w->tail - (uint32_t)most) % SHARE_MOMENTS] + span - now, 1e-3);
  share_push(w, now);
  return 0;
}

static double connect_file(Shared *x, const char *host, int most, double span, double now) {
  char name[WINDOW_NAME];
  SharePlace place = {0};
  if (!share_enter(x->share, now)) return 0;
  snprintf(name, sizeof name, "connects %s", host);
  SharedWindow *w = share_window(x->share, &place, name, span, now);
  const double wait = w == NULL ? AGAIN : connect_in(w, most, span, now);
  share_leave(x->share);
  return wait;
}

/* ---- what answers tell ---- */

static void hold(Shared *x, SharePlace *place, double seconds, double now) {
  if (!share_enter(x->share, now)) return;
  SharedWindow *w = share_known(x->share, place);
  if (w != NULL) w->held_until = fmax(w->held_until, now + fmin(seconds, LIMITER_HOLD_MOST));
  share_leave(x->share);
}

static void charge(Shared *x, SharePlace *place, int more, double now) {
  if (!share_enter(x->share, now)) return;
  SharedWindow *w = share_known(x->share, place);
  for (int i = 0; w != NULL && i < more; i++) share_push(w, now);
  share_leave(x->share);
}

static void learn_late(Shared *x, SharePlace *place, int limit, int left, double now) {
  if (!share_enter(x->share, now)) return;
  SharedWindow *w = share_known(x->share, place);
  if (w != NULL) learn(x, w, limit, left, now);
  share_leave(x->share);
}

static bool left_of(Shared *x, const LimitAccount *account, const LimitGroup *group, double now, int *left,
                    double *full_in) {
  const LimitWindow *own = group == NULL ? account->address->ip : &group->window;
  char name[WINDOW_NAME];
  if (!share_enter(x->share, now)) return false;
  bool named = group == NULL || name_group(x, account, group, name);
  if (group == NULL) name_ip(account->address, name);
  SharedWindow *w = named ? share_find(x->share, name) : NULL;
  if (w != NULL) {
    const LimitWindow v = view(x, w, own);
    *left = window_left(&v, now, full_in);
  }
  share_leave(x->share);
  return w != NULL;
}

/* ---- the rest is the share's own ---- */

static bool open_file(Shared *x, const char *where, Loop *loop, double now, char why[SHARE_WHY]) {
  x->share = share_open(where, SHARE_JOIN, now, why);
  if (x->share == NULL) return false;
  x->name = share_path(x->share);
  x->notice = share_notice_open(loop);
  return true;
}

static void leave(Shared *x, double now) {
  share_notice_close(x->notice);
  share_free(x->share, now);
}

static void forget(Shared *x) {
  share_notice_forget(x->notice);
  share_forget(x->share);
}

static double mends_in(const Shared *x, double now) {
  return share_mends_in(x->share, now);
}

static void mend(Shared *x, double now) {
  share_mend(x->share, now);
}

static const char *lost(const Shared *x) {
  return share_lost(x->share);
}

static int64_t changes(const Shared *x) {
  const ShareCounts counts = share_counts(x->share);
  return counts.losses + counts.returns;
}

static bool halt(Shared *x, const char *reason, int64_t wall, double now) {
  return share_halt(x->share, reason, wall, now);
}

static bool resume(Shared *x, double now) {
  return share_resume(x->share, now);
}

static uint64_t halted(Shared *x, double now) {
  share_notice_vouch(x->notice, x->share, now);
  return share_halted(x->share, now);
}

static void halt_words(Shared *x, char reason[SHARE_REASON], int *pid, int64_t *at) {
  share_halt_words(x->share, reason, pid, at);
}

static void state(Shared *x, double now, SharedState *out) {
  share_is_there(x->share, now);
  const ShareCounts counts = share_counts(x->share);
  *out = (SharedState){.lost = share_lost(x->share),
                       .last_loss = share_last_loss(x->share),
                       .losses = counts.losses,
                       .returns = counts.returns,
                       .members = share_parts(x->share),
                       .recovered = share_recovered(x->share)};
}

/* ---- the lease ---- */

static bool lease_open_file(Shared *x, const Lease *l, double now, char why[SHARE_WHY]) {
  if (!share_enter(x->share, now)) return true; /* it gets its place when the share is back */
  bool has = share_lease(x->share, l->name, now, why) != NULL;
  share_leave(x->share);
  return has;
}

static void lease_ask(Shared *x, Lease *l, int64_t wall, double now) {
  LeaseAsk ask = {.holder = l->holder, .pid = (int32_t)x->process, .lasts = l->lasts, .wall = wall};
  LeaseAnswer answer;
  char why[SHARE_WHY];
  share_look_again(x->share); /* a lease of a file that is gone must not go on */
  if (!share_enter(x->share, now)) return;
  LeaseRecord *r = share_lease(x->share, l->name, now, why);
  if (r != NULL) share_lease_give(x->share, r, &ask, now, &answer);
  share_leave(x->share);
  if (r != NULL) lease_heard(l, &answer, now, now);
}

static void lease_back_file(Shared *x, const Lease *l, double now) {
  char why[SHARE_WHY];
  if (l->number == 0 || !share_enter(x->share, now)) return;
  LeaseRecord *r = share_lease(x->share, l->name, now, why);
  if (r != NULL) lease_back(r, l->number, lease_rest(l, now), now);
  share_leave(x->share);
}

static void lease_names(Shared *x, double now) {
  char name[LEASE_NAME];
  share_notice_vouch(x->notice, x->share, now);
  if (!share_is_there(x->share, now) || share_lease_news(x->share) == x->lease_news) return;
  x->lease_news = share_lease_news(x->share);
  for (uint32_t i = 0; i < share_leases(x->share); i++) {
    share_lease_name(x->share, i, name);
    shared_lease_known(x, name);
  }
}

static bool lease_of(Shared *x, const char *name, double now, LeaseRecord *copy) {
  return share_lease_of(x->share, name, now, copy);
}

const SharedWays shared_file = {.open = open_file,
                                .leave = leave,
                                .forget = forget,
                                .take = take_turn,
                                .end = end,
                                .push = push,
                                .pull = pull,
                                .hold = hold,
                                .charge = charge,
                                .learn = learn_late,
                                .left = left_of,
                                .mends_in = mends_in,
                                .mend = mend,
                                .lost = lost,
                                .changes = changes,
                                .halt = halt,
                                .resume = resume,
                                .halted = halted,
                                .halt_words = halt_words,
                                .state = state,
                                .lease_open = lease_open_file,
                                .lease_ask = lease_ask,
                                .lease_back = lease_back_file,
                                .connect = connect_file,
                                .lease_names = lease_names,
                                .lease_of = lease_of};
