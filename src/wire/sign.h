/*
** Request signatures. Knows no Lua; only sign.c knows OpenSSL. A Signer holds the key, and wipes it when it is freed.
*/
#ifndef BYBIT_SIGN_H
#define BYBIT_SIGN_H

#include <stdbool.h>
#include <stddef.h>

/* A key, ready to sign: HMAC-SHA256 or RSA-SHA256. For one thread at a time. */
typedef struct Signer Signer;

/* One piece of the text to sign; the pieces are signed as if joined. */
typedef struct SignPart {
  const void *data;
  size_t size;
} SignPart;

#define SIGN_TEXT_MAX 1400 /* hex of a SHA-256, or base64 of a signature by an RSA key of up to 8192 bits */

/* Both return a Signer that the caller frees; or NULL, with '*why' set to a static text without any part of the key. */
Signer *signer_hmac(const void *secret, size_t size, const char **why);
Signer *signer_rsa(const char *pem, size_t size, const char **why);
/* Writes the signature as text with a zero byte and returns its length; 0 on failure. HMAC-SHA256 gives lower case hex;
** RSA-SHA256 (PKCS#1 v1.5) gives standard base64. */
size_t signer_sign(Signer *signer, const SignPart *parts, size_t count, char text[SIGN_TEXT_MAX]);
size_t signer_room(const Signer *signer); /* bytes that its signatures need, with the zero byte */
void signer_free(Signer *signer);         /* wipes the key; NULL is allowed */
/* Is 'text' (base64) a signature of 'parts' by the private key of this public key in PEM? */
bool sign_verify_rsa(const char *public_pem, size_t pem_size, const SignPart *parts, size_t count,
                     const char *text);
enum { SIGN_SHA1_TEXT = 29 }; /* base64 of a SHA-1, and a zero byte */
/* Writes the SHA-1 of 'data' in base64, which the upgrade to WebSocket is answered with (RFC 6455, 4.2.2): no secret depends
** on it. False on failure. */
bool sign_sha1(const void *data, size_t size, char text[SIGN_SHA1_TEXT]);
void sign_base64(const void *data, size_t size,
                 char *text); /* 'text': 4 bytes for 3 that are begun, and a zero byte */
/* Compares in a time that does not depend on the contents. */
bool sign_equal(const void *a, const void *b, size_t size);
/* Overwrites memory that held a secret; the compiler cannot leave it out. */
void wipe(void *data, size_t size);

#endif
