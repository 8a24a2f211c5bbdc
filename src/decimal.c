/*
** Exact decimal arithmetic over Intel's library for IEEE 754 decimal128; nothing else knows that library. Arguments
** go by value, and there is no global rounding mode and no global flag, so that threads and states are apart.
** Only finite values go in, and only finite values come out: whatever is none is a status.
*/
#include "decimal.h"
#include "decimal_bits.h"

#define DECIMAL_CALL_BY_REFERENCE      0
#define DECIMAL_GLOBAL_ROUNDING        0
#define DECIMAL_GLOBAL_EXCEPTION_FLAGS 0
#define UNCHANGED_BINARY_STATUS_FLAGS  0
#include <bid_conf.h>
#include <bid_functions.h>

#include <string.h>

/* Intel's numbering of the rounding modes. */
enum { NEAREST_EVEN = 0, TO_FLOOR = 1, TO_CEILING = 2, TO_ZERO = 3, NEAREST_AWAY = 4 };

static BID_UINT128 in(Decimal x) {
  BID_UINT128 y;
  memcpy(&y, &x, sizeof y);
  return y;
}

/* A result, when it is finite and did not vanish below the smallest exponent. */
static DecimalStatus give(BID_UINT128 y, _IDEC_flags flags, Decimal *out) {
  Decimal x;
  memcpy(&x, &y, sizeof x);
  bool special = (x.bits[1] >> 61 & 3) == 3; /* infinity, NaN, or an encoding that no operation gives */
  if (special || (flags & (BID_OVERFLOW_EXCEPTION | BID_UNDERFLOW_EXCEPTION | BID_INVALID_EXCEPTION)) != 0)
    return DECIMAL_RANGE;
  *out = x;
  return DECIMAL_OK;
}

DecimalStatus decimal_add(Decimal a, Decimal b, Decimal *out) {
  _IDEC_flags flags = 0;
  BID_UINT128 y = bid128_add(in(a), in(b), NEAREST_EVEN, &flags);
  return give(y, flags, out);
}

DecimalStatus decimal_subtract(Decimal a, Decimal b, Decimal *out) {
  _IDEC_flags flags = 0;
  BID_UINT128 y = bid128_sub(in(a), in(b), NEAREST_EVEN, &flags);
  return give(y, flags, out);
}

DecimalStatus decimal_multiply(Decimal a, Decimal b, Decimal *out) {
  _IDEC_flags flags = 0;
  BID_UINT128 y = bid128_mul(in(a), in(b), NEAREST_EVEN, &flags);
  return give(y, flags, out);
}

static DecimalStatus divide(Decimal a, Decimal b, unsigned mode, Decimal *out) {
  if (decimal_sign(b) == 0) return DECIMAL_DIVIDE;
  _IDEC_flags flags = 0;
  BID_UINT128 y = bid128_div(in(a), in(b), mode, &flags);
  return give(y, flags, out);
}

DecimalStatus decimal_divide(Decimal a, Decimal b, Decimal *out) {
  return divide(a, b, NEAREST_EVEN, out);
}

/* A quotient rounded down keeps its whole part, as long as that has 34 digits at most. */
DecimalStatus decimal_floor_divide(Decimal a, Decimal b, Decimal *out) {
  Decimal quotient;
  DecimalStatus status = divide(a, b, TO_FLOOR, &quotient);
  if (status != DECIMAL_OK) return status;
  _IDEC_flags flags = 0;
  BID_UINT128 y = bid128_round_integral_negative(in(quotient), &flags);
  return give(y, flags, out);
}

DecimalStatus decimal_modulo(Decimal a, Decimal b, Decimal *out) {
  if (decimal_sign(b) == 0) return DECIMAL_DIVIDE;
  _IDEC_flags flags = 0;
  BID_UINT128 y = bid128_fmod(in(a), in(b), &flags); /* exact; has the sign of a */
  Decimal rest;
  DecimalStatus status = give(y, flags, &rest);
  if (status != DECIMAL_OK) return status;
  if (decimal_sign(rest) * decimal_sign(b) < 0) return decimal_add(rest, b, out);
  *out = rest;
  return DECIMAL_OK;
}

DecimalStatus decimal_power(Decimal x, int64_t n, Decimal *out) {
  uint64_t left = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
  Decimal result = decimal_from_integer(1), square = x;
  DecimalStatus status = DECIMAL_OK;
  while (left != 0 && status == DECIMAL_OK) {
    if (left & 1) status = decimal_multiply(result, square, &result);
    left >>= 1;
    if (left != 0 && status == DECIMAL_OK) status = decimal_multiply(square, square, &square);
  }
  if (status != DECIMAL_OK) return status;
  if (n < 0) return decimal_divide(decimal_from_integer(1), result, out);
  *out = result;
  return DECIMAL_OK;
}

