/*
** The lease of a client whose share is a Redis server, see lease.h and `acts.lease` in redis_script.lua. The server's clock is one that
** somebody may set, so it does not decide alone: who wants a lease must have seen, for as long as it lasts and by its own clock, that
** its holder did not renew it.
*/
#include "redis_share.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double US = 1e6;
static const double SOON = 0.02; /* seconds until it is asked again whether the server was reached */

static void begin(RedisShare *s, const char *act, const Lease *l) {
  char key[REDIS_BASE + LEASE_NAME + 8];
  snprintf(key, sizeof key, "%s:lease:%s", s->base, l->name);
  redis_share_call(s, act, key);
}

void redis_lease_ask(Shared *x, Lease *l, int64_t wall, double now) {
  RedisShare *s = x->redis;
  RedisLease *r = &s->lease;
  char holder[24];
  if (s->state == REDIS_CONNECTS) l->asks_at = now + SOON;
  if (s->state != REDIS_LIVES || s->dropping || r->asking) return;
  begin(s, "lease", l);
  snprintf(holder, sizeof holder, "%016llx", (unsigned long long)l->holder);
  command_word(&s->command, holder);
  redis_share_describe(s);
  command_number(&s->command, l->lasts * US);
  command_word(&s->command, r->mark);
  command_number(&s->command, floor(fmax(now - r->mark_at, 0) * US));
  command_number(&s->command, (double)wall);
  r->lease = l;
  r->asked = now;
  r->asking = l->asking = redis_share_send(s, ACT_LEASE, NULL) != NULL;
  if (r->asking) redis_flush(s->main);
}

/* {given, number, us until it may be free, since, "pid moment host", mark}, and if another lease is in the way its name */
bool redis_lease_answer(RedisShare *s, const RedisItem *item) {
  enum { NUMBERS = 4, WHO = 5, MARK = 6, OTHER = 7 };
  RedisLease *r = &s->lease;
  double now = loop_now(s->loop);
  if (item->kind != REDIS_LIST || (item->size != MARK && item->size != OTHER)) return false;
  const bool impossible = item->size == OTHER;
  if (impossible && (item[OTHER].kind != REDIS_TEXT || item[OTHER].size >= LEASE_NAME)) return false;
  for (size_t i = 1; i <= NUMBERS; i++)
    if (item[i].kind != REDIS_NUMBER || item[i].number < 0) return false;
  if (item[WHO].kind != REDIS_TEXT || item[MARK].kind != REDIS_TEXT || item[MARK].size >= sizeof r->mark)
    return false;
  r->asking = false;
  if (strcmp(r->mark, item[MARK].text) != 0) {
    snprintf(r->mark, sizeof r->mark, "%s", item[MARK].text);
    r->mark_at = now;
  }
  if (r->lease == NULL) return true; /* the client was closed */
  LeaseAnswer answer = {.given = item[1].number == 1, .number = (uint64_t)item[2].number};
  if (answer.given && answer.number == 0) return false;
  if (!answer.given) {
    char *end;
    answer.left = fmin((double)item[3].number / US, LEASE_MOST);
    answer.since = item[4].number;
    answer.pid = (int32_t)strtol(item[WHO].text, &end, 10);
    (void)strtoll(end, &end, 10);
    if (*end == ' ') redis_clean(end + 1, strlen(end + 1), answer.machine, sizeof answer.machine);
    answer.impossible = impossible;
    if (impossible) redis_clean(item[OTHER].text, item[OTHER].size, answer.other, sizeof answer.other);
  }
  lease_heard(r->lease, &answer, r->asked, now);
  redis_share_serve(s);
  return true;
}

void redis_lease_lost(RedisShare *s) {
  if (s->lease.lease != NULL) s->lease.lease->asking = false;
  s->lease.asking = false;
}

void redis_lease_back(Shared *x, const Lease *l, double now) {
  RedisShare *s = x->redis;
  s->lease.lease = NULL;
  if (l->number == 0 || s->state != REDIS_LIVES || s->dropping) return;
  begin(s, "lease_back", l);
  command_number(&s->command, (double)l->number);
  command_number(&s->command, ceil(lease_rest(l, now) * US));
  redis_share_send(s, ACT_DONE, NULL);
}
