/*
** A connection of the HTTP server: the bytes that come, until they are a whole request, and the bytes that go. Knows no epoll, and nothing
** of what is answered.
*/
#ifndef BYBIT_PAPER_PEER_H
#define BYBIT_PAPER_PEER_H

#include "head.h"
#include "http.h"

typedef enum PeerNext {
  PEER_WAITS, /* nothing until more comes */
  PEER_ASKS,  /* a whole request is there */
  PEER_WRONG, /* what came is to be refused, and the connection ends with that */
  PEER_FLOODS /* no end of it can be waited for, or memory ran out: the connection ends */
} PeerNext;

/* Bytes, which the buffer owns. */
typedef struct Bytes {
  char *data;
  size_t size, room;
} Bytes;

typedef struct Peer {
  PaperWatch watch;
  PaperHttp *http;
  int fd;                /* owned; -1: the connection has ended */
  unsigned watched;      /* for which events; 0: it is not watched */
  int64_t since, active; /* when it came, and when bytes came last, ms */
  char address[16];      /* IPv4, as text; "": another */

  Bytes in;         /* what came and is not used up: the request that is read, and what follows it */
  size_t looked_at; /* so many bytes of 'in' have no end of a head */
  size_t head_size; /* bytes of the head; 0: it is not complete */
  PaperHead head;
  Bytes body;        /* of a request in chunks */
  size_t chunk_left; /* bytes of the chunk that is read */
  size_t trailer;    /* bytes of header lines behind the chunks */
  size_t dropped;    /* bytes of the body beyond PAPER_BODY_MAX, which are not kept */
  enum { CHUNK_SIZE, CHUNK_DATA, CHUNK_END, CHUNK_TRAILER } chunk;
  bool continued; /* "100 Continue" was sent */
  int refusal;    /* the status with which PEER_WRONG is answered */

  Bytes out;        /* what is to be sent */
  size_t sent;      /* bytes of it that are */
  size_t held_from; /* with 'waiting': the answer that is held back begins here */
  bool closes;      /* the connection ends when all is sent */
  bool drains;      /* and before that what still comes is read, so that the answer is not lost */
  bool resets;      /* and it ends with a reset */
  size_t drained;

  bool waiting;              /* its answer is held back, or it is a WebSocket: it cannot be missed */
  PaperFault fault;          /* of the answer that is held back */
  int64_t due;               /* when that is sent, ms */
  int64_t socket;            /* the number of the WebSocket that it becomes when all is sent; 0: none */
  struct Peer *next, **link; /* in a line of http.c, or among those that have ended */
  struct Peer *next_held, **held_link; /* a 'held_link' of NULL: it is not held */
} Peer;

void peer_free(Peer *peer); /* closes it */

/* Reads once what has come. False: the connection has ended. */
bool peer_read(Peer *peer);
/* What the bytes that came are. After PEER_ASKS the request is in 'head' and peer_body; it lives until peer_done. */
PeerNext peer_next(Peer *peer);
const char *peer_body(const Peer *peer, size_t *size);
void peer_done(Peer *peer);

/* Room for so many more bytes to send; NULL when memory ran out. What is written there is added to 'out.size'. */
char *peer_room(Peer *peer, size_t size);
bool peer_put(Peer *peer, const char *data, size_t size);
/* Sends what can be sent, but not an answer that is held back. False: the connection has ended. */
bool peer_send(Peer *peer);
bool peer_has_sent(const Peer *peer); /* all of it? */

#endif
