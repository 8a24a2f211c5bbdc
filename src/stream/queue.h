/*
** What waits for a reader: messages of its topics, and what is told of them, in the order of their coming. It is bounded, in
** number and in bytes: messages by 'most', and what is told of them because a reader who has seen neither need not be told that it
** was live, and then stale again at once. Knows no Lua.
*/
#ifndef BYBIT_STREAM_QUEUE_H
#define BYBIT_STREAM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum EntryKind {
  ENTRY_DATA,   /* a message of a topic */
  ENTRY_MERGED, /* a topic whose messages are put together has news */
  ENTRY_LIVE,
  ENTRY_STALE,     /* 'text' says why, 'since' since when */
  ENTRY_REFUSED,   /* 'text' is what the exchange says */
  ENTRY_UNRECORDED /* 'text' says why lines cannot be recorded */
} EntryKind;

typedef struct Entry {
  struct Entry *next, *before;
  EntryKind kind;
  int topic; /* of the reader's; -1: of none */
  int64_t since, dropped;
  size_t size;
  char text[]; /* with a zero byte behind it */
} Entry;

typedef struct Queue {
  Entry *first, *last; /* owned */
  int data, most;      /* messages that wait, and may */
  size_t bytes;        /* of them */
} Queue;

enum { QUEUE_BYTES = 8 * 1024 * 1024 }; /* that may wait for one reader, besides the newest message */

/* Was it live, last, for a reader who has not seen it? Then it is forgotten, and "stale" need not be told. */
bool queue_unsay_live(Queue *q);
/* Appends one and returns it; NULL: memory ran out. */
Entry *queue_add(Queue *q, EntryKind kind, int topic, const char *text, size_t size);
bool queue_full(const Queue *q, size_t size); /* would a message of so many bytes be too much? */
Entry *queue_oldest(const Queue *q,
                    int topic);        /* the first message of a topic (-1: of any); NULL: there is none */
void queue_remove(Queue *q, Entry *e); /* frees it, and what is nothing to a reader without it */
void queue_clear(Queue *q);            /* frees all */

#endif
