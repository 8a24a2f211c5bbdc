/*
** How a call uses rate limits: its group, what the status, headers and envelope of an answer say of the limit, and the
** message of a refusal. The Lua layer handles error codes about limits (lua/bybit/wire/limits.lua).
*/
#include "parts.h"
#include "wire/answer.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

/* Seconds. When an answer took longer, what it says of the limit belongs to a window that has passed. */
static const double PROMPT = 0.5;

LimitGroup *call_group(Call *c, bool *failed) {
  LimitAccount *account = c->client->line.account;
  if (account == NULL || c->ep->group == NULL || c->ep->open) return NULL;
  const char *symbol = c->ep->by_symbol ? c->e.symbol : "";
  LimitGroup *group = limiter_part(account, c->ep->group, symbol, c->ep->limit, c->ep->per);
  *failed = group == NULL;
  return group;
}

void call_hear(Call *c) {
  LineClient *line = &c->client->line;
  LimitAccount *account = line->account;
  if (account == NULL || c->error != HTTP_OK) return;
  double now = line_now(line->line);
  bool shut = true;
  if (c->status == 403 && answer_shuts_out(&c->answer)) /* else waiting would not help */
    limiter_ban(account, now);
  else if (c->status == 429)
    limiter_pause(account, now);
  else {
    shut = limiter_fine(account) || c->waiter.probes;
    if (c->waiter.probes) limiter_reopen(account);
  }
  if (shut) line_shut_changed(line);
  if (c->group == NULL) return;
  int limit, left;
  answer_limits(&c->headers, &limit, &left);
  if (limit >= 0) line_learn(line, &c->waiter, limit, now - c->sent_at <= PROMPT ? left : -1);
}

void call_hear_body(Call *c, const Answer *a) {
  if (c->group == NULL || c->client->line.account == NULL) return;
  if (c->ep->weight <= 1 && a->limit < 1) return;
  double now = line_now(c->client->line.line);
  if (c->sent && c->ep->weight > 1) line_charge(&c->client->line, &c->waiter, c->ep->weight - 1);
  if (a->limit < 1 || a->limit > INT_MAX) return;
  /* For a refusal the Lua layer reads when it ends (lua/bybit/wire/limits.lua). Its numbers do not say what is used now. */
  bool fresh = a->code == 0 && now - c->sent_at <= PROMPT && a->left >= 0 && a->left <= a->limit;
  line_learn_late(&c->client->line, &c->waiter, (int)a->limit, fresh ? (int)a->left : -1);
}

void call_refused(Call *c, double after) {
  double banned = limiter_banned(c->client->line.account, line_now(c->client->line.line));
  c->retry_after = isfinite(after) ? after : 1; /* a guess: it depends on when a request in flight ends */
  c->failure = c->message;
  if (banned > 0)
    snprintf(
        c->message, sizeof c->message,
        "the exchange has blocked this IP address (HTTP 403), so nothing is sent for %.0f s: most likely "
        "too many requests came from this address, of whichever program",
        ceil(fmin(banned, c->retry_after)));
  else
    snprintf(c->message, sizeof c->message, "the rate limit of %s allows no request for %.2f s",
             c->group == NULL ? "this address" : c->group->name, c->retry_after);
}
