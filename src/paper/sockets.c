/*
** sockets.h with wslay's event layer, which is the server's side; the client uses another layer, so the two check each other.
** Sockets end at one place, at the end of a run, since their owner may act on any of them while it is called.
*/
#include "sockets.h"

#ifndef BYBIT_WSLAY

bool paper_sockets_available(void) {
  return false;
}

PaperSockets *paper_sockets_new(const PaperSocketEvents *events) {
  (void)events;
  return NULL;
}

void paper_sockets_free(PaperSockets *all) {
  (void)all;
}

int paper_sockets_fd(const PaperSockets *all) {
  (void)all;
  return -1;
}

int64_t paper_sockets_timeout(const PaperSockets *all) {
  (void)all;
  return -1;
}

void paper_sockets_run(PaperSockets *all) {
  (void)all;
}

bool paper_sockets_take(PaperSockets *all, int64_t id, int fd, const char *early, size_t early_size,
                        PaperSocketFrom from) {
  (void)all, (void)id, (void)fd, (void)early, (void)early_size;
  from.release(from.handle);
  return false;
}

void paper_socket_send(PaperSockets *all, int64_t id, const char *text, size_t size, int64_t delay_ms) {
  (void)all, (void)id, (void)text, (void)size, (void)delay_ms;
}

void paper_socket_close(PaperSockets *all, int64_t id, int code) {
  (void)all, (void)id, (void)code;
}

void paper_socket_cut(PaperSockets *all, int64_t id, bool reset) {
  (void)all, (void)id, (void)reset;
}

void paper_socket_stall(PaperSockets *all, int64_t id, bool deaf) {
  (void)all, (void)id, (void)deaf;
}

void paper_socket_slow(PaperSockets *all, int64_t id, int64_t rate) {
  (void)all, (void)id, (void)rate;
}

#else

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <wslay/wslay.h>

enum { EVENTS = 64 };

/* A text that waits for its moment. */
typedef struct Later {
  int64_t due; /* ms by now_ms */
  struct Later *next;
  size_t size;
  char text[];
} Later;

typedef struct Socket {
  PaperSockets *all;
  int64_t id;
  int fd; /* HTTP's */
  PaperSocketFrom from;
  wslay_event_context_ptr frames; /* owned */
  char *early; /* owned: what came before the first read; NULL: nothing, or it is used up */
  size_t early_size, early_used;
  Later *in, *out;  /* owned: messages of the client, and for it, the one that is due first in front */
  size_t waiting;   /* bytes in 'out' */
  unsigned watched; /* for which events the descriptor is watched; 0: it is not */
  bool ended;       /* to be closed at the end of the run */
  bool stalled, deaf;
  int64_t rate;    /* bytes a second that go out; 0: as many as the client takes */
  int64_t free_at; /* by now_ms: when the next may go out */
  struct Socket *next, **link;
} Socket;

struct PaperSockets {
  PaperSocketEvents events;
  int epoll; /* owned */
  Socket *first;
};

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static Socket *find(const PaperSockets *all, int64_t id) {
  Socket *s = all->first;
  while (s != NULL && (s->id != id || s->ended)) s = s->next;
  return s;
}

/* ---- texts that wait ---- */

/* Puts it behind those that are due at the same moment. False: memory ran out. */
static bool add_later(Later **list, const char *text, size_t size, int64_t due) {
  Later *l = malloc(sizeof *l + size);
  if (l == NULL) return false;
  *l = (Later){.due = due, .size = size};
  if (size > 0) memcpy(l->text, text, size);
  while (*list != NULL && (*list)->due <= due) list = &(*list)->next;
  l->next = *list;
  *list = l;
  return true;
}

static Later *take_due(Later **list, int64_t now) {
  Later *l = *list;
  if (l == NULL || l->due > now) return NULL;
  *list = l->next;
  return l;
}

static void drop_all(Later **list) {
  while (*list != NULL) {
    Later *l = *list;
    *list = l->next;
    free(l);
  }
}

/* ---- what wslay calls ---- */

