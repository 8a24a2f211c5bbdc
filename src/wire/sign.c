/*
** Request signatures with OpenSSL, see sign.h. An HMAC context gets its key once and is re-initialised for each
** signature, which saves preparing the key again.
*/
#include "sign.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192 };

struct Signer {
  EVP_MAC_CTX *mac;   /* HMAC: a context with the key; NULL for RSA */
  EVP_PKEY *key;      /* RSA: the private key; NULL for HMAC */
  EVP_MD_CTX *digest; /* RSA: used again for each signature */
};

void wipe(void *data, size_t size) {
  OPENSSL_cleanse(data, size);
}

bool sign_equal(const void *a, const void *b, size_t size) {
  return CRYPTO_memcmp(a, b, size) == 0;
}

static void write_hex(const unsigned char *bytes, size_t size, char *text) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < size; i++) {
    *text++ = digits[bytes[i] >> 4];
    *text++ = digits[bytes[i] & 15];
  }
  *text = '\0';
}

/* ---- HMAC ---- */

/* A context with the key; NULL on failure. */
static EVP_MAC_CTX *mac_new(const void *secret, size_t size) {
  EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  if (mac == NULL) return NULL;
  EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
  EVP_MAC_free(mac);
  char digest[] = "SHA256";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                         OSSL_PARAM_construct_end()};
  if (context != NULL && EVP_MAC_init(context, secret, size, params) == 1) return context;
  EVP_MAC_CTX_free(context);
  return NULL;
}

/* Feeds the parts to an initialised context and takes the result. */
static bool mac_run(EVP_MAC_CTX *context, const SignPart *parts, size_t count, unsigned char out[32]) {
  size_t size = 0;
  for (size_t i = 0; i < count; i++)
    if (parts[i].size > 0 && EVP_MAC_update(context, parts[i].data, parts[i].size) != 1) return false;
  return EVP_MAC_final(context, out, &size, 32) == 1 && size == 32;
}

/* Signs with a re-initialised context. OpenSSL 3.0.0 to 3.0.2 then give wrong signatures (openssl#17811). */
static bool mac_again(EVP_MAC_CTX *context, const SignPart *parts, size_t count, unsigned char out[32]) {
  return EVP_MAC_init(context, NULL, 0, NULL) == 1 && mac_run(context, parts, count, out);
}

/* Signs with a copy of the context, for those versions. */
static bool mac_copy(EVP_MAC_CTX *keyed, const SignPart *parts, size_t count, unsigned char out[32]) {
  EVP_MAC_CTX *context = EVP_MAC_CTX_dup(keyed);
  bool done = context != NULL && mac_run(context, parts, count, out);
  EVP_MAC_CTX_free(context);
  return done;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool again_works; /* mac_again gives right signatures; set once by probe */

/* Finds out with test case 2 of RFC 4231, signed twice with one context. */
static void probe(void) {
  static const unsigned char wanted[32] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
                                           0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
                                           0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
  SignPart part = {"what do ya want for nothing?", 28};
  unsigned char first[32], second[32];
  EVP_MAC_CTX *context = mac_new("Jefe", 4);
  again_works = context != NULL && mac_again(context, &part, 1, first) &&
                mac_again(context, &part, 1, second) && memcmp(first, wanted, 32) == 0 &&
                memcmp(second, wanted, 32) == 0;
  EVP_MAC_CTX_free(context);
}

Signer *signer_hmac(const void *secret, size_t size, const char **why) {
  pthread_once(&once, probe);
  *why = size == 0 ? "the secret is empty" : "OpenSSL cannot make an HMAC-SHA256";
  if (size == 0) return NULL;
  Signer *signer = calloc(1, sizeof *signer);
  if (signer == NULL) {
    *why = "not enough memory";
    return NULL;
  }
  signer->mac = mac_new(secret, size);
  if (signer->mac != NULL) return signer;
  signer_free(signer);
  return NULL;
}

/* ---- RSA ---- */

/* Refuses a key that needs a passphrase. Without this OpenSSL would ask on the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *owner) {
  (void)buffer, (void)size, (void)writing, (void)owner;
  return -1;
}

/* Reads a key in PEM; NULL when there is none. */
static EVP_PKEY *read_key(const char *pem, size_t size, bool private) {
  if (size > 64 * 1024) return NULL;
  BIO *in = BIO_new_mem_buf(pem, (int)size);
  if (in == NULL) return NULL;
  EVP_PKEY *key = private ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL)
                          : PEM_read_bio_PUBKEY(in, NULL, no_passphrase, NULL);
  BIO_free(in);
  ERR_clear_error();
  return key;
}

/* Why the key cannot be used; NULL when it can. */
static const char *refuse_key(const EVP_PKEY *key) {
  if (key == NULL) return "not a key in PEM without a passphrase";
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return "not an RSA key";
  int bits = EVP_PKEY_get_bits(key);
  return bits < RSA_BITS_MIN || bits > RSA_BITS_MAX ? "an RSA key of 2048 to 8192 bits is needed" : NULL;
}

