/*
** A call from its submission to its end: it waits in line, is signed, journalled and sent, and may be cancelled. A call
** that waits is not signed yet, so its timestamp is fresh when it goes. Its slot is free again when the transfer ends,
** whenever Lua looks at the answer. No Lua runs here, so no function here raises.
*/
#include "parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double now_of(const Call *c) {
  return loop_now(c->client->loop);
}

/* Notes how long an answered attempt took. */
static void count_answer(Client *client, double seconds) {
  client->stats.recent[client->stats.answered++ % RECENT] = (float)seconds;
}

/* The attempt has ended, 'now': wakes who waits for it. */
static void call_end(Call *c, double now) {
  c->state = CALL_ENDED;
  c->ended_at = now;
  c->duration = c->ended_at - c->started;
  if (c->error == HTTP_OK) count_answer(c->client, c->duration);
  token_unwatch(&c->token);
  if (c->wait != 0) loop_wake(c->client->loop, c->wait);
  c->wait = 0;
}

/* The attempt has ended with an error; 'why' is a static text or c->message. */
static void call_fail(Call *c, HttpError error, const char *why) {
  c->error = error;
  c->failure = why;
  call_end(c, now_of(c));
}

/* Takes it out of the waiting line, with its deadline. */
static void leave_line(Call *c) {
  line_exit(&c->waiter);
  loop_timer_stop(c->client->loop, &c->timer);
}

/* Frees its slot and serves the line. 'sent': its request counts in the rate limits. */
static void release(Call *c, bool sent) {
  line_done(&c->client->line, &c->waiter, sent);
  line_serve(c->client->line.line);
}

/* ---- sending ---- */

/* Moves the transfer's outcome into the call and releases the transfer, which gets the call's buffers of an earlier answer.
** Returns whether it may have been sent. */
static bool collect(Call *c, double now) {
  HttpResult *r = http_result(c->transfer);
  bool sent = r->sent;
  c->error = r->error;
  c->sent = r->sent;
  c->sent_at = fmin(c->sent_at + r->lead, now);
  c->status = r->status;
  memcpy(c->message, r->message, strlen(r->message) + 1); /* mostly it is empty */
  c->failure = c->message;
  const Bytes answer = c->answer, headers = c->headers;
  c->answer = r->body;
  c->headers = r->headers;
  r->body = answer;
  r->headers = headers;
  http_release(c->transfer);
  c->transfer = NULL;
  return sent;
}

/* Arms the deadline, for a call that is held or waits in line. */
static void watch_deadline(Call *c);

/* No connection had room for the request. The call waits in line again, at its old place, and is signed anew when its turn
** comes: a signed request never waits. Nothing was sent, so this attempt does not count. */
static void go_back(Call *c) {
  Client *client = c->client;
  client->stats.requests--;
  if (--c->attempts > 0)
    client->stats.retries--;
  else
    c->fresh = true; /* for the journal */
  c->error = HTTP_OK;
  c->failure = NULL;
  c->state = CALL_QUEUED;
  line_return(&client->line, &c->waiter);
  watch_deadline(c);
  line_serve(client->line.line);
}

/* Sends the prepared request. False when it cannot start; c->failure says why. A call that takes risk away uses the
** connections that are kept for it when the other ones, which may be open already, have no room. */
static bool start(Call *c);

/* The transfer has ended. */
static void on_done(void *owner) {
  Call *c = owner;
  double now = now_of(c);
  bool sent = collect(c, now);
  if (c->error == HTTP_BUSY) {
    bool again = c->protects && !c->crowded && c->client->kept_http != NULL;
    c->crowded = true;
    if (!again || !start(c)) go_back(c);
    return;
  }
  call_end(c, now);
  call_hear(c);
  release(c, sent);
}

void call_sent_through_lua(Call *c) {
  if (c->state != CALL_TURN) { /* the Lua transport has cancelled the call */
    c->error = HTTP_CANCELLED;
    c->failure = "cancelled";
    c->sent = true;
    return;
  }
  bool sent = c->error == HTTP_OK || c->sent;
  call_end(c, now_of(c));
  call_hear(c);
  release(c, sent);
}

void call_learn(Call *c, const Answer *a) {
  clock_learn(client_clock(c->client, now_of(c)), c->sent_at, c->ended_at, a->time);
  call_hear_body(c, a);
}

/* Takes the call off one of the client's lists that are linked by 'next'. */
static void unlink_call(Call **at, Call *c) {
  while (*at != c) at = &(*at)->next;
  *at = c->next;
  c->next = NULL;
}

