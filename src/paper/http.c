/*
** The paper exchange's HTTP/1.1 server, driven by the epoll instance of its owner. A wake-up reads each connection once, answers all requests
** that are whole, and sends the answers at once. When there are too many connections, the one that can best be missed goes, and
** a process without descriptors refuses who comes. An answer that is to go wrong (PaperFault) waits in its connection's
** buffer, breaks off in its body, or is a reset in its place. A connection that has ended is freed at the end of a run, since its
** watch may be among the events that are served.
*/
#include "http.h"
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  IDLE_MS = 120 * 1000, /* a connection without traffic is closed after this */
  SWEEP_MS = 10 * 1000, /* and so often it is looked for such */
  BATCH = 64,           /* connections taken at once, before those that are open have their turn */
  GRACE_MS = 1000,      /* so long a new connection may be silent where only descriptors are short */
  PAUSE_MS = 100,       /* so long nobody is taken when even refusing is not possible */
  OUT_MAX = 256 * 1024  /* with so many bytes that a client does not take, its next requests wait */
};

/* Peers, the one that has been silent longest first. */
typedef struct Line {
  Peer *first, **end;
} Line;

struct PaperHttp {
  PaperHandler handler;
  PaperSocketEvents events; /* its owner is the handler's, too, and not ours */
  PaperSockets *sockets;    /* owned; NULL: this build is without WebSockets */
  Peer *held;               /* those whose answer waits, in no order */
  Peer *ended;              /* owned: to be freed at the end of the run */
  Line fresh;               /* owned: those that have not made a whole request yet */
  Line known;               /* owned: those that have */
  int count;                /* peers in both lines */
  int64_t swept;            /* when it was last looked for idle ones, ms */

  int epoll;     /* the caller's */
  int listener;  /* owned */
  int spare;     /* owned: a descriptor to give up where one is needed to refuse with; -1: none */
  bool comes;    /* somebody has come */
  int64_t pause; /* the listener is not watched until then, ms; 0: it is */
  PaperWatch at_listener, at_sockets;

  time_t second; /* what 'date' says */
  char date[48]; /* the header line */
};

struct PaperReply {
  Peer *peer;
  size_t from; /* where the answer begins in the peer's output */
  bool made;
};

static int64_t milliseconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t now_ms(void) {
  return milliseconds(CLOCK_MONOTONIC);
}

/* The same, of the last tick of the system. */
static int64_t about_now(void) {
  return milliseconds(CLOCK_MONOTONIC_COARSE);
}

/* Resets a connection, at once where the system can: connecting a socket to no address (AF_UNSPEC) does. Where that does not work,
** SO_LINGER of zero makes close send the reset. */
static void reset(int fd) {
  const struct linger now = {.l_onoff = 1, .l_linger = 0};
  const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  (void)connect(fd, &nobody, sizeof nobody); /* if it fails, SO_LINGER is still set */
}

/* ---- who is there ---- */

static void line_up(Line *line, Peer *peer) {
  peer->next = NULL;
  peer->link = line->end;
  *line->end = peer;
  line->end = &peer->next;
}

static void step_out(PaperHttp *http, Peer *peer) {
  Line *line = peer->next == NULL && http->fresh.end == &peer->next ? &http->fresh : &http->known;
  *peer->link = peer->next;
  if (peer->next != NULL)
    peer->next->link = peer->link;
  else
    line->end = peer->link;
}

/* A whole request has come: of those that have asked, this one was silent for the shortest time. */
static void note_request(PaperHttp *http, Peer *peer) {
  if (peer->next == NULL && http->known.end == &peer->next) return;
  step_out(http, peer);
  line_up(&http->known, peer);
}

static void unhold(Peer *peer) {
  if (peer->held_link == NULL) return;
  *peer->held_link = peer->next_held;
  if (peer->next_held != NULL) peer->next_held->held_link = peer->held_link;
  peer->held_link = NULL;
}

/* The connection ends here; its memory is freed later. */
static void end(Peer *peer) {
  PaperHttp *http = peer->http;
  if (peer->fd < 0) return;
  if (peer->resets) reset(peer->fd);
  /* closing is not enough where a child of the process has the descriptor, too, until it runs its program */
  if (peer->watched != 0) epoll_ctl(http->epoll, EPOLL_CTL_DEL, peer->fd, NULL);
  close(peer->fd);
  peer->fd = -1;
  unhold(peer);
  step_out(http, peer);
  http->count--;
  peer->next = http->ended;
  http->ended = peer;
  if (peer->socket != 0) http->events.closed(http->events.owner, peer->socket);
}

