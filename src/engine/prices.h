/* A set of whole numbers in their order: the prices, in ticks, at which orders stand. Knows no Lua. */
#ifndef BYBIT_ENGINE_PRICES_H
#define BYBIT_ENGINE_PRICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Prices Prices;

Prices *prices_new(void);         /* NULL when memory runs out */
void prices_free(Prices *prices); /* NULL is allowed */
/* Adds a number that is not in. False: memory ran out, and nothing has changed. */
bool prices_add(Prices *prices, int64_t n);
void prices_remove(Prices *prices, int64_t n); /* does nothing when it is not in */
/* The next number below 'n', or above it. False: there is none. */
bool prices_below(const Prices *prices, int64_t n, int64_t *out);
bool prices_above(const Prices *prices, int64_t n, int64_t *out);
size_t prices_count(const Prices *prices);

#endif
