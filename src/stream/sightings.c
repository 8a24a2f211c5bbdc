/* What was told of orders lately, see sightings.h. */
#include "sightings.h"

#include <stdlib.h>
#include <string.h>

static void drop_first(Sightings *s) {
  Sighting *first = s->first;
  if (first == NULL) return;
  s->first = first->next;
  if (s->first == NULL) s->last = NULL;
  s->count--;
  s->bytes -= first->size;
  free(first);
}

void sightings_clear(Sightings *s) {
  while (s->first != NULL) drop_first(s);
}

void sightings_tell(Sightings *s) {
  Token *token = s->news.token;
  if (token != NULL) token_cancel(token);
}

void sightings_live(Sightings *s, bool live) {
  s->live += live ? 1 : -1;
  if (s->live > 0) return;
  sightings_clear(s);
  s->coming = false;
  sightings_tell(s);
}

void sightings_add(Sightings *s, const char *text, size_t size, double at) {
  const Sighting *last = s->last;
  if (last != NULL && last->size == size && memcmp(last->text, text, size) == 0)
    return; /* another reader's */
  Sighting *added = malloc(sizeof *added + size);
  if (added == NULL) return;
  added->next = NULL;
  added->at = at;
  added->size = size;
  memcpy(added->text, text, size);
  if (s->last == NULL)
    s->first = added;
  else
    s->last->next = added;
  s->last = added;
  s->count++;
  s->bytes += size;
  while (s->count > SIGHTINGS || (s->bytes > SIGHTINGS_BYTES && s->count > 1)) drop_first(s);
}
