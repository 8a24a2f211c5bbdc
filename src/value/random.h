/*
** Random numbers, for ids, jitter and tie-breaks. A generator asks the system; or it starts from a seed, so that a run
** can be repeated exactly. Knows no Lua.
*/
#ifndef BYBIT_RANDOM_H
#define BYBIT_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Random {
  bool seeded;       /* false: every draw asks the system, and 'state' is not used */
  uint64_t state[4]; /* of xoshiro256** */
} Random;

void random_system(Random *r); /* every draw asks the system */
void random_seed(Random *r, uint64_t seed);

/* Draws. False: the system gave no random bytes, and what was asked for is not to be used. */
bool random_bytes(Random *r, void *out, size_t size);
bool random_bits(Random *r, uint64_t *out); /* 64 of them */
bool random_unit(Random *r, double *out);   /* 0 <= x < 1 */
bool random_integer(Random *r, int64_t low, int64_t high,
                    int64_t *out);                  /* low <= n <= high, all equally likely */
bool random_uuid(Random *r, char text[37]);         /* version 4, 36 characters and a zero byte */
bool random_uuid_bytes(Random *r, unsigned char b[16]); /* the same, not written yet */
bool random_id(Random *r, char *text, size_t size); /* 'size' of 0-9a-z and a zero byte, for ids */

void random_uuid_text(const unsigned char b[16], char text[37]); /* writes one */

#endif
