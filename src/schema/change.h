/* The kinds of change that a call can make. Outcomes, claims and the journal distinguish calls by them. */
#ifndef BYBIT_CHANGE_H
#define BYBIT_CHANGE_H

#include <stdbool.h>

/* What a call changes: 'settle' in its row of declarations. It decides how an unknown outcome is settled. */
typedef enum Change {
  CHANGE_NONE,    /* nothing that has to be settled */
  CHANGE_PLACE,   /* makes an order */
  CHANGE_AMEND,   /* changes an order */
  CHANGE_CANCEL,  /* cancels an order: repeating it does no harm, so it claims nothing */
  CHANGE_ALL,     /* cancels all orders of a symbol */
  CHANGE_STOP,    /* sets stop loss, take profit or trailing stop of a position */
  CHANGE_SETTING, /* sets a value that a record shows, such as the leverage */
  CHANGE_ADD,     /* adds to an amount, such as a margin: each copy adds, and undoes nothing */
  CHANGE_TRANSFER /* moves coin under an id that the exchange takes once: repeating it does no harm */
} Change;

/* Can a late copy of a change of this kind undo what a later call did? Only such a change claims what it changes. */
bool change_undoes(Change change);

/* The change that 'word' names; CHANGE_NONE for NULL and for any other word. */
Change change_of(const char *word);

#endif
