/*
** Turns an encoded call into a signed request: URL, headers, signature, by the scheme that the dialect names. Signing by
** headers is here: timestamp, key, receive window and payload, joined; the bytes that are signed are the bytes that are
** sent (V5 documentation, integration guidance). Signing parameters is in session_params.c.
*/
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OTHERS = 512 }; /* bytes: the names, the times, the type of content */

typedef bool Sign(Session *s, const Bytes *payload, int64_t timestamp, int64_t window, SignedRequest *r,
                  size_t at[]);

struct Scheme {
  const char *name, *content_type; /* of a POST's body */
  bool hmac_only;
  bool params; /* the signature is among the parameters */
  Sign *sign;
};

/* A key goes into a header as it is: a line break in it would be the end of that. */
static bool is_printable(const char *key) {
  const char *at = key;
  while (*at > ' ' && *at <= '~') at++;
  return at > key && *at == '\0';
}

bool session_credentials(Session *s, const char *key, const char *secret, size_t secret_size, const char *pem,
                         size_t pem_size, const char **why) {
  if (s->scheme->hmac_only && secret == NULL) {
    *why = "this API takes a key with a secret (HMAC), not an RSA key";
    return false;
  }
  if (!is_printable(key)) {
    *why = "a key of printable characters expected";
    return false;
  }
  char *copy = strdup(key);
  if (copy == NULL) {
    *why = "not enough memory";
    return false;
  }
  Signer *signer = secret != NULL ? signer_hmac(secret, secret_size, why) : signer_rsa(pem, pem_size, why);
  if (signer == NULL) {
    wipe(copy, strlen(copy));
    free(copy);
    return false;
  }
  s->key = copy;
  s->signer = signer;
  return true;
}

/* Appends a header line made of a name and up to two texts. */
static bool add_header(SignedRequest *r, size_t at[], const char *name, const char *value) {
  if (r->header_count == SESSION_HEADERS) return false;
  at[r->header_count++] = r->lines.size;
  return bytes_text(&r->lines, name) && bytes_text(&r->lines, ": ") && bytes_text(&r->lines, value) &&
         bytes_append(&r->lines, "", 1);
}

static bool sign_headers(Session *s, const Bytes *payload, int64_t timestamp, int64_t window,
                         SignedRequest *r, size_t at[]) {
  char time_text[24], window_text[24], signature[SIGN_TEXT_MAX];
  int time_size = snprintf(time_text, sizeof time_text, "%" PRId64, timestamp);
  int window_size = snprintf(window_text, sizeof window_text, "%" PRId64, window);
  const SignPart parts[] = {{time_text, (size_t)time_size},
                            {s->key, strlen(s->key)},
                            {window_text, (size_t)window_size},
                            {payload->data == NULL ? "" : payload->data, payload->size}};
  if (signer_sign(s->signer, parts, sizeof parts / sizeof *parts, signature) == 0) return false;
  bool fine =
      add_header(r, at, "X-BAPI-API-KEY", s->key) && add_header(r, at, "X-BAPI-TIMESTAMP", time_text) &&
      add_header(r, at, "X-BAPI-RECV-WINDOW", window_text) && add_header(r, at, "X-BAPI-SIGN", signature);
  fine = fine && bytes_text(&r->signature, signature);
  wipe(signature, sizeof signature);
  return fine;
}

static bool sign_params(Session *s, const Bytes *payload, int64_t timestamp, int64_t window, SignedRequest *r,
                        size_t at[]) {
  (void)at;
  return session_sign_params(s, payload, timestamp, window, r);
}

bool session_scheme(Session *s, const char *name) {
  static const struct Scheme schemes[] = {{"headers", "application/json", .sign = sign_headers},
                                          {"params", "application/x-www-form-urlencoded", .hmac_only = true,
                                           .params = true, .sign = sign_params}};
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
    if (strcmp(schemes[i].name, name) == 0) s->scheme = &schemes[i];
  return s->scheme != NULL;
}

static void clear(SignedRequest *r) {
  bytes_clear(&r->url);
  bytes_clear(&r->lines);
  bytes_clear(&r->signature);
  bytes_clear(&r->params);
  bytes_clear(&r->text);
  r->header_count = r->body_size = 0;
  r->body = NULL;
}

static void wipe_bytes(Bytes *b) {
  if (b->data != NULL) wipe(b->data, b->capacity);
  bytes_free(b);
}

/* What grows leaves copies behind: there is room for all of it before a byte of a key comes in. */
static bool make_room(Bytes *b, size_t size) {
  if (b->capacity > size) return true;
  wipe_bytes(b);
  return bytes_reserve(b, size);
}

static bool make_rooms(const Session *s, const char *path, const Bytes *payload, SignedRequest *r) {
  size_t key = s->key == NULL ? 0 : 3 * strlen(s->key); /* percent-encoded at most */
  size_t params = payload->size + key + SIGN_TEXT_MAX + OTHERS;
  size_t lines = key + SIGN_TEXT_MAX + OTHERS + (s->referer == NULL ? 0 : strlen(s->referer));
  return make_room(&r->url, strlen(s->url) + strlen(path) + params) && make_room(&r->lines, lines) &&
         make_room(&r->signature, SIGN_TEXT_MAX) &&
         (!s->scheme->params || (make_room(&r->params, params) && make_room(&r->text, params)));
}

bool session_request(Session *s, bool post, const char *path, const Bytes *payload, bool sign,
                     int64_t timestamp, int64_t receive_window, SignedRequest *r) {
  size_t at[SESSION_HEADERS] = {0};
  clear(r);
  sign = sign && s->signer != NULL;
  bool fine = !sign || (make_rooms(s, path, payload, r) &&
                        s->scheme->sign(s, payload, timestamp, receive_window, r, at));
  const Bytes *out = sign && s->scheme->params ? &r->params : payload;
  fine = fine && bytes_text(&r->url, s->url) && bytes_text(&r->url, path);
  if (fine && post) {
    r->body = out->data == NULL ? "" : out->data;
    r->body_size = out->size;
    fine = add_header(r, at, "Content-Type", s->scheme->content_type);
  } else if (fine && out->size > 0)
    fine = bytes_text(&r->url, "?") && bytes_append(&r->url, out->data, out->size);
  if (fine && s->referer != NULL) fine = add_header(r, at, "Referer", s->referer);
  if (!fine) return false;
  for (size_t i = 0; i < r->header_count; i++) r->header[i] = r->lines.data + at[i];
  return true;
}

static void wipe_text(char **text) {
  if (*text == NULL) return;
  wipe(*text, strlen(*text));
  free(*text);
  *text = NULL;
}

void session_free(Session *s) {
  wipe_text(&s->key);
  signer_free(s->signer);
  free(s->url);
  free(s->referer);
  *s = (Session){0};
}

void signed_request_free(SignedRequest *r) {
  wipe_bytes(&r->url);
  wipe_bytes(&r->lines);
  wipe_bytes(&r->signature);
  wipe_bytes(&r->params);
  wipe_bytes(&r->text);
  r->header_count = 0;
  r->body = NULL;
}
