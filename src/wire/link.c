/*
** link.h. The pipe connects; then the descriptor is watched, the upgrade's text goes out and its answer comes in; then every
** event on the descriptor runs the frames. 'ended' is called from a timer of zero seconds, so that no owner is called while
** it calls us, and never from inside a read.
*/
#include "link.h"
#include "http_pipe.h"
#include "upgrade.h"
#include "ws.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { CLOSE_WAIT = 2 }; /* seconds that the server has to answer our close frame */

struct Link {
  Loop *loop;
  Random *random; /* the owner's */
  LinkEvents events;
  char *host, *path; /* of the URL; owned */
  size_t max;
  Transfer *pipe;  /* owned */
  LoopWatch watch; /* of the pipe's descriptor */
  LoopTimer limit; /* until it has to be open, or closed */
  LoopTimer turn;  /* the next step: more to read, or 'ended' */
  Upgrade upgrade;
  Bytes out, head; /* the upgrade's request, from 'sent' on; its answer, as far as it came; owned */
  size_t sent;
  Ws *ws; /* owned; NULL: it is not open yet */
  LinkEnding ending;
};

/* ---- the end ---- */

/* Closes what there is. 'why' may be libcurl's; it holds no secret. */
static void end(Link *link, LinkEnd how, const char *why) {
  if (link->ending.how != LINK_OPEN) return;
  link->ending.how = how;
  snprintf(link->ending.why, sizeof link->ending.why, "%s", why);
  loop_unwatch(link->loop, &link->watch);
  loop_timer_stop(link->loop, &link->limit);
  loop_timer_start(link->loop, &link->turn, 0);
}

static void end_as_ws(Link *link) {
  static const LinkEnd ends[] = {[WS_CLOSED] = LINK_CLOSED,
                                 [WS_CUT] = LINK_NETWORK,
                                 [WS_PROTOCOL] = LINK_PROTOCOL,
                                 [WS_TOO_LARGE] = LINK_TOO_LARGE,
                                 [WS_MEMORY] = LINK_MEMORY};
  const WsEnding *e = ws_ending(link->ws);
  if (e->how == WS_OPEN) return;
  link->ending.code = e->code;
  end(link, ends[e->how], e->why);
}

static void on_limit(LoopTimer *timer) {
  Link *link = (Link *)((char *)timer - offsetof(Link, limit));
  end(link, LINK_TIMEOUT,
      link->ws == NULL ? "it did not open in time" : "the server did not answer our close");
}

/* ---- bytes ---- */

static void watch(Link *link, bool writes) {
  int events = LOOP_READ | (writes ? LOOP_WRITE : 0);
  if (link->ending.how != LINK_OPEN || link->watch.events == events) return;
  if (!loop_watch(link->loop, &link->watch, pipe_fd(link->pipe), events))
    end(link, LINK_MEMORY, "its descriptor cannot be watched");
}

static ptrdiff_t on_send(void *owner, const void *data, size_t size) {
  size_t sent;
  PipeStatus status = pipe_send(((Link *)owner)->pipe, data, size, &sent);
  return status == PIPE_OK ? (ptrdiff_t)sent : status == PIPE_WAIT ? 0 : -1;
}

static ptrdiff_t on_recv(void *owner, void *room, size_t size) {
  size_t got;
  PipeStatus status = pipe_recv(((Link *)owner)->pipe, room, size, &got);
  return status == PIPE_OK ? (ptrdiff_t)got : status == PIPE_WAIT ? 0 : -1;
}

static void on_message(void *owner, const char *text, size_t size) {
  Link *link = owner;
  link->events.message(link->events.owner, text, size);
}

static void run(Link *link) {
  bool more = ws_run(link->ws);
  end_as_ws(link);
  watch(link, ws_wants_write(link->ws));
  if (more && link->ending.how == LINK_OPEN) loop_timer_start(link->loop, &link->turn, 0);
}

/* ---- the upgrade ---- */

static void open_ws(Link *link, size_t used) {
  const WsBytes bytes = {.send = on_send, .recv = on_recv, .message = on_message, .owner = link};
  link->ws = ws_new(&bytes, link->random, link->max, link->head.data + used, link->head.size - used);
  if (link->ws == NULL) {
    end(link, LINK_MEMORY, "not enough memory");
    return;
  }
  bytes_free(&link->head);
  bytes_free(&link->out);
  loop_timer_stop(link->loop, &link->limit);
  link->events.open(link->events.owner);
  run(link);
}

static void judge(Link *link) {
  size_t used;
  const char *why;
  switch (
      upgrade_judge(&link->upgrade, link->head.data, link->head.size, &used, &link->ending.status, &why)) {
  case UPGRADE_MORE: break;
  case UPGRADE_DONE: open_ws(link, used); break;
  case UPGRADE_REFUSED: end(link, LINK_REFUSED, why); break;
  case UPGRADE_WRONG: end(link, LINK_PROTOCOL, why); break;
  }
}