/* Takes it off the list of calls that are away. */
static void come_back(Call *c) {
  loop_timer_stop(c->client->loop, &c->timer);
  unlink_call(&c->client->away, c);
}

/* A Lua transport wants to go on. */
static void on_back(LoopTimer *timer) {
  Call *c = (Call *)((char *)timer - offsetof(Call, timer));
  come_back(c);
  c->state = CALL_TURN;
  if (c->wait != 0) loop_wake(c->client->loop, c->wait);
  c->wait = 0;
}

void call_away(Call *c, double seconds, bool sent) {
  c->state = CALL_AWAY;
  c->sent = sent;
  c->next = c->client->away;
  c->client->away = c;
  c->timer.fire = on_back;
  loop_later(c->client->loop, &c->timer, seconds);
}

/* Seconds: a computer sleeps for longer than that, and two readings of its clocks are less apart. */
static const double NAP = 0.25;

Clock *client_clock(Client *client, double now) {
  if (client->era != loop_era(client->loop)) {
    client->era = loop_era(client->loop);
    client->clock = (Clock){0};
    client->asleep = loop_asleep(client->loop, now);
  }
  double asleep = loop_asleep(client->loop, now);
  if (asleep > client->asleep + NAP) {
    client->asleep = asleep;
    clock_slept(&client->clock);
  }
  return &client->clock;
}

/* ---- sending a request ---- */

const char *call_prepare(Call *c) {
  Client *client = c->client;
  int64_t earliest;
  if (call_halted(c) != NULL) return c->guarded;
  c->signed_at = now_of(c);
  const Clock *clock = client_clock(client, c->signed_at);
  bool settles = c->ep->settle != NULL || c->elements != NULL;
  if (!settles || !clock_arrival(clock, c->signed_at, &c->first)) c->first = 0;
  clock_timestamp(clock, c->signed_at, loop_wall(client->loop), c->e.receive_window, &c->timestamp,
                  &earliest);
  if (!c->ep->open && client->line.member != NULL)
    c->timestamp = stamps_take(&client->line.member->stamps, c->timestamp, earliest);
  if (call_unleased(c) != NULL) return c->guarded;
  if (!session_request(&client->session, c->ep->post, c->ep->path, &c->payload, !c->ep->open, c->timestamp,
                       c->e.receive_window, &c->request))
    return "not enough memory";
  return call_write_intent(c);
}

/* Sends the prepared request. False when it cannot start; c->failure says why. */
static bool start(Call *c) {
  Client *client = c->client;
  Http *http = c->crowded ? client->kept_http : client->http;
  c->sent_at = now_of(c);
  HttpRequest r = {.verb = c->ep->verb,
                   .url = c->request.url.data,
                   .local = client->session.local,
                   .headers = &c->request.headers,
                   .header_count = c->request.headers != NULL,
                   .body = c->request.body,
                   .body_size = c->request.body_size,
                   .timeout = fmin(c->e.timeout, c->ends - c->sent_at),
                   .connect_timeout = c->e.connect_timeout,
                   .max_body = client->max_body,
                   .gzip = client->gzip && !c->ep->post,
                   .at_once = true,
                   .urgent = c->protects};
  c->transfer = http_start(http, &r, on_done, c, &c->failure);
  if (c->transfer == NULL) return false;
  c->state = CALL_RUNNING;
  return true;
}

/* Fails an unsent call and frees its slot. The caller must then call line_serve, unless it is called from there. */
static void stay(Call *c) {
  call_fail(c, HTTP_NETWORK, c->failure);
  line_done(&c->client->line, &c->waiter, false);
}

/* Appends the call to those that wait for one commit: it is shared by all that go in the same step of the loop. */
static void wait_for_commit(Call *c) {
  Client *client = c->client;
  Call **at = &client->saving;
  while (*at != NULL) at = &(*at)->next;
  *at = c;
  c->state = CALL_SAVING;
  if (at == &client->saving) loop_busy(client->loop, 1); /* virtual time stands still until the commit */
  client_save_soon(client);
}

/* Takes a call off that list. */
static void leave_commit(Call *c) {
  Client *client = c->client;
  unlink_call(&client->saving, c);
  if (client->saving == NULL) loop_busy(client->loop, -1);
}

/* Sends the calls of the list 'c' after a commit; 'why' it failed, or NULL. */
static void send_all(Call *c, const char *why) {
  while (c != NULL) {
    Call *next = c->next;
    c->next = NULL;
    c->failure = call_committed(c, why);
    if (c->failure == NULL) c->failure = call_halted(c);
    if (c->failure != NULL || !start(c)) stay(c);
    c = next;
  }
}

