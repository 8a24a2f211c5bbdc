/*
** The client's side of a WebSocket (RFC 6455): frames in and out over bytes that somebody else carries. Whole text messages
** come out, whatever fragments they came in; pings are answered, closing is answered. A message is not checked for UTF-8
** here: who reads its JSON does that. Knows no connection, no loop and no Lua; only ws.c knows wslay.
*/
#ifndef BYBIT_WS_H
#define BYBIT_WS_H

#include "value/random.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum WsEnd {
  WS_OPEN,      /* it has not ended */
  WS_CLOSED,    /* closed in good order, by either side, see WsEnding.code */
  WS_CUT,       /* the bytes ended without a close frame, or the connection broke */
  WS_PROTOCOL,  /* the server broke the rules of the protocol */
  WS_TOO_LARGE, /* a message exceeds its bound */
  WS_MEMORY     /* memory or random bytes ran out */
} WsEnd;

typedef struct WsEnding {
  WsEnd how;
  int code;      /* of the close frame that came, see RFC 6455, 7.4; 0: none came, 1005: it had none */
  char why[128]; /* in words; of a close frame the server's own, printable */
} WsEnding;

/* How bytes travel. Both return how many bytes went through; 0: none now; -1: there will be none any more. */
typedef struct WsBytes {
  ptrdiff_t (*send)(void *owner, const void *data, size_t size);
  ptrdiff_t (*recv)(void *owner, void *room, size_t size);
  void (*message)(void *owner, const char *text,
                  size_t size); /* a whole message; it lives until this returns */
  void *owner;
} WsBytes;

enum { WS_QUEUE_MAX = 256 * 1024 }; /* bytes that may wait to be sent */

typedef struct Ws Ws;

/* False: this build is without libwslay, or it cannot be opened; ws_new gives NULL. */
bool ws_available(void);
const char *ws_missing(void); /* why there is none; NULL: there is */
/* 'early': bytes that came behind the answer to the upgrade. 'max': the most bytes of a message. NULL: memory ran out. */
Ws *ws_new(const WsBytes *bytes, Random *random, size_t max, const char *early, size_t early_size);
void ws_free(Ws *ws); /* NULL is allowed */
/* Reads what is there, but gives up to others after a share of it; and sends what waits. True: there may be more to read. */
bool ws_run(Ws *ws);
bool ws_wants_write(const Ws *ws); /* does something wait to be sent? */
/* Sends, or queues, a text message. False: too much waits already, or it is ending; nothing of it is sent then. */
bool ws_text(Ws *ws, const char *text, size_t size);
bool ws_ping(Ws *ws);            /* the same for a ping */
void ws_close(Ws *ws, int code); /* begins to close in good order: WS_CLOSED once the server has answered */
const WsEnding *ws_ending(const Ws *ws);
size_t ws_received(const Ws *ws); /* how many frames have come, of any kind: a line that is alive counts on */

#endif
