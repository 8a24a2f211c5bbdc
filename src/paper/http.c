/*
** The paper exchange's HTTP/1.1 server: libmicrohttpd without threads of its own, driven over its epoll
** descriptor. Connections are taken here, not by libmicrohttpd: when there are too many, the one that can best be missed
** goes, and a process without descriptors refuses who comes, where libmicrohttpd would leave them waiting or ask again
** without an end. libmicrohttpd decodes and splits the request line; signatures are made over its exact bytes, so
** the target is kept from the URI callback, which sees it before that. A request's memory belongs to a
** Request from there until libmicrohttpd says that it is completed, whichever way it ended. An answer that is to
** go wrong (PaperFault) is kept in its Request while the connection is suspended, breaks off in its body, or is a
** reset in its place.
*/
#include "http.h"
#include "headers.h"
#include "torn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  IDLE_SECONDS = 120, /* a connection without traffic is closed after this */
  BATCH = 64,         /* connections taken at once, before those that are open have their turn */
  GRACE_MS = 1000,    /* so long a new connection may be silent where only descriptors are short */
  PAUSE_MS = 100,     /* so long nobody is taken when even refusing is not possible */
  /* Bytes for request line and headers; for more, libmicrohttpd answers with a 4xx status. It wipes all of it after each
  ** request, so it is no more than a long request needs: the rest would be pushed out of the processor's cache each time. */
  CONNECTION_MEMORY = 24 * 1024
};

typedef struct Request Request;

/* An open connection. */
typedef struct Peer {
  int fd;        /* libmicrohttpd's */
  int64_t since; /* when it came, ms */
  bool waiting;  /* its answer is held back: it cannot be missed */
  bool leaving;  /* it was told to go */
  struct Peer *next, **link;
} Peer;

/* Peers, the one that has been silent longest first. */
typedef struct Line {
  Peer *first, **end;
} Line;

struct PaperHttp {
  struct MHD_Daemon *daemon; /* owned */
  PaperHandler handler;
  PaperSocketEvents events; /* its owner is the handler's, too, and not ours */
  PaperSockets *sockets;    /* owned; NULL: this build is without WebSockets */
  Request *held;            /* requests whose answer waits, in no order */
  Line fresh;               /* those that have not made a whole request yet */
  Line known;               /* those that have */
  int count;                /* peers that are not leaving */

  int epoll;     /* the caller's: holds libmicrohttpd's, the listener and that of the WebSockets */
  int listener;  /* owned */
  int spare;     /* owned: a descriptor to give up where one is needed to refuse with; -1: none */
  int64_t pause; /* the listener is not watched until then, ms; 0: it is */
};

struct PaperReply {
  struct MHD_Response *response; /* owned; NULL until paper_reply */
  unsigned status;
  PaperFault fault;
  int fd; /* of the connection */
  PaperHttp *http;
  int64_t socket; /* the number of the WebSocket that it becomes; 0: none */
};

