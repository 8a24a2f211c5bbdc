/*
** A call between its submission and its end: its place in the client's waiting line, its sending, its cancellation.
** What waits in line is not signed yet; a slot is free again when a transfer ends, whatever Lua does then. No Lua
** runs here.
*/
#include "call_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void leave_line(Call *c) {
  Client *client = c->client;
  if (c->before == NULL)
    client->first = c->next;
  else
    c->before->next = c->next;
  if (c->next == NULL)
    client->last = c->before;
  else
    c->next->before = c->before;
  c->before = c->next = NULL;
  loop_timer_stop(client->loop, &c->timer);
}

static void call_end(Call *c) {
  c->state = CALL_ENDED;
  c->duration = loop_real_now(c->client->loop) - c->started;
  token_unwatch(&c->token);
  if (c->wait != 0) loop_wake(c->client->loop, c->wait);
  c->wait = 0;
}

static void call_fail(Call *c, HttpError error, const char *why) {
  c->error = error;
  c->failure = why;
  call_end(c);
}

/* Takes the transfer's outcome into the call. */
static void collect(Call *c) {
  HttpResult *r = http_result(c->transfer);
  c->error = r->error;
  c->sent = r->sent;
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
}

static void serve_line(Client *client);

static void on_done(void *owner) {
  Call *c = owner;
  collect(c);
  c->client->in_flight--;
  call_end(c);
  serve_line(c->client);
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

const char *call_prepare(Call *c) {
  Client *client = c->client;
  c->timestamp = loop_wall(client->loop);
  if (c->first_timestamp == 0) c->first_timestamp = c->timestamp;
  if (!session_request(&client->session, c->ep->post, c->ep->path, &c->payload, !c->ep->open, c->timestamp,
                       c->e.receive_window, &c->request))
    return "not enough memory";
  const char *why = write_intent(c);
  if (why == NULL) return NULL;
  snprintf(c->message, sizeof c->message, "the journal cannot be written: %s", why);
  return c->guarded = c->message;
}

void call_succeeded(Call *c) {
  c->client->successes++;
  if (c->number == 0 || c->again) return; /* recovery closes what it was asked about */
  char text[64];
  int size = snprintf(text, sizeof text, "{\"d\":%" PRId64 ",\"o\":\"done\"}\n", c->number);
  Bytes line = {.data = text, .size = (size_t)size};
  journal_append(c->client->journal, &line); /* what is not closed is looked up after a restart */
}

static void send(Call *c) {
  Client *client = c->client;
  const char *why = call_prepare(c);
  c->attempts++;
  if (why != NULL) {
    call_fail(c, HTTP_NETWORK, why);
    return;
  }
  HttpRequest r = {.verb = c->ep->verb,
                   .url = c->request.url.data,
                   .headers = c->request.header,
                   .header_count = c->request.header_count,
                   .body = c->ep->post ? c->payload.data : NULL,
                   .body_size = c->ep->post ? c->payload.size : 0,
                   .timeout = fmin(c->e.timeout, c->ends - loop_real_now(client->loop)),
                   .connect_timeout = c->e.connect_timeout,
                   .max_body = client->max_body,
                   .gzip = client->gzip && !c->ep->post};
  c->transfer = http_start(client->http, &r, on_done, c, &why);
  if (c->transfer == NULL) {
    call_fail(c, HTTP_NETWORK, why);
    return;
  }
  c->state = CALL_RUNNING;
  client->in_flight++;
}

static void serve_line(Client *client) {
  while (!client->closed && client->first != NULL && client->in_flight < client->in_flight_max) {
    Call *c = client->first;
    leave_line(c);
    send(c);
  }
}

static void on_deadline(LoopTimer *timer) {
  Call *c = (Call *)((char *)timer - offsetof(Call, timer));
  leave_line(c);
  call_fail(c, HTTP_TIMEOUT, "the deadline passed before its turn came");
}

void call_begin(Call *c) {
  c->started = loop_real_now(c->client->loop);
  c->ends = c->started + c->e.deadline;
}

void call_reset(Call *c) {
  c->state = CALL_NEW;
  c->error = HTTP_OK;
  c->failure = NULL;
  c->status = 0;
  c->sent = c->raise = false;
  c->guarded = NULL;
  bytes_clear(&c->answer);
  bytes_clear(&c->headers);
}

void call_submit(Call *c) {
  Client *client = c->client;
  if (client->first == NULL && client->in_flight < client->in_flight_max) {
    send(c);
    return;
  }
  c->state = CALL_QUEUED;
  c->before = client->last;
  if (c->before == NULL)
    client->first = c;
  else
    c->before->next = c;
  client->last = c;
  c->timer.fire = on_deadline;
  loop_timer_start(client->loop, &c->timer, c->ends - loop_real_now(client->loop));
}

void call_cancel(Call *c) {
  switch (c->state) {
  case CALL_ENDED: return;
  case CALL_NEW: break;
  case CALL_QUEUED: leave_line(c); break;
  case CALL_RUNNING: http_cancel(c->transfer); return; /* on_done ends it */
  }
  call_fail(c, HTTP_CANCELLED, "cancelled");
}

void call_abandon(Call *c) {
  token_unwatch(&c->token);
  if (c->state == CALL_QUEUED) leave_line(c);
  if (c->state == CALL_RUNNING) {
    http_release(c->transfer);
    c->transfer = NULL;
    c->client->in_flight--;
    serve_line(c->client);
  }
  c->state = CALL_ENDED;
  loop_wait_drop(c->client->loop, c->wait);
  c->wait = 0;
}

void client_drop_line(Client *client) {
  while (client->first != NULL) {
    Call *c = client->first;
    leave_line(c);
    call_fail(c, HTTP_CANCELLED, "the client was closed");
  }
}
