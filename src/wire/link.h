/*
** A WebSocket connection on the loop: a pipe (http_pipe.h), the upgrade, then frames (ws.h), driven by the descriptor. It
** is made once and ends once; who wants another makes another. Knows no Lua and nothing of the exchange.
*/
#ifndef BYBIT_LINK_H
#define BYBIT_LINK_H

#include "http.h"
#include "loop/loop.h"
#include "value/random.h"

typedef struct Link Link;

typedef struct LinkOptions {
  const char *url; /* http or https, whole */
  bool local;      /* it reaches this machine only, so no proxy is used */
  double timeout;  /* seconds until it is open: name, connection, handshakes */
  size_t max;      /* the most bytes of a message */
  Random *random;  /* for masks and the upgrade's key; outlives the link */
} LinkOptions;

/* What the owner hears. None of them is called from link_new; none may call link_free. */
typedef struct LinkEvents {
  void (*open)(void *owner);
  void (*message)(void *owner, const char *text, size_t size);
  void (*ended)(void *owner); /* once, and the last */
  void *owner;
} LinkEvents;

typedef enum LinkEnd {
  LINK_OPEN,      /* it has not ended */
  LINK_CLOSED,    /* in good order, by either side: 'code' says why */
  LINK_NETWORK,   /* refused, reset, cut, name not found */
  LINK_TIMEOUT,   /* it did not open in time, or the server did not answer our close */
  LINK_TLS,       /* the handshake failed, or a certificate is not valid */
  LINK_REFUSED,   /* the server answered the upgrade with another status, see 'status' */
  LINK_PROTOCOL,  /* what came is no WebSocket */
  LINK_TOO_LARGE, /* a message exceeds its bound */
  LINK_MEMORY
} LinkEnd;

typedef struct LinkEnding {
  LinkEnd how;
  int code;      /* of the server's close frame; 0: none came */
  int status;    /* HTTP status of the answer to the upgrade; 0: none came */
  char why[256]; /* in words, without secrets */
} LinkEnding;

/* Begins to connect. NULL with '*why' (static text): memory ran out, or see ws_missing. */
Link *link_new(Http *http, Loop *loop, const LinkOptions *options, const LinkEvents *events,
               const char **why);
bool link_is_open(const Link *link);
bool link_text(Link *link, const char *text, size_t size); /* as ws_text; false also before it is open */
void link_close(Link *link, int code);                     /* in good order; 'ended' tells when it is done */
void link_free(Link *link); /* at once, without 'ended'; NULL is allowed. To be called before http_free */
const LinkEnding *link_ending(const Link *link);
size_t link_received(const Link *link); /* as ws_received */

#endif
