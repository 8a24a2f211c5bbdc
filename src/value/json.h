/*
** JSON text (RFC 8259): a scanner, and the writer of strings. This part knows no Lua and allocates nothing: bytes go in,
** tokens come out. json_lua.h makes Lua values of the tokens, schema/decode.c makes records.
**
** A caller reads one value with json_scan_value. When that is JSON_OBJECT, it calls json_scan_member until 0 comes back,
** and reads or skips one value after each 1. JSON_ARRAY and json_scan_element work the same way. After the outermost
** value it calls json_scan_end. After an error every later call fails too, so callers may check late.
*/
#ifndef BYBIT_JSON_H
#define BYBIT_JSON_H

#include "bytes.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define JSON_DEPTH     128  /* containers inside containers, by default */
#define JSON_DEPTH_MAX 1024 /* the largest limit; a larger one counts as this */

#define JSON_KEY 256 /* bytes: no name that we look for is longer, even if every character is escaped */

typedef enum JsonType {
  JSON_ERROR,  /* see JsonScanner.error */
  JSON_OBJECT, /* '{' was read: members follow */
  JSON_ARRAY,  /* '[' was read: elements follow */
  JSON_STRING,
  JSON_INTEGER, /* a number without fraction and exponent that fits int64_t; "-0" is JSON_NUMBER */
  JSON_NUMBER,  /* any other number; JsonValue.text is what it was written as */
  JSON_TRUE,
  JSON_FALSE,
  JSON_NULL
} JsonType;

/* A token. It points into the scanned text and owns nothing. */
typedef struct JsonValue {
  JsonType type;
  const char *text; /* strings: what stands between the quotes; others: the token itself */
  size_t size;      /* bytes of 'text' */
  bool escaped;     /* strings: there are escapes, so json_unescape gives what it means */
  int64_t integer;  /* the value of a JSON_INTEGER */
} JsonValue;

/* Where a scan stands. The text belongs to the caller and stays alive during the scan. */
typedef struct JsonScanner {
  const char *start, *at, *end; /* the text, and the next byte to read */
  int depth, limit;             /* how many containers are open, and may be open */
  bool fresh;                   /* a container was just opened: no comma comes before the next member */
  const char *error;            /* what was wrong, a static text; NULL while all is well */
} JsonScanner;

/* Starts a scan of 'size' bytes; depth_limit is at most JSON_DEPTH_MAX. */
void json_scan_init(JsonScanner *s, const char *text, size_t size, int depth_limit);
/* Reads the next value; of a container only the opening bracket. Strings are checked completely: UTF-8, escapes,
** surrogate pairs, control characters. */
JsonType json_scan_value(JsonScanner *s, JsonValue *v);
/* In an object: 1 after the next key, which is in 'key', and its ':'; 0 after '}'; -1 on error. */
int json_scan_member(JsonScanner *s, JsonValue *key);
/* The same, but a key with escapes is decoded into 'room', if it has at most JSON_KEY bytes. */
int json_scan_key(JsonScanner *s, JsonValue *key, char room[JSON_KEY]);
/* Reads the next key where it is spelled as 'token', which is a comma, a key without escapes in its quotes, and a colon.
** False, with nothing read, when it is not: then json_scan_key reads it. True does what json_scan_key would. The first
** member of an object has no comma. There has been no error. */
static inline bool json_scan_expected(JsonScanner *s, const char *token, size_t size);
/* In an array: 1 when another element follows, 0 after ']', -1 on error. */
int json_scan_element(JsonScanner *s);
/* Skips what is left of the value 'v' that was just read: the contents of a container, nothing of others. The contents
** are checked. It does not recurse. After it, s->at is one past the last byte of the value. False on error. */
bool json_scan_skip(JsonScanner *s, const JsonValue *v);
/* True when only white space is left. */
bool json_scan_end(JsonScanner *s);
/* The offset of the byte that was wrong, counted from 0. */
size_t json_scan_offset(const JsonScanner *s);

/* Writes the characters that the string 'v' stands for to 'out', which has room for v->size bytes; returns their
** length in bytes. No zero byte is written. */
size_t json_unescape(const JsonValue *v, char *out);
/* Appends 'text' as a JSON string, with its quotes. False when 'text' is not UTF-8 or memory ran out (then out->failed
** is set); nothing is appended then. */
bool json_quote(Bytes *out, const char *text, size_t size);

/* ---- inline, since most of the time goes here ---- */

/* Are the 'size' bytes at both places the same? It looks at eight at a time; the last eight may overlap others. */
static inline bool json_same(const char *a, const char *b, size_t size) {
  uint64_t x, y;
  if (size < 8) {
    for (size_t i = 0; i < size; i++)
      if (a[i] != b[i]) return false;
    return true;
  }
  for (size_t i = 0; i + 8 < size; i += 8) {
    memcpy(&x, a + i, 8);
    memcpy(&y, b + i, 8);
    if (x != y) return false;
  }
  memcpy(&x, a + size - 8, 8);
  memcpy(&y, b + size - 8, 8);
  return x == y;
}

static inline bool json_scan_expected(JsonScanner *s, const char *token, size_t size) {
  if (s->fresh) token++, size--;
  if ((size_t)(s->end - s->at) < size || !json_same(s->at, token, size)) return false;
  s->at += size;
  s->fresh = false;
  return true;
}

#endif
