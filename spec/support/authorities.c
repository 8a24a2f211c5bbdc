/*
** Preloaded: authorities of our own in the directories that OpenSSL looks them up in, whichever a library has built in.
** A file with the name of a certificate there (eight hexadecimal digits, a dot, a digit) is taken from $AUTHORITIES.
*/
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PUBLIC __attribute__((visibility("default")))

typedef FILE *Open(const char *path, const char *mode);
typedef int Stat(const char *path, void *out);

/* Of the C library, under both of the names that each has. */
PUBLIC FILE *our_fopen(const char *path, const char *mode) __asm__("fopen");
PUBLIC FILE *our_fopen64(const char *path, const char *mode) __asm__("fopen64");
PUBLIC int our_stat(const char *path, void *out) __asm__("stat");
PUBLIC int our_stat64(const char *path, void *out) __asm__("stat64");

static const char *moved(const char *path, char out[4096]) {
  const char *dir = getenv("AUTHORITIES"), *name = strrchr(path, '/');
  name = name == NULL ? path : name + 1;
  if (dir == NULL || strlen(name) != 10 || strspn(name, "0123456789abcdef") != 8 || name[8] != '.')
    return path;
  snprintf(out, 4096, "%s/%s", dir, name);
  return out;
}

static void *next(const char *name) {
  return dlsym(RTLD_NEXT, name);
}

FILE *our_fopen(const char *path, const char *mode) {
  char room[4096];
  Open *f;
  *(void **)&f = next("fopen");
  return f(moved(path, room), mode);
}

FILE *our_fopen64(const char *path, const char *mode) {
  return our_fopen(path, mode);
}

int our_stat(const char *path, void *out) {
  char room[4096];
  Stat *f;
  *(void **)&f = next("stat");
  return f(moved(path, room), out);
}

int our_stat64(const char *path, void *out) {
  return our_stat(path, out);
}
