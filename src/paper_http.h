/*
** The paper exchange's HTTP/1.1 server on an epoll descriptor of its own: keep-alive, pipelining, bounded
** requests. Knows no Lua and no rule of the exchange. Nothing but paper_http.c knows libmicrohttpd.
** Everything here is called from one thread.
*/
#ifndef BYBIT_PAPER_HTTP_H
#define BYBIT_PAPER_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#define PAPER_BODY_MAX    (256 * 1024) /* bytes of a request's body; more gets 413 */
#define PAPER_CONNECTIONS 1000         /* open at once; more wait in the listen queue */

typedef struct PaperHttp PaperHttp;
typedef struct PaperReply PaperReply;

/* One complete request; everything lives until the handler returns. */
typedef struct PaperRequest {
  const char *verb;
  const char *target;                          /* path and query exactly as in the request line */
  const char *key, *timestamp, *sign, *window; /* the X-BAPI-... headers; NULL: absent */
  const char *body;                            /* never NULL */
  size_t body_size;
  const char *address; /* the caller's IP */
} PaperRequest;

/* How an answer goes wrong on its way, for tests of clients; all zero: it does not. */
typedef struct PaperFault {
  unsigned delay_ms;  /* the answer waits this long, other requests do not */
  unsigned overtaken; /* it goes once so many later answers have gone; 'delay_ms' bounds the wait */
  bool silent;        /* there is no answer: the connection ends instead */
  bool cut;           /* the body breaks off after 'at' bytes, with the connection */
  size_t at;
  bool reset;   /* the connection ends with a reset, not in good order */
  bool restart; /* so do all the others */
} PaperFault;

/* Called for each complete request; answers with paper_reply, once. No reply closes the connection. */
typedef void (*PaperHandler)(void *owner, const PaperRequest *request, PaperReply *reply);

/* What is to go wrong with this answer; before paper_reply. */
void paper_reply_fault(PaperReply *reply, const PaperFault *fault);
/* Copies 'body'. False when memory ran out (the connection is closed then). */
bool paper_reply(PaperReply *reply, unsigned status, const char *body, size_t size);
bool paper_reply_header(PaperReply *reply, const char *name, const char *value); /* after paper_reply */

/* Serves a listening socket, which it owns from here on, also when it fails (NULL). */
PaperHttp *paper_http_new(int listener, PaperHandler handler, void *owner);
int paper_http_fd(PaperHttp *http);      /* readable when paper_http_run has work */
int paper_http_timeout(PaperHttp *http); /* ms until paper_http_run wants to run anyway; -1: no need */
void paper_http_run(PaperHttp *http);    /* does what is ready, without waiting */
void paper_http_free(PaperHttp *http);   /* closes all connections; NULL is fine */

#endif
