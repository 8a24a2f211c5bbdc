/*
** A growable byte buffer. It knows no Lua and never raises. When an allocation fails, 'failed' is set and the contents
** stay as they were. So a caller may append many times and look at 'failed' once, at the end. The struct that embeds a
** Bytes owns it and calls bytes_free. {0} is an empty buffer.
*/
#ifndef BYBIT_BYTES_H
#define BYBIT_BYTES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Bytes {
  char *data;      /* owned; NULL while empty; always followed by a zero byte once allocated */
  size_t size;     /* bytes in use */
  size_t capacity; /* bytes allocated */
  bool failed;     /* an append found no memory; it stays set until bytes_clear or bytes_free */
} Bytes;

/* Makes room for 'more' further bytes and a zero byte. False when there is no memory, here and below. */
bool bytes_reserve(Bytes *b, size_t more);
/* Copies 'size' bytes to the end and puts a zero byte behind them. */
bool bytes_append(Bytes *b, const void *data, size_t size);
bool bytes_text(Bytes *b, const char *text); /* appends a zero-terminated string, without its zero */
void bytes_clear(Bytes *b);                  /* sets the size to 0 and keeps the memory */
void bytes_free(Bytes *b);                   /* returns to the initial state; may be called twice */

#endif
