/*
** The sockets that libcurl waits for. It wants a connection's socket for each answer, and gives it up after it. Both would be a
** system call each; so the socket of a connection stays watched until it is closed. If something happens on it while libcurl
** waits for nothing there (mostly, the server closes it), it is not watched any more until libcurl wants it again.
**
** That is only safe where no descriptor is closed without our hearing of it: a new one may have the same number. So it is done for
** sockets that we open and close for libcurl. Others (its resolver has some) are watched exactly while they are wanted.
*/
#include "http_parts.h"

#include <stdlib.h>
#include <unistd.h>

static void on_socket_ready(LoopWatch *watch, int events) {
  Socket *s = (Socket *)watch;
  Http *http = s->http; /* the Socket may be freed during the call */
  if (s->idle) {
    loop_unwatch(http->loop, watch);
    return;
  }
  int flags = (events & LOOP_READ ? CURL_CSELECT_IN : 0) | (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0);
  int still;
  http_drain(http, curl_multi_socket_action(http->multi, watch->fd, flags, &still) != CURLM_OK);
}

static void forget(Http *http, Socket *s) {
  loop_unwatch(http->loop, &s->watch);
  if (s->before == NULL)
    http->sockets = s->after;
  else
    s->before->after = s->after;
  if (s->after != NULL) s->after->before = s->before;
  free(s);
}

static Socket *remember(Http *http, int fd) {
  Socket *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  s->http = http;
  s->idle = true;
  s->watch.fd = fd;
  s->watch.ready = on_socket_ready;
  s->after = http->sockets;
  if (s->after != NULL) s->after->before = s;
  http->sockets = s;
  return s;
}

/* ---- sockets of connections ---- */

static Socket *find_opened(const Http *http, int fd) {
  return fd >= 0 && fd < http->opened_room ? http->opened[fd] : NULL;
}

static void forget_opened(Http *http, int fd) {
  Socket *s = find_opened(http, fd);
  if (s == NULL) return;
  http->opened[fd] = NULL;
  forget(http, s);
}

/* Makes room for that descriptor. */
static bool reserve(Http *http, int fd) {
  if (fd < http->opened_room) return true;
  int room = fd + 16;
  Socket **opened = realloc(http->opened, (size_t)room * sizeof(Socket *));
  if (opened == NULL) return false;
  for (int i = http->opened_room; i < room; i++) opened[i] = NULL;
  http->opened = opened;
  http->opened_room = room;
  return true;
}

/* Where there is no memory for it, it is treated like those that we did not open. */
void socket_opened(Http *http, int fd) {
  forget_opened(http, fd);
  Socket *s = reserve(http, fd) ? remember(http, fd) : NULL;
  if (s == NULL) return;
  s->opened = true;
  http->opened[fd] = s;
}

int socket_close(void *http, curl_socket_t fd) {
  forget_opened(http, fd);
  return close(fd);
}

/* ---- what libcurl calls ---- */

/* The loop cannot watch a socket. Telling libcurl would end the whole multi handle and its timer, so that no transfer ever
** ended. Instead this transfer is marked, and 'drain' ends it. */
static void note_unwatched(Http *http, CURL *easy) {
  Transfer *t = NULL;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
  if (t == NULL) return; /* a handle that libcurl made for itself */
  t->unwatched = http->unwatched = true;
}

/* libcurl waits for nothing on it any more. Nobody may be waited for who can send, since a socket can nearly always. */
static void rest(Http *http, curl_socket_t fd, Socket *s) {
  if (s == NULL) return;
  s->idle = true;
  if (!s->opened) {
    curl_multi_assign(http->multi, fd, NULL);
    forget(http, s);
  } else if (s->watch.events & LOOP_WRITE)
    loop_unwatch(http->loop, &s->watch);
}

/* libcurl tells what to wait for on a socket; 'assigned' is the Socket that it was given by curl_multi_assign. */
static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *owner, void *assigned) {
  Http *http = owner;
  Socket *s = find_opened(http, fd);
  if (s == NULL) s = assigned;
  if (what == CURL_POLL_REMOVE) {
    rest(http, fd, s);
    return 0;
  }
  if (s == NULL && (s = remember(http, fd)) != NULL) curl_multi_assign(http->multi, fd, s);
  int events = (what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0);
  if (s != NULL) s->idle = false;
  bool watched = s != NULL && s->watch.events == events;
  if (s == NULL || (!watched && !loop_watch(http->loop, &s->watch, fd, events))) note_unwatched(http, easy);
  return 0;
}

bool sockets_open(Http *http) {
  return curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted) == CURLM_OK &&
         curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http) == CURLM_OK;
}

void sockets_close(Http *http) {
  while (http->sockets != NULL) forget(http, http->sockets); /* NOLINT: the first has no 'before' */
  free(http->opened);
}
