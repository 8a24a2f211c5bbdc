/*
** Percent-encoding of names and values in queries and forms, and the way back, byte by byte.
*/
#include "percent.h"

static bool unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

bool percent_encode(Bytes *out, const char *text, size_t size) {
  static const char hex[] = "0123456789ABCDEF";
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)text[i];
    char escape[3] = {'%', hex[c >> 4], hex[c & 15]};
    if (!(unreserved(text[i]) ? bytes_append(out, text + i, 1) : bytes_append(out, escape, 3))) return false;
  }
  return true;
}

/* The value of a hex digit, or -1. */
static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int percent_next(const char **at, const char *end) {
  const char *p = *at;
  if (p == end) return -1;
  *at = p + 1;
  if (*p != '%' || end - p < 3 || digit(p[1]) < 0 || digit(p[2]) < 0) return (unsigned char)*p;
  *at = p + 3;
  return digit(p[1]) * 16 + digit(p[2]);
}
