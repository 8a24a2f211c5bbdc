/*
** Opens libcurl, see libcurl.h.
*/
#define LIBCURL_IS_FILLED_HERE
#include "libcurl.h"

#ifdef BYBIT_LIBCURL

#include "value/library.h"

#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool there;
static char problem[256]; /* why it is not there */
Libcurl libcurl;

#define FUNCTION(name) {#name, &libcurl.name},

static void open_once(void) {
  static const LibraryFunction functions[] = {LIBCURL_FUNCTIONS(FUNCTION){NULL, NULL}};
  there = library_open(BYBIT_LIBCURL, functions, problem, sizeof problem);
}

const char *libcurl_open(void) {
  pthread_once(&once, open_once);
  return there ? NULL : problem;
}

#else

const char *libcurl_open(void) {
  return NULL;
}

#endif
