/*
** An order book, kept up to date from the messages of a topic (V5 documentation, websocket/public/orderbook). It is exact: a
** price or a quantity that cannot be read exactly makes the message odd. Knows no Lua.
*/
#ifndef BYBIT_STREAM_BOOK_H
#define BYBIT_STREAM_BOOK_H

#include "value/decimal.h"

enum { BOOK_BIDS, BOOK_ASKS, BOOK_LEVELS = 4096 }; /* the most levels of a side */

typedef struct Level {
  Decimal price, quantity;
} Level;

typedef struct Side {
  Level *level; /* owned; the best is the last */
  int count, room;
} Side;

typedef struct Book {
  Side side[2];
  bool whole;     /* a snapshot has come */
  int64_t update; /* `u` of the last message */
  int64_t seq;    /* of the matching engine */
  int64_t time;   /* when the exchange sent it, ms */
} Book;

typedef enum BookNews {
  BOOK_CHANGED,
  BOOK_SAME,    /* a message that was taken before comes again */
  BOOK_GAP,     /* its number does not follow on the last one, or there is none: something is missing */
  BOOK_CROSSED, /* the best bid is not below the best ask any more */
  BOOK_ODD,     /* it cannot be read */
  BOOK_MEMORY
} BookNews;

/* Takes a message. After anything but BOOK_CHANGED and BOOK_SAME the book waits for a snapshot: 'whole' is false, and the levels
** are what they were at best. */
BookNews book_take(Book *b, const char *text, size_t size);
const Level *book_best(const Book *b, int side); /* NULL: the side is empty */
/* How much there is on a side up to a price, that price included. False: more than 34 digits would be needed. */
bool book_quantity_to(const Book *b, int side, Decimal price, Decimal *out);
void book_free(Book *b); /* frees what it holds; may be called twice */

#endif
