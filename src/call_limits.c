/*
** What a call has to do with rate limits: the group it counts in, what an answer's status and headers say of them,
** and the words for a refusal. Codes in the body are the Lua layer's to tell (lua/bybit/limits.lua).
*/
#include "call_parts.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* An answer that took longer tells of a window that is over. */
static const double PROMPT = 0.5; /* s */

LimitGroup *call_group(Call *c, bool *failed) {
  LimitAccount *account = c->client->line.account;
  if (account == NULL || c->ep->group == NULL || c->ep->open) return NULL;
  const char *symbol = c->ep->by_symbol ? c->e.symbol : "";
  LimitGroup *group = limiter_part(account, c->ep->group, symbol, c->ep->limit, c->ep->per);
  *failed = group == NULL;
  return group;
}

/* The number in header 'name' of the raw lines; -1: absent, or no number. */
static int header_number(const Bytes *lines, const char *name) {
  size_t size = strlen(name);
  const char *at = lines->data, *end = at == NULL ? NULL : at + lines->size;
  while (at != NULL && at < end) {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    if ((size_t)(end - at) > size && strncasecmp(at, name, size) == 0 && at[size] == ':') {
      char *after;
      long n = strtol(at + size + 1, &after, 10); /* the bytes end with a zero */
      return after == at + size + 1 || n < 0 || n > 1000000000 ? -1 : (int)n;
    }
    at = stop == NULL ? end : stop + 1;
  }
  return -1;
}

void call_hear(Call *c) {
  LimitAccount *account = c->client->line.account;
  if (account == NULL || c->error != HTTP_OK) return;
  double now = line_now(c->client->line.line);
  if (c->status == 403)
    limiter_ban(account, now);
  else if (c->status == 429)
    limiter_pause(account, now);
  else
    limiter_fine(account);
  int limit = c->group == NULL ? -1 : header_number(&c->headers, "X-Bapi-Limit");
  if (limit < 0) return;
  int left = now - c->sent_at <= PROMPT ? header_number(&c->headers, "X-Bapi-Limit-Status") : -1;
  limiter_learn(c->group, limit, left, now);
}

void call_hear_body(Call *c, const Answer *a) {
  if (c->group == NULL || c->client->line.account == NULL) return;
  double now = line_now(c->client->line.line);
  if (c->sent && c->ep->weight > 1) limiter_charge(c->group, c->ep->weight - 1, now);
  if (a->limit < 1 || a->limit > INT_MAX) return;
  /* A refusal says when it ends (lua/bybit/limits.lua); what it counts is not told to have been used just now. */
  bool fresh = a->code == 0 && now - c->sent_at <= PROMPT && a->left >= 0 && a->left <= a->limit;
  limiter_learn(c->group, (int)a->limit, fresh ? (int)a->left : -1, now);
}

void call_refused(Call *c, double after) {
  double banned = limiter_banned(c->client->line.account, line_now(c->client->line.line));
  c->retry_after =
      isfinite(after) ? after : 1; /* when one of those under way ends, and a window after that */
  c->failure = c->message;
  if (banned > 0)
    snprintf(c->message, sizeof c->message,
             "the exchange shut this address out with HTTP 403, not tried again for %.0f s: too many "
             "requests from "
             "this IP address, by whichever program, or a country that it does not serve",
             ceil(banned));
  else
    snprintf(c->message, sizeof c->message, "the rate limit of %s leaves no room for %.2f s",
             c->group == NULL ? "this address" : c->group->name, c->retry_after);
}
