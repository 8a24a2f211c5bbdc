/*
** One walk over the parameters of a call, shared by the files that check and encode: schema_encode.c reads the
** caller's table and writes, schema_rules.c applies what binds parameters together, schema_values.c checks each
** value. A wrong call raises, with a message that names method, parameter, value and what would be right.
**
** Stack during a walk: the values of all parameters in declared order from 'base' + 1 on, nil where absent.
*/
#ifndef BYBIT_SCHEMA_WALK_H
#define BYBIT_SCHEMA_WALK_H

#include "schema.h"

typedef struct Walk {
  lua_State *L;
  const Endpoint *ep;
  Encoding *e;
  int params;  /* the caller's table */
  int anchors; /* the endpoint's user value */
  int base;    /* the first parameter's value is at base + 1 */
  int table;   /* a table to fill in place of encoding; 0: encode */
  int extra;   /* the caller's extra table; 0: none */
  bool first;  /* nothing was written yet */
} Walk;

static inline int walk_slot(const Walk *w, int i) {
  return w->base + 1 + i;
}

static inline bool walk_given(const Walk *w, int i) {
  return !lua_isnil(w->L, walk_slot(w, i));
}

/* Asks Lua, with 'args' values on top, for the end of a message; pushes a string, empty when there is nothing to
** suggest. */
const char *walk_hint(lua_State *L, int args);
/* Pushes a short text for a value in a message. */
const char *walk_shown(lua_State *L, int index);
/* Raises: parameter 'i' is not what is wanted. */
int walk_wrong(const Walk *w, int i, const char *wanted);

/* Checks the value of parameter 'i' and leaves in its slot what goes out; takes call options. */
void walk_value(const Walk *w, int i);
void walk_rule(const Walk *w, const Rule *r);
void walk_defaults(const Walk *w); /* fills in what has a default */
void walk_required(const Walk *w);
void walk_named(const Walk *w);  /* the parameters under our names into e->named; in schema_named.c */
void walk_wanted(const Walk *w); /* what the client requires beyond that, before any default */

#endif
