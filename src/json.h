/*
** JSON text, RFC 8259: a pull scanner and writers. This part knows no Lua: bytes in, tokens out, no
** allocation. json_lua.h decodes to Lua values with it; schema.c decodes records with it.
**
** A caller reads one value with json_scan_value. For JSON_OBJECT it then calls json_scan_member until that
** returns 0, reading or skipping one value after each 1; for JSON_ARRAY json_scan_element likewise. After the
** outermost value json_scan_end. An error sticks: every later call fails too.
*/
#ifndef BYBIT_JSON_H
#define BYBIT_JSON_H

#include "bytes.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH     128  /* containers inside containers, by default */
#define JSON_DEPTH_MAX 1024 /* the largest limit; a larger one counts as this */

#define JSON_KEY 256 /* bytes: no name that matters is longer, however it is escaped */

typedef enum JsonType {
  JSON_ERROR,
  JSON_OBJECT, /* '{' was read: members follow */
  JSON_ARRAY,  /* '[' was read: elements follow */
  JSON_STRING,
  JSON_INTEGER, /* a number without fraction or exponent that fits int64_t; "-0" is not one */
  JSON_NUMBER,  /* any other number; its text is in the value */
  JSON_TRUE,
  JSON_FALSE,
  JSON_NULL
} JsonType;

typedef struct JsonValue {
  JsonType type;
  const char *text; /* strings: what stands between the quotes; others: the token; inside the scanned text */
  size_t size;
  bool escaped;    /* strings: contains escapes, so json_unescape is needed */
  int64_t integer; /* JSON_INTEGER */
} JsonValue;

typedef struct JsonScanner {
  const char *start, *at, *end;
  int depth, limit;  /* containers open, and how many may be */
  bool fresh;        /* a container was just opened: no comma before the next member */
  const char *error; /* what was wrong, static text; NULL while all is well */
} JsonScanner;

void json_scan_init(JsonScanner *s, const char *text, size_t size, int depth_limit);
/* Reads the next value; a container only up to its opening bracket. Strings are checked in full: UTF-8,
** escapes, surrogate pairs, control characters. */
JsonType json_scan_value(JsonScanner *s, JsonValue *v);
/* In an object: 1 with the next key in 'key' and its ':' consumed, 0 at '}', -1 on error. */
int json_scan_member(JsonScanner *s, JsonValue *key);
/* The same, with an escaped key of up to JSON_KEY bytes as what it means; 'room' holds it. */
int json_scan_key(JsonScanner *s, JsonValue *key, char room[JSON_KEY]);
/* In an array: 1 when another element follows, 0 at ']', -1 on error. */
int json_scan_element(JsonScanner *s);
/* Skips (and checks) the rest of the value 'v' just read: a container's contents, nothing for others.
** Iterative, not recursive. After it, s->at is one past the value's last byte. */
bool json_scan_skip(JsonScanner *s, const JsonValue *v);
/* Only white space follows. */
bool json_scan_end(JsonScanner *s);
/* Byte offset of the error, counted from 0. */
size_t json_scan_offset(const JsonScanner *s);

/* Writes the string's meaning to 'out' (room for v->size bytes); returns its length. */
size_t json_unescape(const JsonValue *v, char *out);
/* Appends a quoted JSON string. False when 'text' is not UTF-8 (nothing is appended) or memory ran out. */
bool json_quote(Bytes *out, const char *text, size_t size);

#endif
