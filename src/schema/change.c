/* The words for changes that declarations and the journal use; see change.h. */
#include "change.h"

#include <stddef.h>
#include <string.h>

Change change_of(const char *word) {
  static const struct {
    const char *word;
    Change change;
  } words[] = {{"place", CHANGE_PLACE}, {"amend", CHANGE_AMEND},      {"cancel", CHANGE_CANCEL},
               {"all", CHANGE_ALL},     {"stop", CHANGE_STOP},        {"setting", CHANGE_SETTING},
               {"add", CHANGE_ADD},     {"transfer", CHANGE_TRANSFER}};
  for (size_t i = 0; word != NULL && i < sizeof words / sizeof *words; i++)
    if (strcmp(words[i].word, word) == 0) return words[i].change;
  return CHANGE_NONE;
}

bool change_undoes(Change change) {
  switch (change) {
  case CHANGE_PLACE: /* of two orders under one id, which of them exists? */
  case CHANGE_AMEND:
  case CHANGE_ALL:
  case CHANGE_STOP:
  case CHANGE_SETTING: return true;
  case CHANGE_NONE:
  case CHANGE_CANCEL:
  case CHANGE_ADD:
  case CHANGE_TRANSFER: break;
  }
  return false;
}
