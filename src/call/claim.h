/*
** Which change waits for which. A late copy of an amendment, a trading stop or a cancel-all can undo what a later call
** did. So such a call claims what it changes. A later change of the same thing waits, unsent, until the claim is dropped:
** when the call has ended and no copy of it can arrive any more. Knows no Lua, no loop and no HTTP.
*/
#ifndef BYBIT_CLAIM_H
#define BYBIT_CLAIM_H

#include "schema/change.h"
#include <stdbool.h>

/* Its owner embeds it, and keeps it and the strings alive until claim_drop. {0} is a claim that is in no list. */
typedef struct Claim {
  struct Claims *among; /* the list that it is in; NULL: none */
  Change change;
  bool conditional;                                /* CHANGE_ALL: it cancels orders with a trigger */
  bool adds;                                       /* CHANGE_STOP: it adds a stop and replaces none */
  bool held;                                       /* its call waits for an earlier claim, see claim_hold */
  bool overtaken;                                  /* a later change was sent before this one has ended */
  const char *symbol, *order_id, *client_order_id; /* what it changes; "" for not known */
  const char *setting;                             /* CHANGE_SETTING: the name of what is set */
  int leg; /* CHANGE_STOP, CHANGE_SETTING: which position of the symbol: 0 its only one, or each of them */
  const void *batch; /* the batch whose element it is: those do not wait for each other; NULL: none */
  struct Claim *before, *next; /* in the list */
} Claim;

/* The claims of a client, the oldest first. */
typedef struct Claims {
  Claim *first, *last;
  int alls; /* how many are CHANGE_ALL; at 0 a new order with an id made by us has nothing to wait for */
  int held; /* how many are held */
} Claims;

/* Puts the claim at the end. */
void claim_enter(Claims *claims, Claim *claim);
/* Puts the claim right before another: what waits for that one waits for this one too. */
void claim_enter_before(Claim *claim, Claim *other);
void claim_hold(Claim *claim, bool held); /* notes whether its call waits for an earlier claim */
void claim_drop(Claim *claim);            /* takes it off the list; does nothing when it is in none */
/* The oldest claim before this one that it has to wait for; NULL: none. A claim that was not entered yet is compared with
** all. */
Claim *claim_conflict(const Claims *claims, const Claim *claim);
/* Can a late copy of 'earlier' undo what 'later' does? */
bool claim_undoes(const Claim *earlier, const Claim *later);
/* The next claim after 'earlier' that this one has to wait for; NULL: none. */
Claim *claim_next_conflict(const Claim *earlier, const Claim *claim);

#endif
