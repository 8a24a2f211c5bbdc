/*
** The paper exchange's HTTP/1.1 server: libmicrohttpd without threads of its own, driven over its epoll
** descriptor. libmicrohttpd decodes and splits the request line; signatures are made over its exact bytes, so
** the target is kept from the URI callback, which sees it before that. A request's memory belongs to a
** Request from there until libmicrohttpd says that it is completed, whichever way it ended. An answer that is to
** go wrong (PaperFault) is kept in its Request while the connection is suspended, breaks off in its body, or is a
** reset in its place.
*/
#include "paper_http.h"

#include <arpa/inet.h>
#include <limits.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  IDLE_SECONDS = 120, /* a connection without traffic is closed after this */
  CONNECTION_MEMORY =
      256 * 1024 /* request line and headers; more gets libmicrohttpd's own 4xx, or the above */
};

typedef struct Request Request;

/* An open connection: known here so that a restart can end it. */
typedef struct Peer {
  int fd; /* libmicrohttpd's */
  struct Peer *next, **link;
} Peer;

struct PaperHttp {
  struct MHD_Daemon *daemon; /* owned */
  PaperHandler handler;
  void *owner;   /* the handler's, not ours */
  Request *held; /* requests whose answer waits, in no order */
  Peer *peers;
};

struct PaperReply {
  struct MHD_Response *response; /* owned; NULL until paper_reply */
  unsigned status;
  PaperFault fault;
  int fd; /* the connection's */
};

struct Request {
  char *target;          /* owned */
  char *body;            /* owned; NULL while empty */
  size_t size, capacity; /* of the body */
  size_t dropped;        /* bytes past PAPER_BODY_MAX, not kept */
  bool begun;            /* the handler has seen the headers */
  bool answered;         /* 'reply' is what the handler made of it */
  PaperReply reply;
  struct MHD_Connection *connection; /* suspended, while the request is among the held */
  int64_t due;                       /* when it is to go on, ms */
  Request *next, **link;             /* among the held; NULL: it is not */
};

/* A body that breaks off. */
typedef struct Torn {
  size_t at; /* bytes that get through */
  bool reset;
  int fd;
  char data[];
} Torn;

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Ends a connection with a reset. libmicrohttpd would shut it down first, in good order; a socket that was
** dissolved (connect to no address) has sent its reset by then. Elsewhere the linger makes close do it. */
static void reset_connection(int fd) {
  const struct linger now = {.l_onoff = 1, .l_linger = 0};
  const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  (void)connect(fd, &nobody, sizeof nobody); /* where it cannot, the linger is left */
}

