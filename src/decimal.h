/*
** Exact decimals: IEEE 754 decimal128 values, 34 significant digits. This part knows no Lua: values in,
** status out. decimal_lua.h is its face. Nothing but decimal.c knows the decimal library behind it.
*/
#ifndef BYBIT_DECIMAL_H
#define BYBIT_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A finite decimal128. Copied freely; only 8-aligned, so the library's 16-byte type is reached by memcpy. */
typedef struct Decimal {
  uint64_t bits[2];
} Decimal;

typedef enum DecimalStatus {
  DECIMAL_OK,
  DECIMAL_SYNTAX,   /* the text is not a number of the wanted form */
  DECIMAL_TOO_LONG, /* reading it would round: more than 34 digits, zeros included */
  DECIMAL_RANGE,    /* overflow or underflow: the exponent does not fit */
  DECIMAL_DIVIDE,   /* division by zero */
  DECIMAL_INVALID   /* an operation without an answer (0 ^ -1, a step of zero) */
} DecimalStatus;

typedef enum DecimalMode {
  DECIMAL_HALF_EVEN,
  DECIMAL_HALF_UP,
  DECIMAL_HALF_DOWN,
  DECIMAL_UP,
  DECIMAL_DOWN,
  DECIMAL_CEILING,
  DECIMAL_FLOOR
} DecimalMode;

/* Room for any decimal in plain digits, sign, point and closing zero byte included. */
#define DECIMAL_TEXT_MAX 6200

/* Reads "-?%d+(%.%d+)?" of exactly 'size' bytes. Never rounds. '*out' is set only on DECIMAL_OK. */
DecimalStatus decimal_parse(const char *text, size_t size, Decimal *out);
/* Reads a JSON number (RFC 8259, exponent allowed) of exactly 'size' bytes. Never rounds. */
DecimalStatus decimal_parse_json(const char *text, size_t size, Decimal *out);
Decimal decimal_from_integer(int64_t value);
/* Writes plain digits (no exponent, trailing zeros and the sign of zero kept) and a zero byte; returns the
** length without it. 'text' has room for DECIMAL_TEXT_MAX bytes. */
size_t decimal_format(Decimal x, char *text);

DecimalStatus decimal_add(Decimal a, Decimal b, Decimal *out);
DecimalStatus decimal_subtract(Decimal a, Decimal b, Decimal *out);
DecimalStatus decimal_multiply(Decimal a, Decimal b, Decimal *out);
DecimalStatus decimal_divide(Decimal a, Decimal b, Decimal *out);
/* The largest whole number not above a / b, and a - b * that; both round only past 34 digits. */
DecimalStatus decimal_floor_divide(Decimal a, Decimal b, Decimal *out);
DecimalStatus decimal_modulo(Decimal a, Decimal b, Decimal *out);
/* 1 for n = 0. The last digit is right, whatever n is. */
DecimalStatus decimal_power(Decimal x, int64_t n, Decimal *out);
/* The multiple of 'step' (above zero) next to x, with as many places as the step has. DECIMAL_RANGE where that
** multiple has more than 34 digits. */
DecimalStatus decimal_to_step(Decimal x, Decimal step, DecimalMode mode, Decimal *out);
Decimal decimal_negate(Decimal x);
Decimal decimal_absolute(Decimal x);
Decimal decimal_reduce(Decimal x); /* the same value without trailing zeros, and zero without a sign */
/* 'places' digits after the point (negative: tens, hundreds ...). */
DecimalStatus decimal_round(Decimal x, int places, DecimalMode mode, Decimal *out);
/* -1, 0, 1. */
int decimal_compare(Decimal a, Decimal b);
int decimal_sign(Decimal x);
bool decimal_to_integer(Decimal x, int64_t *out); /* false when it is not whole or does not fit */
/* The double next to x; DECIMAL_RANGE when that is none but infinity. */
DecimalStatus decimal_to_double(Decimal x, double *out);

#endif