Signer *signer_rsa(const char *pem, size_t size, const char **why) {
  *why = "not enough memory";
  Signer *signer = calloc(1, sizeof *signer);
  if (signer == NULL) return NULL;
  signer->key = read_key(pem, size, true);
  signer->digest = EVP_MD_CTX_new();
  const char *refused = refuse_key(signer->key);
  if (refused != NULL) *why = refused;
  if (refused == NULL && signer->digest != NULL) return signer;
  signer_free(signer);
  return NULL;
}

/* As signer_sign. It leaves no error in OpenSSL's queue. */
static size_t rsa_sign(Signer *signer, const SignPart *parts, size_t count, char *text) {
  unsigned char signature[RSA_BITS_MAX / 8];
  size_t size = sizeof signature;
  bool fine = EVP_DigestSignInit(signer->digest, NULL, EVP_sha256(), NULL, signer->key) == 1;
  for (size_t i = 0; i < count && fine; i++)
    fine = parts[i].size == 0 || EVP_DigestSignUpdate(signer->digest, parts[i].data, parts[i].size) == 1;
  fine = fine && EVP_DigestSignFinal(signer->digest, signature, &size) == 1;
  EVP_MD_CTX_reset(signer->digest);
  ERR_clear_error();
  return fine ? (size_t)EVP_EncodeBlock((unsigned char *)text, signature, (int)size) : 0;
}

/* Decodes base64; returns how many bytes, 0 on failure. It accepts only the text that encoding would give: OpenSSL alone
** also accepts blanks. */
static size_t read_base64(const char *text, unsigned char out[SIGN_TEXT_MAX]) {
  unsigned char again[SIGN_TEXT_MAX + 4];
  size_t length = strlen(text);
  if (length == 0 || length >= SIGN_TEXT_MAX || length % 4 != 0) return 0;
  int size = EVP_DecodeBlock(out, (const unsigned char *)text, (int)length);
  for (size_t i = length; size > 0 && i > length - 2 && text[i - 1] == '='; i--)
    size--; /* OpenSSL counts the padding as bytes */
  if (size <= 0 || EVP_EncodeBlock(again, out, size) != (int)length) return 0;
  return memcmp(again, text, length) == 0 ? (size_t)size : 0;
}

bool sign_verify_rsa(const char *public_pem, size_t pem_size, const SignPart *parts, size_t count,
                     const char *text) {
  unsigned char signature[SIGN_TEXT_MAX];
  size_t size = read_base64(text, signature);
  EVP_PKEY *key = read_key(public_pem, pem_size, false);
  EVP_MD_CTX *digest = EVP_MD_CTX_new();
  bool fine = size > 0 && digest != NULL && refuse_key(key) == NULL &&
              EVP_DigestVerifyInit(digest, NULL, EVP_sha256(), NULL, key) == 1;
  for (size_t i = 0; i < count && fine; i++)
    fine = parts[i].size == 0 || EVP_DigestVerifyUpdate(digest, parts[i].data, parts[i].size) == 1;
  fine = fine && EVP_DigestVerifyFinal(digest, signature, size) == 1;
  EVP_MD_CTX_free(digest);
  EVP_PKEY_free(key);
  ERR_clear_error();
  return fine;
}

/* ---- without a key ---- */

void sign_base64(const void *data, size_t size, char *text) {
  EVP_EncodeBlock((unsigned char *)text, data, (int)size);
}

bool sign_sha1(const void *data, size_t size, char text[SIGN_SHA1_TEXT]) {
  unsigned char hash[20];
  if (EVP_Digest(data, size, hash, NULL, EVP_sha1(), NULL) != 1) {
    ERR_clear_error();
    return false;
  }
  sign_base64(hash, sizeof hash, text);
  return true;
}

/* ---- either ---- */

size_t signer_sign(Signer *signer, const SignPart *parts, size_t count, char text[SIGN_TEXT_MAX]) {
  if (signer->key != NULL) return rsa_sign(signer, parts, count, text);
  unsigned char out[32];
  if (!(again_works ? mac_again : mac_copy)(signer->mac, parts, count, out)) return 0;
  write_hex(out, sizeof out, text);
  return 64;
}

size_t signer_room(const Signer *signer) {
  if (signer->key == NULL) return 2 * 32 + 1;
  return ((size_t)EVP_PKEY_get_size(signer->key) + 2) / 3 * 4 + 1;
}

/* OpenSSL wipes the keys in its contexts when they are freed. */
void signer_free(Signer *signer) {
  if (signer == NULL) return;
  EVP_MAC_CTX_free(signer->mac);
  EVP_MD_CTX_free(signer->digest);
  EVP_PKEY_free(signer->key);
  wipe(signer, sizeof *signer);
  free(signer);
}
