/* What the bare libcurl peers of the benchmarks share: the signed header lines of a request, and an answer's end. */
#ifndef BYBIT_BENCH_BARE_H
#define BYBIT_BENCH_BARE_H

#include <curl/curl.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Drops an answer's body, and counts its bytes in 'total'. */
static size_t swallow(char *data, size_t one, size_t size, void *total) {
  (void)data, (void)one;
  *(size_t *)total += size;
  return size;
}

/* The header lines of a signed GET with this query; the caller frees them. */
static struct curl_slist *sign(const char *query, const char *key, const char *secret) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  char text[2048], line[256], hex[65];
  long long now = (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
  int size = snprintf(text, sizeof text, "%lld%s5000%s", now, key, query);
  unsigned char mac[32];
  unsigned int length = sizeof mac;
  HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)text, (size_t)size, mac, &length);
  for (int i = 0; i < 32; i++) sprintf(hex + 2 * i, "%02x", mac[i]);
  struct curl_slist *list = NULL;
  snprintf(line, sizeof line, "X-BAPI-API-KEY: %s", key);
  list = curl_slist_append(list, line);
  snprintf(line, sizeof line, "X-BAPI-TIMESTAMP: %lld", now);
  list = curl_slist_append(list, line);
  list = curl_slist_append(list, "X-BAPI-RECV-WINDOW: 5000");
  snprintf(line, sizeof line, "X-BAPI-SIGN: %s", hex);
  return curl_slist_append(list, line);
}

#endif
