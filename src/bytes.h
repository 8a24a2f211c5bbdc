/*
** A growable byte buffer. Knows no Lua, never raises: a failed allocation sets 'failed' and leaves the
** contents as they were, so that a run of appends is checked once at its end.
*/
#ifndef BYBIT_BYTES_H
#define BYBIT_BYTES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Bytes {
  char *data;      /* owned; NULL while empty; always followed by a zero byte once allocated */
  size_t size;     /* bytes in use */
  size_t capacity; /* bytes allocated */
  bool failed;     /* an append did not fit in memory */
} Bytes;

bool bytes_reserve(Bytes *b, size_t more); /* room for 'more' further bytes and a zero byte */
bool bytes_append(Bytes *b, const void *data, size_t size);
bool bytes_text(Bytes *b, const char *text); /* appends a zero-terminated string, without its zero */
void bytes_clear(Bytes *b);                  /* size 0, memory kept */
void bytes_free(Bytes *b);                   /* to the initial state; may be called twice */

#endif
