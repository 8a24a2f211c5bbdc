/*
** Exact decimal arithmetic with Intel's library for IEEE 754 decimal128. Only this file knows that library. Arguments
** go by value, and there is no global rounding mode and no global flag, so threads and Lua states share nothing.
** Only finite values go in and come out: an infinite or undefined result becomes a status.
*/
#include "decimal.h"
#include "decimal_bits.h"

#define DECIMAL_CALL_BY_REFERENCE      0
#define DECIMAL_GLOBAL_ROUNDING        0
#define DECIMAL_GLOBAL_EXCEPTION_FLAGS 0
#define UNCHANGED_BINARY_STATUS_FLAGS  0
#include <bid_conf.h>
#include <bid_functions.h>

#include <math.h>
#include <string.h>

/* Intel's numbering of the rounding modes. */
enum { NEAREST_EVEN = 0, TO_FLOOR = 1, TO_CEILING = 2, TO_ZERO = 3, NEAREST_AWAY = 4 };

/* To the library's type; 'give' is the way back. */
static BID_UINT128 in(Decimal x) {
  BID_UINT128 y;
  memcpy(&y, &x, sizeof y);
  return y;
}

/* Checks the result of an operation and hands it out. DECIMAL_RANGE when it is not finite, or so small that digits
** were lost below the smallest exponent. */
static DecimalStatus give(BID_UINT128 y, _IDEC_flags flags, Decimal *out) {
  Decimal x;
  memcpy(&x, &y, sizeof x);
  bool special = (x.bits[1] >> 61 & 3) == 3; /* infinity, NaN, or an encoding that no operation gives */
  if (special || (flags & (BID_OVERFLOW_EXCEPTION | BID_UNDERFLOW_EXCEPTION | BID_INVALID_EXCEPTION)) != 0)
    return DECIMAL_RANGE;
  *out = x;
  return DECIMAL_OK;
}

/* Most numbers are short. Of those whose coefficients fit 64 bits, sums and products are worked out here, several times as
** fast as the library does: nothing is rounded, and exponent and sign are those of IEEE 754. False: the library has to. */

/* Brings a coefficient down to a lower exponent. False: it might not fit the sum any more. */
static bool widen(Parts *a, int exponent) {
  enum { MOST = 14 }; /* 2^64 * 10^14 is below 10^34 */
  if (a->exponent - exponent > MOST) return false;
  for (; a->exponent > exponent; a->exponent--) a->coefficient *= 10;
  return true;
}

static bool add_small(Parts a, Parts b, Decimal *out) {
  if (a.coefficient > UINT64_MAX || b.coefficient > UINT64_MAX) return false;
  if (!widen(&a, b.exponent) || !widen(&b, a.exponent)) return false;
  Parts sum = a.coefficient < b.coefficient ? b : a;
  if (a.negative == b.negative) {
    sum.coefficient = a.coefficient + b.coefficient;
  } else {
    sum.coefficient =
        a.coefficient < b.coefficient ? b.coefficient - a.coefficient : a.coefficient - b.coefficient;
    if (sum.coefficient == 0) sum.negative = false;
  }
  *out = decimal_put_together(sum);
  return true;
}

static bool multiply_small(Parts a, Parts b, Decimal *out) {
  enum { BITS = 56 }; /* 2^112 is below 10^34 */
  if (a.coefficient >> BITS != 0 || b.coefficient >> BITS != 0) return false;
  int exponent = a.exponent + b.exponent;
  if (exponent < EXPONENT_MIN || exponent > EXPONENT_MAX) return false;
  *out = decimal_put_together((Parts){.negative = a.negative != b.negative,
                                      .coefficient = a.coefficient * b.coefficient,
                                      .exponent = exponent});
  return true;
}

DecimalStatus decimal_add(Decimal a, Decimal b, Decimal *out) {
  if (add_small(decimal_take_apart(a), decimal_take_apart(b), out)) return DECIMAL_OK;
  _IDEC_flags flags = 0;
  BID_UINT128 y = bid128_add(in(a), in(b), NEAREST_EVEN, &flags);
  return give(y, flags, out);
}

DecimalStatus decimal_subtract(Decimal a, Decimal b, Decimal *out) {
  return decimal_add(a, decimal_negate(b), out);
}

