/*
** A growable byte buffer, over realloc. Request bodies, queries and answers are collected in one. The contract is in
** bytes.h.
*/
#include "bytes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The capacity doubles, so that many small appends cost few reallocations. */
bool bytes_reserve(Bytes *b, size_t more) {
  if (more >= SIZE_MAX - b->size) {
    b->failed = true;
    return false;
  }
  size_t wanted = b->size + more + 1;
  if (wanted <= b->capacity) return true;
  size_t capacity = b->capacity < 256 ? 256 : b->capacity;
  while (capacity < wanted) capacity = capacity > SIZE_MAX / 2 ? wanted : capacity * 2;
  char *data = realloc(b->data, capacity);
  if (data == NULL) {
    b->failed = true;
    return false;
  }
  b->data = data;
  b->capacity = capacity;
  return true;
}

bool bytes_append(Bytes *b, const void *data, size_t size) {
  if (!bytes_reserve(b, size)) return false;
  if (size > 0) memcpy(b->data + b->size, data, size);
  b->size += size;
  b->data[b->size] = '\0';
  return true;
}

bool bytes_text(Bytes *b, const char *text) {
  return bytes_append(b, text, strlen(text));
}

void bytes_clear(Bytes *b) {
  b->size = 0;
  b->failed = false;
  if (b->data != NULL) b->data[0] = '\0';
}

void bytes_free(Bytes *b) {
  free(b->data);
  *b = (Bytes){0};
}