static void free_ended(PaperHttp *http) {
  while (http->ended != NULL) {
    Peer *next = http->ended->next;
    peer_free(http->ended);
    http->ended = next;
  }
}

/* Ends the first of a line that can go; false: there is none. Only those that came by 'latest' count. */
static bool dismiss(const Line *line, int64_t latest) {
  for (Peer *peer = line->first; peer != NULL; peer = peer->next) {
    if (peer->waiting || peer->since > latest) continue;
    end(peer);
    return true;
  }
  return false;
}

static void end_idle(const Line *line, int64_t latest) {
  for (Peer *peer = line->first, *next; peer != NULL; peer = next) {
    next = peer->next;
    if (!peer->waiting && peer->active < latest) end(peer);
  }
}

/* Waits for these events of a connection, and for no others. */
static void watch_for(Peer *peer, unsigned events) {
  if (peer->watched == events) return;
  struct epoll_event event = {.events = events, .data.ptr = &peer->watch};
  int what = events == 0 ? EPOLL_CTL_DEL : peer->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  peer->watched = events;
  if (epoll_ctl(peer->http->epoll, what, peer->fd, &event) != 0 && events != 0) end(peer);
}

/* ---- answers ---- */

static const char *reason(unsigned status) {
  static const struct {
    unsigned status;
    const char *words;
  } reasons[] = {{200, "OK"},
                 {101, "Switching Protocols"},
                 {400, "Bad Request"},
                 {401, "Unauthorized"},
                 {403, "Forbidden"},
                 {404, "Not Found"},
                 {408, "Request Timeout"},
                 {413, "Content Too Large"},
                 {414, "URI Too Long"},
                 {429, "Too Many Requests"},
                 {431, "Request Header Fields Too Large"},
                 {500, "Internal Server Error"},
                 {501, "Not Implemented"},
                 {502, "Bad Gateway"},
                 {503, "Service Unavailable"},
                 {504, "Gateway Timeout"},
                 {505, "HTTP Version Not Supported"}};
  for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
    if (reasons[i].status == status) return reasons[i].words;
  return "Unknown";
}

/* The header line with the time of the machine. */
static const char *date_line(PaperHttp *http) {
  time_t second = time(NULL);
  struct tm t;
  if (second != http->second && gmtime_r(&second, &t) != NULL) {
    strftime(http->date, sizeof http->date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &t);
    http->second = second;
  }
  return http->date;
}

static char *add(char *out, const char *text) {
  size_t size = strlen(text);
  memcpy(out, text, size);
  return out + size;
}

static char *add_number(char *out, size_t n) {
  char digits[24];
  int i = sizeof digits;
  do {
    digits[--i] = (char)('0' + n % 10);
  } while ((n /= 10) > 0);
  memcpy(out, digits + i, sizeof digits - (size_t)i);
  return out + sizeof digits - i;
}

static char *add_status(char *out, unsigned status) {
  out = add(out, "HTTP/1.1 ");
  out = add_number(out, status);
  *out++ = ' ';
  out = add(out, reason(status));
  return add(out, "\r\n");
}

void paper_reply_fault(PaperReply *reply, const PaperFault *fault) {
  reply->peer->fault = *fault;
}

bool paper_reply(PaperReply *reply, unsigned status, const char *lines, size_t lines_size, const char *body,
                 size_t size) {
  enum { AROUND = 256 }; /* more than all the rest of a head */
  Peer *peer = reply->peer;
  const PaperFault *fault = &peer->fault;
  size_t told = strcmp(peer->head.verb, "HEAD") == 0 ? 0 : size;
  peer->out.size = reply->from; /* an earlier one does not count */
  char *begin = peer_room(peer, AROUND + lines_size + size), *out = begin;
  if (out == NULL) return false;
  if (fault->cut && fault->at < told) told = fault->at;
  if (fault->cut) peer->head.keep = false;
  if (fault->cut && fault->reset) peer->resets = true;
  out = status == 200 ? add(out, "HTTP/1.1 200 OK\r\n") : add_status(out, status);
  out = add(out, date_line(peer->http));
  if (!peer->head.keep && !fault->cut) out = add(out, "Connection: close\r\n");
  if (peer->head.keep && peer->head.old) out = add(out, "Connection: keep-alive\r\n");
  memcpy(out, lines, lines_size);
  out = add(out + lines_size, "Content-Length: ");
  out = add_number(out, size);
  out = add(out, "\r\n\r\n");
  memcpy(out, body, told);
  peer->out.size += (size_t)(out + told - begin);
  return reply->made = true;
}