/* The end of the step: commits, sends, and lets the journal tidy up. */
static void on_save(LoopTimer *timer) {
  Client *client = (Client *)((char *)timer - offsetof(Client, save));
  Journal *j = client->journal;
  Call *c = client->saving;
  client->saving = NULL;
  if (c != NULL) {
    send_all(c, j->calls->commit(j));
    loop_busy(client->loop, -1);
    line_serve(client->line.line);
  }
  j->calls->tidy(j);
}

/* LineClient.go: the call's turn has come. It has left the line and counts as in flight. */
static void go(Waiter *waiter) {
  Call *c = (Call *)((char *)waiter - offsetof(Call, waiter));
  Client *client = c->client;
  if (client->http != NULL && !http_has_room(client->http, c->protects)) {
    line_return(&client->line, waiter); /* its deadline is watched, and the line is being served */
    return;
  }
  loop_timer_stop(client->loop, &c->timer);
  call_count_heard(c, true);
  client->stats.requests++;
  if (c->attempts++ > 0) client->stats.retries++;
  if (client->lua_transport) {
    c->sent_at = now_of(c);
    c->state = CALL_TURN;
    if (c->wait != 0) loop_wake(client->loop, c->wait);
    c->wait = 0;
    return;
  }
  c->crowded = false;
  c->failure = call_prepare(c);
  bool alone = c->blocks && client->saving == NULL;
  bool saves = call_has_intent(c);
  if (c->failure == NULL && saves && !alone) {
    wait_for_commit(c);
    return;
  }
  if (c->failure == NULL && saves) c->failure = call_save(c);
  if (c->failure != NULL || !start(c)) stay(c); /* line_serve is running, so it goes on by itself */
}

/* LineClient.refuse: the call would have to wait for a rate limit. */
static void refuse(Waiter *waiter, double after) {
  Call *c = (Call *)((char *)waiter - offsetof(Call, waiter));
  loop_timer_stop(c->client->loop, &c->timer);
  call_refused(c, after);
  call_fail(c, HTTP_CANCELLED, c->failure);
}

void client_has_room(void *owner) {
  Client *client = owner;
  line_has_room(&client->line);
  line_serve(client->line.line);
}

/* LineClient.news: calls that wait and add risk end when there is a halt. */
static void news(LineClient *line) {
  client_halted((Client *)((char *)line - offsetof(Client, line)));
}

void client_line_open(Client *client) {
  client->line.go = go;
  client->line.news = news;
  client->line.refuse = refuse;
  client->save.fire = on_save;
}

/* ---- from outside ---- */

/* The deadline passed while the call was held or waited in line. After that libcurl's timeout holds. */
static void on_deadline(LoopTimer *timer) {
  Call *c = (Call *)((char *)timer - offsetof(Call, timer));
  if (c->state == CALL_HELD) {
    call_unhold(c);
    call_fail(c, HTTP_TIMEOUT,
              "the deadline passed while an earlier change of the same thing may still arrive");
    return;
  }
  leave_line(c);
  call_fail(c, HTTP_TIMEOUT, "the deadline passed before its turn came");
}

void call_begin(Call *c) {
  c->started = now_of(c);
  c->ends = c->started + c->e.deadline;
  c->client->stats.calls++;
}

void call_reset(Call *c) {
  c->state = CALL_NEW;
  c->error = HTTP_OK;
  c->failure = NULL;
  c->status = 0;
  c->retry_after = 0;
  c->sent = c->raise = false;
  c->guarded = NULL;
  c->unjournalled[0] = '\0';
  bytes_clear(&c->answer);
  bytes_clear(&c->headers);
}

/* Calls that take risk away first, then other attempts of calls whose outcome is open. */
static Priority priority_of(const Call *c) {
  if (c->protects) return PRIORITY_CANCEL;
  return c->again ? PRIORITY_AGAIN : PRIORITY_NORMAL;
}

static void watch_deadline(Call *c) {
  c->timer.fire = on_deadline;
  loop_later(c->client->loop, &c->timer, c->ends - now_of(c));
}

void call_enter(Call *c) {
  if (call_claim(c)) {
    call_submit(c);
    return;
  }
  c->state = CALL_HELD;
  watch_deadline(c);
}

void call_let_go(Call *c) {
  loop_timer_stop(c->client->loop, &c->timer);
  call_unhold(c);
  c->state = CALL_NEW;
  call_submit(c);
}

