/*
** A call between its submission and its end: its place in the waiting line, its sending, its cancellation. What
** waits in line is not signed yet; a slot is free again when a transfer ends, whatever Lua does then. No Lua runs
** here.
*/
#include "call_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static double now_of(const Call *c) {
  return loop_now(c->client->loop);
}

static void count_answer(Client *client, double seconds) {
  client->stats.recent[client->stats.answered++ % RECENT] = (float)seconds;
}

static void call_end(Call *c) {
  c->state = CALL_ENDED;
  c->ended_at = now_of(c);
  c->duration = c->ended_at - c->started;
  if (c->error == HTTP_OK) count_answer(c->client, c->duration);
  token_unwatch(&c->token);
  if (c->wait != 0) loop_wake(c->client->loop, c->wait);
  c->wait = 0;
}

static void call_fail(Call *c, HttpError error, const char *why) {
  c->error = error;
  c->failure = why;
  call_end(c);
}

static void leave_line(Call *c) {
  line_exit(&c->waiter);
  loop_timer_stop(c->client->loop, &c->timer);
}

/* Its slots are free for others. */
static void release(Call *c, bool sent) {
  line_done(&c->client->line, c->group, sent);
  line_serve(c->client->line.line);
}

/* ---- sending ---- */

/* Takes the transfer's outcome into the call. */
static bool collect(Call *c) {
  HttpResult *r = http_result(c->transfer);
  bool sent = r->sent;
  c->error = r->error;
  c->sent = r->sent;
  c->sent_at = fmin(c->sent_at + r->lead, now_of(c));
  c->status = r->status;
  memcpy(c->message, r->message, sizeof c->message);
  c->failure = c->message;
  bytes_free(&c->answer);
  bytes_free(&c->headers);
  c->answer = r->body;
  c->headers = r->headers;
  r->body = r->headers = (Bytes){0};
  http_release(c->transfer);
  c->transfer = NULL;
  return sent;
}

static void on_done(void *owner) {
  Call *c = owner;
  bool sent = collect(c);
  call_end(c);
  call_hear(c);
  release(c, sent);
}

void call_sent_through_lua(Call *c) {
  if (c->state != CALL_TURN) { /* cancelled by the transport itself */
    c->error = HTTP_CANCELLED;
    c->failure = "cancelled";
    c->sent = true;
    return;
  }
  bool sent = c->error == HTTP_OK || c->sent;
  call_end(c);
  call_hear(c);
  release(c, sent);
}

void call_learn(Call *c, const Answer *a) {
  clock_learn(client_clock(c->client), c->sent_at, c->ended_at, a->time);
  call_hear_body(c, a);
}

Clock *client_clock(Client *client) {
  if (client->era != loop_era(client->loop)) {
    client->era = loop_era(client->loop);
    client->clock = (Clock){0};
  }
  return &client->clock;
}

/* Appends the intent, or another attempt at it, before it goes out. */
static const char *write_intent(Call *c) {
  Journal *j = c->client->journal;
  char head[160];
  Bytes line = {0};
  if (j == NULL || !c->ep->settles) return NULL;
  if (c->number != 0) {
    snprintf(head, sizeof head, "{\"a\":%" PRId64 ",\"t\":%" PRId64 "}\n", c->number, c->timestamp);
    bytes_text(&line, head);
  } else {
    c->number = j->next++;
    snprintf(head, sizeof head,
             "{\"i\":%" PRId64 ",\"t\":%" PRId64 ",\"w\":%" PRId64 ",\"m\":\"%s\",\"r\":\"%s\",", c->number,
             c->timestamp, c->e.receive_window, c->ep->method, c->ep->row);
    bytes_text(&line, head);
    bytes_text(&line, "\"p\":");
    if (!bytes_append(&line, c->named.data, c->named.size)) line.failed = true;
    bytes_text(&line, "}\n");
  }
  const char *why = journal_append(j, &line);
  bytes_free(&line);
  return why;
}

/* What could not be written is not sent. NULL, or its message. */
static const char *unwritten(Call *c, const char *why) {
  if (why == NULL) return NULL;
  snprintf(c->message, sizeof c->message, "the journal cannot be written: %s", why);
  return c->guarded = c->message;
}

const char *call_prepare(Call *c) {
  Client *client = c->client;
  c->timestamp =
      clock_timestamp(client_clock(client), now_of(c), loop_wall(client->loop), c->e.receive_window);
  if (c->first_timestamp == 0) c->first_timestamp = c->timestamp;
  if (!session_request(&client->session, c->ep->post, c->ep->path, &c->payload, !c->ep->open, c->timestamp,
                       c->e.receive_window, &c->request))
    return "not enough memory";
  return unwritten(c, write_intent(c));
}

/* Does it have to be on the disk before it goes out? */
static bool to_disk(const Call *c) {
  return c->client->journal != NULL && c->client->journal->sync && c->ep->settles;
}

const char *call_save(Call *c) {
  return to_disk(c) ? unwritten(c, journal_sync(c->client->journal)) : NULL;
}

void call_succeeded(Call *c) {
  c->client->successes++;
  if (c->number == 0 || c->again) return; /* recovery closes what it was asked about */
  char text[64];
  int size = snprintf(text, sizeof text, "{\"d\":%" PRId64 ",\"o\":\"done\"}\n", c->number);
  Bytes line = {.data = text, .size = (size_t)size};
  journal_append(c->client->journal, &line); /* what is not closed is looked up after a restart */
}

