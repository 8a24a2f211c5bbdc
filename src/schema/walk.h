/*
** One walk over the parameters of a call. The files that take part share it: encode.c reads the caller's table and
** writes, rules.c applies what binds parameters together, values.c checks each value, named.c writes the journal's copy.
** A wrong call raises; the message names the method, the parameter, the value, and what would be right.
**
** During a walk the stack holds the values of all parameters in declared order, from 'base' + 1 on; nil where absent.
** These places are called slots. A userdata or the caller's stack owns all memory, so any step may raise.
*/
#ifndef BYBIT_SCHEMA_WALK_H
#define BYBIT_SCHEMA_WALK_H

#include "schema.h"

typedef struct Walk {
  lua_State *L;
  const Endpoint *ep;
  Encoding *e;    /* what the call is told, and what it finds out */
  uint64_t given; /* by bit: the parameters that have a value, given or by default */
  Decimal number; /* of the parameter that was checked last, where it is a decimal */
  int params;     /* stack place of the caller's table */
  int anchors;    /* stack place of the endpoint's user value */
  int base;       /* the slot of the first parameter is base + 1 */
  int table;      /* stack place of a table to fill, for schema_check; 0: the walk encodes */
  int extra;      /* stack place of the caller's 'extra' table; 0: there is none */
  bool first;     /* nothing was written yet, so no separator is needed */
} Walk;

/* The stack place of parameter 'i'. */
static inline int walk_slot(const Walk *w, int i) {
  return w->base + 1 + i;
}

/* Has parameter 'i' a value, given or by default? */
static inline bool walk_given(const Walk *w, int i) {
  return (w->given >> i & 1) != 0;
}

/* Moves the value on top of the stack, which may be nil, into the slot of parameter 'i'. */
static inline void walk_fill(Walk *w, int i) {
  if (!lua_isnil(w->L, -1)) w->given |= (uint64_t)1 << i;
  lua_replace(w->L, walk_slot(w, i));
}

/* The first parameter of a set that is not empty. */
static inline int walk_first(uint64_t set) {
  return __builtin_ctzll(set);
}

/* Asks the hints function for the end of a message, with the 'args' values on top of the stack, which it takes off.
** Pushes a string and returns it; "" when there is nothing to suggest. */
const char *walk_hint(lua_State *L, int args);
/* Pushes a short text that shows the value at 'index' in a message, and returns it. */
const char *walk_shown(lua_State *L, int index);
/* Raises that parameter 'i' is not what is wanted. */
int walk_wrong(const Walk *w, int i, const char *wanted);

/* Checks the value of parameter 'i' and leaves in its slot what goes out: of a decimal that, or a number or text that says the
** same as w->number. Symbols and ids are noted in the Encoding, and so are options of the call. */
void walk_value(Walk *w, int i);
/* Applies one rule: raises, or fills the slot that follows from others. May leave values above the slots. */
void walk_rule(Walk *w, const Rule *r);
void walk_defaults(Walk *w);    /* fills the slots of parameters that are absent and have a default */
void walk_named(const Walk *w); /* writes the parameters under our names into e->named */
/* Raises when parameters are absent that are required, beside the value of another one or by this client, and names them
** all. Defaults do not count. */
void walk_missing(const Walk *w);

#endif