DecimalStatus decimal_multiply(Decimal a, Decimal b, Decimal *out) {
  if (multiply_small(decimal_take_apart(a), decimal_take_apart(b), out)) return DECIMAL_OK;
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

/* Has x more than 34 digits before the point? */
static bool is_past_digits(Decimal x) {
  Decimal limit = decimal_put_together((Parts){.coefficient = 1, .exponent = DIGITS});
  return decimal_compare(decimal_absolute(x), limit) >= 0;
}

/* Divides with rounding down, which leaves the whole part right as long as it has at most 34 digits. For |a| < |b| the
** answer is known without a division, whose quotient could be too small for a decimal. */
DecimalStatus decimal_floor_divide(Decimal a, Decimal b, Decimal *out) {
  Decimal quotient;
  if (decimal_sign(a) != 0 && decimal_compare(decimal_absolute(a), decimal_absolute(b)) < 0) {
    *out = decimal_from_integer(decimal_sign(a) == decimal_sign(b) ? 0 : -1);
    return DECIMAL_OK;
  }
  DecimalStatus status = divide(a, b, TO_FLOOR, &quotient);
  if (status != DECIMAL_OK) return status;
  if (is_past_digits(quotient)) return decimal_divide(a, b, out);
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

/* A number of about 68 digits, high + low: 'low' is what was lost when 'high' was rounded. The multiplications of a
** power use it, so that their rounding errors do not reach the 34 digits of the result. While nothing was rounded, low
** is zero and high keeps its natural number of places. */
typedef struct Pair {
  BID_UINT128 high, low;
} Pair;

static bool is_zero(BID_UINT128 x) {
  return bid128_isZero(x) != 0;
}

static BID_UINT128 plus(BID_UINT128 a, BID_UINT128 b) {
  _IDEC_flags flags = 0;
  return bid128_add(a, b, NEAREST_EVEN, &flags);
}

static BID_UINT128 minus(BID_UINT128 a, BID_UINT128 b) {
  return plus(a, bid128_negate(b));
}

/* a * b + c, rounded once. */
static BID_UINT128 times_plus(BID_UINT128 a, BID_UINT128 b, BID_UINT128 c) {
  _IDEC_flags flags = 0;
  return bid128_fma(a, b, c, NEAREST_EVEN, &flags);
}

/* high + low as a Pair whose high part is rounded to nearest (Knuth's two-sum). */
static Pair pair_sum(BID_UINT128 high, BID_UINT128 low) {
  if (is_zero(low)) return (Pair){high, low};
  BID_UINT128 sum = plus(high, low), part = minus(sum, high);
  return (Pair){sum, plus(minus(high, minus(sum, part)), minus(low, part))};
}

/* a * b; the product of the two low parts is left out, since it is too small to count. */
static DecimalStatus pair_times(Pair a, Pair b, Pair *out) {
  Decimal checked;
  _IDEC_flags flags = 0;
  BID_UINT128 high = bid128_mul(a.high, b.high, NEAREST_EVEN, &flags);
  DecimalStatus status = give(high, flags, &checked);
  if (status != DECIMAL_OK) return status;
  BID_UINT128 low = times_plus(a.high, b.high, bid128_negate(high));
  if (!is_zero(b.low)) low = times_plus(a.high, b.low, low);
  if (!is_zero(a.low)) low = times_plus(a.low, b.high, low);
  *out = pair_sum(high, low);
  return DECIMAL_OK;
}

/* 1 / x: first 1 / high, then one correction from the remainder. */
static DecimalStatus pair_invert(Pair x, Decimal *out) {
  const BID_UINT128 one = in(decimal_from_integer(1));
  Decimal quotient;
  _IDEC_flags flags = 0;
  DecimalStatus status = give(bid128_div(one, x.high, NEAREST_EVEN, &flags), flags, &quotient);
  if (status == DECIMAL_OK && !is_zero(x.low)) {
    BID_UINT128 minus_quotient = bid128_negate(in(quotient));
    BID_UINT128 rest = times_plus(minus_quotient, x.low, times_plus(minus_quotient, x.high, one));
    flags = 0;
    BID_UINT128 more = bid128_div(rest, x.high, NEAREST_EVEN, &flags);
    status = give(plus(in(quotient), more), 0, &quotient);
  }
  if (status == DECIMAL_OK) *out = quotient;
  return status;
}

/* By squaring, from the highest bit of n down. 'size' is |n|. */
DecimalStatus decimal_power(Decimal x, int64_t n, Decimal *out) {
  uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n, bit = UINT64_C(1) << 63;
  if (n == 0) {
    *out = decimal_from_integer(1);
    return DECIMAL_OK;
  }
  if (n < 0 && decimal_sign(x) == 0) return DECIMAL_DIVIDE;
  while ((size & bit) == 0) bit >>= 1;
  const Pair base = {.high = in(x), .low = in(decimal_from_integer(0))};
  Pair power = base;
  for (bit >>= 1; bit != 0; bit >>= 1) {
    DecimalStatus status = pair_times(power, power, &power);
    if (status == DECIMAL_OK && (size & bit) != 0) status = pair_times(power, base, &power);
    if (status != DECIMAL_OK) return status;
  }
  return n < 0 ? pair_invert(power, out) : give(power.high, 0, out);
}

/* Compares two numbers whose coefficients fit 64 bits, of which one can be brought to the other's exponent. False: it cannot. */
static bool compare_small(Parts a, Parts b, int *order) {
  enum { MOST = 19 }; /* 10^19 fits 64 bits */
  if (a.coefficient > UINT64_MAX || b.coefficient > UINT64_MAX) return false;
  int difference = a.exponent - b.exponent;
  if (a.coefficient != 0 && b.coefficient != 0 && a.negative == b.negative) {
    if (difference > MOST || difference < -MOST) return false;
    for (; difference > 0; difference--) a.coefficient *= 10;
    for (; difference < 0; difference++) b.coefficient *= 10;
  }
  int sign_a = a.coefficient == 0 ? 0 : a.negative ? -1 : 1;
  int sign_b = b.coefficient == 0 ? 0 : b.negative ? -1 : 1;
  if (sign_a != sign_b)
    *order = sign_a < sign_b ? -1 : 1;
  else
    *order = a.coefficient == b.coefficient ? 0 : (a.coefficient < b.coefficient) == (sign_a > 0) ? -1 : 1;
  return true;
}

int decimal_compare(Decimal a, Decimal b) {
  int order;
  if (compare_small(decimal_take_apart(a), decimal_take_apart(b), &order)) return order;
  _IDEC_flags flags = 0;
  if (bid128_quiet_equal(in(a), in(b), &flags)) return 0;
  return bid128_quiet_less(in(a), in(b), &flags) ? -1 : 1;
}

DecimalStatus decimal_to_double(Decimal x, double *out) {
  _IDEC_flags flags = 0;
  double y = bid128_to_binary64(in(x), NEAREST_EVEN, &flags);
  if (!isfinite(y)) return DECIMAL_RANGE;
  *out = y;
  return DECIMAL_OK;
}

/* The library's mode for one of ours, for a number of this sign. The library has no half_down: decimal_round starts
** from TO_ZERO and corrects. */
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

/* Rounds x to the given exponent. DECIMAL_RANGE too when that would need more than 34 digits. */
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
  if (status == DECIMAL_OK && mode == DECIMAL_HALF_DOWN) { /* goes away from zero only above the half */
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

/* |x| lies between two multiples of 'step', 'rest' above the lower one. True when the upper one is the answer. 'odd':
** the lower one is an odd multiple. */
static bool goes_up(DecimalMode mode, bool negative, Decimal rest, Decimal step, bool odd) {
  /* 2 * rest - step in one operation: its sign is exact */
  BID_UINT128 past_half = times_plus(in(decimal_from_integer(2)), in(rest), in(decimal_negate(step)));
  int half = is_zero(past_half) ? 0 : bid128_isSigned(past_half) ? -1 : 1;
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

/* The multiple of 'step' that 'size' rounds to. 'size' is not negative and lies 'rest' (above zero) over a multiple. A
** multiple of more than 34 digits is refused, since rounding it would give a number that is no multiple. */
static DecimalStatus next_multiple(Decimal size, Decimal step, Decimal rest, DecimalMode mode, bool negative,
                                   Decimal *out) {
  Decimal count;
  DecimalStatus status = decimal_floor_divide(size, step, &count);
  if (status != DECIMAL_OK) return status;
  if (is_past_digits(count)) return DECIMAL_RANGE;
  Parts parts = decimal_take_apart(count);
  bool odd = parts.exponent == 0 && (parts.coefficient & 1) != 0;
  if (goes_up(mode, negative, rest, step, odd)) status = decimal_add(count, decimal_from_integer(1), &count);
  if (status != DECIMAL_OK) return status;
  _IDEC_flags flags = 0;
  BID_UINT128 y = bid128_mul(in(count), in(step), NEAREST_EVEN, &flags);
  return (flags & BID_INEXACT_EXCEPTION) != 0 ? DECIMAL_RANGE : give(y, flags, out);
}

/* Works on |x|. The last step gives the result the places of 'step' where they fit. */
DecimalStatus decimal_to_step(Decimal x, Decimal step, DecimalMode mode, Decimal *out) {
  if (decimal_sign(step) <= 0) return DECIMAL_INVALID;
  bool negative = decimal_take_apart(x).negative;
  Decimal near = decimal_absolute(x), rest, plain;
  DecimalStatus status = decimal_modulo(near, step, &rest);
  if (status == DECIMAL_OK && decimal_sign(rest) != 0)
    status = next_multiple(near, step, rest, mode, negative, &near);
  if (status != DECIMAL_OK) return status;
  int exponent = decimal_take_apart(step).exponent;
  if (quantize(near, exponent > 0 ? 0 : exponent, NEAREST_EVEN, &plain) == DECIMAL_OK) near = plain;
  *out = negative ? decimal_negate(near) : near;
  return DECIMAL_OK;
}
