/*
** The intents of calls: what the journal is told before a call is sent, and when it has succeeded. Those of the elements of a batch
** are written together, one for each. A call whose intent cannot be written is not sent, unless it takes risk away. No Lua runs
** here, so no function here raises.
*/
#include "parts.h"

#include <stdio.h>

/* Does an attempt of the call go into the journal? */
static bool journalled(const Call *c) {
  return c->client->journal != NULL && c->ep->settle != NULL;
}

/* The moment after which the exchange does not accept the attempt, by its own timestamp (lua/bybit/outcome/fence.lua); ms of
** the exchange's clock. */
static int64_t fence_of(const Call *c) {
  return session_fence(c->timestamp, c->e.receive_window);
}

static const char *or_null(const char *text) {
  return text[0] == '\0' ? NULL : text;
}

/* Writes the call's intent; sets c->number. NULL, or why it could not. */
static const char *begin_intent(Call *c, Journal *j) {
  const Endpoint *ep = c->ep;
  double now = loop_now(c->client->loop);
  JournalIntent intent = {
      .time = clock_now(client_clock(c->client, now), now, loop_wall(c->client->loop)),
      .method = ep->method,
      .row = ep->row,
      .kind = ep->settle,
      .symbol = or_null(c->e.symbol),
      .client_order_id = or_null(c->e.client_order_id),
      .made = c->e.used_made_id,
      .params = c->named.data,
      .params_size = c->named.size,
      .window = c->e.receive_window,
      .first = c->first,
      .fence = fence_of(c),
  };
  if (c->named.failed) return "not enough memory";
  return j->calls->begin(j, &intent, &c->number);
}

/* Writes another attempt at the intent. NULL, or why it could not. */
static const char *begin_attempt(Call *c, Journal *j) {
  JournalAttempt attempt = {.fresh = c->fresh, .first = c->first, .fence = fence_of(c)};
  return j->calls->attempt(j, c->number, &attempt);
}

void client_save_soon(Client *client) {
  if (client->save.among == NULL) loop_timer_start(client->loop, &client->save, 0);
}

/* A call whose intent could not be written is not sent, unless it takes risk away. 'why' is NULL when it was written.
** Returns NULL when the call may be sent, else the message. */
static const char *unwritten(Call *c, const char *why) {
  if (why == NULL) return NULL;
  if (c->protects) {
    snprintf(c->unjournalled, sizeof c->unjournalled, "%s", why);
    return NULL;
  }
  snprintf(c->message, sizeof c->message, "the journal cannot be written: %s", why);
  return c->guarded = c->message;
}

bool call_has_intent(const Call *c) {
  bool has = c->number != 0;
  for (const Call *e = c->elements; e != NULL && !has; e = e->sibling) has = e->number != 0;
  return has;
}

/* Writes the intent, or another attempt at it, before the call is sent. The same. */
static const char *write_intent(Call *c) {
  Journal *j = c->client->journal;
  if (!journalled(c)) return NULL;
  c->begun = c->number == 0;
  const char *why = c->begun ? begin_intent(c, j) : begin_attempt(c, j);
  c->rollbacks = j->rollbacks;
  return unwritten(c, why);
}

const char *call_write_intent(Call *c) {
  if (c->elements == NULL) return write_intent(c);
  const char *why = NULL;
  call_hand_down(c);
  for (Call *e = c->elements; e != NULL && why == NULL; e = e->sibling) why = write_intent(e);
  return why == NULL ? NULL : (c->guarded = why);
}

/* The result of a commit for one of its calls: 'why' is NULL when it succeeded. An intent that was written before a
** rollback is lost all the same. Returns as 'unwritten'. */
static const char *committed(Call *c, const char *why) {
  if (why == NULL && c->rollbacks != c->client->journal->rollbacks)
    why = "it was lost before it was written to the file";
  if (why != NULL && c->begun) c->number = 0; /* the intent was part of what failed */
  return unwritten(c, why);
}

const char *call_committed(Call *c, const char *why) {
  if (c->elements == NULL) return committed(c, why);
  const char *failure = NULL;
  for (Call *e = c->elements; e != NULL; e = e->sibling) {
    const char *one = committed(e, why);
    if (failure == NULL) failure = one;
  }
  return failure == NULL ? NULL : (c->guarded = failure);
}

const char *call_save(Call *c) {
  Journal *j = c->client->journal;
  return call_has_intent(c) ? call_committed(c, j->calls->commit(j)) : NULL;
}

void call_succeeded(Call *c) {
  Client *client = c->client;
  client->successes++;
  /* Recovery itself closes the intents that it works on; those of calls that overtook another, since they may have to be made
** again; and those of transfers, since their answers do not always tell what became of them. */
  if (c->number == 0 || c->again || c->overtook || c->ep->change == CHANGE_TRANSFER) return;
  double now = loop_now(c->client->loop);
  client->journal->calls->finish(client->journal, c->number,
                                 clock_now(client_clock(client, now), now, loop_wall(client->loop)));
  client_save_soon(client);
}
