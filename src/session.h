/*
** A session: credentials and a base URL, which turn an encoded call into a signed request. Knows no Lua. The
** secret lives in the signer only; the key and all that is derived from it is wiped when freed.
*/
#ifndef BYBIT_SESSION_H
#define BYBIT_SESSION_H

#include "bytes.h"
#include "sign.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Session {
  char *url;      /* base, without a closing slash */
  char *key;      /* the API key; NULL: public endpoints only */
  char *referer;  /* broker id; NULL: none */
  Signer *signer; /* NULL exactly when key is */
} Session;

enum { SESSION_HEADERS = 8 };

/* One request's finished bytes. Reused from attempt to attempt; session_request clears it. */
typedef struct SignedRequest {
  Bytes url;
  Bytes lines; /* header lines, each closed by a zero byte */
  const char *header[SESSION_HEADERS];
  size_t header_count;
} SignedRequest;

/* Sets key and signer; exactly one of secret and pem is given. False with '*why' (static text) on failure. */
bool session_credentials(Session *s, const char *key, const char *secret, size_t secret_size, const char *pem,
                         size_t pem_size, const char **why);
/* Fills 'r' for verb and path with 'payload' (the query of a GET, the body of a POST). 'sign' false: a public
** endpoint. False when memory ran out or signing failed. */
bool session_request(Session *s, bool post, const char *path, const Bytes *payload, bool sign,
                     int64_t timestamp, int64_t receive_window, SignedRequest *r);
void session_free(Session *s);              /* wipes; may be called twice */
void signed_request_free(SignedRequest *r); /* wipes; may be called twice */

#endif
