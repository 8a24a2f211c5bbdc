/*
** The lease: who alone may add risk under an id prefix. A share gives it, for a time, to one client after the other; a client signs
** nothing that adds risk unless its lease outlives all that the request can do. The rules are those of spec/model/lease.pml,
** where spin has searched them; spec/torture/lease.c runs the functions here through a million hand-overs.
**
** Two parts. What stands in a share is a LeaseRecord, and its moments are seconds of the share's clock. What a client knows is a
** Lease, and its moments are seconds of loop_now(): a clock that nobody sets, and that counts while the computer sleeps, since a
** computer that slept must not believe in a lease of before. No clock is compared with another one: only their rates count.
** Knows no Lua, no loop and no share.
*/
#ifndef BYBIT_LEASE_H
#define BYBIT_LEASE_H

#include "clock.h"

#include <stdbool.h>
#include <stdint.h>

enum {
  LEASE_NAME = 17,    /* bytes of a name: an id prefix of at most 16 characters */
  LEASE_WINDOW = 5000 /* ms: the longest receive window of a client with a lease */
};
/* Seconds that the lease of such a client lasts: none lasts longer. */
#define LEASE_MOST 10.0

/* ---- what stands in a share ---- */

typedef struct LeaseRecord {
  char name[LEASE_NAME]; /* "": the place is free */
  int32_t pid;           /* of the holder's process, for people */
  uint64_t holder;       /* the client that has it, or had it last; 0: nobody had it yet */
  uint64_t number;       /* differs whenever the holder does */
  double until;          /* it is the holder's before this moment; nobody's, when nobody had it yet */
  int64_t since;         /* the holder got it then: ms since 1970, for people */
} LeaseRecord;

/* What a share says to a client that asks. */
typedef struct LeaseAnswer {
  bool given;
  uint64_t number; /* if given */
  double age;      /* if given to another than before: the lease before had expired for so many seconds */
  double left;     /* not given: nobody else gets it for so many seconds */
  int32_t pid;     /* not given: who has it; 0: nobody, but the share does not know what it gave before */
  int64_t since;
  char machine[48];       /* ... and where; "": here */
  bool impossible;        /* not given, and it never will be: ... */
  char other[LEASE_NAME]; /* ... that lease is in the way; "": there is no room for more leases */
} LeaseAnswer;

/* Who asks. */
typedef struct LeaseAsk {
  uint64_t holder;
  int32_t pid;
  double lasts;   /* seconds */
  int64_t wall;   /* ms since 1970 */
  uint64_t fresh; /* the number if it changes hands: none that was ever given */
} LeaseAsk;

/* A client asks for the lease, or for more of it. Before 'blank_until' the share, which is new or has lost what it knew, gives it to
** nobody. A process may be killed between two stores: then it is the former holder's for longer. */
void lease_give(LeaseRecord *r, const LeaseAsk *ask, double blank_until, double now, LeaseAnswer *answer);
/* The holder with that number gives it back: it is free in so many seconds. */
void lease_back(LeaseRecord *r, uint64_t number, double rest, double now);

/* Is the id under the prefix: does it begin with it and a '-'? */
bool lease_covers(const char *name, const char *id);

/* ---- what a client knows ---- */

typedef struct Lease {
  char name[LEASE_NAME];
  uint64_t holder;              /* random: each client is another holder */
  int64_t window;               /* ms: the longest receive window of a call that adds risk */
  double lasts;                 /* seconds */
  double visibility;            /* seconds: within that time the exchange shows what it did */
  uint64_t number;              /* of the lease that it got last; 0: it never got one */
  double until;                 /* by its own clock it lasts until then */
  bool held;                    /* 'until' had not passed when somebody looked last */
  bool ready;                   /* what there is was read since it got that lease */
  double reads_at;              /* ... and may be read from then on */
  bool asking;                  /* the share was asked and has not answered yet */
  bool heard;                   /* it has answered even once */
  double asks_at;               /* when to ask the share again */
  LeaseAnswer refusal;          /* while it is not held: why it was not given */
  int under_way;                /* requests that were signed under it and whose outcome is not known yet */
  double acts_until;            /* of all of them: after that none can act */
  double loose_until;           /* the same, of those that ended without a known outcome */
  int64_t gains, losses, waits; /* how often it got it, lost it, and found that another has it */
} Lease;

/* Why a request is not signed. */
typedef enum LeaseVerdict {
  LEASE_RIGHT,  /* it is signed */
  LEASE_NONE,   /* the client has no lease */
  LEASE_UNREAD, /* it got it, and has not read yet what there is */
  LEASE_BLIND,  /* it does not know the exchange's clock */
  LEASE_WIDE,   /* the receive window is longer than the client's */
  LEASE_SHORT   /* it may be over before the request can act no more */
} LeaseVerdict;

/* A client without a lease yet; its calls have receive windows of at most so many ms. */
void lease_open(Lease *l, const char *name, uint64_t holder, int64_t window, double visibility);
/* The share has answered a request that was made at 'asked'. */
void lease_heard(Lease *l, const LeaseAnswer *answer, double asked, double now);
/* Notes that time has passed. Returns whether the client has the lease. */
bool lease_look(Lease *l, double now);
/* The share did not answer, or was not asked: when to ask again. */
void lease_put_off(Lease *l, double now);
/* What there is under the lease 'number' was read. Does nothing when it is another one by now. */
void lease_read(Lease *l, uint64_t number);
/* May the client sign, at 'now', a request that adds risk? The timestamp was made from the same 'now'. If so it counts as under way,
** and '*acts_until' is the moment after which the exchange takes it no more. */
LeaseVerdict lease_sign(Lease *l, const Clock *clock, int64_t timestamp, int64_t window, double now,
                        double *acts_until);
/* That request has ended; 'known': it was not sent, or nothing of it can act any more. */
void lease_ended(Lease *l, double acts_until, bool known);
/* In how many seconds nothing can act any more that the client has signed: it gives the lease back for then. */
double lease_rest(const Lease *l, double now);

#endif
