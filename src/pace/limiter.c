/*
** The rate limits, see limiter.h. A window holds the moments at which requests ended, the oldest first, and how many still
** run. A request that ended more than 'span' ago does not count any more.
*/
#include "limiter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double SECOND = 1;
/* V5 documentation, rate limits: more than 600 requests in 5 seconds mean a ban. */
static const double IP_SPAN = 5;
static const int IP_LIMIT = 600;
/* Seconds: the exchange counts in whole milliseconds, and its clock drifts from ours. */
static const double MARGIN = 2e-3;
/* Seconds: shorter waits count as zero. It is far below MARGIN, and long enough for a clock to show. */
static const double ROUNDING = 1e-6;
enum { KEPT = 20 }; /* one request in so many of an address's window is kept for urgent requests */
static const double PAUSE_FIRST = 1, PAUSE_MOST = 60; /* seconds of a pause after HTTP 429 */
static const int LIMIT_MOST = 1000000;                /* no real limit is higher; it keeps sums in range */

/* ---- a window ---- */

static int least(int a, int b) {
  return a < b ? a : b;
}

int window_limit(const LimitWindow *w) {
  if (w->cap == 0) return w->limit;
  return w->announced ? least(w->cap, w->limit) : w->cap;
}

static double ended_at(const LimitWindow *w, size_t i) {
  return w->ended[(w->first + i) % w->room]; /* NOLINT: not reached while room is 0 */
}

/* How many of the moments have left the window at 'now'. They are in order and mostly few, so this counts from the
** front. */
static size_t gone(const LimitWindow *w, double now) {
  size_t n = 0;
  while (n < w->count && ended_at(w, n) + w->span + MARGIN <= now) n++;
  return n;
}

/* Removes those moments from the ring. */
static void drop_gone(LimitWindow *w, double now) {
  size_t n = gone(w, now);
  if (n == 0) return;
  w->first = (w->first + n) % w->room;
  w->count -= n;
}

/* Seconds until the window allows 'more' requests under 'limit', or all that it ever allows; INFINITY: not before a running one has
** ended. */
static double window_wait(const LimitWindow *w, int limit, int more, double now) {
  double held = w->held_until > now ? w->held_until - now : 0;
  if (limit == 0) return held;
  size_t skipped = gone(w, now), inside = w->count - skipped + (size_t)w->running;
  inside += (size_t)least(more, limit) - 1;
  if (inside < (size_t)limit) return held;
  size_t surplus = inside - (size_t)limit; /* so many have to leave before the one whose place is needed */
  if (skipped + surplus >= w->count) return INFINITY;
  return fmax(held, ended_at(w, skipped + surplus) + w->span + MARGIN - now);
}

/* Makes room for 'more' moments, besides one for each running request. False when memory runs out; nothing changes then. */
static bool reserve(LimitWindow *w, size_t more) {
  size_t wanted = w->count + (size_t)w->running + more;
  if (wanted <= w->room) return true;
  size_t room = w->room == 0 ? 16 : w->room;
  while (room < wanted) room *= 2;
  double *ring = malloc(room * sizeof *ring);
  if (ring == NULL) return false;
  for (size_t i = 0; i < w->count; i++) ring[i] = ended_at(w, i); /* NOLINT: not reached while room is 0 */
  free(w->ended);
  w->ended = ring;
  w->first = 0;
  w->room = room;
  return true;
}

static void push(LimitWindow *w, double now) {
  w->ended[(w->first + w->count++) % w->room] = now;
}

/* Counts 'more' requests as running, with room for their ends. */
static bool window_take(LimitWindow *w, int more) {
  if (!reserve(w, (size_t)more)) return false;
  w->running += more;
  return true;
}

static void window_end(LimitWindow *w, int more, double now, bool sent) {
  w->running -= more;
  if (!sent) return;
  drop_gone(w, now);
  for (int i = 0; i < more; i++) push(w, now); /* window_take has made room */
}

int window_left(const LimitWindow *w, double now, double *full_in) {
  size_t skipped = gone(w, now), inside = w->count - skipped + (size_t)w->running;
  int left = window_limit(w) - (inside > (size_t)LIMIT_MOST ? LIMIT_MOST : (int)inside);
  double last = w->count > skipped ? ended_at(w, w->count - 1) + w->span + MARGIN - now : 0;
  *full_in = fmax(w->running > 0 ? w->span : last, w->held_until - now);
  if (*full_in < 0) *full_in = 0;
  return left < 0 || w->held_until > now ? 0 : left;
}

/* ---- addresses, accounts, groups ---- */