struct Request {
  char *target;          /* owned */
  char *body;            /* owned; NULL while empty */
  size_t size, capacity; /* of the body */
  size_t dropped;        /* bytes beyond PAPER_BODY_MAX, which are not kept */
  bool begun;            /* on_access has seen the headers */
  bool answered;         /* the handler has made 'reply' */
  PaperReply reply;
  struct MHD_Connection *connection; /* while it is held: its connection, which is suspended */
  int64_t due;                       /* while it is held: when its answer is sent, ms by now_ms */
  Request *next, **link;             /* in PaperHttp.held; a 'link' of NULL: it is not held */
};

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The connection's socket; libmicrohttpd keeps it. */
static int descriptor(struct MHD_Connection *connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

void paper_reply_fault(PaperReply *reply, const PaperFault *fault) {
  reply->fault = *fault;
}

bool paper_reply(PaperReply *reply, unsigned status, const char *body, size_t size) {
  union {
    const char *in;
    void *out;
  } copied = {.in = body}; /* with RESPMEM_MUST_COPY it is only read, although the prototype is not const */
  if (reply->response != NULL) MHD_destroy_response(reply->response);
  reply->response = reply->fault.cut
                        ? torn_response(body, size, reply->fault.at, reply->fault.reset, reply->fd)
                        : MHD_create_response_from_buffer(size, copied.out, MHD_RESPMEM_MUST_COPY);
  reply->status = status;
  return reply->response != NULL;
}

bool paper_reply_lines(PaperReply *reply, const char *lines, size_t size) {
  enum { LONGEST = 512 };
  const char *end = lines + size;
  char line[LONGEST];
  if (reply->response == NULL) return false;
  while (lines < end) {
    const char *stop = memchr(lines, '\r', (size_t)(end - lines));
    if (stop == NULL || stop - lines >= LONGEST) return false;
    size_t length = (size_t)(stop - lines);
    memcpy(line, lines, length);
    line[length] = '\0';
    char *colon = strchr(line, ':');
    if (colon == NULL || colon[1] != ' ') return false;
    *colon = '\0';
    if (MHD_add_response_header(reply->response, line, colon + 2) != MHD_YES) return false;
    lines = stop + 2;
  }
  return true;
}

/* Gives the reply to libmicrohttpd. MHD_NO, also for no reply, closes the connection. */
static enum MHD_Result send_reply(struct MHD_Connection *connection, PaperReply *reply) {
  if (reply->response == NULL) return MHD_NO;
  enum MHD_Result result = MHD_queue_response(connection, reply->status, reply->response);
  MHD_destroy_response(reply->response);
  reply->response = NULL;
  return result;
}

/* Answers with status 413. */
static enum MHD_Result refuse_size(struct MHD_Connection *connection) {
  static const char text[] = "Request Entity Too Large", type[] = "Content-Type: text/plain\r\n";
  PaperReply reply = {0};
  if (paper_reply(&reply, MHD_HTTP_CONTENT_TOO_LARGE, text, sizeof text - 1))
    paper_reply_lines(&reply, type, sizeof type - 1);
  return send_reply(connection, &reply);
}

static const char *header(struct MHD_Connection *connection, const char *name) {
  return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool declared_too_large(struct MHD_Connection *connection) {
  const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
  return length != NULL && strtoull(length, NULL, 10) > PAPER_BODY_MAX;
}

/* Keeps a piece of the body, or counts what exceeds the bound. False closes the connection: memory ran out, or the body
** does not end. */
static bool take(Request *r, const char *data, size_t size) {
  if (size > PAPER_BODY_MAX - r->size) {
    r->dropped += size;
    return r->dropped < 16 * (size_t)PAPER_BODY_MAX;
  }
  if (r->size + size > r->capacity) {
    size_t capacity = r->capacity == 0 ? 1024 : r->capacity;
    while (capacity < r->size + size) capacity *= 2;
    char *grown = realloc(r->body, capacity);
    if (grown == NULL) return false;
    r->body = grown;
    r->capacity = capacity;
  }
  memcpy(r->body + r->size, data, size);
  r->size += size;
  return true;
}

/* Writes the client's IPv4 address, or "". */
static void write_address(struct MHD_Connection *connection, char *text, socklen_t size) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  struct sockaddr_in in;
  text[0] = '\0';
  if (info == NULL || info->client_addr == NULL || info->client_addr->sa_family != AF_INET) return;
  memcpy(&in, info->client_addr, sizeof in);
  inet_ntop(AF_INET, &in.sin_addr, text, size);
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

/* NULL where no memory could be had for one. */
static Peer *peer_of(struct MHD_Connection *connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void set_waiting(struct MHD_Connection *connection, bool waiting) {
  Peer *peer = peer_of(connection);
  if (peer != NULL) peer->waiting = waiting;
}

/* A whole request has come: of those that have asked, this one was silent for the shortest time. */
static void note_request(PaperHttp *http, struct MHD_Connection *connection) {
  Peer *peer = peer_of(connection);
  if (peer == NULL) return;
  step_out(http, peer);
  line_up(&http->known, peer);
}

/* Tells the first of a line that can go to go; false: there is none. Only those that came by 'latest' count. */
static bool dismiss(PaperHttp *http, const Line *line, int64_t latest) {
  for (Peer *peer = line->first; peer != NULL; peer = peer->next) {
    if (peer->leaving || peer->waiting || peer->since > latest) continue;
    peer->leaving = true;
    http->count--;
    shutdown(peer->fd, SHUT_RDWR); /* libmicrohttpd sees its end */
    return true;
  }
  return false;
}

/* ---- WebSockets ---- */

static void on_release(void *handle) {
  MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

/* The answer with status 101 is sent. */
static void on_upgrade(void *cls, struct MHD_Connection *connection, void *request, const char *early,
                       size_t early_size, MHD_socket fd, struct MHD_UpgradeResponseHandle *handle) {
  PaperHttp *http = cls;
  Request *r = request;
  int64_t id = r->reply.socket;
  r->reply.socket = 0;
  set_waiting(connection, true); /* it cannot be missed */
  if (!paper_sockets_take(http->sockets, id, fd, early, early_size,
                          (PaperSocketFrom){.release = on_release, .handle = handle}))
    http->events.closed(http->events.owner, id);
}

void paper_reply_socket(PaperReply *reply, int64_t id) {
  if (reply->response != NULL) MHD_destroy_response(reply->response);
  reply->response = MHD_create_response_for_upgrade(on_upgrade, reply->http);
  reply->status = MHD_HTTP_SWITCHING_PROTOCOLS;
  reply->socket = id;
}

PaperSockets *paper_http_sockets(PaperHttp *http) {
  return http->sockets;
}

/* ---- answers on their way ---- */

/* Suspends the connection until the answer is due. */
static void hold(PaperHttp *http, struct MHD_Connection *connection, Request *r) {
  set_waiting(connection, true);
  r->connection = connection;
  r->due = now_ms() + r->reply.fault.delay_ms;
  r->next = http->held;
  r->link = &http->held;
  if (r->next != NULL) r->next->link = &r->next;
  http->held = r;
  MHD_suspend_connection(connection);
}

/* Takes the request off the list of held ones; does nothing when it is not there. */
static void unhold(Request *r) {
  if (r->link == NULL) return;
  *r->link = r->next;
  if (r->next != NULL) r->next->link = r->link;
  r->link = NULL;
}

/* An answer is sent: counts for those that wait to be overtaken. */
static void count_answer(PaperHttp *http) {
  for (Request *r = http->held; r != NULL; r = r->next)
    if (r->reply.fault.overtaken > 0 && --r->reply.fault.overtaken == 0) r->due = 0;
}

/* Resumes the connections whose answer is due, or all. libmicrohttpd then calls on_access again. */
static void resume(PaperHttp *http, bool all) {
  int64_t now = http->held != NULL ? now_ms() : 0;
  for (Request *r = http->held, *next; r != NULL; r = next) {
    next = r->next;
    if (!all && r->due > now) continue;
    unhold(r);
    set_waiting(r->connection, false);
    MHD_resume_connection(r->connection);
  }
}

static void reset_all(PaperHttp *http) {
  for (const Peer *peer = http->fresh.first; peer != NULL; peer = peer->next) torn_reset(peer->fd);
  for (const Peer *peer = http->known.first; peer != NULL; peer = peer->next) torn_reset(peer->fd);
}

/* Sends the answer, or what its fault says. */
static enum MHD_Result deliver(PaperHttp *http, struct MHD_Connection *connection, Request *r) {
  const PaperFault *fault = &r->reply.fault;
  count_answer(http);
  if (fault->restart) reset_all(http);
  if (fault->silent && fault->reset) torn_reset(r->reply.fd);
  if (fault->silent || fault->restart) return MHD_NO;
  return send_reply(connection, &r->reply);
}

/* Has the handler answer the request. */
static void ask(PaperHttp *http, struct MHD_Connection *connection, const char *verb, Request *r) {
  char address[INET_ADDRSTRLEN];
  PaperHeaders headers;
  write_address(connection, address, sizeof address);
  paper_headers_read(&headers, connection);
  PaperRequest request = {
      .verb = verb,
      .target = r->target,
      .key = headers.values[PAPER_HEADER_KEY],
      .timestamp = headers.values[PAPER_HEADER_TIMESTAMP],
      .sign = headers.values[PAPER_HEADER_SIGN],
      .window = headers.values[PAPER_HEADER_WINDOW],
      .body = r->size > 0 ? r->body : "",
      .body_size = r->size,
      .address = address,
      .socket = http->sockets == NULL ? NULL : paper_headers_socket_key(&headers),
  };
  r->reply.http = http;
  r->reply.fd = descriptor(connection);
  http->handler(http->events.owner, &request, &r->reply);
  r->answered = true;
}

/* The request is complete: asks the handler the first time, and sends the answer when it is due. */
static enum MHD_Result answer(PaperHttp *http, struct MHD_Connection *connection, const char *verb,
                              Request *r) {
  if (r->dropped > 0) return refuse_size(connection);
  if (!r->answered) {
    note_request(http, connection);
    ask(http, connection, verb, r);
    if (r->reply.fault.delay_ms > 0) {
      hold(http, connection, r);
      return MHD_YES;
    }
  }
  return deliver(http, connection, r);
}

/* ---- libmicrohttpd's callbacks ---- */

/* libmicrohttpd calls this once with the headers, for each piece of a body, and once at the end. */
static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data, size_t *size,
                                 void **request) {
  Request *r = *request;
  (void)url;
  (void)version;
  if (r == NULL) return MHD_NO; /* on_target had no memory */
  if (!r->begun) {
    r->begun = true;
    return declared_too_large(connection) ? refuse_size(connection) : MHD_YES;
  }
  if (*size > 0) {
    bool kept = take(r, data, *size);
    *size = 0;
    return kept ? MHD_YES : MHD_NO;
  }
  return answer(cls, connection, method, r);
}

/* Takes the query off a target. libmicrohttpd would split it next, into arguments that nobody asks for: they take a multiple of
** its size. The target is in a buffer of the connection, although the prototype is const. */
static void drop_query(const char *target) {
  union {
    const char *in;
    char *out;
  } buffer = {.in = strchr(target, '?')};
  if (buffer.in != NULL) buffer.out[1] = '\0';
}

/* Called first for each request, with the bytes of its target. Makes the Request; NULL when memory runs out. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *connection) {
  Request *r = calloc(1, sizeof *r);
  (void)cls;
  (void)connection;
  if (r != NULL && (r->target = strdup(target)) == NULL) {
    free(r);
    r = NULL;
  }
  drop_query(target);
  return r;
}

/* Called last for each request, however it ended. Frees the Request. */
static void on_completed(void *cls, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode how) {
  PaperHttp *http = cls;
  Request *r = *request;
  (void)connection;
  (void)how;
  if (r == NULL) return;
  unhold(r);
  if (r->reply.socket != 0) http->events.closed(http->events.owner, r->reply.socket);
  if (r->reply.response != NULL) MHD_destroy_response(r->reply.response);
  free(r->target);
  free(r->body);
  free(r);
  *request = NULL;
}

/* A connection that no memory could be had for is served like the others, but never told to go. */
static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what) {
  PaperHttp *http = cls;
  Peer *peer = *context;
  if (what == MHD_CONNECTION_NOTIFY_STARTED) {
    if ((peer = malloc(sizeof *peer)) == NULL) return;
    *peer = (Peer){.fd = descriptor(connection), .since = now_ms()};
    line_up(&http->fresh, peer);
    http->count++;
    *context = peer;
  } else if (peer != NULL) {
    if (!peer->leaving) http->count--;
    step_out(http, peer);
    free(peer);
    *context = NULL;
  }
}

/* ---- who comes ---- */

static void open_spare(PaperHttp *http) {
  if (http->spare < 0) http->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void watch_listener(PaperHttp *http, bool on) {
  struct epoll_event event = {.events = on ? EPOLLIN : 0, .data.fd = http->listener};
  epoll_ctl(http->epoll, EPOLL_CTL_MOD, http->listener, &event);
  http->pause = on ? 0 : now_ms() + PAUSE_MS;
}

/* There is no descriptor for who comes. A silent connection makes room for the next one; this one is refused, with the
** descriptor that was spared for it. False: there was none, so nobody can be refused either. */
static bool refuse(PaperHttp *http) {
  dismiss(http, &http->fresh, now_ms() - GRACE_MS);
  if (http->spare < 0) return false;
  close(http->spare);
  http->spare = -1;
  int fd = accept4(http->listener, NULL, NULL, SOCK_CLOEXEC);
  bool refused = fd >= 0 || errno == EAGAIN || errno == ECONNABORTED;
  if (fd >= 0) close(fd);
  open_spare(http);
  return refused;
}

/* Takes who has come, a batch at most. Where too many are there, who has never asked goes first, then who has been silent
** longest. */
static void take_in(PaperHttp *http) {
  for (int i = 0; i < BATCH; i++) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int fd = accept4(http->listener, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      while (http->count >= PAPER_CONNECTIONS &&
             (dismiss(http, &http->fresh, INT64_MAX) || dismiss(http, &http->known, INT64_MAX)))
        continue;
      MHD_add_connection(http->daemon, fd, (struct sockaddr *)&address, size); /* closes it where it cannot */
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      if (!refuse(http)) watch_listener(http, false);
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

/* ---- the server ---- */

static bool watch(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  return fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static int daemon_fd(PaperHttp *http) {
  return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
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
  http->daemon = MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL,
      on_access, http, MHD_OPTION_CONNECTION_LIMIT, (unsigned)(PAPER_CONNECTIONS + 2 * BATCH),
      MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      (size_t)CONNECTION_MEMORY, MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL, MHD_OPTION_NOTIFY_COMPLETED,
      on_completed, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
  open_spare(http);
  http->sockets = paper_sockets_new(events);
  bool lacks = http->sockets == NULL && paper_sockets_available();
  if (http->daemon == NULL || lacks || !watch(epoll, daemon_fd(http)) || !watch(epoll, listener) ||
      (http->sockets != NULL && !watch(epoll, paper_sockets_fd(http->sockets)))) {
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
  MHD_UNSIGNED_LONG_LONG ms;
  int64_t least = MHD_get_timeout(http->daemon, &ms) == MHD_YES ? (int64_t)(ms > INT_MAX ? INT_MAX : ms) : -1;
  int64_t now = http->held != NULL || http->pause != 0 ? now_ms() : 0;
  for (const Request *r = http->held; r != NULL; r = r->next) least = sooner(least, r->due - now);
  int64_t socket = http->sockets == NULL ? -1 : paper_sockets_timeout(http->sockets);
  if (socket >= 0) least = sooner(least, socket);
  if (http->pause != 0) least = sooner(least, http->pause - now);
  return (int)least;
}

bool paper_http_comes(const PaperHttp *http, int fd) {
  return fd == http->listener;
}

void paper_http_run(PaperHttp *http, bool comes) {
  resume(http, false);
  if (http->pause != 0 && now_ms() >= http->pause) {
    open_spare(http);
    watch_listener(http, true);
  }
  if (comes && http->pause == 0) take_in(http);
  MHD_run(http->daemon);
  if (http->sockets != NULL) paper_sockets_run(http->sockets);
}

static void close_fd(int fd) {
  if (fd >= 0) close(fd);
}

void paper_http_free(PaperHttp *http) {
  if (http == NULL) return;
  resume(http, true); /* libmicrohttpd cannot end with a connection that is suspended */
  paper_sockets_free(http->sockets);
  if (http->daemon != NULL) MHD_stop_daemon(http->daemon);
  close_fd(http->listener);
  close_fd(http->spare);
  free(http);
}