bool paper_reply_socket(PaperReply *reply, int64_t id, const char *lines, size_t lines_size) {
  enum { AROUND = 256 };
  Peer *peer = reply->peer;
  char *begin = peer_room(peer, AROUND + lines_size), *out = begin;
  if (out == NULL) return false;
  out = add_status(out, 101);
  out = add(out, date_line(peer->http));
  out = add(out, "Connection: Upgrade\r\n");
  memcpy(out, lines, lines_size);
  out = add(out + lines_size, "\r\n");
  peer->out.size += (size_t)(out - begin);
  peer->socket = id;
  return reply->made = true;
}

/* ---- WebSockets ---- */

static void on_release(void *handle) {
  end(handle);
}

/* The answer with status 101 is sent. */
static void become_socket(Peer *peer) {
  PaperHttp *http = peer->http;
  int64_t id = peer->socket;
  peer->socket = 0;
  peer->waiting = true; /* it cannot be missed */
  watch_for(peer, 0);
  if (!paper_sockets_take(http->sockets, id, peer->fd, peer->in.data, peer->in.size,
                          (PaperSocketFrom){.release = on_release, .handle = peer}))
    http->events.closed(http->events.owner, id);
}

PaperSockets *paper_http_sockets(PaperHttp *http) {
  return http->sockets;
}

/* ---- requests ---- */

/* Holds the answer back until it is due. */
static void hold(Peer *peer, size_t from) {
  PaperHttp *http = peer->http;
  peer->waiting = true;
  peer->held_from = from;
  peer->due = now_ms() + peer->fault.delay_ms;
  peer->next_held = http->held;
  peer->held_link = &http->held;
  if (peer->next_held != NULL) peer->next_held->held_link = &peer->next_held;
  http->held = peer;
}

/* An answer is sent: counts for those that wait to be overtaken. */
static void count_answer(PaperHttp *http) {
  for (Peer *peer = http->held; peer != NULL; peer = peer->next_held)
    if (peer->fault.overtaken > 0 && --peer->fault.overtaken == 0) peer->due = 0;
}

static void reset_all(PaperHttp *http) {
  for (const Peer *peer = http->fresh.first; peer != NULL; peer = peer->next) reset(peer->fd);
  for (const Peer *peer = http->known.first; peer != NULL; peer = peer->next) reset(peer->fd);
}

/* The answer may go, or what its fault puts in its place. 'from': where it begins. */
static void deliver(Peer *peer, size_t from) {
  PaperFault fault = peer->fault;
  peer->fault = (PaperFault){0};
  if (peer->http->held != NULL) count_answer(peer->http);
  if (fault.restart) reset_all(peer->http);
  if (fault.silent || fault.restart) {
    peer->out.size = from;
    peer->resets = fault.reset || fault.restart;
    peer->closes = true;
  }
  if (!peer->head.keep) peer->closes = true;
}

/* The key of a request for a WebSocket; NULL: it is none (RFC 6455, section 4.2.1). */
static const char *socket_key(const PaperHead *head) {
  const char *upgrade = head->values[HEAD_UPGRADE], *version = head->values[HEAD_SOCKET_VERSION];
  if (upgrade == NULL || strcasecmp(upgrade, "websocket") != 0) return NULL;
  return version != NULL && strcmp(version, "13") == 0 ? head->values[HEAD_SOCKET_KEY] : NULL;
}

/* Has the handler answer the request. */
static void ask(Peer *peer) {
  PaperHttp *http = peer->http;
  const PaperHead *head = &peer->head;
  PaperRequest request = {
      .verb = head->verb,
      .target = head->target,
      .key = head->values[HEAD_KEY],
      .timestamp = head->values[HEAD_TIMESTAMP],
      .sign = head->values[HEAD_SIGN],
      .window = head->values[HEAD_WINDOW],
      .address = peer->address,
      .socket = http->sockets == NULL ? NULL : socket_key(head),
  };
  PaperReply reply = {.peer = peer, .from = peer->out.size};
  request.body = peer_body(peer, &request.body_size);
  note_request(http, peer);
  http->handler(http->events.owner, &request, &reply);
  if (!reply.made) peer->closes = true;
  peer_done(peer);
  if (peer->fault.delay_ms > 0)
    hold(peer, reply.from);
  else
    deliver(peer, reply.from);
}

