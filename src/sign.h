/*
** Request signatures. Knows no Lua. Nothing but sign.c knows OpenSSL. Key material lives only in a Signer and
** is wiped when it is freed.
*/
#ifndef BYBIT_SIGN_H
#define BYBIT_SIGN_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Signer Signer;

/* One piece of the text to sign; the pieces are signed as if joined. */
typedef struct SignPart {
  const void *data;
  size_t size;
} SignPart;

#define SIGN_TEXT_MAX 1400 /* hex of a SHA-256, or base64 of a signature by an RSA key of up to 8192 bits */

/* NULL on failure, with '*why' set to static text that holds nothing of the key. */
Signer *signer_hmac(const void *secret, size_t size, const char **why);
Signer *signer_rsa(const char *pem, size_t size, const char **why);
/* Writes the signature as text (lowercase hex for HMAC-SHA256, standard base64 for RSA-SHA256, PKCS#1 v1.5)
** with a zero byte and returns its length; 0 on failure. */
size_t signer_sign(Signer *signer, const SignPart *parts, size_t count, char text[SIGN_TEXT_MAX]);
void signer_free(Signer *signer); /* wipes; NULL is fine */
/* Does 'text' (base64) sign 'parts' under the PEM public key? */
bool sign_verify_rsa(const char *public_pem, size_t pem_size, const SignPart *parts, size_t count,
                     const char *text);
/* Compares in constant time. */
bool sign_equal(const void *a, const void *b, size_t size);
void wipe(void *data, size_t size);

#endif
