/* What the readers of streams share: reader.c has those of events, order_book.c those of books. */
#ifndef BYBIT_STREAM_PARTS_H
#define BYBIT_STREAM_PARTS_H

#include "channel.h"
#include "record.h"
#include "stream.h"

/* Who reads a client's streams. It is embedded, and leaves when it is closed or the client is. */
typedef struct Member {
  Streams *streams;                      /* NULL: its client has closed, or it has left */
  void (*detach)(struct Member *member); /* the client closes: leave the topics, and wake who waits */
  void (*nudge)(struct Member *member);  /* see streams_nudge; NULL: it does not want to know */
  struct Member *next, **link;
} Member;

void member_join(Streams *s, Member *m); /* 'detach' is set */
void member_leave(Member *m);            /* may be called twice */
/* The channel of a place; made where there is none, with the fields heartbeat and patience of the table at 'index'. Raises when
** memory runs out. */
Channel *streams_channel(lua_State *L, Streams *s, const char *url, bool private, int index);
double stream_number_field(lua_State *L, int table, const char *key); /* raises where it is none */
const char *streams_key(const Streams *s); /* what it logs in with; NULL: nothing */
Sightings *streams_sightings(const Streams *s);
int64_t streams_now(const Streams *s); /* the exchange's clock, ms */
/* The recording that the field "record" of the table at 'index' holds, which becomes user value 'value' of the userdata on top of
** the stack; NULL: there is none. */
Record *recorder_field(lua_State *L, int index, int value);
void reader_open(lua_State *L);
void recorder_open(lua_State *L);
void ticker_open(lua_State *L); /* adds 'ticker' to the module table on top of the stack */
void order_book_open(
    lua_State *L); /* adds 'order_book', functions of books, to the module table on top of the stack */

#endif
