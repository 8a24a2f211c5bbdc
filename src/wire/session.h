/*
** A session: credentials, a base URL and a way to sign. It turns an encoded call into a signed request. Knows no Lua. Only
** the signer holds the secret. The key, signatures and requests are wiped before their memory is freed.
*/
#ifndef BYBIT_SESSION_H
#define BYBIT_SESSION_H

#include "value/bytes.h"
#include "sign.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Session {
  const struct Scheme *scheme; /* how requests are signed, see session_scheme; static */
  char *url;                   /* the base URL, without a slash at its end; owned, as the next three */
  bool local;                  /* 'url' reaches this machine only */
  char *key;                   /* the API key; NULL: only public endpoints can be called */
  char *referer;               /* the broker id; NULL: none */
  Signer *signer;              /* NULL when 'key' is NULL, and only then */
} Session;

enum { SESSION_HEADERS = 8 }; /* the most headers of a request */

/* ms: the exchange takes timestamps that are so far ahead of its clock (V5 documentation, authentication). */
enum { SESSION_TOLERANCE = 1000 };

/* The last moment of the exchange's clock at which it may still accept a request, ms. */
static inline int64_t session_fence(int64_t timestamp, int64_t receive_window) {
  return timestamp + receive_window + SESSION_TOLERANCE;
}

/* The finished bytes of one request. It owns them. A call uses it for each attempt; session_request clears it first. */
typedef struct SignedRequest {
  Bytes url;                    /* whole, with the query of a GET */
  Bytes lines;                  /* header lines "Name: value", with "\r\n" between them */
  size_t line[SESSION_HEADERS]; /* where each begins */
  size_t header_count;
  const char *
      headers; /* 'lines' as text; NULL: none. libcurl gets them as one, since it looks through all of its lines a
                       ** dozen times for each request. */
  const char *body; /* of a POST: into the payload or 'params'; NULL: none */
  size_t body_size;
  Bytes
      key; /* the API key, zero at its end, so that it can be struck out of the answer; it outlives the session */
  Bytes signature;    /* as it is sent, so that it can be struck out of the answer */
  Bytes params, text; /* the scheme "params": what is sent, with the signature; what was signed */
} SignedRequest;

/* Chooses how requests are signed: "headers" (for V5) or "params" (for v2). False when there is no such scheme. Must be
** called first. */
bool session_scheme(Session *s, const char *name);
/* Sets key and signer, and copies what it keeps. Exactly one of 'secret' and 'pem' is given, the other is NULL. False on
** failure, with '*why' set to a static text. */
bool session_credentials(Session *s, const char *key, const char *secret, size_t secret_size, const char *pem,
                         size_t pem_size, const char **why);
/* Fills 'r' for verb and path. 'payload' is the query of a GET or the body of a POST; it must live as long as 'r' is used.
** 'sign' is false for a public endpoint. 'timestamp' and 'receive_window' are in ms. False when memory ran out or signing
** failed. */
bool session_request(Session *s, bool post, const char *path, const Bytes *payload, bool sign,
                     int64_t timestamp, int64_t receive_window, SignedRequest *r);
/* The header line 'i', '*size' bytes. */
const char *session_line(const SignedRequest *r, size_t i, size_t *size);
void session_free(Session *s);              /* wipes and frees; may be called twice */
void signed_request_free(SignedRequest *r); /* the same */
/* Wipes what it holds and keeps the memory, for another request. */
void signed_request_clear(SignedRequest *r);

/* The scheme "params", in params.c: fills r->params with the parameters of 'payload', those of the signature, and the
** signature; and r->text with what was signed. False as session_request. */
bool session_sign_params(Session *s, const Bytes *payload, int64_t timestamp, int64_t receive_window,
                         SignedRequest *r);

#endif
