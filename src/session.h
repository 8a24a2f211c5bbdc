/*
** A session: credentials, a base URL and a signature scheme, which turn an encoded call into a signed request. Knows no
** Lua. The secret lives in the signer only; the key and all that is derived from it is wiped when freed.
*/
#ifndef BYBIT_SESSION_H
#define BYBIT_SESSION_H

#include "bytes.h"
#include "sign.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Session {
  const struct Scheme *scheme; /* how requests are signed; see session_scheme */
  char *url;                   /* base, without a closing slash */
  char *key;                   /* the API key; NULL: public endpoints only */
  char *referer;               /* broker id; NULL: none */
  Signer *signer;              /* NULL exactly when key is */
} Session;

enum { SESSION_HEADERS = 8 };

/* One request's finished bytes. Reused from attempt to attempt; session_request clears it. */
typedef struct SignedRequest {
  Bytes url;
  Bytes lines; /* header lines, each closed by a zero byte */
  const char *header[SESSION_HEADERS];
  size_t header_count;
  const char *body; /* of a POST: the payload, or 'params'; NULL: none */
  size_t body_size;
  Bytes signature;    /* as it goes out, so that it can be struck out of what comes back */
  Bytes params, text; /* signing parameters: what goes out, signature and all; what was signed */
} SignedRequest;

/* Chooses how requests are signed: "headers" (as V5 wants it) or "params" (v2). False: there is no such scheme. To be
** called before anything else. */
bool session_scheme(Session *s, const char *name);
/* Sets key and signer; exactly one of secret and pem is given. False with '*why' (static text) on failure. */
bool session_credentials(Session *s, const char *key, const char *secret, size_t secret_size, const char *pem,
                         size_t pem_size, const char **why);
/* Fills 'r' for verb and path with 'payload' (the query of a GET, the body of a POST), which has to live as long as
** 'r' is used. 'sign' false: a public endpoint. False when memory ran out or signing failed. */
bool session_request(Session *s, bool post, const char *path, const Bytes *payload, bool sign,
                     int64_t timestamp, int64_t receive_window, SignedRequest *r);
void session_free(Session *s);              /* wipes; may be called twice */
void signed_request_free(SignedRequest *r); /* wipes; may be called twice */

/* Of session_params.c: fills r->params with the parameters of 'payload', those of the signature, and the signature. */
bool session_sign_params(Session *s, const Bytes *payload, int64_t timestamp, int64_t receive_window,
                         SignedRequest *r);

#endif
