/*
** The budget of streams' connections where the share is a Redis server, see shared_connect and `acts.connect` in redis_script.lua. Who
** connects asks until it may: connections are rare.
*/
#include "redis_share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double US = 1e6;
static const double KEPT = 1; /* seconds in which what the server has granted is used, or asked for anew */

static RedisHost *host_of(RedisShare *s, const char *host) {
  char key[512];
  snprintf(key, sizeof key, "%s:connects:%s %s", s->base, s->machine, host);
  for (RedisHost *h = s->hosts; h != NULL; h = h->next)
    if (strcmp(h->key, key) == 0) return h;
  RedisHost *h = calloc(1, sizeof *h);
  if (h == NULL || (h->key = strdup(key)) == NULL) {
    free(h);
    return NULL;
  }
  h->next = s->hosts;
  s->hosts = h;
  return h;
}

double redis_connect(Shared *x, const char *host, int most, double span, double now) {
  RedisShare *s = x->redis;
  if (s->state == REDIS_LOST) return 0;
  if (s->state == REDIS_CONNECTS || s->dropping) return SHARED_ASKED;
  RedisHost *h = host_of(s, host);
  if (h == NULL) return SHARED_ASKED; /* no memory */
  if (now < h->until) {
    h->until = 0;
    return 0;
  }
  if (h->asking) return SHARED_ASKED;
  if (now < h->later) return h->later - now;
  redis_share_call(s, "connect", h->key);
  command_number(&s->command, most);
  command_number(&s->command, span * US);
  command_number(&s->command, (double)++s->number);
  Pending *p = redis_share_send(s, ACT_CONNECT, NULL);
  if (p == NULL) return SHARED_ASKED;
  p->host = h;
  h->asking = true;
  redis_flush(s->main);
  return SHARED_ASKED;
}

void redis_connect_answer(RedisHost *h, long long wait, double now) {
  h->asking = false;
  h->until = wait <= 0 ? now + KEPT : 0;
  h->later = wait <= 0 ? 0 : now + (double)wait / US;
}

void redis_connects_lost(RedisShare *s) {
  for (RedisHost *h = s->hosts; h != NULL; h = h->next) {
    h->asking = false;
    h->until = h->later = 0;
  }
}

void redis_connects_free(RedisShare *s) {
  while (s->hosts != NULL) {
    RedisHost *h = s->hosts;
    s->hosts = h->next;
    free(h->key);
    free(h);
  }
}
