/*
** Decimals from texts and integers, and back, and what only needs the bits of a decimal. A text is read exactly or
** refused. The library is not used here: its reader drops excess zeros silently, and its writer gives exponents.
*/
#include "decimal.h"
#include "decimal_bits.h"

#include <string.h>

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* A number while it is read. */
typedef struct Reader {
  const char *at, *end; /* what is still to be read */
  Parts parts;          /* the value so far */
  int digits;           /* of the coefficient, without leading zeros */
  bool too_long;        /* there were more than 34 digits */
} Reader;

/* Appends the digit at r->at to the coefficient. */
static void take_digit(Reader *r) {
  r->digits += r->digits > 0 || *r->at != '0';
  Wide digit = (unsigned char)(*r->at++ - '0');
  if (r->digits > DIGITS)
    r->too_long = true;
  else
    r->parts.coefficient = r->parts.coefficient * 10 + digit;
}

/* Reads what matches -?%d+(%.%d+)? and stops behind it. False when nothing matches. */
static bool read_plain(Reader *r) {
  r->parts.negative = r->at < r->end && *r->at == '-';
  if (r->parts.negative) r->at++;
  if (r->at == r->end || !is_digit(*r->at)) return false;
  while (r->at < r->end && is_digit(*r->at)) take_digit(r);
  if (r->at == r->end || *r->at != '.') return true;
  const char *point = r->at++;
  while (r->at < r->end && is_digit(*r->at)) take_digit(r);
  if (r->at == point + 1) return false;
  if (r->at - point - 1 > 100000) { /* no real number is so long; the bound keeps the exponent an int */
    r->too_long = true;
    return true;
  }
  r->parts.exponent = -(int)(r->at - point - 1);
  return true;
}

/* Brings the exponent into range without changing the value. False when that is impossible. */
static bool fit(Parts *p, int digits) {
  if (p->coefficient == 0) {
    if (p->exponent > 0) p->exponent = 0;
    if (p->exponent < EXPONENT_MIN) p->exponent = EXPONENT_MIN;
    return true;
  }
  for (; p->exponent > EXPONENT_MAX && digits < DIGITS; digits++) {
    p->coefficient *= 10;
    p->exponent--;
  }
  return p->exponent >= EXPONENT_MIN && p->exponent <= EXPONENT_MAX;
}

/* The status of what was read, and the decimal on DECIMAL_OK. */
static DecimalStatus finish(Reader *r, Decimal *out) {
  if (r->too_long) return DECIMAL_TOO_LONG;
  if (!fit(&r->parts, r->digits)) return DECIMAL_RANGE;
  *out = decimal_put_together(r->parts);
  return DECIMAL_OK;
}

const char *decimal_read(const char *text, const char *end, Decimal *out) {
  enum { MOST = 18 }; /* so many digits fit 64 bits */
  if (end - text > MOST) end = text + MOST;
  const char *at = text, *point = NULL;
  bool negative = at < end && *at == '-';
  if (negative) at++;
  if (at == end || !is_digit(*at)) return NULL;
  uint64_t n = 0;
  for (; at < end; at++) {
    if (is_digit(*at))
      n = n * 10 + (uint64_t)(*at - '0');
    else if (*at == '.' && point == NULL)
      point = at;
    else
      break;
  }
  if (point == at - 1) return NULL;
  int places = point == NULL ? 0 : (int)(at - point - 1);
  *out = decimal_put_together((Parts){.negative = negative, .coefficient = n, .exponent = -places});
  return at;
}

DecimalStatus decimal_parse(const char *text, size_t size, Decimal *out) {
  Decimal x;
  if (size > 0 && decimal_read(text, text + size, &x) == text + size) {
    *out = x;
    return DECIMAL_OK;
  }
  Reader r = {.at = text, .end = text + size};
  if (!read_plain(&r) || r.at != r.end) return DECIMAL_SYNTAX;
  return finish(&r, out);
}

/* Reads 'e', a sign and digits into the exponent. The sum is bounded: a larger exponent does not fit a decimal
** anyway. False when there is no digit. */
static bool read_exponent(Reader *r) {
  bool negative = false;
  int n = 0;
  r->at++;
  if (r->at < r->end && (*r->at == '+' || *r->at == '-')) negative = *r->at++ == '-';
  const char *start = r->at;
  for (; r->at < r->end && is_digit(*r->at); r->at++)
    if (n < 1000000) n = n * 10 + (*r->at - '0');
  r->parts.exponent += negative ? -n : n;
  return r->at > start;
}

