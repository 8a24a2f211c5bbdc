/*
** A growable byte buffer. It knows no Lua and never raises. When an allocation fails, 'failed' is set and the contents
** stay as they were. So a caller may append many times and look at 'failed' once, at the end. The struct that embeds a
** Bytes owns it and calls bytes_free. {0} is an empty buffer.
*/
#ifndef BYBIT_BYTES_H
#define BYBIT_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct Bytes {
  char *data;      /* owned; NULL while empty; always followed by a zero byte once allocated */
  size_t size;     /* bytes in use */
  size_t capacity; /* bytes allocated */
  bool failed;     /* an append found no memory; it stays set until bytes_clear or bytes_free */
} Bytes;

/* Makes room for 'more' further bytes and a zero byte. False when there is no memory, here and below. */
bool bytes_reserve(Bytes *b, size_t more);
bool bytes_append_slowly(Bytes *b, const void *data, size_t size);
/* Copies 'size' bytes to the end and puts a zero byte behind them. */
static inline bool bytes_append(Bytes *b, const void *data, size_t size) {
  if (b->capacity <= b->size || size >= b->capacity - b->size) return bytes_append_slowly(b, data, size);
  if (size > 0) memcpy(b->data + b->size, data, size);
  b->size += size;
  b->data[b->size] = '\0';
  return true;
}
bool bytes_text(Bytes *b, const char *text); /* appends a zero-terminated string, without its zero */
bool bytes_integer(Bytes *b, int64_t n);     /* appends its digits */
void bytes_clear(Bytes *b);                  /* sets the size to 0 and keeps the memory */
void bytes_free(Bytes *b);                   /* returns to the initial state; may be called twice */

enum { BYTES_NUMBER = 24 }; /* bytes for the text of any integer, with its zero byte */
/* Writes the digits and a zero byte; returns the text's size without it. */
size_t bytes_number(int64_t n, char text[BYTES_NUMBER]);

#endif