static ssize_t on_recv(wslay_event_context_ptr frames, uint8_t *room, size_t size, int flags, void *owner) {
  Socket *s = owner;
  (void)flags;
  if (s->early != NULL) {
    size_t left = s->early_size - s->early_used;
    if (left < size) size = left;
    memcpy(room, s->early + s->early_used, size);
    s->early_used += size;
    if (s->early_used == s->early_size) {
      free(s->early);
      s->early = NULL;
    }
    return (ssize_t)size;
  }
  ssize_t got = recv(s->fd, room, size, MSG_DONTWAIT);
  if (got > 0) return got;
  bool later = got < 0 && (errno == EAGAIN || errno == EINTR);
  if (!later) s->ended = true;
  wslay_event_set_error(frames, later ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
  return -1;
}

/* Does nothing go out now? */
static bool is_held(const Socket *s) {
  return s->stalled || (s->rate > 0 && now_ms() < s->free_at);
}

static ssize_t on_send(wslay_event_context_ptr frames, const uint8_t *data, size_t size, int flags,
                       void *owner) {
  Socket *s = owner;
  (void)flags;
  bool held = is_held(s);
  ssize_t sent = held ? -1 : send(s->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0 && s->rate > 0) s->free_at = now_ms() + (int64_t)sent * 1000 / s->rate;
  if (sent >= 0) return sent;
  bool later = held || errno == EAGAIN || errno == EINTR;
  if (!later) s->ended = true;
  wslay_event_set_error(frames, later ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
  return -1;
}

static void on_message(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *arg,
                       void *owner) {
  Socket *s = owner;
  (void)frames;
  if (wslay_is_ctrl_frame(arg->opcode)) return;
  if (!add_later(&s->in, (const char *)arg->msg, arg->msg_length, now_ms() + SOCKET_ANSWER_MS))
    s->ended = true;
}

/* ---- one socket ---- */

/* Sends what can be sent, and watches for what is to come. */
static void settle(Socket *s) {
  if (s->ended) return;
  if (!is_held(s) && wslay_event_want_write(s->frames) && wslay_event_send(s->frames) != 0) s->ended = true;
  bool writes = wslay_event_want_write(s->frames), reads = wslay_event_want_read(s->frames);
  if (!writes && !reads) s->ended = true; /* both sides have closed */
  if (wslay_event_get_queued_msg_length(s->frames) + s->waiting > SOCKET_QUEUE_MAX) s->ended = true;
  unsigned wanted = s->deaf || s->ended ? 0 : EPOLLIN | (writes && !is_held(s) ? EPOLLOUT : 0u);
  if (wanted == s->watched) return;
  struct epoll_event event = {.events = wanted, .data.ptr = s};
  int what = wanted == 0 ? EPOLL_CTL_DEL : s->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (epoll_ctl(s->all->epoll, what, s->fd, &event) != 0) s->ended = true;
  s->watched = wanted;
}

static void queue(Socket *s, const char *text, size_t size) {
  struct wslay_event_msg message = {
      .opcode = WSLAY_TEXT_FRAME, .msg = (const uint8_t *)text, .msg_length = size};
  if (s->stalled) return; /* nothing of it will ever go out */
  if (wslay_event_queue_msg(s->frames, &message) != 0) s->ended = true;
  settle(s);
}

/* Serves the texts that are due. */
static void serve_due(Socket *s, int64_t now) {
  Later *l;
  while (!s->ended && (l = take_due(&s->out, now)) != NULL) {
    s->waiting -= l->size;
    queue(s, l->text, l->size);
    free(l);
  }
  while (!s->ended && (l = take_due(&s->in, now)) != NULL) {
    s->all->events.message(s->all->events.owner, s->id, l->text, l->size);
    free(l);
  }
}

static void socket_free(Socket *s) {
  if (s->watched != 0) epoll_ctl(s->all->epoll, EPOLL_CTL_DEL, s->fd, NULL);
  *s->link = s->next;
  if (s->next != NULL) s->next->link = s->link;
  if (s->frames != NULL) wslay_event_context_free(s->frames);
  drop_all(&s->in);
  drop_all(&s->out);
  free(s->early);
  s->from.release(s->from.handle);
  free(s);
}

bool paper_sockets_take(PaperSockets *all, int64_t id, int fd, const char *early, size_t early_size,
                        PaperSocketFrom from) {
  static const struct wslay_event_callbacks callbacks = {
      .recv_callback = on_recv, .send_callback = on_send, .on_msg_recv_callback = on_message};
  int on = 1;
  Socket *s = calloc(1, sizeof *s);
  if (s == NULL) {
    from.release(from.handle);
    return false;
  }
  *s = (Socket){.all = all, .id = id, .fd = fd, .from = from, .next = all->first, .link = &all->first};
  if (s->next != NULL) s->next->link = &s->next;
  all->first = s;
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  bool fine = wslay_event_context_server_init(&s->frames, &callbacks, s) == 0;
  if (fine) wslay_event_config_set_max_recv_msg_length(s->frames, SOCKET_MESSAGE_MAX);
  if (fine && early_size > 0) {
    s->early = malloc(early_size);
    fine = s->early != NULL;
    if (fine) memcpy(s->early, early, s->early_size = early_size);
  }
  if (!fine) {
    socket_free(s);
    return false;
  }
  if (s->early != NULL && wslay_event_recv(s->frames) != 0) s->ended = true;
  settle(s);
  return true;
}

/* ---- what the owner does ---- */

void paper_socket_send(PaperSockets *all, int64_t id, const char *text, size_t size, int64_t delay_ms) {
  Socket *s = find(all, id);
  if (s == NULL) return;
  if (delay_ms <= 0) {
    queue(s, text, size);
    return;
  }
  s->waiting += size;
  if (!add_later(&s->out, text, size, now_ms() + delay_ms)) s->ended = true;
}

void paper_socket_close(PaperSockets *all, int64_t id, int code) {
  Socket *s = find(all, id);
  if (s == NULL) return;
  wslay_event_queue_close(s->frames, (uint16_t)code, NULL, 0);
  settle(s);
}

void paper_socket_cut(PaperSockets *all, int64_t id, bool reset) {
  const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  Socket *s = find(all, id);
  if (s == NULL) return;
  if (reset) setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  s->ended = true;
}

void paper_socket_stall(PaperSockets *all, int64_t id, bool deaf) {
  Socket *s = find(all, id);
  if (s == NULL) return;
  s->stalled = true;
  s->deaf = deaf;
  settle(s);
}

void paper_socket_slow(PaperSockets *all, int64_t id, int64_t rate) {
  Socket *s = find(all, id);
  if (s != NULL) s->rate = rate;
}

/* ---- all of them ---- */

bool paper_sockets_available(void) {
  return true;
}

PaperSockets *paper_sockets_new(const PaperSocketEvents *events) {
  PaperSockets *all = calloc(1, sizeof *all);
  if (all == NULL) return NULL;
  all->events = *events;
  all->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (all->epoll >= 0) return all;
  free(all);
  return NULL;
}

int paper_sockets_fd(const PaperSockets *all) {
  return all->epoll;
}

int64_t paper_sockets_timeout(const PaperSockets *all) {
  int64_t least = INT64_MAX;
  for (const Socket *s = all->first; s != NULL; s = s->next) {
    if (s->ended) return 0;
    if (s->in != NULL && s->in->due < least) least = s->in->due;
    if (s->out != NULL && s->out->due < least) least = s->out->due;
    if (s->rate > 0 && s->free_at < least && wslay_event_want_write(s->frames)) least = s->free_at;
  }
  if (least == INT64_MAX) return -1;
  least -= now_ms();
  return least < 0 ? 0 : least;
}

/* Frees those that have ended, and tells their owner. A socket may be new when it has been told. */
static void sweep(PaperSockets *all) {
  for (Socket *s = all->first, *next; s != NULL; s = next) {
    next = s->next; /* NOLINT(*): a freed one is in no list */
    if (!s->ended) continue;
    int64_t id = s->id;
    socket_free(s);
    all->events.closed(all->events.owner, id);
    next = all->first;
  }
}

void paper_sockets_run(PaperSockets *all) {
  struct epoll_event events[EVENTS];
  if (all->first == NULL) return;
  int count = epoll_wait(all->epoll, events, EVENTS, 0);
  for (int i = 0; i < count; i++) {
    Socket *s = events[i].data.ptr;
    if (!s->ended && (events[i].events & ~(unsigned)EPOLLOUT) != 0 && wslay_event_recv(s->frames) != 0)
      s->ended = true;
    settle(s);
  }
  int64_t now = now_ms();
  for (Socket *s = all->first; s != NULL; s = s->next) {
    serve_due(s, now);
    if (s->rate > 0) settle(s);
  }
  sweep(all);
}

void paper_sockets_free(PaperSockets *all) {
  if (all == NULL) return;
  while (all->first != NULL) {
    Socket *s = all->first;
    bool open = !s->ended; /* NOLINT(*): a freed one is in no list */
    if (open && wslay_event_queue_close(s->frames, WSLAY_CODE_GOING_AWAY, NULL, 0) == 0) settle(s);
    socket_free(s);
  }
  close(all->epoll);
  free(all);
}

#endif
