/* See stamps.h. */
#include "stamps.h"

enum { BITS = 64 };

/* The word that holds the millisecond: empty, where it held another time. */
static uint64_t *word_of(Stamps *s, int64_t ms) {
  int64_t number = ms / BITS;
  uint64_t place = (uint64_t)number % STAMP_WORDS;
  if (s->at[place] != number) {
    s->at[place] = number;
    s->taken[place] = 0;
  }
  return &s->taken[place];
}

int64_t stamps_take(Stamps *s, int64_t latest, int64_t earliest) {
  if (latest < 0) return latest;
  int64_t lowest = latest - (STAMP_WORDS - 1) * BITS;
  if (earliest < lowest) earliest = lowest;
  if (earliest < 0) earliest = 0;
  for (int64_t ms = latest; ms >= earliest; ms--) {
    uint64_t *word = word_of(s, ms), bit = (uint64_t)1 << (ms % BITS);
    if (*word == UINT64_MAX) {
      ms -= ms % BITS; /* none is free in it */
      continue;
    }
    if (*word & bit) continue;
    *word |= bit;
    return ms;
  }
  return latest;
}
