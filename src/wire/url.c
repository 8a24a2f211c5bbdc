/*
** What a URL says of where it leads, see url.h. libcurl's parser gives the host as it will connect to it: 127.1 and
** 0x7f.0.0.1 are 127.0.0.1 there, 127.0.0.256 is a name.
*/
#include "url.h"
#include "libcurl.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LOOPBACK_NET = 127 }; /* 127.0.0.0/8 */

const char url_no_memory[] = "not enough memory";

static bool host_is_local(const char *host) {
  struct in_addr four;
  struct in6_addr six;
  if (strcasecmp(host, "localhost") == 0) return true; /* libcurl asks no resolver for it */
  if (inet_pton(AF_INET, host, &four) == 1) return ntohl(four.s_addr) >> 24 == LOOPBACK_NET;
  if (inet_pton(AF_INET6, host, &six) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == LOOPBACK_NET);
}

/* Small letters, no closing dot. False: a character that no host has. */
static bool tidy_host(char *host) {
  for (char *c = host; *c != '\0'; c++) {
    if (!isascii((unsigned char)*c) || (!isalnum((unsigned char)*c) && strchr(".-_:[]", *c) == NULL))
      return false;
    *c = (char)tolower((unsigned char)*c);
  }
  size_t size = strlen(host);
  if (size > 1 && host[size - 1] == '.') host[size - 1] = '\0';
  return *host != '\0';
}

/* 'part' as text of our own. NULL with '*why' (static text): there is none, or memory ran out. */
static char *part_of(CURLU *u, CURLUPart part, unsigned flags, const char **why) {
  char *text = NULL;
  CURLUcode code = curl_url_get(u, part, &text, flags);
  *why = code == CURLUE_OK || code == CURLUE_OUT_OF_MEMORY ? url_no_memory : curl_url_strerror(code);
  if (code != CURLUE_OK) return NULL;
  char *copy = strdup(text);
  curl_free(text);
  return copy;
}

static char *without_brackets(const char *host) {
  size_t size = strlen(host);
  return host[0] == '[' ? strndup(host + 1, size - 2) : strdup(host);
}

static bool read_parts(CURLU *u, Url *out, const char **why) {
  char *scheme = part_of(u, CURLUPART_SCHEME, 0, why);
  char *host = scheme == NULL ? NULL : part_of(u, CURLUPART_HOST, 0, why);
  bool fine = host != NULL;
  if (fine) {
    *why = "a host has letters, digits, '-' and '.'";
    out->https = strcmp(scheme, "https") == 0;
    fine = (out->https || strcmp(scheme, "http") == 0) && tidy_host(host);
  }
  if (fine) {
    *why = url_no_memory;
    fine = curl_url_set(u, CURLUPART_HOST, host, 0) == CURLUE_OK;
  }
  if (fine) {
    out->host = without_brackets(host);
    out->text = part_of(u, CURLUPART_URL, CURLU_NO_DEFAULT_PORT, why);
    fine = out->host != NULL && out->text != NULL;
  }
  free(scheme);
  free(host);
  return fine;
}

bool url_read(const char *text, Url *out, const char **why) {
  *out = (Url){0};
  *why = libcurl_open();
  if (*why != NULL) return false;
  *why = url_no_memory;
  CURLU *u = curl_url();
  if (u == NULL) return false;
  CURLUcode bad = curl_url_set(u, CURLUPART_URL, text, CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME);
  if (bad != CURLUE_OK && bad != CURLUE_OUT_OF_MEMORY) *why = curl_url_strerror(bad);
  bool fine = bad == CURLUE_OK;
  if (fine && strpbrk(text, "?#@") != NULL) {
    *why = "no query, fragment or user has a place in it";
    fine = false;
  }
  fine = fine && read_parts(u, out, why);
  curl_url_cleanup(u);
  if (!fine) {
    url_free(out);
    return false;
  }
  out->local = host_is_local(out->host);
  for (size_t size = strlen(out->text); size > 0 && out->text[size - 1] == '/'; size--)
    out->text[size - 1] = '\0';
  return true;
}

void url_free(Url *url) {
  free(url->text);
  free(url->host);
  *url = (Url){0};
}

bool url_is_local(const char *text) {
  const char *why;
  if (libcurl_open() != NULL) return false;
  CURLU *u = curl_url();
  char *host = u != NULL && curl_url_set(u, CURLUPART_URL, text, 0) == CURLUE_OK
                   ? part_of(u, CURLUPART_HOST, 0, &why)
                   : NULL;
  char *bare = host == NULL ? NULL : without_brackets(host);
  bool local = bare != NULL && host_is_local(bare);
  free(host);
  free(bare);
  curl_url_cleanup(u);
  return local;
}

const char *url_target(const char *url, bool local) {
  const char *host = strstr(url, "://");
  if (host == NULL || (strncmp(url, "https:", 6) != 0 && !local)) return NULL;
  return strchr(host + 3, '/');
}