static bool start(Call *c) {
  Client *client = c->client;
  c->sent_at = now_of(c);
  HttpRequest r = {.verb = c->ep->verb,
                   .url = c->request.url.data,
                   .headers = c->request.header,
                   .header_count = c->request.header_count,
                   .body = c->request.body,
                   .body_size = c->request.body_size,
                   .timeout = fmin(c->e.timeout, c->ends - now_of(c)),
                   .connect_timeout = c->e.connect_timeout,
                   .max_body = client->max_body,
                   .gzip = client->gzip && !c->ep->post};
  c->transfer = http_start(client->http, &r, on_done, c, &c->failure);
  if (c->transfer == NULL) return false;
  c->state = CALL_RUNNING;
  return true;
}

/* It ends before it was sent. Whoever calls serves the line. */
static void stay(Call *c) {
  call_fail(c, HTTP_NETWORK, c->failure);
  line_done(&c->client->line, c->group, false);
}

/* The disk is slow, and one wait for it serves all that were to go out in the same step of the loop. */
static void wait_for_disk(Call *c) {
  Client *client = c->client;
  Call **at = &client->saving;
  while (*at != NULL) at = &(*at)->next;
  *at = c;
  c->state = CALL_SAVING;
  if (client->save.among != NULL) return;
  loop_busy(client->loop, 1); /* virtual time stands meanwhile */
  loop_timer_start(client->loop, &client->save, 0);
}

/* It waits no more. */
static void leave_disk(Call *c) {
  Client *client = c->client;
  Call **at = &client->saving;
  while (*at != c) at = &(*at)->next;
  *at = c->next;
  c->next = NULL;
  if (client->saving != NULL) return;
  loop_timer_stop(client->loop, &client->save);
  loop_busy(client->loop, -1);
}

static void on_save(LoopTimer *timer) {
  Client *client = (Client *)((char *)timer - offsetof(Client, save));
  Call *c = client->saving;
  const char *why = journal_sync(client->journal);
  client->saving = NULL;
  loop_busy(client->loop, -1);
  while (c != NULL) {
    Call *next = c->next;
    c->next = NULL;
    c->failure = unwritten(c, why);
    if (c->failure != NULL || !start(c)) stay(c);
    c = next;
  }
  line_serve(client->line.line);
}

/* Its turn has come. */
static void go(Waiter *waiter) {
  Call *c = (Call *)((char *)waiter - offsetof(Call, waiter));
  Client *client = c->client;
  loop_timer_stop(client->loop, &c->timer);
  client->stats.requests++;
  if (c->attempts++ > 0) client->stats.retries++;
  c->sent_at = now_of(c);
  if (client->lua_transport) {
    c->state = CALL_TURN;
    if (c->wait != 0) loop_wake(client->loop, c->wait);
    c->wait = 0;
    return;
  }
  c->failure = call_prepare(c);
  if (c->failure == NULL && to_disk(c))
    wait_for_disk(c);
  else if (c->failure != NULL || !start(c))
    stay(c); /* the line is being served */
}

static void refuse(Waiter *waiter, double after) {
  Call *c = (Call *)((char *)waiter - offsetof(Call, waiter));
  loop_timer_stop(c->client->loop, &c->timer);
  call_refused(c, after);
  call_fail(c, HTTP_CANCELLED, c->failure);
}

void client_line_open(Client *client) {
  client->line.go = go;
  client->line.refuse = refuse;
  client->save.fire = on_save;
}

/* ---- from outside ---- */

static void on_deadline(LoopTimer *timer) {
  Call *c = (Call *)((char *)timer - offsetof(Call, timer));
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
  bytes_clear(&c->answer);
  bytes_clear(&c->headers);
}

static Priority priority_of(const Call *c) {
  if (c->ep->cancels) return PRIORITY_CANCEL;
  return c->again ? PRIORITY_AGAIN : PRIORITY_NORMAL;
}

void call_submit(Call *c) {
  Client *client = c->client;
  bool failed = false;
  c->group = call_group(c, &failed);
  c->waiter.impatient = client->impatient && !c->again;
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
  c->timer.fire = on_deadline;
  loop_later(client->loop, &c->timer, c->ends - now_of(c));
}

void call_cancel(Call *c) {
  switch (c->state) {
  case CALL_ENDED: return;
  case CALL_NEW: break;
  case CALL_QUEUED: leave_line(c); break;
  case CALL_TURN: release(c, false); break;
  case CALL_SAVING:
    leave_disk(c);
    release(c, false);
    break;
  case CALL_RUNNING: http_cancel(c->transfer); return; /* on_done ends it */
  }
  call_fail(c, HTTP_CANCELLED, "cancelled");
}

void call_abandon(Call *c) {
  token_unwatch(&c->token);
  if (c->state == CALL_QUEUED) leave_line(c);
  if (c->state == CALL_SAVING) leave_disk(c);
  if (c->state == CALL_RUNNING) {
    http_release(c->transfer);
    c->transfer = NULL;
  }
  if (c->state >= CALL_TURN && c->state <= CALL_RUNNING) release(c, c->state == CALL_RUNNING);
  c->state = CALL_ENDED;
  loop_wait_drop(c->client->loop, c->wait);
  c->wait = 0;
}

void client_drop_line(Client *client) {
  for (Lane *lane = client->line.lanes; lane != NULL; lane = lane->sibling)
    while (lane->first != NULL) {
      Call *c = (Call *)((char *)lane->first - offsetof(Call, waiter));
      leave_line(c);
      call_fail(c, HTTP_CANCELLED, "the client was closed");
    }
  while (client->saving != NULL) {
    Call *c = client->saving;
    leave_disk(c);
    line_done(&client->line, c->group, false);
    call_fail(c, HTTP_CANCELLED, "the client was closed");
  }
}
