/*
** The signature scheme "params", for v2. Key, timestamp and receive window are parameters like the call's own. All of them,
** sorted by name and written as "name=value&...", are signed; the signature is sent as the last parameter (v2
** documentation, authentication). Values are signed unencoded but sent percent-encoded, because the exchange decodes them
** before it checks the signature.
*/
#include "session.h"

#include "value/percent.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Pair { /* a parameter in its encoded form "name=value", in a text that it does not own */
  const char *name, *equals, *end; /* where the name begins, where the '=' is, and where the value ends */
} Pair;

enum { OWN = 3 }; /* the signature's own parameters: api_key, recv_window, timestamp */

static Pair pair_of(const char *text, const char *end) {
  const char *equals = memchr(text, '=', (size_t)(end - text));
  return (Pair){text, equals == NULL ? end : equals, end};
}

/* For qsort: by the decoded bytes of the names. */
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

/* Splits the payload at '&' into 'pairs', which has room for all; returns how many there are. */
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

/* Appends a parameter in decoded form. */
static bool append_raw(Bytes *out, const Pair *pair) {
  const char *at = pair->name;
  for (int c; (c = percent_next(&at, pair->end)) >= 0;) {
    char byte = (char)c;
    if (!bytes_append(out, &byte, 1)) return false;
  }
  return true;
}

/* Joins the sorted pairs twice: encoded in r->params, to be sent, and decoded in r->text, to be signed. */
static bool join(SignedRequest *r, const Pair *pairs, size_t count) {
  bool fine = true;
  for (size_t i = 0; i < count && fine; i++) {
    const Pair *p = &pairs[i];
    if (i > 0) fine = bytes_text(&r->params, "&") && bytes_text(&r->text, "&");
    fine = fine && bytes_append(&r->params, p->name, (size_t)(p->end - p->name)) && append_raw(&r->text, p);
  }
  return fine;
}

/* Signs r->text, and appends the signature to r->params. */
static bool sign(Session *s, SignedRequest *r) {
  char signature[SIGN_TEXT_MAX];
  const SignPart part = {r->text.data, r->text.size};
  size_t size = signer_sign(s->signer, &part, 1, signature);
  bool fine = size > 0 && bytes_text(&r->params, "&sign=") && bytes_text(&r->params, signature) &&
              bytes_text(&r->signature, signature);
  wipe(signature, size);
  return fine;
}

bool session_sign_params(Session *s, const Bytes *payload, int64_t timestamp, int64_t receive_window,
                         SignedRequest *r) {
  char time_text[40], window_text[40];
  Bytes key = {0};
  size_t most = OWN;
  for (size_t i = 0; i < payload->size; i++) most += payload->data[i] == '&';
  Pair *pairs = calloc(most + 1, sizeof *pairs);
  bool fine = pairs != NULL && bytes_reserve(&key, 3 * strlen(s->key) + 16) && /* once, see session.c */
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
  if (key.data != NULL) wipe(key.data, key.size);
  bytes_free(&key);
  return fine;
}
