/*
** Shared libraries that are opened when something first needs them, not with core.so: Lua binds all symbols of what it loads at
** once, also those of programs that never use them. Here a symbol is bound when it is first called.
*/
#ifndef BYBIT_LIBRARY_H
#define BYBIT_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/* A function of the library, by its name; 'pointer' is where its address goes. */
typedef struct LibraryFunction {
  const char *name;
  void *pointer;
} LibraryFunction;

/* Opens a library, which stays open, and finds its functions; the one after the last has no name. False with 'why': it is not
** there, or lacks one of them. */
bool library_open(const char *name, const LibraryFunction *functions, char *why, size_t room);
/* The same for a library that may be missing: 'missing' is then a sentence that begins with 'who' ("x, which y needs,") and says what to
** install; 'package' is Debian 12's. Otherwise it stays as it is. */
void library_try(const char *name, const LibraryFunction *functions, const char *who, const char *package,
                 char *missing, size_t room);

#endif
