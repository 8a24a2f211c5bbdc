/* The words for changes that declarations and the journal use; see change.h. */
#include "change.h"

#include <stddef.h>
#include <string.h>

Change change_of(const char *word) {
  static const struct {
    const char *word;
    Change change;
  } words[] = {{"place", CHANGE_PLACE},
               {"amend", CHANGE_AMEND},
               {"cancel", CHANGE_CANCEL},
               {"all", CHANGE_ALL},
               {"stop", CHANGE_STOP}};
  for (size_t i = 0; word != NULL && i < sizeof words / sizeof *words; i++)
    if (strcmp(words[i].word, word) == 0) return words[i].change;
  return CHANGE_NONE;
}