/* The host and port of a URL, which the caller frees; NULL when memory runs out. */
static char *host_of(const char *url) {
  const char *host = strstr(url, "://");
  host = host == NULL ? url : host + 3;
  return strndup(host, strcspn(host, "/?#"));
}

static void free_account(LimitAccount *a) {
  while (a->groups != NULL) {
    LimitGroup *g = a->groups;
    a->groups = g->next;
    free(g->window.ended);
    free(g);
  }
  free(a);
}

static void free_address(LimitAddress *a) {
  while (a->accounts != NULL) {
    LimitAccount *account = a->accounts;
    a->accounts = account->next;
    free_account(account);
  }
  free(a->own.ended);
  free(a->host);
  free(a);
}

/* The address of the URL's host, made when it is new. NULL when memory runs out. */
static LimitAddress *find_address(Limiter *l, const char *url, bool local) {
  char *host = host_of(url);
  if (host == NULL) return NULL;
  for (LimitAddress *a = l->addresses; a != NULL; a = a->next)
    if (strcmp(a->host, host) == 0) {
      free(host);
      return a;
    }
  LimitAddress *a = calloc(1, sizeof *a);
  if (a == NULL) {
    free(host);
    return NULL;
  }
  l->ip.span = IP_SPAN;
  l->ip.limit = IP_LIMIT;
  *a = (LimitAddress){
      .host = host, .local = local, .next = l->addresses, .pause = PAUSE_FIRST, .probe_pause = PAUSE_FIRST};
  a->own.span = IP_SPAN;
  a->own.limit = IP_LIMIT;
  a->ip = local ? &a->own : &l->ip;
  l->addresses = a;
  return a;
}

LimitAccount *limiter_join(Limiter *l, const char *url, bool local, const char *print) {
  LimitAddress *address = find_address(l, url, local);
  if (address == NULL) return NULL;
  LimitAccount *a = address->accounts;
  while (a != NULL && strcmp(a->print, print) != 0) a = a->next;
  if (a == NULL) {
    a = calloc(1, sizeof *a);
    if (a == NULL) return NULL; /* the address stays for the next client */
    strncpy(a->print, print, LIMIT_PRINT);
    a->address = address;
    a->next = address->accounts;
    address->accounts = a;
  }
  address->clients++;
  return a;
}

void limiter_leave(Limiter *l, LimitAccount *account) {
  LimitAddress *address = account->address, **at = &l->addresses;
  if (--address->clients > 0 || !address->local) return;
  while (*at != address) at = &(*at)->next;
  *at = address->next;
  free_address(address);
}

void limiter_free(Limiter *l) {
  while (l->addresses != NULL) {
    LimitAddress *a = l->addresses;
    l->addresses = a->next;
    free_address(a);
  }
  free(l->ip.ended);
  *l = (Limiter){0};
}

static void window_forget(LimitWindow *w) {
  w->first = w->count = 0;
  w->held_until = 0;
}

void limiter_forget(Limiter *l) {
  window_forget(&l->ip);
  for (LimitAddress *a = l->addresses; a != NULL; a = a->next) {
    window_forget(&a->own);
    a->paused_until = a->banned_until = a->probe_at = 0;
    for (LimitAccount *account = a->accounts; account != NULL; account = account->next) {
      account->stamps = (Stamps){0};
      for (LimitGroup *g = account->groups; g != NULL; g = g->next) window_forget(&g->window);
    }
  }
}

/* Is it the group of that name, or its part for the symbol 'part'? */
static bool is_named(const LimitGroup *g, const char *name, const char *part) {
  size_t size = strlen(name);
  if (strncmp(g->name, name, size) != 0) return false;
  if (part[0] == '\0') return g->name[size] == '\0';
  return g->name[size] == ' ' && strcmp(g->name + size + 1, part) == 0;
}

/* The group or part, made when it is new. NULL when memory runs out. */
static LimitGroup *find_group(LimitAccount *account, const char *name, const char *part, int limit) {
  for (LimitGroup *g = account->groups; g != NULL; g = g->next)
    if (is_named(g, name, part)) {
      if (!g->window.announced && g->window.limit == 0) g->window.limit = limit;
      return g;
    }
  size_t size = strlen(name) + strlen(part) + 2;
  LimitGroup *g = calloc(1, sizeof *g + size);
  if (g == NULL) return NULL;
  snprintf(g->name, size, "%s%s%s", name, part[0] == '\0' ? "" : " ", part);
  g->window.span = SECOND;
  g->window.limit = limit;
  g->next = account->groups;
  account->groups = g;
  return g;
}

LimitGroup *limiter_group(LimitAccount *account, const char *name, int limit) {
  return find_group(account, name, "", limit);
}

