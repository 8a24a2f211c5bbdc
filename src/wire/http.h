/*
** HTTP transfers over one libcurl multi handle: connections are kept and reused, TLS is verified, every size is bounded.
** Knows no Lua; only http*.c and url.c know libcurl. A transfer sends its request once: it never repeats it, whatever happens.
*/
#ifndef BYBIT_HTTP_H
#define BYBIT_HTTP_H

#include "value/bytes.h"
#include "loop/loop.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct Http Http;         /* the connections of a client */
typedef struct Transfer Transfer; /* one request and its answer */

typedef struct HttpOptions {
  int connections;     /* the most that are open at once; 0 means 16 */
  int spares;          /* the most finished transfers that are kept to be used again; 0 means 32 */
  bool http2;          /* offer HTTP/2; false: HTTP/1.1 only */
  const char *ca_file; /* certificates in PEM, trusted in place of the system's; NULL: the system's */
  const char *proxy;   /* URL; NULL: what libcurl finds in the environment; loopback never uses a proxy */
  void (*has_room)(void *owner); /* called when what was HTTP_BUSY may be started again; NULL: not called */
  void *owner;                   /* the argument of 'has_room' */
} HttpOptions;

typedef enum HttpError {
  HTTP_OK,        /* a whole answer arrived, whatever its status */
  HTTP_NETWORK,   /* refused, reset, name not found, closed early, malformed */
  HTTP_TIMEOUT,   /* 'timeout' or 'connect_timeout' passed */
  HTTP_TLS,       /* the handshake failed, or a certificate is not valid */
  HTTP_TOO_LARGE, /* the answer's body or headers exceed their bound */
  HTTP_CANCELLED, /* by http_cancel, http_release or http_free */
  HTTP_MEMORY,
  HTTP_BUSY /* no connection had room for a request that is 'at_once'; it was not sent */
} HttpError;

/* The bytes of a request, which are sent unchanged. The headers' lines and the body are not copied: the caller keeps them
** until the transfer has ended. */
typedef struct HttpRequest {
  const char *verb; /* "GET" or "POST" */
  const char *url;  /* whole, with its query */
  const char
      *socket; /* of a pipe: the path of a socket of this machine in place of the URL's host; NULL: none */
  bool local;  /* it reaches this machine only, so no proxy is used */
  const char *const *headers; /* lines "Name: value"; or several as one, with "\r\n" between them */
  size_t header_count;
  const char *body; /* POST only; NULL: none */
  size_t body_size;
  double timeout;         /* seconds for the whole transfer */
  double connect_timeout; /* seconds for the connection, part of 'timeout' */
  size_t max_body;        /* the most bytes of the answer's body, after decompression */
  bool gzip;              /* offer to receive the answer compressed */
  bool
      at_once; /* ends with HTTP_BUSY rather than wait until another has ended, or until a connection is made */
  bool urgent; /* makes a connection rather than wait until that of another is made */
  bool
      pipe; /* makes a connection for http_pipe.h and sends nothing; of the rest only 'url' and the times count */
} HttpRequest;

/* How a transfer ended. */
typedef struct HttpResult {
  HttpError error;
  char message[256]; /* what libcurl says of the error; it cannot hold a secret */
  bool sent;         /* the request may have been sent; false proves that no byte of it was */
  int status;        /* the HTTP status; 0 when there is none */
  Bytes headers;     /* lines "Name: value\r\n" of the final answer, without the status line */
  Bytes body;
  double duration; /* seconds that it took */
  double lead;     /* the part of 'duration' before the request was sent: name, connection, handshake */
} HttpResult;

/* May a request that is 'at_once' be started now? True also when only libcurl knows that it would be HTTP_BUSY. */
bool http_has_room(const Http *http, bool urgent);

Http *http_new(Loop *loop, const HttpOptions *options, const char **why);
/* Ends every running transfer with HTTP_CANCELLED, calls their 'done', and closes the connections. Transfers still have to
** be released by their owners. NULL is allowed. */
void http_free(Http *http);
/* Starts a transfer, which the caller releases. 'done' is called once when it ends: from loop_block, http_cancel or
** http_free, never from http_start. NULL when it cannot start, with '*why' set to a static text; mostly memory ran out. */
Transfer *http_start(Http *http, const HttpRequest *request, void (*done)(void *owner), void *owner,
                     const char **why);
/* Ends it with HTTP_CANCELLED, calls 'done' and closes the connection. Does nothing when it has ended already. */
void http_cancel(Transfer *t);
bool http_done(const Transfer *t); /* has it ended? */
/* Valid once it has ended, until http_release. The caller may take the Bytes; it then sets them to others of its own. */
HttpResult *http_result(Transfer *t);
void http_release(Transfer *t); /* frees it; a running one ends without a call of 'done'; NULL is allowed */
/* Empties a buffer of a request or an answer, and keeps its memory for the next, unless it is large. The more 'others' are
** kept already, the less counts as large. */
void http_clear(Bytes *b, int others);
/* Sets proxy and certificates as this one has them; they live as long as it does. NULL: as libcurl has them. */
void http_same(const Http *http, HttpOptions *options);
int http_in_flight(const Http *http); /* how many transfers run */
int http_spares(const Http *http);    /* how many are kept to be used again */

#endif