/* Answers what is no request, or one that is too large. 'again': the next one can be read all the same. */
static void refuse(Peer *peer, bool again) {
  static const char line[] = "Content-Type: text/plain\r\n";
  unsigned status = (unsigned)peer->refusal;
  const char *text = reason(status);
  PaperReply reply = {.peer = peer, .from = peer->out.size};
  if (!again) peer->head = (PaperHead){.verb = ""};
  bool made = paper_reply(&reply, status, line, sizeof line - 1, text, strlen(text));
  if (again) peer_done(peer);
  if (again && made && peer->head.keep) return;
  peer->closes = peer->drains = true;
}

/* Answers the requests that are whole. */
static void answer(Peer *peer) {
  while (peer->fd >= 0 && !peer->closes && peer->held_link == NULL && peer->socket == 0 &&
         peer->out.size - peer->sent < OUT_MAX) {
    PeerNext next = peer->in.size == 0 ? PEER_WAITS : peer_next(peer);
    if (next == PEER_WAITS) return;
    if (next == PEER_FLOODS)
      end(peer);
    else if (next == PEER_WRONG || peer->refusal != 0)
      refuse(peer, next == PEER_ASKS);
    else
      ask(peer);
  }
}

/* Sends what there is to send, and waits for what comes next. */
static void settle(Peer *peer) {
  if (peer->fd < 0) return;
  if (!peer_has_sent(peer) && !peer_send(peer)) {
    end(peer);
    return;
  }
  bool sent = peer_has_sent(peer);
  if (!sent) {
    watch_for(peer, EPOLLOUT);
  } else if (peer->held_link != NULL) {
    watch_for(peer, 0);
  } else if (peer->socket != 0) {
    become_socket(peer);
  } else if (peer->closes && !(peer->drains && !peer->resets)) {
    end(peer);
  } else {
    if (peer->closes) shutdown(peer->fd, SHUT_WR);
    watch_for(peer, EPOLLIN);
  }
}

/* A connection has something to read, can be written to, or has ended. */
static void on_peer(void *owner, unsigned events) {
  Peer *peer = owner;
  if (peer->fd < 0 || peer->watched == 0) return;
  peer->active = about_now();
  if ((events & ~(unsigned)EPOLLOUT) != 0 && peer->watched != EPOLLOUT && !peer_read(peer)) {
    end(peer);
    return;
  }
  if (peer->watched == EPOLLOUT && !peer_send(peer)) {
    end(peer);
    return;
  }
  answer(peer);
  settle(peer);
}

/* Lets the answers go that are due. */
static void resume(PaperHttp *http) {
  int64_t now = http->held != NULL ? now_ms() : 0;
  for (Peer *peer = http->held, *next; peer != NULL; peer = next) {
    next = peer->next_held;
    if (peer->due > now) continue;
    unhold(peer);
    peer->waiting = false;
    deliver(peer, peer->held_from);
    answer(peer);
    settle(peer);
    next = http->held; /* the lists have changed */
  }
}

/* ---- who comes ---- */