static int descriptor(struct MHD_Connection *connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static ssize_t read_torn(void *cls, uint64_t position, char *out, size_t max) {
  const Torn *t = cls;
  if (position >= t->at) {
    if (t->reset) reset_connection(t->fd);
    return MHD_CONTENT_READER_END_WITH_ERROR;
  }
  size_t size = t->at - (size_t)position < max ? t->at - (size_t)position : max;
  memcpy(out, t->data + position, size);
  return (ssize_t)size;
}

static struct MHD_Response *torn_response(const PaperReply *reply, const char *body, size_t size) {
  size_t at = reply->fault.at < size ? reply->fault.at : size;
  Torn *t = malloc(sizeof *t + at);
  if (t == NULL) return NULL;
  *t = (Torn){.at = at, .reset = reply->fault.reset, .fd = reply->fd};
  memcpy(t->data, body, at);
  struct MHD_Response *response = MHD_create_response_from_callback(size, 4096, read_torn, t, free);
  if (response == NULL) free(t);
  return response;
}

void paper_reply_fault(PaperReply *reply, const PaperFault *fault) {
  reply->fault = *fault;
}

bool paper_reply(PaperReply *reply, unsigned status, const char *body, size_t size) {
  union {
    const char *in;
    void *out;
  } copied = {.in = body}; /* RESPMEM_MUST_COPY only reads it, whatever the prototype says */
  if (reply->response != NULL) MHD_destroy_response(reply->response);
  reply->response = reply->fault.cut
                        ? torn_response(reply, body, size)
                        : MHD_create_response_from_buffer(size, copied.out, MHD_RESPMEM_MUST_COPY);
  reply->status = status;
  return reply->response != NULL;
}

bool paper_reply_header(PaperReply *reply, const char *name, const char *value) {
  return reply->response != NULL && MHD_add_response_header(reply->response, name, value) == MHD_YES;
}

/* Hands the reply over to libmicrohttpd; MHD_NO closes the connection. */
static enum MHD_Result send_reply(struct MHD_Connection *connection, PaperReply *reply) {
  if (reply->response == NULL) return MHD_NO;
  enum MHD_Result result = MHD_queue_response(connection, reply->status, reply->response);
  MHD_destroy_response(reply->response);
  reply->response = NULL;
  return result;
}

static enum MHD_Result refuse_size(struct MHD_Connection *connection) {
  static const char text[] = "Request Entity Too Large";
  PaperReply reply = {0};
  if (paper_reply(&reply, MHD_HTTP_CONTENT_TOO_LARGE, text, sizeof text - 1))
    paper_reply_header(&reply, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
  return send_reply(connection, &reply);
}

static const char *header(struct MHD_Connection *connection, const char *name) {
  return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool declared_too_large(struct MHD_Connection *connection) {
  const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
  return length != NULL && strtoull(length, NULL, 10) > PAPER_BODY_MAX;
}

/* Keeps a piece of the body. False ends the connection: no memory, or a flood. */
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

static void write_address(struct MHD_Connection *connection, char *text, socklen_t size) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  struct sockaddr_in in;
  text[0] = '\0';
  if (info == NULL || info->client_addr == NULL || info->client_addr->sa_family != AF_INET) return;
  memcpy(&in, info->client_addr, sizeof in);
  inet_ntop(AF_INET, &in.sin_addr, text, size);
}

/* ---- answers on their way ---- */

static void hold(PaperHttp *http, struct MHD_Connection *connection, Request *r) {
  r->connection = connection;
  r->due = now_ms() + r->reply.fault.delay_ms;
  r->next = http->held;
  r->link = &http->held;
  if (r->next != NULL) r->next->link = &r->next;
  http->held = r;
  MHD_suspend_connection(connection);
}

static void unhold(Request *r) {
  if (r->link == NULL) return;
  *r->link = r->next;
  if (r->next != NULL) r->next->link = r->link;
  r->link = NULL;
}

/* An answer goes: those that were to be overtaken by it come closer to their turn. */
static void count_answer(PaperHttp *http) {
  for (Request *r = http->held; r != NULL; r = r->next)
    if (r->reply.fault.overtaken > 0 && --r->reply.fault.overtaken == 0) r->due = 0;
}

/* Lets go on what has waited long enough (or all). libmicrohttpd then calls on_access again. */
static void resume(PaperHttp *http, bool all) {
  int64_t now = http->held != NULL ? now_ms() : 0;
  for (Request *r = http->held, *next; r != NULL; r = next) {
    next = r->next;
    if (!all && r->due > now) continue;
    unhold(r);
    MHD_resume_connection(r->connection);
  }
}

static void reset_all(PaperHttp *http) {
  for (const Peer *peer = http->peers; peer != NULL; peer = peer->next) reset_connection(peer->fd);
}

/* The answer goes, or the connection ends in its place. */
static enum MHD_Result deliver(PaperHttp *http, struct MHD_Connection *connection, Request *r) {
  const PaperFault *fault = &r->reply.fault;
  count_answer(http);
  if (fault->restart) reset_all(http);
  if (fault->silent && fault->reset) reset_connection(r->reply.fd);
  if (fault->silent || fault->restart) return MHD_NO;
  return send_reply(connection, &r->reply);
}

static void ask(PaperHttp *http, struct MHD_Connection *connection, const char *verb, Request *r) {
  char address[INET_ADDRSTRLEN];
  write_address(connection, address, sizeof address);
  PaperRequest request = {
      .verb = verb,
      .target = r->target,
      .key = header(connection, "X-BAPI-API-KEY"),
      .timestamp = header(connection, "X-BAPI-TIMESTAMP"),
      .sign = header(connection, "X-BAPI-SIGN"),
      .window = header(connection, "X-BAPI-RECV-WINDOW"),
      .body = r->size > 0 ? r->body : "",
      .body_size = r->size,
      .address = address,
  };
  r->reply.fd = descriptor(connection);
  http->handler(http->owner, &request, &r->reply);
  r->answered = true;
}

static enum MHD_Result answer(PaperHttp *http, struct MHD_Connection *connection, const char *verb,
                              Request *r) {
  if (r->dropped > 0) return refuse_size(connection);
  if (!r->answered) {
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
  if (r == NULL) return MHD_NO; /* on_target found no memory */
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

static void *on_target(void *cls, const char *target, struct MHD_Connection *connection) {
  Request *r = calloc(1, sizeof *r);
  (void)cls;
  (void)connection;
  if (r != NULL && (r->target = strdup(target)) == NULL) {
    free(r);
    r = NULL;
  }
  return r;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode how) {
  Request *r = *request;
  (void)cls;
  (void)connection;
  (void)how;
  if (r == NULL) return;
  unhold(r);
  if (r->reply.response != NULL) MHD_destroy_response(r->reply.response);
  free(r->target);
  free(r->body);
  free(r);
  *request = NULL;
}

/* A connection that no memory could be had for is served like the others; only a restart passes it by. */
static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what) {
  PaperHttp *http = cls;
  Peer *peer = *context;
  if (what == MHD_CONNECTION_NOTIFY_STARTED) {
    if ((peer = malloc(sizeof *peer)) == NULL) return;
    *peer = (Peer){.fd = descriptor(connection), .next = http->peers, .link = &http->peers};
    if (peer->next != NULL) peer->next->link = &peer->next;
    http->peers = peer;
    *context = peer;
  } else if (peer != NULL) {
    *peer->link = peer->next;
    if (peer->next != NULL) peer->next->link = peer->link;
    free(peer);
    *context = NULL;
  }
}

PaperHttp *paper_http_new(int listener, PaperHandler handler, void *owner) {
  PaperHttp *http = calloc(1, sizeof *http);
  if (http == NULL) {
    close(listener);
    return NULL;
  }
  *http = (PaperHttp){.handler = handler, .owner = owner};
  /* From here on the listener is libmicrohttpd's, on failure too. */
  http->daemon = MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_access, http, MHD_OPTION_LISTEN_SOCKET,
      listener, MHD_OPTION_CONNECTION_LIMIT, (unsigned)PAPER_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
      (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
      MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
      MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
  if (http->daemon == NULL) {
    free(http);
    return NULL;
  }
  return http;
}

int paper_http_fd(PaperHttp *http) {
  return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int paper_http_timeout(PaperHttp *http) {
  MHD_UNSIGNED_LONG_LONG ms;
  int64_t least = MHD_get_timeout(http->daemon, &ms) == MHD_YES ? (int64_t)(ms > INT_MAX ? INT_MAX : ms) : -1;
  int64_t now = http->held != NULL ? now_ms() : 0;
  for (const Request *r = http->held; r != NULL; r = r->next) {
    int64_t wait = r->due > now ? r->due - now : 0;
    if (least < 0 || wait < least) least = wait;
  }
  return (int)least;
}

void paper_http_run(PaperHttp *http) {
  resume(http, false);
  MHD_run(http->daemon);
}

void paper_http_free(PaperHttp *http) {
  if (http == NULL) return;
  resume(http, true); /* libmicrohttpd cannot end with a connection that is suspended */
  MHD_stop_daemon(http->daemon);
  free(http);
}