LimitGroup *limiter_part(LimitAccount *account, const char *name, const char *part, int limit, double span) {
  int cap = 0;
  for (const LimitGroup *g = account->groups; g != NULL; g = g->next)
    if (is_named(g, name, "")) cap = g->window.cap;
  LimitGroup *group = find_group(account, name, part, limit);
  if (group == NULL) return NULL;
  group->window.span = span;
  group->window.cap = cap;
  return group;
}

/* ---- asking and counting ---- */

/* For how many seconds the address is still shut to us, by a pause or a ban. */
static double shut_for(const LimitAddress *a, double now) {
  return fmax(fmax(a->paused_until, a->banned_until) - now, 0);
}

double limiter_wait(const LimitAccount *account, const LimitGroup *group, int weight, bool urgent,
                    double now) {
  const LimitAddress *a = account->address;
  double wait = shut_for(a, now);
  if (urgent && wait > 0) wait = a->probing ? INFINITY : fmin(wait, a->probe_at - now);
  int limit = window_limit(a->ip);
  wait = fmax(wait, window_wait(a->ip, urgent ? limit : limit - limit / KEPT, 1, now));
  if (group != NULL)
    wait = fmax(wait, window_wait(&group->window, window_limit(&group->window), weight, now));
  return wait > ROUNDING ? wait : 0;
}

double limiter_banned(const LimitAccount *account, double now) {
  double left = account->address->banned_until - now;
  return left > 0 ? left : 0;
}

bool limiter_take(LimitAccount *account, LimitGroup *group, int weight, double now, bool *probes) {
  LimitAddress *a = account->address;
  *probes = false;
  if (!window_take(a->ip, 1)) return false;
  if (group != NULL && !window_take(&group->window, weight)) {
    a->ip->running--;
    return false;
  }
  *probes = shut_for(a, now) > ROUNDING;
  if (*probes) a->probing = true;
  return true;
}

void limiter_end(LimitAccount *account, LimitGroup *group, int weight, double now, bool sent, bool probed) {
  LimitAddress *a = account->address;
  window_end(a->ip, 1, now, sent);
  if (group != NULL) window_end(&group->window, weight, now, sent);
  if (!probed) return;
  a->probing = false;
  if (!sent) return;
  a->probe_at = now + a->probe_pause;
  a->probe_pause = fmin(a->probe_pause * 2, PAUSE_MOST);
}

void limiter_charge(LimitGroup *group, int more, double now) {
  LimitWindow *w = &group->window;
  drop_gone(w, now);
  if (more > 0 && !reserve(w, (size_t)more)) return;
  for (int i = 0; i < more; i++) push(w, now);
}

/* ---- learning ---- */

void limiter_learn(LimitGroup *group, int limit, int left, double now) {
  LimitWindow *w = &group->window;
  if (limit < 1 || limit > LIMIT_MOST || left > limit) return;
  w->limit = limit;
  w->announced = true;
  if (left < 0) return;
  drop_gone(w, now);
  /* What the exchange counted in addition to our requests came from another program with the same key. */
  size_t used = (size_t)(limit - left), ours = w->count + (size_t)w->running;
  if (used <= ours || !reserve(w, used - ours)) return;
  for (size_t i = ours; i < used; i++) push(w, now);
}

void limiter_hold(LimitGroup *group, double seconds, double now) {
  if (!(seconds > 0)) return;
  group->window.held_until = fmax(group->window.held_until, now + fmin(seconds, LIMITER_HOLD_MOST));
}

/* The address is about to be shut. If no probe was sent for long, the pauses between probes begin anew. */
static void shut(LimitAddress *a, double now) {
  if (shut_for(a, now) == 0 && now > a->probe_at + PAUSE_MOST) a->probe_pause = PAUSE_FIRST;
}

void limiter_pause(LimitAccount *account, double now) {
  LimitAddress *a = account->address;
  shut(a, now);
  if (a->paused_until > now) return; /* answers to requests that were in flight together count once */
  a->paused_until = now + a->pause;
  a->pause = fmin(a->pause * 2, PAUSE_MOST);
}

void limiter_rest(LimitAccount *account, double seconds, double now) {
  LimitAddress *a = account->address;
  if (seconds > 0) a->paused_until = fmax(a->paused_until, now + fmin(seconds, LIMITER_HOLD_MOST));
}

void limiter_fine(LimitAccount *account) {
  account->address->pause = PAUSE_FIRST;
}

void limiter_ban(LimitAccount *account, double now) {
  LimitAddress *a = account->address;
  shut(a, now);
  a->banned_until = fmax(a->banned_until, now + LIMITER_BAN);
}

void limiter_reopen(LimitAccount *account) {
  account->address->banned_until = account->address->paused_until = 0;
}
