/*
** Opens libcurl, see libcurl.h.
*/
#define LIBCURL_IS_FILLED_HERE
#include "libcurl.h"

#ifdef BYBIT_LIBCURL

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char problem[256]; /* why it cannot be used; empty: it can */
Libcurl libcurl;

/* Finds a function and writes its address to 'function'. */
static bool find(void *library, const char *name, void *function) {
  void *address = dlsym(library, name);
  memcpy(function, &address, sizeof address);
  return address != NULL;
}

/* It stays open: its resolver threads may outlive whoever asked for it. */
static void open_library(void) {
  void *library = dlopen(BYBIT_LIBCURL, RTLD_LAZY | RTLD_LOCAL);
  bool fine = library != NULL;
#define FIND(name) fine = fine && find(library, #name, &libcurl.name);
  LIBCURL_FUNCTIONS(FIND)
#undef FIND
  const char *why = fine ? NULL : dlerror();
  if (!fine) snprintf(problem, sizeof problem, "libcurl: %s", why == NULL ? BYBIT_LIBCURL : why);
}

const char *libcurl_open(void) {
  pthread_once(&once, open_library);
  return problem[0] == '\0' ? NULL : problem;
}

#else

const char *libcurl_open(void) {
  return NULL;
}

#endif