DecimalStatus decimal_parse_json(const char *text, size_t size, Decimal *out) {
  Reader r = {.at = text, .end = text + size};
  const char *first = size > 0 && text[0] == '-' ? text + 1 : text;
  if (r.end - first >= 2 && first[0] == '0' && is_digit(first[1])) return DECIMAL_SYNTAX; /* such as 01 */
  if (!read_plain(&r)) return DECIMAL_SYNTAX;
  if (r.at < r.end && (*r.at == 'e' || *r.at == 'E') && !read_exponent(&r)) return DECIMAL_SYNTAX;
  if (r.at != r.end) return DECIMAL_SYNTAX;
  return finish(&r, out);
}

Decimal decimal_from_integer(int64_t value) {
  uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  return decimal_put_together((Parts){.negative = value < 0, .coefficient = size});
}

/* Writes the digits of the coefficient, at least one; returns how many. */
static size_t write_digits(Wide coefficient, char digits[DIGITS + 1]) {
  char reversed[40];
  size_t count = 0;
  for (; coefficient > UINT64_MAX; coefficient /= 10)
    reversed[count++] = (char)('0' + (int)(coefficient % 10));
  uint64_t rest = (uint64_t)coefficient; /* most numbers start here: 64-bit division is much faster */
  do {
    reversed[count++] = (char)('0' + (int)(rest % 10));
    rest /= 10;
  } while (rest != 0);
  for (size_t i = 0; i < count; i++) digits[i] = reversed[count - 1 - i];
  return count;
}

/* 'places' digits stand after the point; the first 'whole' digits of the coefficient stand before it. */
size_t decimal_format(Decimal x, char *text) {
  Parts p = decimal_take_apart(x);
  char digits[DIGITS + 1];
  size_t count = write_digits(p.coefficient, digits);
  char *to = text;
  if (p.negative) *to++ = '-';
  size_t places = p.exponent < 0 ? (size_t)-p.exponent : 0;
  size_t whole = count > places ? count - places : 0;
  memcpy(to, digits, whole);
  to += whole;
  if (whole == 0) *to++ = '0';
  if (places > 0) {
    *to++ = '.';
    for (size_t i = count - whole; i < places; i++) *to++ = '0';
    memcpy(to, digits + whole, count - whole);
    to += count - whole;
  }
  if (p.coefficient != 0)
    for (int i = 0; i < p.exponent; i++) *to++ = '0';
  *to = '\0';
  return (size_t)(to - text);
}

/* Drops trailing zeros after the point, then adds those before it; stops when an int64_t overflows. */
bool decimal_to_integer(Decimal x, int64_t *out) {
  Parts p = decimal_take_apart(x);
  for (; p.exponent < 0 && p.coefficient != 0; p.exponent++) {
    if (p.coefficient % 10 != 0) return false;
    p.coefficient /= 10;
  }
  Wide most = (Wide)INT64_MAX + (p.negative ? 1 : 0);
  for (; p.exponent > 0 && p.coefficient != 0; p.exponent--) {
    if (p.coefficient > most) return false;
    p.coefficient *= 10;
  }
  if (p.coefficient > most) return false;
  uint64_t size = (uint64_t)p.coefficient;
  *out = p.negative ? (int64_t)(0 - size) : (int64_t)size;
  return true;
}

bool decimal_is_whole(Decimal x) {
  Parts p = decimal_take_apart(x);
  for (; p.exponent < 0 && p.coefficient != 0; p.exponent++) {
    if (p.coefficient % 10 != 0) return false;
    p.coefficient /= 10;
  }
  return true;
}

Decimal decimal_negate(Decimal x) {
  x.bits[1] ^= UINT64_C(1) << 63;
  return x;
}

Decimal decimal_absolute(Decimal x) {
  x.bits[1] &= ~(UINT64_C(1) << 63);
  return x;
}

int decimal_sign(Decimal x) {
  Parts p = decimal_take_apart(x);
  return p.coefficient == 0 ? 0 : p.negative ? -1 : 1;
}

Decimal decimal_reduce(Decimal x) {
  Parts p = decimal_take_apart(x);
  if (p.coefficient == 0) return decimal_from_integer(0);
  for (; p.coefficient % 10 == 0 && p.exponent < EXPONENT_MAX; p.exponent++) p.coefficient /= 10;
  return decimal_put_together(p);
}
