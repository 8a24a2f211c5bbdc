/*
** A topic whose messages tell what has changed: its fields, put together. Knows no Lua.
*/
#ifndef BYBIT_STREAM_TICKER_H
#define BYBIT_STREAM_TICKER_H

#include "value/bytes.h"

enum { TICKER_FIELDS = 64 };

typedef struct TickerField {
  Bytes name, value; /* as they stand in JSON, with their quotes */
  bool changed;      /* since ticker_write */
} TickerField;

typedef struct Ticker {
  int count;
  int64_t ts; /* of the last message, ms */
  TickerField field[TICKER_FIELDS];
} Ticker;

/* Takes a message, `{"type":"snapshot"|"delta","ts":...,"data":{...}}`. False: it is none, or memory ran out. */
bool ticker_take(Ticker *t, const char *text, size_t size);
/* Appends a message with all fields, of type snapshot. To 'changed' the names of those that have changed since this was called
** last, each with a comma behind it and without quotes. */
void ticker_write(Ticker *t, Bytes *out, Bytes *changed);
void ticker_free(Ticker *t); /* frees what it holds; may be called twice */

#endif
