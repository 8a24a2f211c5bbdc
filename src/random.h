/*
** Chance: ids, jitter, tie-breaks. The system's generator, or a seeded one so that a run can be repeated.
** Knows no Lua.
*/
#ifndef BYBIT_RANDOM_H
#define BYBIT_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Random {
  bool seeded;       /* false: every draw asks the system */
  uint64_t state[4]; /* xoshiro256** */
} Random;

void random_system(Random *r);
void random_seed(Random *r, uint64_t seed);
bool random_bytes(Random *r, void *out, size_t size); /* false: the system gave none */
uint64_t random_bits(Random *r);
double random_unit(Random *r);              /* 0 <= x < 1 */
void random_uuid(Random *r, char text[37]); /* version 4, with a zero byte */
/* 'size' characters of 0-9a-z and a zero byte, for client order ids. False: the system gave none. */
bool random_id(Random *r, char *text, size_t size);

#endif
