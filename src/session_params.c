/*
** Signing parameters, as v2 wants it: key, timestamp and receive window are parameters like the call's own; the text
** "name=value&..." of all of them, sorted by name, is signed, and the signature goes out as the last one (v2
** documentation, authentication). Values are signed as they are and sent percent-encoded: the exchange decodes before it
** checks, so a signature over the encoded text would be wrong.
*/
#include "session.h"

#include "percent.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Pair { /* of an encoded text "name=value"; inside the payload or a local array */
  const char *name, *equals, *end;
} Pair;

enum { OWN = 3 }; /* api_key, recv_window, timestamp */

static Pair pair_of(const char *text, const char *end) {
  const char *equals = memchr(text, '=', (size_t)(end - text));
  return (Pair){text, equals == NULL ? end : equals, end};
}

/* By the bytes that the names mean. */
static int by_name(const void *a, const void *b) {
  const Pair *x = a, *y = b;
  const char *p = x->name, *q = y->name;
  int c, d;
  do {
    c = percent_next(&p, x->equals);
    d = percent_next(&q, y->equals);
  } while (c == d && c >= 0);
  return c - d;
}

static size_t split(const Bytes *payload, Pair *pairs) {
  size_t count = 0;
  const char *at = payload->data, *end = at + payload->size;
  while (at < end) {
    const char *stop = memchr(at, '&', (size_t)(end - at));
    if (stop == NULL) stop = end;
    pairs[count++] = pair_of(at, stop);
    at = stop + 1;
  }
  return count;
}

static bool append_raw(Bytes *out, const Pair *pair) {
  const char *at = pair->name;
  for (int c; (c = percent_next(&at, pair->end)) >= 0;) {
    char byte = (char)c;
    if (!bytes_append(out, &byte, 1)) return false;
  }
  return true;
}

/* Both texts of the sorted pairs: r->params as sent, r->text as signed. */
static bool join(SignedRequest *r, const Pair *pairs, size_t count) {
  bool fine = true;
  for (size_t i = 0; i < count && fine; i++) {
    const Pair *p = &pairs[i];
    if (i > 0) fine = bytes_text(&r->params, "&") && bytes_text(&r->text, "&");
    fine = fine && bytes_append(&r->params, p->name, (size_t)(p->end - p->name)) && append_raw(&r->text, p);
  }
  return fine;
}

static bool sign(Session *s, SignedRequest *r) {
  char signature[SIGN_TEXT_MAX];
  const SignPart part = {r->text.data, r->text.size};
  bool fine = signer_sign(s->signer, &part, 1, signature) > 0 && bytes_text(&r->params, "&sign=") &&
              bytes_text(&r->params, signature) && bytes_text(&r->signature, signature);
  wipe(signature, sizeof signature);
  return fine;
}

bool session_sign_params(Session *s, const Bytes *payload, int64_t timestamp, int64_t receive_window,
                         SignedRequest *r) {
  char time_text[40], window_text[40];
  Bytes key = {0};
  size_t most = OWN;
  for (size_t i = 0; i < payload->size; i++) most += payload->data[i] == '&';
  Pair *pairs = calloc(most + 1, sizeof *pairs);
  bool fine = pairs != NULL && bytes_reserve(&key, 3 * strlen(s->key) + 16) && /* once: see session.c */
              bytes_text(&key, "api_key=") && percent_encode(&key, s->key, strlen(s->key));
  if (fine) {
    int time_size = snprintf(time_text, sizeof time_text, "timestamp=%" PRId64, timestamp);
    int window_size = snprintf(window_text, sizeof window_text, "recv_window=%" PRId64, receive_window);
    pairs[0] = pair_of(key.data, key.data + key.size);
    pairs[1] = pair_of(time_text, time_text + time_size);
    pairs[2] = pair_of(window_text, window_text + window_size);
    size_t count = OWN + (payload->size == 0 ? 0 : split(payload, pairs + OWN));
    qsort(pairs, count, sizeof *pairs, by_name);
    fine = join(r, pairs, count) && sign(s, r);
  }
  free(pairs);
  if (key.data != NULL) wipe(key.data, key.capacity);
  bytes_free(&key);
  return fine;
}
