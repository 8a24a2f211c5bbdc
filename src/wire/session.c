/*
** Turns an encoded call into a signed request: URL, headers, signature. The dialect names the scheme. The scheme
** "headers" is here: it signs timestamp, key, receive window and payload, joined without separators, and the payload is
** sent exactly as it was signed (V5 documentation, integration guidance). The scheme "params" is in params.c.
*/
#include "session.h"

#include <stdlib.h>
#include <string.h>

enum { OTHERS = 320 }; /* bytes: room for names, times and content type, in make_rooms */

/* Signs the payload into 'r'. False when memory ran out or signing failed. */
typedef bool Sign(Session *s, const Bytes *payload, int64_t timestamp, int64_t window, SignedRequest *r);

struct Scheme {
  const char *name, *content_type; /* the latter of the body of a POST */
  bool hmac_only;                  /* RSA keys do not work with it */
  bool params;                     /* the signature is one of the parameters */
  Sign *sign;
};

/* The key is sent in a header unchanged, so a line break in it would end the header. */
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

static const char BETWEEN[] = "\r\n";

/* Appends a header line. */
static bool add_header(SignedRequest *r, const char *name, const char *value) {
  if (r->header_count == SESSION_HEADERS) return false;
  if (r->header_count > 0 && !bytes_append(&r->lines, BETWEEN, sizeof BETWEEN - 1)) return false;
  r->line[r->header_count++] = r->lines.size;
  return bytes_append(&r->lines, name, strlen(name)) && bytes_append(&r->lines, ": ", 2) &&
         bytes_append(&r->lines, value, strlen(value));
}

const char *session_line(const SignedRequest *r, size_t i, size_t *size) {
  size_t end = i + 1 < r->header_count ? r->line[i + 1] - (sizeof BETWEEN - 1) : r->lines.size;
  *size = end - r->line[i];
  return r->lines.data + r->line[i];
}

/* The scheme "headers". */
static bool sign_headers(Session *s, const Bytes *payload, int64_t timestamp, int64_t window,
                         SignedRequest *r) {
  char time_text[BYTES_NUMBER], window_text[BYTES_NUMBER], signature[SIGN_TEXT_MAX];
  const SignPart parts[] = {{time_text, bytes_number(timestamp, time_text)},
                            {s->key, strlen(s->key)},
                            {window_text, bytes_number(window, window_text)},
                            {payload->data == NULL ? "" : payload->data, payload->size}};
  size_t size = signer_sign(s->signer, parts, sizeof parts / sizeof *parts, signature);
  if (size == 0) return false;
  bool fine = add_header(r, "X-BAPI-API-KEY", s->key) && add_header(r, "X-BAPI-TIMESTAMP", time_text) &&
              add_header(r, "X-BAPI-RECV-WINDOW", window_text) && add_header(r, "X-BAPI-SIGN", signature);
  fine = fine && bytes_text(&r->signature, signature);
  wipe(signature, size);
  return fine;
}

static bool sign_params(Session *s, const Bytes *payload, int64_t timestamp, int64_t window,
                        SignedRequest *r) {
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

/* Wipes what is in use: what is behind was never written since the last time. */
static void clear_bytes(Bytes *b) {
  if (b->size > 0) wipe(b->data, b->size);
  bytes_clear(b);
}

static void free_bytes(Bytes *b) {
  clear_bytes(b);
  bytes_free(b);
}

/* The URL is wiped only where it holds a signature. */
void signed_request_clear(SignedRequest *r) {
  if (r->params.size > 0)
    clear_bytes(&r->url);
  else
    bytes_clear(&r->url);
  clear_bytes(&r->lines);
  clear_bytes(&r->key);
  clear_bytes(&r->signature);
  clear_bytes(&r->params);
  clear_bytes(&r->text);
  r->header_count = r->body_size = 0;
  r->body = r->headers = NULL;
}

/* Growing a buffer leaves a copy of its contents in freed memory. So there must be room for 'size' bytes before a key or
** signature is written. */
static bool make_room(Bytes *b, size_t size) {
  if (b->capacity > size) return true;
  free_bytes(b);
  if (!bytes_reserve(b, size)) return false;
  bytes_clear(b); /* a zero byte ends it, also when signing fails */
  return true;
}

/* Notes the key in the request, so that it is known when the session is gone. */
static bool copy_key(const Session *s, SignedRequest *r) {
  return s->key == NULL || (make_room(&r->key, strlen(s->key)) && bytes_text(&r->key, s->key));
}

/* The same for all buffers of a request that get the key or the signature. */
static bool make_rooms(const Session *s, const char *path, const Bytes *payload, SignedRequest *r) {
  size_t signature = signer_room(s->signer);
  size_t secrets = signature + 3 * strlen(s->key); /* at most, when each byte of the key is percent-encoded */
  size_t lines = secrets + OTHERS + (s->referer == NULL ? 0 : strlen(s->referer));
  size_t params = payload->size + secrets + OTHERS;
  if (!make_room(&r->lines, lines) || !make_room(&r->signature, signature)) return false;
  return !s->scheme->params || (make_room(&r->url, strlen(s->url) + strlen(path) + params) &&
                                make_room(&r->params, params) && make_room(&r->text, params));
}

bool session_request(Session *s, bool post, const char *path, const Bytes *payload, bool sign,
                     int64_t timestamp, int64_t receive_window, SignedRequest *r) {
  signed_request_clear(r);
  sign = sign && s->signer != NULL;
  bool fine = copy_key(s, r) && (!sign || make_rooms(s, path, payload, r));
  /* The first line, since libcurl looks for it there: without it, it would add another. */
  if (fine && post) fine = add_header(r, "Content-Type", s->scheme->content_type);
  if (fine && sign) fine = s->scheme->sign(s, payload, timestamp, receive_window, r);
  if (fine && s->referer != NULL) fine = add_header(r, "Referer", s->referer);
  const Bytes *out = sign && s->scheme->params ? &r->params : payload;
  fine = fine && bytes_text(&r->url, s->url) && bytes_text(&r->url, path);
  if (fine && post) {
    r->body = out->data == NULL ? "" : out->data;
    r->body_size = out->size;
  } else if (fine && out->size > 0)
    fine = bytes_text(&r->url, "?") && bytes_append(&r->url, out->data, out->size);
  if (r->header_count > 0) r->headers = r->lines.data;
  return fine;
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
  signed_request_clear(r);
  bytes_free(&r->url);
  bytes_free(&r->lines);
  bytes_free(&r->key);
  bytes_free(&r->signature);
  bytes_free(&r->params);
  bytes_free(&r->text);
}
