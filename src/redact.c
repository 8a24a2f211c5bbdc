/*
** See redact.h. A signature made with RSA is base64, whose '+', '/' and '=' are written otherwise in JSON and in URLs:
** a secret is looked for run by run of the characters that nobody rewrites, long runs only, so that words stay.
*/
#include "redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum {
  SECRET_MIN = 8, /* characters: no exchange gives out shorter keys, and shorter texts are words */
  RUN_MIN = 12,   /* shorter runs of a longer secret tell nothing */
  STARS = 3
};

typedef struct Text {
  char *data;
  size_t size;
} Text;

/* Puts stars in place of 'length' bytes at 'at'. Returns where they end. */
static size_t blot(Text *t, size_t at, size_t length) {
  size_t stars = length < STARS ? length : STARS;
  memset(t->data + at, '*', stars);
  memmove(t->data + at + stars, t->data + at + length, t->size - at - length);
  t->size -= length - stars;
  return at + stars;
}

static bool find(const Text *t, size_t from, const char *what, size_t length, size_t *at) {
  const char *found = memmem(t->data + from, t->size - from, what, length);
  if (found != NULL) *at = (size_t)(found - t->data);
  return found != NULL;
}

static void strike(Text *t, const char *run, size_t length) {
  size_t at = 0;
  while (find(t, at, run, length, &at)) at = blot(t, at, length);
}

static size_t run_length(const char *text) {
  size_t n = 0;
  while (isalnum((unsigned char)text[n]) || text[n] == '-' || text[n] == '_') n++;
  return n;
}

static void strike_secret(Text *t, const char *secret) {
  size_t size = strlen(secret), run;
  if (size < SECRET_MIN) return;
  strike(t, secret, size);
  for (const char *at = secret; at < secret + size; at += run == 0 ? 1 : run) {
    run = run_length(at);
    if (run >= RUN_MIN && run < size) strike(t, at, run);
  }
}

/* One past what an echo in the middle of a JSON string holds, from 'at': up to ']' or the string's own end, so that
** striking it out never joins two strings. */
static size_t echo_end(const Text *t, size_t at) {
  while (at < t->size && t->data[at] != ']' && t->data[at] != '"') at += t->data[at] == '\\' ? 2 : 1;
  return at < t->size ? at : t->size;
}

/* Strikes what stands in brackets after 'word', which ends with one. */
static void strike_brackets(Text *t, const char *word) {
  size_t at = 0, length = strlen(word);
  while (find(t, at, word, length, &at)) {
    at += length;
    at = blot(t, at, echo_end(t, at) - at);
  }
}

size_t redact(char *text, size_t size, const char *const secrets[], size_t count) {
  Text t = {text, size};
  if (size == 0) return 0;
  for (size_t i = 0; i < count; i++)
    if (secrets[i] != NULL) strike_secret(&t, secrets[i]);
  strike_brackets(&t, "origin_string[");
  strike_brackets(&t, "sign_string[");
  return t.size;
}