int decimal_compare(Decimal a, Decimal b) {
  _IDEC_flags flags = 0;
  if (bid128_quiet_equal(in(a), in(b), &flags)) return 0;
  return bid128_quiet_less(in(a), in(b), &flags) ? -1 : 1;
}

/* The library's mode for one of ours, for a number of this sign; half_down has none. */
static unsigned library_mode(DecimalMode mode, bool negative) {
  switch (mode) {
  case DECIMAL_HALF_EVEN: return NEAREST_EVEN;
  case DECIMAL_HALF_UP: return NEAREST_AWAY;
  case DECIMAL_UP: return negative ? TO_FLOOR : TO_CEILING;
  case DECIMAL_HALF_DOWN:
  case DECIMAL_DOWN: return TO_ZERO;
  case DECIMAL_CEILING: return TO_CEILING;
  case DECIMAL_FLOOR: return TO_FLOOR;
  }
  return NEAREST_EVEN;
}

static DecimalStatus quantize(Decimal x, int exponent, unsigned mode, Decimal *out) {
  if (exponent < EXPONENT_MIN || exponent > EXPONENT_MAX) return DECIMAL_RANGE;
  Decimal unit = decimal_put_together((Parts){.coefficient = 1, .exponent = exponent});
  _IDEC_flags flags = 0;
  BID_UINT128 y = bid128_quantize(in(x), in(unit), mode, &flags);
  return give(y, flags, out);
}

DecimalStatus decimal_round(Decimal x, int places, DecimalMode mode, Decimal *out) {
  bool negative = decimal_take_apart(x).negative;
  Decimal down;
  DecimalStatus status = quantize(x, -places, library_mode(mode, negative), &down);
  if (status == DECIMAL_OK && mode == DECIMAL_HALF_DOWN) { /* away from zero only past the half */
    Decimal rest, up;
    status = decimal_subtract(decimal_absolute(x), decimal_absolute(down), &rest);
    if (status != DECIMAL_OK) return status;
    Decimal half = decimal_put_together((Parts){.coefficient = 5, .exponent = -places - 1});
    if (decimal_compare(rest, half) > 0) {
      status = quantize(x, -places, negative ? TO_FLOOR : TO_CEILING, &up);
      down = up;
    }
  }
  if (status == DECIMAL_OK) *out = down;
  return status;
}

/* Does the multiple below |x|, 'rest' short of it, give way to the one above? 'odd': it is an odd multiple. */
static bool goes_up(DecimalMode mode, bool negative, Decimal rest, Decimal step, bool odd) {
  if (decimal_sign(rest) == 0) return false;
  Decimal above;
  if (decimal_subtract(step, rest, &above) != DECIMAL_OK) return false;
  int half = decimal_compare(rest, above);
  switch (mode) {
  case DECIMAL_HALF_EVEN: return half > 0 || (half == 0 && odd);
  case DECIMAL_HALF_UP: return half >= 0;
  case DECIMAL_HALF_DOWN: return half > 0;
  case DECIMAL_UP: return true;
  case DECIMAL_DOWN: return false;
  case DECIMAL_CEILING: return !negative;
  case DECIMAL_FLOOR: return negative;
  }
  return false;
}

DecimalStatus decimal_to_step(Decimal x, Decimal step, DecimalMode mode, Decimal *out) {
  if (decimal_sign(step) <= 0) return DECIMAL_INVALID;
  bool negative = decimal_take_apart(x).negative;
  Decimal size = decimal_absolute(x), rest, low, twice, parity;
  DecimalStatus status = decimal_modulo(size, step, &rest);
  if (status == DECIMAL_OK) status = decimal_subtract(size, rest, &low);
  if (status == DECIMAL_OK) status = decimal_add(step, step, &twice);
  if (status == DECIMAL_OK) status = decimal_modulo(low, twice, &parity);
  if (status == DECIMAL_OK && goes_up(mode, negative, rest, step, decimal_sign(parity) != 0))
    status = decimal_add(low, step, &low);
  if (status != DECIMAL_OK) return status;
  Decimal plain;
  int exponent = decimal_take_apart(step).exponent;
  if (quantize(low, exponent > 0 ? 0 : exponent, NEAREST_EVEN, &plain) == DECIMAL_OK) low = plain;
  *out = negative ? decimal_negate(low) : low;
  return DECIMAL_OK;
}
