/*
** Sightings: the messages of the account's orders that came lately, whoever reads them. Code that has to know what became of an
** order looks here before it asks the exchange. They are bounded, and forgotten as soon as the stream is not sure. Knows no Lua.
*/
#ifndef BYBIT_STREAM_SIGHTINGS_H
#define BYBIT_STREAM_SIGHTINGS_H

#include "loop/token.h"

#include <stddef.h>

typedef struct Sighting {
  struct Sighting *next;
  double at; /* when it came, by loop_now */
  size_t size;
  char text[];
} Sighting;

enum { SIGHTINGS = 256, SIGHTINGS_BYTES = 1024 * 1024 }; /* the most that are kept */

typedef struct Sightings { /* {0} is one without messages */
  Sighting *first, *last;  /* owned, the oldest first */
  int count;
  size_t bytes;
  int live;        /* how many readers hear them from a stream that is sure */
  bool coming;     /* the exchange has sent more, see channel_coming: nobody looks before it is there */
  TokenWatch news; /* at the token that the next message cancels */
} Sightings;

void sightings_live(Sightings *s, bool live); /* one reader more, or less, hears them */
/* Keeps a message, the same only once. If memory runs out it is as if it had not come. */
void sightings_add(Sightings *s, const char *text, size_t size, double at);
void sightings_tell(Sightings *s); /* wakes who waits for news */
void sightings_clear(Sightings *s);

#endif