static void read_head(Link *link) {
  char room[4096];
  ptrdiff_t got = 1;
  while (got > 0 && link->head.size <= UPGRADE_HEAD_MAX) {
    got = on_recv(link, room, sizeof room);
    if (got > 0 && !bytes_append(&link->head, room, (size_t)got)) end(link, LINK_MEMORY, "not enough memory");
  }
  if (link->ending.how == LINK_OPEN && link->head.size > 0) judge(link);
  if (got < 0 && link->ws == NULL) end(link, LINK_NETWORK, "the connection was cut before it was open");
}

static void send_request(Link *link) {
  while (link->sent < link->out.size) {
    ptrdiff_t sent = on_send(link, link->out.data + link->sent, link->out.size - link->sent);
    if (sent < 0) end(link, LINK_NETWORK, "the connection was cut before it was open");
    if (sent <= 0) break;
    link->sent += (size_t)sent;
  }
  watch(link, link->sent < link->out.size);
}

static void on_ready(LoopWatch *watch_, int events) {
  Link *link = (Link *)((char *)watch_ - offsetof(Link, watch));
  if (link->ws != NULL) {
    run(link);
    return;
  }
  if (link->sent < link->out.size) send_request(link);
  if ((events & LOOP_READ) != 0 && link->ending.how == LINK_OPEN) read_head(link);
}

static void on_turn(LoopTimer *timer) {
  Link *link = (Link *)((char *)timer - offsetof(Link, turn));
  if (link->ending.how != LINK_OPEN)
    link->events.ended(link->events.owner);
  else if (link->ws != NULL)
    run(link);
}

/* The pipe is connected, or could not be. */
static void on_pipe(void *owner) {
  Link *link = owner;
  static const LinkEnd ends[] = {
      [HTTP_NETWORK] = LINK_NETWORK,    [HTTP_TIMEOUT] = LINK_TIMEOUT,   [HTTP_TLS] = LINK_TLS,
      [HTTP_TOO_LARGE] = LINK_PROTOCOL, [HTTP_CANCELLED] = LINK_NETWORK, [HTTP_MEMORY] = LINK_MEMORY,
      [HTTP_BUSY] = LINK_NETWORK};
  const HttpResult *r = http_result(link->pipe);
  if (r->error != HTTP_OK)
    end(link, ends[r->error], r->message);
  else if (!upgrade_request(&link->upgrade, link->random, link->host, link->path, &link->out))
    end(link, LINK_MEMORY, "no memory, or no random bytes, for the upgrade");
  else
    send_request(link);
}

/* ---- the whole ---- */

/* Splits the URL, which url.h has read: host with its port, path with its query. */
static bool split(Link *link, const char *url) {
  const char *host = strstr(url, "://");
  host = host == NULL ? url : host + 3;
  const char *path = strchr(host, '/');
  link->host = path == NULL ? strdup(host) : strndup(host, (size_t)(path - host));
  link->path = strdup(path == NULL ? "/" : path);
  return link->host != NULL && link->path != NULL;
}

Link *link_new(Http *http, Loop *loop, const LinkOptions *o, const LinkEvents *events, const char **why) {
  const HttpRequest request = {.verb = "GET",
                               .url = o->url,
                               .local = o->local,
                               .timeout = o->timeout,
                               .connect_timeout = o->timeout,
                               .pipe = true};
  *why = ws_missing();
  if (*why != NULL) return NULL;
  *why = "not enough memory";
  Link *link = calloc(1, sizeof *link);
  if (link == NULL) return NULL;
  *link = (Link){.loop = loop, .random = o->random, .events = *events, .max = o->max};
  link->watch.ready = on_ready;
  link->limit.fire = on_limit;
  link->turn.fire = on_turn;
  if (split(link, o->url)) link->pipe = http_start(http, &request, on_pipe, link, why);
  if (link->pipe != NULL) {
    loop_timer_start(loop, &link->limit, o->timeout);
    return link;
  }
  link_free(link);
  return NULL;
}

bool link_is_open(const Link *link) {
  return link->ws != NULL && link->ending.how == LINK_OPEN;
}

bool link_text(Link *link, const char *text, size_t size) {
  if (!link_is_open(link)) return false;
  bool taken = ws_text(link->ws, text, size);
  end_as_ws(link);
  watch(link, ws_wants_write(link->ws));
  return taken;
}

void link_close(Link *link, int code) {
  if (link->ending.how != LINK_OPEN) return;
  if (link->ws == NULL) {
    end(link, LINK_CLOSED, "closed before it was open");
    return;
  }
  ws_close(link->ws, code);
  end_as_ws(link);
  watch(link, ws_wants_write(link->ws));
  if (link->ending.how == LINK_OPEN) loop_timer_start(link->loop, &link->limit, CLOSE_WAIT);
}

void link_free(Link *link) {
  if (link == NULL) return;
  loop_unwatch(link->loop, &link->watch);
  loop_timer_stop(link->loop, &link->limit);
  loop_timer_stop(link->loop, &link->turn);
  ws_free(link->ws);
  http_release(link->pipe);
  bytes_free(&link->out);
  bytes_free(&link->head);
  free(link->host);
  free(link->path);
  free(link);
}

const LinkEnding *link_ending(const Link *link) {
  return &link->ending;
}

size_t link_received(const Link *link) {
  return link->ws == NULL ? 0 : ws_received(link->ws);
}
