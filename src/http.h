/*
** HTTP transfers over one libcurl multi handle: connections kept and reused, TLS verified, every size bounded.
** Knows no Lua; nothing but http.c knows libcurl. One transfer is one sending: it never repeats itself.
*/
#ifndef BYBIT_HTTP_H
#define BYBIT_HTTP_H

#include "bytes.h"
#include "loop.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct Http Http;         /* one per client */
typedef struct Transfer Transfer; /* one sending */

typedef struct HttpOptions {
  int connections;     /* at most so many open at once; 0: 16 */
  bool http2;          /* false: HTTP/1.1 */
  const char *ca_file; /* PEM; NULL: the system's */
  const char *proxy;   /* URL; NULL: libcurl's own conventions (environment); loopback never uses one */
} HttpOptions;

typedef enum HttpError {
  HTTP_OK,      /* an answer arrived in full, whatever its status */
  HTTP_NETWORK, /* refused, reset, name not found, closed early, malformed */
  HTTP_TIMEOUT,
  HTTP_TLS,       /* handshake or certificate */
  HTTP_TOO_LARGE, /* body or headers past their bound */
  HTTP_CANCELLED,
  HTTP_MEMORY
} HttpError;

/* All finished bytes: nothing is re-encoded. Strings are copied by http_start. */
typedef struct HttpRequest {
  const char *verb;           /* "GET" or "POST" */
  const char *url;            /* with its query */
  const char *const *headers; /* "Name: value" */
  size_t header_count;
  const char *body; /* POST only; NULL: none */
  size_t body_size;
  double timeout;         /* seconds, the whole transfer */
  double connect_timeout; /* seconds, inside it */
  size_t max_body;        /* bytes of the answer, after decompression */
  bool gzip;              /* offer compression */
} HttpRequest;

typedef struct HttpResult {
  HttpError error;
  char message[256]; /* libcurl's words for the error; no secret can be in them */
  bool sent;         /* the request may have left: false is proof that no byte did */
  int status;        /* HTTP status, 0 when there is none */
  Bytes headers;     /* raw lines of the final answer, "Name: value\r\n", status line left out */
  Bytes body;
  double duration; /* seconds */
  double lead;     /* of them, until the request was sent: name, connection, handshake */
} HttpResult;

Http *http_new(Loop *loop, const HttpOptions *options, const char **why); /* copies the options */
/* Ends every transfer still running with HTTP_CANCELLED (their 'done' is called) and closes connections. */
void http_free(Http *http);
/* Starts a transfer. 'done' is called once, from within loop_block or http_cancel or http_free, never from
** http_start itself. NULL when it cannot start (memory); '*why' tells. */
Transfer *http_start(Http *http, const HttpRequest *request, void (*done)(void *owner), void *owner,
                     const char **why);
/* Ends it now, with HTTP_CANCELLED; 'done' is called unless it is done already. The connection is closed. */
void http_cancel(Transfer *t);
bool http_done(const Transfer *t);
HttpResult *http_result(Transfer *t); /* meaningful once done; the caller may take (and zero) its Bytes */
void http_release(Transfer *t); /* cancels when running ('done' is not called then), frees; NULL is fine */
int http_in_flight(const Http *http);

#endif
