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

bool bytes_append_slowly(Bytes *b, const void *data, size_t size) {
  return bytes_reserve(b, size) && bytes_append(b, data, size);
}

bool bytes_text(Bytes *b, const char *text) {
  return bytes_append(b, text, strlen(text));
}

size_t bytes_number(int64_t n, char text[BYTES_NUMBER]) {
  char digits[BYTES_NUMBER];
  size_t count = 0, size = 0;
  uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;
  do digits[count++] = (char)('0' + left % 10);
  while ((left /= 10) > 0);
  if (n < 0) text[size++] = '-';
  while (count > 0) text[size++] = digits[--count];
  text[size] = '\0';
  return size;
}

bool bytes_integer(Bytes *b, int64_t n) {
  char text[BYTES_NUMBER];
  return bytes_append(b, text, bytes_number(n, text));
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
