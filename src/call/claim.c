/* Which change waits for which, see claim.h. Lists are searched from their start, as they are short: they hold the changes
** in flight, and those whose copies may still arrive. */
#include "claim.h"

#include <stddef.h>
#include <string.h>

void claim_enter(Claims *claims, Claim *claim) {
  claim->among = claims;
  claim->next = NULL;
  claim->before = claims->last;
  if (claims->last == NULL)
    claims->first = claim;
  else
    claims->last->next = claim;
  claims->last = claim;
  if (claim->change == CHANGE_ALL) claims->alls++;
}

void claim_enter_before(Claim *claim, Claim *other) {
  Claims *claims = other->among;
  claim->among = claims;
  claim->before = other->before;
  claim->next = other;
  if (other->before == NULL)
    claims->first = claim;
  else
    other->before->next = claim;
  other->before = claim;
  if (claim->change == CHANGE_ALL) claims->alls++;
}

void claim_hold(Claim *claim, bool held) {
  if (claim->held == held || claim->among == NULL) return;
  claim->held = held;
  claim->among->held += held ? 1 : -1;
}

void claim_drop(Claim *claim) {
  Claims *claims = claim->among;
  if (claims == NULL) return;
  if (claim->before == NULL)
    claims->first = claim->next;
  else
    claim->before->next = claim->next;
  if (claim->next == NULL)
    claims->last = claim->before;
  else
    claim->next->before = claim->before;
  if (claim->change == CHANGE_ALL) claims->alls--;
  claim_hold(claim, false);
  claim->among = NULL;
  claim->before = claim->next = NULL;
}

/* May both be about the same order? If they have no id of the same kind, they may. */
static bool same_order(const Claim *a, const Claim *b) {
  if (a->order_id[0] != '\0' && b->order_id[0] != '\0') return strcmp(a->order_id, b->order_id) == 0;
  if (a->client_order_id[0] != '\0' && b->client_order_id[0] != '\0')
    return strcmp(a->client_order_id, b->client_order_id) == 0;
  return true;
}

/* May both be about the same position of the symbol? */
static bool same_leg(const Claim *a, const Claim *b) {
  return a->leg == 0 || b->leg == 0 || a->leg == b->leg;
}

/* Do both set the same? A setting without a symbol is one of the account. */
static bool same_setting(const Claim *a, const Claim *b) {
  return a->change == b->change && strcmp(a->setting, b->setting) == 0 && same_leg(a, b);
}

bool claim_undoes(const Claim *earlier, const Claim *later) {
  if (earlier->batch != NULL && earlier->batch == later->batch) return false;
  if (earlier->change != CHANGE_PLACE && strcmp(earlier->symbol, later->symbol) != 0) return false;
  switch (earlier->change) {
  case CHANGE_AMEND: return later->change == CHANGE_AMEND && same_order(earlier, later);
  case CHANGE_STOP:
    return later->change == CHANGE_STOP && !(earlier->adds && later->adds) && same_leg(earlier, later);
  case CHANGE_ALL:
    if (later->change == CHANGE_STOP) return earlier->conditional;
    return later->change == CHANGE_PLACE || later->change == CHANGE_AMEND;
  case CHANGE_PLACE: /* two orders with the caller's one id: which of them exists then? */
    return later->change == CHANGE_PLACE && earlier->client_order_id[0] != '\0' &&
           strcmp(earlier->client_order_id, later->client_order_id) == 0;
  case CHANGE_SETTING: return same_setting(earlier, later);
  case CHANGE_NONE:
  case CHANGE_CANCEL:
  case CHANGE_ADD:
  case CHANGE_TRANSFER: break;
  }
  return false;
}

/* The first claim from 'at' on, and before 'claim', that 'claim' has to wait for. */
static Claim *search(Claim *at, const Claim *claim) {
  while (at != NULL && at != claim && !claim_undoes(at, claim)) at = at->next;
  return at == claim ? NULL : at;
}

Claim *claim_conflict(const Claims *claims, const Claim *claim) {
  if (claim->change == CHANGE_PLACE && claim->client_order_id[0] == '\0' && claims->alls == 0) return NULL;
  return search(claims->first, claim);
}

Claim *claim_next_conflict(const Claim *earlier, const Claim *claim) {
  return search(earlier->next, claim);
}
