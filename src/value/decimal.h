/*
** Exact decimals: IEEE 754 decimal128 values with up to 34 significant digits. This part knows no Lua: values go in, a
** status comes out. decimal_lua.h is its Lua face. Only decimal.c knows the decimal library behind it.
*/
#ifndef BYBIT_DECIMAL_H
#define BYBIT_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A finite decimal128; never infinity or NaN. It may be copied freely. It is aligned to 8 bytes only, as Lua's userdata
** are, so decimal.c copies it to the library's 16-byte type with memcpy. */
typedef struct Decimal {
  uint64_t bits[2];
} Decimal;

typedef enum DecimalStatus {
  DECIMAL_OK,
  DECIMAL_SYNTAX,   /* the text is not a number of the wanted form */
  DECIMAL_TOO_LONG, /* reading it would round: more than 34 digits, zeros included */
  DECIMAL_RANGE,    /* overflow or underflow: the exponent does not fit */
  DECIMAL_DIVIDE,   /* division by zero; 0 to a negative power is one */
  DECIMAL_INVALID   /* the operation has no answer: a step that is not above zero */
} DecimalStatus;

/* How to round. decimal_lua.c names the modes in this order. */
typedef enum DecimalMode {
  DECIMAL_HALF_EVEN, /* to the nearest; a half goes to the even digit */
  DECIMAL_HALF_UP,   /* to the nearest; a half goes away from zero */
  DECIMAL_HALF_DOWN, /* to the nearest; a half goes towards zero */
  DECIMAL_UP,        /* away from zero */
  DECIMAL_DOWN,      /* towards zero */
  DECIMAL_CEILING,   /* towards plus infinity */
  DECIMAL_FLOOR      /* towards minus infinity */
} DecimalMode;

/* Room for any decimal in plain digits, sign, point and closing zero byte included. */
#define DECIMAL_TEXT_MAX 6200

/* Each function below that returns a status sets '*out' only on DECIMAL_OK. */

/* Reads a text that matches the Lua pattern "-?%d+(%.%d+)?", of exactly 'size' bytes. Never rounds. */
DecimalStatus decimal_parse(const char *text, size_t size, Decimal *out);
/* Reads a number of that form at 'text', in one pass and up to its first 18 bytes. Returns the byte behind what it took; NULL
** when there is no such number. More of the number may follow. */
const char *decimal_read(const char *text, const char *end, Decimal *out);
/* Reads a JSON number (RFC 8259, exponent allowed) of exactly 'size' bytes. Never rounds. */
DecimalStatus decimal_parse_json(const char *text, size_t size, Decimal *out);
Decimal decimal_from_integer(int64_t value); /* exact */
/* Writes plain digits and a zero byte; returns the length without it. There is no exponent; trailing zeros and the
** sign of zero are kept. 'text' has room for DECIMAL_TEXT_MAX bytes. */
size_t decimal_format(Decimal x, char *text);

/* Results are exact where 34 digits suffice, else rounded half to even. */
DecimalStatus decimal_add(Decimal a, Decimal b, Decimal *out);
DecimalStatus decimal_subtract(Decimal a, Decimal b, Decimal *out);
DecimalStatus decimal_multiply(Decimal a, Decimal b, Decimal *out);
DecimalStatus decimal_divide(Decimal a, Decimal b, Decimal *out);
/* The largest whole number that is not above a / b. It is rounded only when it has more than 34 digits. */
DecimalStatus decimal_floor_divide(Decimal a, Decimal b, Decimal *out);
/* a - b * floor(a / b): it has the sign of b, as Lua's % has. */
DecimalStatus decimal_modulo(Decimal a, Decimal b, Decimal *out);
/* x to the n-th power, and 1 for n = 0. The computation carries about 68 digits, so the last of the 34 is right. */
DecimalStatus decimal_power(Decimal x, int64_t n, Decimal *out);
/* Rounds x to a multiple of 'step', which must be above zero. The result has as many places as the step.
** DECIMAL_RANGE when that multiple has more than 34 digits. */
DecimalStatus decimal_to_step(Decimal x, Decimal step, DecimalMode mode, Decimal *out);
Decimal decimal_negate(Decimal x);
Decimal decimal_absolute(Decimal x);
Decimal decimal_reduce(Decimal x); /* the same value without trailing zeros; zero loses its sign */
/* Rounds to 'places' digits after the point; -1 rounds to tens, -2 to hundreds, and so on. */
DecimalStatus decimal_round(Decimal x, int places, DecimalMode mode, Decimal *out);
/* By value, so 1.0 equals 1: -1 when a < b, 0 when equal, 1 when a > b. */
int decimal_compare(Decimal a, Decimal b);
int decimal_sign(Decimal x);                      /* -1, 0 or 1; 0 for -0 too */
bool decimal_is_whole(Decimal x);                 /* has it no digits after the point but zeros? */
bool decimal_to_integer(Decimal x, int64_t *out); /* false when it is not whole or does not fit */
/* The double nearest to x; DECIMAL_RANGE when x is too large for a double. */
DecimalStatus decimal_to_double(Decimal x, double *out);

#endif