static void open_spare(PaperHttp *http) {
  if (http->spare < 0) http->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void watch_listener(PaperHttp *http, bool on) {
  struct epoll_event event = {.events = on ? EPOLLIN : 0, .data.ptr = &http->at_listener};
  epoll_ctl(http->epoll, EPOLL_CTL_MOD, http->listener, &event);
  http->pause = on ? 0 : now_ms() + PAUSE_MS;
}

/* There is no descriptor for who comes. A silent connection makes room for the next one; this one is refused, with the
** descriptor that was spared for it. False: there was none, so nobody can be refused either. */
static bool refuse_one(PaperHttp *http) {
  dismiss(&http->fresh, now_ms() - GRACE_MS);
  if (http->spare < 0) return false;
  close(http->spare);
  http->spare = -1;
  int fd = accept4(http->listener, NULL, NULL, SOCK_CLOEXEC);
  bool refused = fd >= 0 || errno == EAGAIN || errno == ECONNABORTED;
  if (fd >= 0) close(fd);
  open_spare(http);
  return refused;
}

static void take_peer(PaperHttp *http, int fd, const struct sockaddr_in *address) {
  int on = 1;
  Peer *peer = calloc(1, sizeof *peer);
  if (peer == NULL) {
    close(fd);
    return;
  }
  peer->watch = (PaperWatch){.ready = on_peer, .owner = peer};
  peer->http = http;
  peer->fd = fd;
  peer->since = peer->active = now_ms();
  if (address->sin_family == AF_INET)
    inet_ntop(AF_INET, &address->sin_addr, peer->address, sizeof peer->address);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  line_up(&http->fresh, peer);
  http->count++;
  watch_for(peer, EPOLLIN);
}

/* Takes who has come, a batch at most. Where too many are there, who has never asked goes first, then who has been silent
** longest. */
static void take_in(PaperHttp *http) {
  for (int i = 0; i < BATCH; i++) {
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    int fd = accept4(http->listener, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      while (http->count >= PAPER_CONNECTIONS &&
             (dismiss(&http->fresh, INT64_MAX) || dismiss(&http->known, INT64_MAX)))
        continue;
      take_peer(http, fd, &address);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      if (!refuse_one(http)) watch_listener(http, false);
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

static void on_listener(void *owner, unsigned events) {
  (void)events;
  ((PaperHttp *)owner)->comes = true;
}

/* The sockets have a turn in each run. */
static void on_sockets(void *owner, unsigned events) {
  (void)owner, (void)events;
}

/* ---- the server ---- */

static bool watch(int epoll, int fd, PaperWatch *at) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = at};
  return fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

PaperHttp *paper_http_new(int listener, int epoll, PaperHandler handler, const PaperSocketEvents *events) {
  PaperHttp *http = calloc(1, sizeof *http);
  if (http == NULL) {
    close(listener);
    return NULL;
  }
  *http =
      (PaperHttp){.handler = handler, .events = *events, .epoll = epoll, .listener = listener, .spare = -1};
  http->fresh.end = &http->fresh.first;
  http->known.end = &http->known.first;
  http->at_listener = (PaperWatch){.ready = on_listener, .owner = http};
  http->at_sockets = (PaperWatch){.ready = on_sockets, .owner = http};
  http->swept = about_now();
  open_spare(http);
  http->sockets = paper_sockets_new(events);
  bool lacks = http->sockets == NULL && paper_sockets_available();
  if (lacks || !watch(epoll, listener, &http->at_listener) ||
      (http->sockets != NULL && !watch(epoll, paper_sockets_fd(http->sockets), &http->at_sockets))) {
    paper_http_free(http);
    return NULL;
  }
  return http;
}

static int64_t sooner(int64_t least, int64_t wait) {
  if (wait < 0) wait = 0;
  return least < 0 || wait < least ? wait : least;
}

int paper_http_timeout(PaperHttp *http) {
  int64_t least = http->count > 0 ? SWEEP_MS : -1;
  int64_t now = http->held != NULL || http->pause != 0 ? now_ms() : 0;
  for (const Peer *peer = http->held; peer != NULL; peer = peer->next_held)
    least = sooner(least, peer->due - now);
  int64_t socket = http->sockets == NULL ? -1 : paper_sockets_timeout(http->sockets);
  if (socket >= 0) least = sooner(least, socket);
  if (http->pause != 0) least = sooner(least, http->pause - now);
  return (int)least;
}

static void sweep(PaperHttp *http) {
  int64_t now = about_now();
  if (now - http->swept < SWEEP_MS) return;
  http->swept = now;
  end_idle(&http->fresh, now - IDLE_MS);
  end_idle(&http->known, now - IDLE_MS);
}

void paper_http_run(PaperHttp *http) {
  if (http->held != NULL) resume(http);
  if (http->pause != 0 && now_ms() >= http->pause) {
    open_spare(http);
    watch_listener(http, true);
  }
  if (http->comes && http->pause == 0) take_in(http);
  http->comes = false;
  if (http->sockets != NULL) paper_sockets_run(http->sockets);
  sweep(http);
  free_ended(http);
}

static void close_fd(int fd) {
  if (fd >= 0) close(fd);
}

void paper_http_free(PaperHttp *http) {
  if (http == NULL) return;
  paper_sockets_free(http->sockets);
  while (http->fresh.first != NULL) end(http->fresh.first);
  while (http->known.first != NULL) end(http->known.first);
  free_ended(http);
  close_fd(http->listener);
  close_fd(http->spare);
  free(http);
}