void call_overtaken(Call *c) {
  loop_timer_stop(c->client->loop, &c->timer);
  call_unhold(c);
  call_fail(c, HTTP_CANCELLED, "a later change of the same thing was sent before it");
}

void call_submit(Call *c) {
  Client *client = c->client;
  bool failed = false;
  c->group = call_group(c, &failed);
  c->waiter.impatient = client->impatient && !c->again;
  c->waiter.weight = c->elements == NULL ? 1 : 0;
  for (Call *e = c->elements; e != NULL; e = e->sibling) {
    e->batch = NULL; /* it waits no more */
    c->waiter.weight++;
  }
  if (failed || !line_enter(&client->line, &c->waiter, c->group, priority_of(c))) {
    call_fail(c, HTTP_MEMORY, "not enough memory");
    return;
  }
  c->state = CALL_QUEUED;
  if (c->ends <= now_of(c)) {
    leave_line(c);
    call_fail(c, HTTP_TIMEOUT, "the deadline passed");
    return;
  }
  line_serve(client->line.line);
  if (c->state != CALL_QUEUED) return;
  watch_deadline(c);
}

void call_cancel(Call *c) {
  switch (c->state) {
  case CALL_ENDED: return;
  case CALL_NEW: break;
  case CALL_HELD:
    loop_timer_stop(c->client->loop, &c->timer);
    call_unhold(c);
    break;
  case CALL_QUEUED: leave_line(c); break;
  case CALL_TURN: release(c, false); break;
  case CALL_AWAY:
    come_back(c);
    release(c, c->sent);
    break;
  case CALL_SAVING:
    leave_commit(c);
    release(c, false);
    break;
  case CALL_RUNNING: http_cancel(c->transfer); return; /* it calls on_done, which ends the call */
  }
  call_fail(c, HTTP_CANCELLED, "cancelled");
}

void call_abandon(Call *c) {
  token_unwatch(&c->token);
  if (c->state == CALL_QUEUED) leave_line(c);
  if (c->state == CALL_HELD) {
    loop_timer_stop(c->client->loop, &c->timer);
    call_unhold(c);
  }
  for (Call *e = c->elements; e != NULL; e = e->sibling) e->batch = NULL;
  if (c->state == CALL_SAVING) leave_commit(c);
  if (c->state == CALL_AWAY) come_back(c);
  if (c->state == CALL_RUNNING) {
    http_release(c->transfer);
    c->transfer = NULL;
  }
  if (c->state >= CALL_TURN && c->state <= CALL_RUNNING) release(c, c->state == CALL_RUNNING || c->sent);
  c->state = CALL_ENDED;
  loop_wait_drop(c->client->loop, c->wait);
  c->wait = 0;
}

/* The client is closed: ends the held call that embeds the claim. */
static void call_cancel_held(Claim *claim) {
  Call *c = call_of_claim(claim);
  loop_timer_stop(c->client->loop, &c->timer);
  call_unhold(c);
  call_fail(c, HTTP_CANCELLED, "the client was closed");
}

void client_end_risk(Client *client) {
  for (Lane *lane = client->line.lanes; lane != NULL; lane = lane->sibling) {
    Waiter *next;
    for (Waiter *waiter = lane->first; waiter != NULL; waiter = next) {
      Call *c = (Call *)((char *)waiter - offsetof(Call, waiter));
      next = waiter->next;
      if (call_halted(c) == NULL) continue;
      leave_line(c);
      call_fail(c, HTTP_CANCELLED, c->guarded);
    }
  }
  for (Claim *claim = client->claims.first; claim != NULL; claim = claim->next) {
    Call *c = claim->held ? call_of_claim(claim) : NULL;
    if (c == NULL || call_halted(c) == NULL) continue;
    loop_timer_stop(client->loop, &c->timer);
    call_unhold(c);
    call_fail(c, HTTP_CANCELLED, c->guarded);
  }
}

void client_drop_line(Client *client) {
  for (Lane *lane = client->line.lanes; lane != NULL; lane = lane->sibling)
    while (lane->first != NULL) {
      Call *c = (Call *)((char *)lane->first - offsetof(Call, waiter));
      leave_line(c);
      call_fail(c, HTTP_CANCELLED, "the client was closed");
    }
  for (Claim *claim = client->claims.first; claim != NULL; claim = claim->next)
    if (claim->held) call_cancel_held(claim);
  while (client->saving != NULL) {
    Call *c = client->saving;
    leave_commit(c);
    line_done(&client->line, &c->waiter, false);
    call_fail(c, HTTP_CANCELLED, "the client was closed");
  }
  while (client->away != NULL) call_cancel(client->away);
}
