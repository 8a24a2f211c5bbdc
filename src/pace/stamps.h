/*
** The timestamps that requests were signed for, so that no two sendings carry the same one: two that ask for the same
** would be one and the same request. Knows no clock: who signs says between which moments a timestamp may lie.
*/
#ifndef BYBIT_STAMPS_H
#define BYBIT_STAMPS_H

#include <stdint.h>

/* A table of bits, one per millisecond. A word of it is forgotten where another of the same place is needed: 16 seconds
** earlier or later, mostly. */
enum { STAMP_WORDS = 256 };

typedef struct Stamps {
  int64_t at[STAMP_WORDS]; /* of the word at that place: its number, which is ms / 64 */
  uint64_t taken[STAMP_WORDS];
} Stamps;

/* The latest timestamp that is free, between 'earliest' and 'latest' (ms since 1970). Where none is free, 'latest'. */
int64_t stamps_take(Stamps *s, int64_t latest, int64_t earliest);

#endif
