/*
** The rate limits of a client in a share: limiter.h's rules, applied to the windows that stand in the share. The limiter of the
** process is asked first, this last, before the request is signed. Like there, a request counts from before it is sent
** until a window after its end; one take covers all of its windows or none.
*/
#ifndef BYBIT_SHARED_H
#define BYBIT_SHARED_H

#include "share.h"

/* What a client does while its share is lost. */
typedef enum OnLoss {
  LOSS_DIVIDE, /* it keeps its part of every limit */
  LOSS_HALT,   /* it adds no risk */
  LOSS_ALONE   /* it goes on as if it were alone */
} OnLoss;

/* A client's part of a share; the client's place in the line embeds it. */
typedef struct Shared {
  Share *share;    /* owned; NULL: the client has none */
  const char *key; /* of the account; NULL: none. The session's */
  OnLoss on_loss;
  SharePlace ip, address; /* the windows of the address: its requests, its pauses and bans */
  uint32_t shut_seen;     /* share_shut_changes when pauses and bans were taken from there */
  int64_t waits;          /* how often a call had to wait for the share's limits */
} Shared;

/* What a request has taken from the share. */
typedef struct SharedTurn {
  bool taken;     /* it counts there */
  int weight;     /* the group counts it as so many requests */
  uint32_t epoch; /* of the place that it was taken from */
  int limit;      /* an answer told this limit of its group; 0: none */
  int left;       /* and so much is left of it; -1: it did not tell */
} SharedTurn;

/* Counts a request in the share, and returns 0; or returns in how many seconds to ask again, with nothing counted. When the share
** is lost it returns 0 and counts nothing; shared_parts tells what this process may use then. When it is lost just now it returns
** -1: the limiter of this process has to be asked again. 'place' is the group's. */
double shared_take(Shared *x, LimitAccount *account, LimitGroup *group, SharePlace *place, int weight,
                   bool urgent, double now, SharedTurn *turn);
/* That request has ended; 'sent' as for limiter_end. */
void shared_end(Shared *x, const SharedTurn *turn, const SharePlace *place, bool sent, double now);
/* Of how many equal parts of every limit this process may use one. */
int shared_parts(const Shared *x);

/* The address was shut, opened, or probed: tells the others. 'was' is what was known before that. */
void shared_push(Shared *x, const LimitAccount *account, double now);
/* Takes what others were told about the address, if there is anything new. */
void shared_pull(Shared *x, LimitAccount *account, double now);

/* limiter_hold, limiter_charge and limiter_learn for the group's window in the share. */
void shared_hold(Shared *x, const SharePlace *place, double seconds, double now);
void shared_charge(Shared *x, const SharePlace *place, int more, double now);
void shared_learn(Shared *x, const SharePlace *place, int limit, int left, double now);

/* window_left of the group (NULL: of the address) in the share; 'limit' is the one that counts here. False: nothing is known
** of it, or the share is lost. */
bool shared_left(Shared *x, const LimitAccount *account, const LimitGroup *group, double now, int *left,
                 double *full_in);

#endif
