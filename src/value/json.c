/*
** JSON text (RFC 8259, without extensions): a scanner that the caller asks for one token after the other, and the
** writer of strings. The scanner allocates nothing: a value points into the scanned text, and the caller decides what
** it becomes, a Lua value or a field of a record. No number becomes a double: an integer that fits int64_t is given as
** one, every other number as its text. Invalid text is an error at the wrong byte. What was read is valid: callers
** need not check a number or string again.
*/
#include "json.h"

#include <string.h>

typedef unsigned char Byte;

/* ---- errors ---- */

/* Records an error at 'at'. */
static JsonType fail(JsonScanner *s, const char *at, const char *error) {
  s->at = at;
  s->error = error;
  return JSON_ERROR;
}

/* Fails at the current byte, with 'error' unless the text ended there. */
static JsonType fail_here(JsonScanner *s, const char *error) {
  return fail(s, s->at, s->at == s->end ? "unexpected end of text" : error);
}

/* The same at 'at', for functions that return where to go on: returns NULL. 'error' may be NULL where 'at' is always
** the end. */
static const char *stop(JsonScanner *s, const char *at, const char *error) {
  fail(s, at, at == s->end ? "unexpected end of text" : error);
  return NULL;
}

size_t json_scan_offset(const JsonScanner *s) {
  return (size_t)(s->at - s->start);
}

/* ---- UTF-8 ---- */

static bool is_tail(Byte c) {
  return (c & 0xC0) == 0x80;
}

/* The length of the sequence of two to four bytes at 'text', or 0 when it is not well-formed UTF-8 (Unicode, table
** 3-7): overlong forms, surrogates and what is above U+10FFFF are not. */
static size_t utf8_length(const char *text, const char *end) {
  const Byte *p = (const Byte *)text;
  size_t left = (size_t)(end - text);
  if (p[0] < 0xC2 || p[0] > 0xF4 || left < 2 || !is_tail(p[1])) return 0;
  if (p[0] < 0xE0) return 2;
  if (left < 3 || !is_tail(p[2])) return 0;
  if (p[0] < 0xF0) {
    bool overlong = p[0] == 0xE0 && p[1] < 0xA0, surrogate = p[0] == 0xED && p[1] > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  if (left < 4 || !is_tail(p[3])) return 0;
  bool overlong = p[0] == 0xF0 && p[1] < 0x90, too_big = p[0] == 0xF4 && p[1] > 0x8F;
  return overlong || too_big ? 0 : 4;
}

/* Writes the code point 'c' to 'out', which has room for four bytes; returns how many it took. */
static size_t utf8_write(char *out, uint32_t c) {
  if (c < 0x80) {
    out[0] = (char)c;
    return 1;
  }
  size_t tails = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  static const Byte lead[] = {0, 0xC0, 0xE0, 0xF0};
  for (size_t i = tails; i > 0; i--, c >>= 6) out[i] = (char)(0x80 | (c & 0x3F));
  out[0] = (char)(lead[tails] | c);
  return tails + 1;
}

/* ---- strings ---- */

/* A byte that may stand in a string as it is: ASCII, and not a quote, backslash or control character. */
static bool is_plain(Byte c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

enum { LITTLE_ENDIAN_HERE = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ };

/* Sets the high bit of bytes of 'w' that are below 'n' (at most 128). */
static uint64_t bytes_below(uint64_t w, uint64_t n) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  return (w - ones * n) & ~w & (ones << 7);
}

/* The lowest bit set in the result belongs to the first byte in memory that is not plain, on a little-endian machine.
** Higher bits mean nothing: a borrow may set them wrongly. */
static uint64_t not_plain(uint64_t w) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  return bytes_below(w, 0x20) | bytes_below(w ^ (ones * '"'), 1) | bytes_below(w ^ (ones * '\\'), 1) |
         (w & (ones << 7));
}

