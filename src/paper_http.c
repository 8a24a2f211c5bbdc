/*
** The paper exchange's HTTP/1.1 server: libmicrohttpd without threads of its own, driven over its epoll
** descriptor. libmicrohttpd decodes and splits the request line; signatures are made over its exact bytes, so
** the target is kept from the URI callback, which sees it before that. A request's memory belongs to a
** Request from there until libmicrohttpd says that it is completed, whichever way it ended.
*/
#include "paper_http.h"

#include <arpa/inet.h>
#include <limits.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  IDLE_SECONDS = 120, /* a connection without traffic is closed after this */
  CONNECTION_MEMORY =
      256 * 1024 /* request line and headers; more gets libmicrohttpd's own 4xx, or the above */
};

struct PaperHttp {
  struct MHD_Daemon *daemon; /* owned */
  PaperHandler handler;
  void *owner; /* the handler's, not ours */
};

struct PaperReply {
  struct MHD_Response *response; /* owned; NULL until paper_reply */
  unsigned status;
};

typedef struct Request {
  char *target;          /* owned */
  char *body;            /* owned; NULL while empty */
  size_t size, capacity; /* of the body */
  size_t dropped;        /* bytes past PAPER_BODY_MAX, not kept */
  bool begun;            /* the handler has seen the headers */
} Request;

bool paper_reply(PaperReply *reply, unsigned status, const char *body, size_t size) {
  union {
    const char *in;
    void *out;
  } copied = {.in = body}; /* RESPMEM_MUST_COPY only reads it, whatever the prototype says */
  if (reply->response != NULL) MHD_destroy_response(reply->response);
  reply->response = MHD_create_response_from_buffer(size, copied.out, MHD_RESPMEM_MUST_COPY);
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

static enum MHD_Result answer(PaperHttp *http, struct MHD_Connection *connection, const char *verb,
                              const Request *r) {
  char address[INET_ADDRSTRLEN];
  PaperReply reply = {0};
  if (r->dropped > 0) return refuse_size(connection);
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
  http->handler(http->owner, &request, &reply);
  return send_reply(connection, &reply);
}

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
  free(r->target);
  free(r->body);
  free(r);
  *request = NULL;
}

PaperHttp *paper_http_new(int listener, PaperHandler handler, void *owner) {
  PaperHttp *http = calloc(1, sizeof *http);
  if (http == NULL) {
    close(listener);
    return NULL;
  }
  *http = (PaperHttp){.handler = handler, .owner = owner};
  /* From here on the listener is libmicrohttpd's, on failure too. */
  http->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_access, http, MHD_OPTION_LISTEN_SOCKET,
                                  listener, MHD_OPTION_CONNECTION_LIMIT, (unsigned)PAPER_CONNECTIONS,
                                  MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
                                  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                                  MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL, MHD_OPTION_NOTIFY_COMPLETED,
                                  on_completed, NULL, MHD_OPTION_END);
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
  if (MHD_get_timeout(http->daemon, &ms) != MHD_YES) return -1;
  return ms > INT_MAX ? INT_MAX : (int)ms;
}

void paper_http_run(PaperHttp *http) {
  MHD_run(http->daemon);
}

void paper_http_free(PaperHttp *http) {
  if (http == NULL) return;
  MHD_stop_daemon(http->daemon);
  free(http);
}
