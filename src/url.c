/*
** What a URL says of where it leads, see url.h.
*/
#include "url.h"

#include <string.h>

bool url_is_loopback(const char *url) {
  const char *host = strstr(url, "://");
  if (host == NULL) return false;
  host += 3;
  if (strncmp(host, "127.", 4) == 0) { /* but no name that begins so */
    host += strspn(host, "0123456789.");
    return *host == '\0' || strchr(":/?", *host) != NULL;
  }
  static const char *const names[] = {"localhost", "[::1]"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t size = strlen(names[i]);
    if (strncmp(host, names[i], size) == 0 && (host[size] == '\0' || strchr(":/?", host[size]) != NULL))
      return true;
  }
  return false;
}

const char *url_target(const char *url) {
  const char *host = strstr(url, "://");
  if (host == NULL || (strncmp(url, "https:", 6) != 0 && !url_is_loopback(url))) return NULL;
  return strchr(host + 3, '/');
}
