/*
** The HTTP/1.1 server of the paper exchange, with keep-alive, pipelining and bounded requests. Its owner waits for it. Knows no Lua and no rule of the exchange; only http.c knows libmicrohttpd. All functions are called from one
** thread.
*/
#ifndef BYBIT_PAPER_HTTP_H
#define BYBIT_PAPER_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#define PAPER_BODY_MAX    (256 * 1024) /* the most bytes of a request's body; a longer one gets status 413 */
#define PAPER_CONNECTIONS 1000 /* the most that are open at once; for one more, a silent one is closed */

#include "sockets.h"

typedef struct PaperHttp PaperHttp;
/* The answer that a handler makes; it lives until the handler returns. */
typedef struct PaperReply PaperReply;

/* A complete request. All of it lives until the handler returns. */
typedef struct PaperRequest {
  const char *verb;
  const char *target;                          /* path and query, exactly as in the request line */
  const char *key, *timestamp, *sign, *window; /* the headers X-BAPI-...; NULL: absent */
  const char *body;                            /* never NULL */
  size_t body_size;
  const char *address; /* the client's IP address; "" when it is not IPv4 */
  const char *socket;  /* the key with which it asks for a WebSocket; NULL: it does not */
} PaperRequest;

/* What goes wrong with an answer on its way, for tests of clients. All zero: nothing. */
typedef struct PaperFault {
  unsigned delay_ms;  /* the answer waits so long; other requests do not */
  unsigned overtaken; /* the answer waits for so many later answers, at most 'delay_ms' */
  bool silent;        /* there is no answer: the connection is closed */
  bool cut;           /* the body breaks off after 'at' bytes, and the connection is closed */
  size_t at;
  bool reset;   /* the connection is closed with a reset (RST) */
  bool restart; /* all connections are reset, as when the server restarts */
} PaperFault;

/* Called for each complete request. It calls paper_reply once; if it does not, the connection is closed. */
typedef void (*PaperHandler)(void *owner, const PaperRequest *request, PaperReply *reply);

/* Says what goes wrong with this answer. To be called before paper_reply. */
void paper_reply_fault(PaperReply *reply, const PaperFault *fault);
/* Sets status and body, which is copied. False when memory ran out; the connection is then closed. */
bool paper_reply(PaperReply *reply, unsigned status, const char *body, size_t size);
/* Adds header lines to it: "name: value", each with its CRLF. False when one of them cannot be added. */
bool paper_reply_lines(PaperReply *reply, const char *lines, size_t size);

/* Answers with status 101 and makes the connection a WebSocket of this number (sockets.h), above 0. */
void paper_reply_socket(PaperReply *reply, int64_t id);

/* Serves a listening socket. It takes the socket over, even when it fails and returns NULL. Its descriptors are added to the
** epoll instance of the caller, who calls paper_http_run when one of them is ready; each is told by its number. 'events': of its
** WebSockets, with the owner that is passed to the handler, too. */
PaperHttp *paper_http_new(int listener, int epoll, PaperHandler handler, const PaperSocketEvents *events);
PaperSockets *paper_http_sockets(PaperHttp *http); /* NULL: this build is without them */
int paper_http_timeout(PaperHttp *http); /* ms until paper_http_run has work in any case; -1: no limit */
bool paper_http_comes(const PaperHttp *http,
                      int fd); /* does this descriptor tell that connections have come? */
void paper_http_run(PaperHttp *http,
                    bool comes);       /* serves what is ready, and who has come, without waiting */
void paper_http_free(PaperHttp *http); /* closes all connections; NULL is allowed */

#endif