/* The first byte at or after 'p' that is not plain, or 'end'. It looks at eight bytes at a time, since a scan of an order
** list spends most of its time here. */
static const char *skip_plain(const char *p, const char *end) {
  while (LITTLE_ENDIAN_HERE && end - p >= 8) {
    uint64_t w;
    memcpy(&w, p, 8);
    w = not_plain(w);
    if (w != 0) return p + (__builtin_ctzll(w) >> 3);
    p += 8;
  }
  while (p < end && is_plain((Byte)*p)) p++;
  return p;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The value of the four hex digits at 'p', or -1. */
static int32_t hex4(const char *p, const char *end) {
  int32_t value = 0;
  if (end - p < 4) return -1;
  for (int i = 0; i < 4; i++) {
    int digit = hex_digit(p[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

static bool is_high(int32_t unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(int32_t unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* Fails at the first byte from 'p' on that is no hex digit. */
static const char *bad_hex(JsonScanner *s, const char *p) {
  while (p < s->end && hex_digit(*p) >= 0) p++;
  return stop(s, p, "expected a hex digit");
}

/* Reads the escape that begins with the backslash at 'p'. Returns the byte behind it, or NULL on error. A pair of
** surrogates is one escape. */
static const char *scan_escape(JsonScanner *s, const char *p) {
  if (s->end - p < 2) return stop(s, s->end, NULL);
  if (p[1] != 'u') {
    if (p[1] != '\0' && strchr("\"\\/bfnrt", p[1]) != NULL) return p + 2;
    return stop(s, p, "unknown escape");
  }
  int32_t unit = hex4(p + 2, s->end);
  if (unit < 0) return bad_hex(s, p + 2);
  if (is_low(unit)) return stop(s, p, "lone surrogate");
  if (!is_high(unit)) return p + 6;
  const char *q = p + 6;
  if (q == s->end || (q + 1 == s->end && q[0] == '\\')) return stop(s, s->end, NULL);
  if (q[0] != '\\' || q[1] != 'u') return stop(s, p, "lone surrogate");
  int32_t low = hex4(q + 2, s->end);
  if (low < 0) return bad_hex(s, q + 2);
  if (!is_low(low)) return stop(s, p, "lone surrogate");
  return q + 6;
}

/* Reads an escape or a UTF-8 sequence at 'p'. Returns the byte behind it, or NULL on error. */
static const char *scan_special(JsonScanner *s, const char *p, JsonValue *v) {
  if (p == s->end) return stop(s, p, NULL);
  if (*p == '\\') {
    v->escaped = true;
    return scan_escape(s, p);
  }
  if ((Byte)*p < 0x20) return stop(s, p, "control character in a string");
  size_t length = utf8_length(p, s->end);
  if (length == 0) return stop(s, p, "invalid UTF-8");
  return p + length;
}

/* Reads the string whose opening quote is at s->at. */
static JsonType scan_string(JsonScanner *s, JsonValue *v) {
  const char *p = s->at + 1;
  v->text = p;
  v->escaped = false;
  for (;;) {
    p = skip_plain(p, s->end);
    if (p < s->end && *p == '"') break;
    p = scan_special(s, p, v);
    if (p == NULL) return JSON_ERROR;
  }
  v->size = (size_t)(p - v->text);
  s->at = p + 1;
  return JSON_STRING;
}

/* ---- numbers ---- */

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* Moves s->at past the digits there. False, with the error set, when there is no digit. */
static bool scan_digits(JsonScanner *s) {
  const char *first = s->at;
  while (s->at < s->end && is_digit(*s->at)) s->at++;
  if (s->at > first) return true;
  fail_here(s, "expected a digit");
  return false;
}

/* Reads a fraction and an exponent, both optional. False on error. */
static bool scan_fraction(JsonScanner *s) {
  if (s->at < s->end && *s->at == '.') {
    s->at++;
    if (!scan_digits(s)) return false;
  }
  if (s->at < s->end && (*s->at | 0x20) == 'e') {
    s->at++;
    if (s->at < s->end && (*s->at == '+' || *s->at == '-')) s->at++;
    if (!scan_digits(s)) return false;
  }
  return true;
}

/* The value of 'count' digits at 'p', with its sign; false when it does not fit int64_t. */
static bool to_integer(const char *p, size_t count, bool negative, int64_t *out) {
  if (count > 19) return false;
  uint64_t value = 0; /* 19 digits always fit */
  for (size_t i = 0; i < count; i++) value = value * 10 + (uint64_t)(p[i] - '0');
  if (value > (uint64_t)INT64_MAX + negative) return false;
  *out = !negative ? (int64_t)value : value == 0 ? 0 : -(int64_t)(value - 1) - 1;
  return true;
}

/* Reads the number that begins at s->at with a digit or '-'. "-0" stays text, as an int64_t has no minus zero. */
static JsonType scan_number(JsonScanner *s, JsonValue *v) {
  v->text = s->at;
  bool negative = *s->at == '-';
  if (negative) s->at++;
  const char *digits = s->at;
  if (!scan_digits(s)) return JSON_ERROR;
  size_t count = (size_t)(s->at - digits);
  if (*digits == '0' && count > 1) return fail(s, digits, "number with a leading zero");
  if (!scan_fraction(s)) return JSON_ERROR;
  v->size = (size_t)(s->at - v->text);
  bool whole = digits + count == s->at, minus_zero = negative && *digits == '0';
  return whole && !minus_zero && to_integer(digits, count, negative, &v->integer) ? JSON_INTEGER
                                                                                  : JSON_NUMBER;
}

/* ---- values ---- */

void json_scan_init(JsonScanner *s, const char *text, size_t size, int depth_limit) {
  int limit = depth_limit < JSON_DEPTH_MAX ? depth_limit : JSON_DEPTH_MAX;
  if (size == 0) text = ""; /* 'text' may be NULL then */
  *s = (JsonScanner){.start = text, .at = text, .end = text + size, .limit = limit};
}

static void skip_space(JsonScanner *s) {
  while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t')) s->at++;
}

/* Moves to the next byte that is not white space and returns it; 0 at the end or after an error. (A NUL byte is 0 too:
** that is safe, as no caller looks for one.) */
static char next_byte(JsonScanner *s) {
  if (s->error != NULL) return '\0';
  skip_space(s);
  return s->at < s->end ? *s->at : '\0';
}

/* Takes the bracket that opens a container. */
static JsonType scan_open(JsonScanner *s, JsonType type) {
  if (s->depth >= s->limit) return fail(s, s->at, "nested too deeply");
  s->depth++;
  s->fresh = true;
  s->at++;
  return type;
}

/* Takes 'word'; the error is at the first byte that differs. */
static JsonType scan_word(JsonScanner *s, const char *word, JsonType type) {
  while (*word != '\0' && s->at < s->end && *s->at == *word) {
    s->at++;
    word++;
  }
  return *word == '\0' ? type : fail_here(s, "expected true, false or null");
}

/* Fails because there is no value at s->at. */
static JsonType scan_nothing(JsonScanner *s) {
  if (s->error != NULL) return JSON_ERROR;
  if (s->end - s->at >= 3 && memcmp(s->at, "\xEF\xBB\xBF", 3) == 0) return fail(s, s->at, "byte order mark");
  return fail_here(s, "expected a value");
}

JsonType json_scan_value(JsonScanner *s, JsonValue *v) {
  char c = next_byte(s);
  v->text = s->at;
  switch (c) {
  case '"': return v->type = scan_string(s, v);
  case '{': v->type = scan_open(s, JSON_OBJECT); break;
  case '[': v->type = scan_open(s, JSON_ARRAY); break;
  case 't': v->type = scan_word(s, "true", JSON_TRUE); break;
  case 'f': v->type = scan_word(s, "false", JSON_FALSE); break;
  case 'n': v->type = scan_word(s, "null", JSON_NULL); break;
  default: v->type = c == '-' || is_digit(c) ? scan_number(s, v) : scan_nothing(s);
  }
  v->size = (size_t)(s->at - v->text);
  return v->type;
}

/* Takes the bracket that closes a container; 0 tells the caller that it is at its end. */
static int scan_close(JsonScanner *s) {
  s->at++;
  s->depth--;
  s->fresh = false;
  return 0;
}

/* 'fail_here' for functions that return -1 on error; an earlier error stays. */
static int fail_member(JsonScanner *s, const char *error) {
  if (s->error == NULL) fail_here(s, error);
  return -1;
}

int json_scan_member(JsonScanner *s, JsonValue *key) {
  char c = next_byte(s);
  if (c == '}') return scan_close(s);
  if (!s->fresh) {
    if (c != ',') return fail_member(s, "expected ',' or '}'");
    s->at++;
    c = next_byte(s);
  }
  if (c != '"') return fail_member(s, s->fresh ? "expected a key or '}'" : "expected a key");
  s->fresh = false;
  key->type = scan_string(s, key);
  if (key->type == JSON_ERROR) return -1;
  if (next_byte(s) != ':') return fail_member(s, "expected ':'");
  s->at++;
  return 1;
}

int json_scan_key(JsonScanner *s, JsonValue *key, char room[JSON_KEY]) {
  int more = json_scan_member(s, key);
  if (more != 1 || !key->escaped || key->size > JSON_KEY) return more;
  key->size = json_unescape(key, room);
  key->text = room;
  key->escaped = false;
  return 1;
}

int json_scan_element(JsonScanner *s) {
  char c = next_byte(s);
  if (c == ']') return scan_close(s);
  if (s->error != NULL) return -1;
  if (!s->fresh) {
    if (c != ',') return fail_member(s, "expected ',' or ']'");
    s->at++;
  }
  s->fresh = false;
  return 1;
}

bool json_scan_skip(JsonScanner *s, const JsonValue *v) {
  if (v->type != JSON_OBJECT && v->type != JSON_ARRAY) return s->error == NULL;
  bool is_object[JSON_DEPTH_MAX + 1]; /* by depth: is the open container there an object, or an array? */
  int outside = s->depth - 1;
  is_object[s->depth] = v->type == JSON_OBJECT;
  while (s->depth > outside) {
    JsonValue inner;
    int more = is_object[s->depth] ? json_scan_member(s, &inner) : json_scan_element(s);
    if (more < 0) return false;
    if (more == 0) continue;
    if (json_scan_value(s, &inner) == JSON_ERROR) return false;
    if (inner.type == JSON_OBJECT || inner.type == JSON_ARRAY)
      is_object[s->depth] = inner.type == JSON_OBJECT;
  }
  return true;
}

bool json_scan_end(JsonScanner *s) {
  next_byte(s);
  if (s->error == NULL && s->at < s->end) fail(s, s->at, "expected the end of the text");
  return s->error == NULL;
}

/* ---- strings, in and out ---- */

/* Writes the character that the escape at 'p' stands for, and moves '*out' behind it. Returns the byte behind the
** escape. The scanner has checked the escape. */
static const char *unescape_one(const char *p, char **out) {
  static const char names[] = "bfnrt", meanings[] = "\b\f\n\r\t";
  if (p[1] != 'u') {
    const char *name = strchr(names, p[1]);
    *(*out)++ = name != NULL ? meanings[name - names] : p[1];
    return p + 2;
  }
  int32_t unit = hex4(p + 2, p + 6);
  p += 6;
  if (is_high(unit)) {
    unit = 0x10000 + ((unit - 0xD800) << 10) + (hex4(p + 2, p + 6) - 0xDC00);
    p += 6;
  }
  *out += utf8_write(*out, (uint32_t)unit);
  return p;
}

size_t json_unescape(const JsonValue *v, char *out) {
  const char *p = v->text, *end = v->text + v->size;
  char *to = out;
  while (p < end) {
    const char *escape = memchr(p, '\\', (size_t)(end - p));
    size_t plain = (size_t)((escape != NULL ? escape : end) - p);
    memcpy(to, p, plain);
    to += plain;
    p += plain;
    if (p < end) p = unescape_one(p, &to);
  }
  return (size_t)(to - out);
}

/* The letter behind the backslash that escapes the byte 'c': 'u' for the form of four digits, 0 when 'c' needs no
** escape. */
static char escape_letter(Byte c) {
  if (c == '"' || c == '\\') return (char)c;
  if (c >= 0x20) return '\0';
  switch (c) {
  case '\b': return 'b';
  case '\f': return 'f';
  case '\n': return 'n';
  case '\r': return 'r';
  case '\t': return 't';
  default: return 'u';
  }
}

/* How many bytes escapes add to 'text'. SIZE_MAX when it is not UTF-8, or so long that the sum could overflow. */
static size_t quote_extra(const char *text, size_t size) {
  const char *p = text, *end = text + size;
  size_t extra = 0;
  if (size > SIZE_MAX / 8) return SIZE_MAX;
  for (p = skip_plain(p, end); p < end; p = skip_plain(p, end)) {
    size_t length = (Byte)*p < 0x80 ? 1 : utf8_length(p, end);
    if (length == 0) return SIZE_MAX;
    char letter = escape_letter((Byte)*p);
    extra += letter == '\0' ? 0 : letter == 'u' ? 5 : 1;
    p += length;
  }
  return extra;
}

bool json_quote(Bytes *out, const char *text, size_t size) {
  static const char hex[] = "0123456789abcdef";
  size_t extra = quote_extra(text, size), i = 0;
  if (extra == SIZE_MAX || !bytes_reserve(out, size + extra + 2)) return false;
  char *to = out->data + out->size;
  *to++ = '"';
  if (extra == 0) { /* no byte needs an escape */
    memcpy(to, text, size);
    to += size;
    i = size;
  }
  for (; i < size; i++) {
    char letter = escape_letter((Byte)text[i]);
    if (letter != '\0') *to++ = '\\';
    *to++ = letter != '\0' ? letter : text[i];
    if (letter == 'u') {
      const char digits[] = {'0', '0', hex[(Byte)text[i] >> 4], hex[text[i] & 0xF]};
      memcpy(to, digits, sizeof digits);
      to += sizeof digits;
    }
  }
  *to++ = '"';
  *to = '\0';
  out->size = (size_t)(to - out->data);
  return true;
}
