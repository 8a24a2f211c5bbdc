/*
** Fuzzes decimals. The input is two numbers with a byte between them, which chooses the rounding mode. Checks that every
** value that is read or computed is written as plain digits that read as the same value, and that laws of arithmetic hold.
** Sums and products have to be those of the library, to the last bit.
*/
#include "value/decimal.h"

#define DECIMAL_CALL_BY_REFERENCE      0
#define DECIMAL_GLOBAL_ROUNDING        0
#define DECIMAL_GLOBAL_EXCEPTION_FLAGS 0
#define UNCHANGED_BINARY_STATUS_FLAGS  0
#include <bid_conf.h>
#include <bid_functions.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                                      \
  do {                                                                                                       \
    if (!(condition)) abort();                                                                               \
  } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text of x is plain digits, never "nan", "inf" or an exponent; and it reads as x. */
static void check_text(Decimal x) {
  static char text[DECIMAL_TEXT_MAX];
  size_t size = decimal_format(x, text), i = text[0] == '-', points = 0;
  MUST(size < DECIMAL_TEXT_MAX && strlen(text) == size && isdigit((unsigned char)text[i]));
  for (; i < size; i++) {
    if (text[i] == '.' && i + 1 < size)
      points++;
    else
      MUST(isdigit((unsigned char)text[i]));
  }
  MUST(points <= 1);
  Decimal y;
  DecimalStatus status = decimal_parse(text, size, &y);
  if (status == DECIMAL_OK)
    MUST(decimal_compare(x, y) == 0);
  else
    MUST(status == DECIMAL_TOO_LONG || status == DECIMAL_RANGE);
}

/* Checks the text of a result when there is one; returns whether there is. */
static bool check(DecimalStatus status, Decimal x) {
  if (status == DECIMAL_OK) check_text(x);
  return status == DECIMAL_OK;
}

/* to_step gives a multiple of the step, on the side of x that the mode says. */
static void check_step(Decimal x, Decimal step, DecimalMode mode) {
  Decimal r, rest;
  if (!check(decimal_to_step(x, step, mode, &r), r)) return;
  MUST(decimal_modulo(r, step, &rest) == DECIMAL_OK && decimal_sign(rest) == 0);
  int side = decimal_compare(r, x);
  if (mode == DECIMAL_FLOOR) MUST(side <= 0);
  if (mode == DECIMAL_CEILING) MUST(side >= 0);
  if (mode == DECIMAL_DOWN) MUST(side == 0 || side != decimal_sign(x));
  if (mode == DECIMAL_UP) MUST(side == 0 || side == decimal_sign(x));
}

typedef BID_UINT128 LibraryOperation(BID_UINT128, BID_UINT128, _IDEC_round, _IDEC_flags *);

/* 'x' is what the library gives. */
static void check_library(Decimal a, Decimal b, Decimal x, LibraryOperation *operation) {
  BID_UINT128 in_a, in_b;
  _IDEC_flags flags = 0;
  memcpy(&in_a, &a, sizeof in_a);
  memcpy(&in_b, &b, sizeof in_b);
  BID_UINT128 y = operation(in_a, in_b, 0, &flags);
  MUST(memcmp(&x, &y, sizeof y) == 0);
}

static void check_pair(Decimal a, Decimal b, DecimalMode mode) {
  Decimal x, y;
  MUST(decimal_compare(a, b) == -decimal_compare(b, a));
  if (check(decimal_add(a, b, &x), x)) {
    MUST(decimal_add(b, a, &y) == DECIMAL_OK && decimal_compare(x, y) == 0);
    check_library(a, b, x, bid128_add);
  }
  if (check(decimal_multiply(a, b, &x), x)) {
    MUST(decimal_multiply(b, a, &y) == DECIMAL_OK && decimal_compare(x, y) == 0);
    check_library(a, b, x, bid128_mul);
  }
  if (check(decimal_subtract(a, b, &x), x)) {
    check_library(a, b, x, bid128_sub);
    MUST(decimal_sign(x) == decimal_compare(a, b) && decimal_subtract(b, a, &y) == DECIMAL_OK &&
         decimal_compare(x, decimal_negate(y)) == 0);
  }
  check(decimal_divide(a, b, &x), x);
  check(decimal_floor_divide(a, b, &x), x);
  if (check(decimal_modulo(a, b, &x), x))
    MUST(decimal_sign(x) == 0 || decimal_compare(decimal_absolute(x), decimal_absolute(b)) <= 0);
  check_step(a, b, mode);
  int64_t n;
  if (decimal_to_integer(b, &n) && n >= -400 && n <= 400) {
    check(decimal_power(a, n, &x), x);
    check(decimal_round(a, (int)n, mode, &x), x);
  }
}

static void check_one(Decimal x) {
  double near;
  int64_t n;
  check_text(x);
  check_text(decimal_negate(x));
  check_text(decimal_absolute(x));
  MUST(decimal_compare(decimal_reduce(x), x) == 0);
  check_text(decimal_reduce(x));
  if (decimal_to_integer(x, &n)) MUST(decimal_compare(decimal_from_integer(n), x) == 0);
  (void)decimal_to_double(x, &near);
}

/* A short text is read in another way than a long one: it is the same number with zeros in front. */
static void check_short(const char *text, size_t size) {
  enum { MOST = 18 };
  char padded[MOST * 2 + 1];
  if (size == 0 || size > MOST) return;
  size_t sign = text[0] == '-';
  memset(padded, '0', sizeof padded);
  padded[0] = sign ? '-' : '0';
  memcpy(padded + MOST + 1, text + sign, size - sign);
  Decimal a = {{0}}, b = {{0}};
  bool digits = size > sign && isdigit((unsigned char)text[sign]);
  DecimalStatus status = decimal_parse(text, size, &a);
  MUST(status == (digits ? decimal_parse(padded, MOST + 1 + size - sign, &b) : DECIMAL_SYNTAX));
  MUST(memcmp(&a, &b, sizeof a) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = size > 0 ? (const char *)data : "";
  Decimal a, b;
  check_short(text, size);
  if (decimal_parse(text, size, &a) == DECIMAL_OK) {
    check_one(a);
    MUST(decimal_parse_json(text, size, &b) != DECIMAL_OK || decimal_compare(a, b) == 0);
  }
  for (size_t i = 0; i < size; i++) {
    if (strchr("0123456789.+-eE", text[i]) != NULL && text[i] != 0) continue;
    if (decimal_parse_json(text, i, &a) != DECIMAL_OK) break;
    if (decimal_parse_json(text + i + 1, size - i - 1, &b) != DECIMAL_OK) break;
    check_one(a);
    check_one(b);
    check_pair(a, b, (DecimalMode)((unsigned char)text[i] % (DECIMAL_FLOOR + 1)));
    break;
  }
  return 0;
}
