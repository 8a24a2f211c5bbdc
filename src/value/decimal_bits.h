/*
** The bits of a decimal128 (IEEE 754-2019, binary integer encoding), for decimal.c and decimal_text.c. From the top: 1
** bit sign, 14 bits exponent, 113 bits coefficient.
*/
#ifndef BYBIT_DECIMAL_BITS_H
#define BYBIT_DECIMAL_BITS_H

#include "decimal.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "decimal_bits.h expects a little-endian machine: the two words of a decimal128 are swapped on others"
#endif

__extension__ typedef unsigned __int128 Wide;

/* Of decimal128: the most digits of a coefficient, and the range of the exponent of its last digit. */
enum { DIGITS = 34, EXPONENT_MIN = -6176, EXPONENT_MAX = 6111 };

/* A finite value is (negative ? -1 : 1) * coefficient * 10^exponent; the coefficient is below 10^34. */
typedef struct Parts {
  bool negative;
  Wide coefficient;
  int exponent;
} Parts;

/* The two are inverse to each other. decimal_put_together trusts that the parts are in range. */
static inline Parts decimal_take_apart(Decimal x) {
  Wide high = x.bits[1] & ((UINT64_C(1) << 49) - 1);
  return (Parts){.negative = x.bits[1] >> 63 != 0,
                 .coefficient = high << 64 | x.bits[0],
                 .exponent = (int)(x.bits[1] >> 49 & 0x3fff) + EXPONENT_MIN};
}

static inline Decimal decimal_put_together(Parts p) {
  uint64_t sign = p.negative ? UINT64_C(1) << 63 : 0;
  uint64_t exponent = (uint64_t)(p.exponent - EXPONENT_MIN) << 49;
  return (Decimal){{(uint64_t)p.coefficient, sign | exponent | (uint64_t)(p.coefficient >> 64)}};
}

#endif
