/*
** Fuzzes the redaction. The input is one or two secrets, each with a zero byte behind it, and a text. The quick look must
** leave no text that the whole pass would change; and no text may grow.
*/
#include "wire/redact.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                                      \
  do {                                                                                                       \
    if (!(condition)) abort();                                                                               \
  } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly that size, so that reading behind it is found out. */
static char *copy_of(const char *text, size_t size) {
  char *copy = malloc(size == 0 ? 1 : size);
  MUST(copy != NULL);
  memcpy(copy, text, size);
  return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *secrets[2], *at = (const char *)data, *end = at + size;
  size_t count = 0;
  for (; count < 2; count++) {
    const char *zero = at == end ? NULL : memchr(at, '\0', (size_t)(end - at));
    if (zero == NULL) break;
    secrets[count] = at;
    at = zero + 1;
  }
  size_t length = (size_t)(end - at);
  if (length == 0) return 0;
  char *quick = copy_of(at, length), *whole = copy_of(at, length);
  Redaction r;
  redact_begin(&r, secrets, count);
  size_t quick_size = redact(&r, quick, length);
  redact_end(&r);
  size_t whole_size = redact_whole(whole, length, secrets, count);
  MUST(quick_size == whole_size && whole_size <= length && memcmp(quick, whole, whole_size) == 0);
  free(quick);
  free(whole);
  return 0;
}
