/*
** Opens libraries, see library.h.
*/
#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

bool library_open(const char *name, const LibraryFunction *functions, char *why, size_t room) {
  void *library = dlopen(name, RTLD_LAZY | RTLD_LOCAL), *address = library;
  for (const LibraryFunction *f = functions; address != NULL && f->name != NULL; f++) {
    address = dlsym(library, f->name);
    memcpy(f->pointer, &address,
           sizeof address); /* no standard lets a function's address be cast to that of data */
  }
  if (address != NULL) return true;
  const char *said = dlerror();
  snprintf(why, room, "%s", said == NULL ? name : said);
  return false;
}

void library_try(const char *name, const LibraryFunction *functions, const char *who, const char *package,
                 char *missing, size_t room) {
  char why[128];
  if (library_open(name, functions, why, sizeof why)) return;
  snprintf(missing, room, "%s cannot be opened (%s): install %s (Debian 12: %s)", who, why, name, package);
}
