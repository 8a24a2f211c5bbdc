/*
** What a client's share is to the rest of the client: limits, pauses and bans, and the halt, together with others. There are two
** kinds: a file (shared_file.c over share.h), for the processes of one machine, and a Redis server (shared_redis.c), for several.
** Each kind is one SharedWays, and nobody but shared.c asks which it is.
**
** The limiter of the process is asked first, the share last, before a request is signed. Like there, a request counts from before
** it is sent until a window after its end; one take covers all of its windows or none.
**
** A kind may have to ask somebody else. Then shared_take says SHARED_ASKED: nothing waits, the place is marked as asking, and
** 'answered' is called when shared_take should be called again.
*/
#ifndef BYBIT_SHARED_H
#define BYBIT_SHARED_H

#include "share.h"
#include "loop/loop.h"

/* What a client does while its share is lost. */
typedef enum OnLoss {
  LOSS_DIVIDE, /* it keeps its part of every limit */
  LOSS_HALT,   /* it adds no risk */
  LOSS_ALONE   /* it goes on as if it were alone */
} OnLoss;

enum {
  SHARED_LEASES = 128
}; /* so many names of leases are remembered: four times what a share has at once */

#define SHARED_ASKED (-2.0)
#define SHARED_LOST  (-1.0)

/* A client's part of a share; the client's place in the line embeds it. */
typedef struct Shared {
  const struct SharedWays *ways; /* NULL: the client has no share */
  Share *share;                  /* of a file; owned */
  struct ShareNotice *notice;    /* of a file; owned; NULL: nobody vouches for it */
  struct RedisShare *redis;      /* of a server; owned */
  const char *name;              /* for people, without a password; the share's */
  const char *key;               /* of the account; NULL: none. The session's */
  pid_t process;                 /* the process that opened it; a forked child may only forget it */
  OnLoss on_loss;
  SharePlace ip, address; /* the windows of the address: its requests, its pauses and bans */
  uint32_t shut_seen;     /* which change of pauses and bans was taken from there */
  int64_t waits;          /* how often a call had to wait for the share's limits */
  char leases
      [SHARED_LEASES]
      [LEASE_NAME]; /* the leases that it was told of; a ring. They stay known, whatever becomes of the share */
  bool untold;      /* of a server: it has not told its leases yet */
  uint64_t lease_count; /* how many names it got to know */
  uint64_t lease_news;  /* of a file: when they were taken from there last, see share_lease_news */
  void (*answered)(struct Shared *x); /* what was asked was answered, or there is news: may be NULL */
} Shared;

/* What has happened to a share. */
typedef struct SharedState {
  const char *lost;        /* why it is lost; NULL: it is not */
  const char *last_loss;   /* why it was lost last; NULL: it never was */
  int64_t losses, returns; /* how often */
  int members;             /* how many clients take part, as last known, this one included */
  uint32_t recovered;      /* of a file: how often a process died with its lock */
  int64_t asked, ahead; /* of a server: how many requests waited for its answer, and had a turn taken ahead */
  bool never;           /* it was not reached even once, so nobody knows how many take part */
} SharedState;

/* What a request has taken from the share. */
typedef struct SharedTurn {
  bool taken;      /* it counts there */
  int weight;      /* the group counts it as so many requests */
  uint32_t epoch;  /* of the place that it was taken from */
  uint64_t number; /* of what was taken, where the share numbers it */
  int limit;       /* an answer told this limit of its group; 0: none */
  int left;        /* and so much is left of it; -1: it did not tell */
} SharedTurn;

/* What a call asks for. */
typedef struct SharedAsk {
  LimitAccount *account;
  LimitGroup *group; /* NULL: none */
  SharePlace *place; /* of the group */
  int weight;        /* the group counts the request as so many */
  int waiting;       /* how many requests of that weight wait for the same, this one included */
  bool urgent;
} SharedAsk;

/* The two kinds. The functions below are these, and do nothing for a client without a share. */
typedef struct SharedWays {
  bool (*open)(Shared *x, const char *where, Loop *loop, double now,
               char why[SHARE_WHY]);    /* see shared_open */
  void (*leave)(Shared *x, double now); /* takes part no more, and frees it */
  void (*forget)(Shared *x);            /* in a forked child: frees it, and touches nothing that is shared */
  void (*drop)(SharePlace *place);      /* frees what the kind keeps at a place; NULL: nothing */
  double (*take)(Shared *x, const SharedAsk *ask, double now, SharedTurn *turn);
  void (*end)(Shared *x, const SharedTurn *turn, SharePlace *place, bool sent, double now);
  void (*push)(Shared *x, const LimitAccount *account, double now);
  void (*pull)(Shared *x, LimitAccount *account, double now);
  void (*hold)(Shared *x, SharePlace *place, double seconds, double now);
  void (*charge)(Shared *x, SharePlace *place, int more, double now);
  void (*learn)(Shared *x, SharePlace *place, int limit, int left, double now);
  bool (*left)(Shared *x, const LimitAccount *account, const LimitGroup *group, double now, int *left,
               double *full_in);
  double (*mends_in)(const Shared *x, double now);
  void (*mend)(Shared *x, double now);
  const char *(*lost)(const Shared *x);
  int64_t (*changes)(const Shared *x);
  bool (*halt)(Shared *x, const char *reason, int64_t wall, double now);
  bool (*resume)(Shared *x, double now);
  int (*told)(const Shared *x); /* NULL: what halt and resume have returned is so */
  uint64_t (*halted)(Shared *x, double now);
  void (*halt_words)(Shared *x, char reason[SHARE_REASON], int *pid, int64_t *at);
  void (*state)(Shared *x, double now, SharedState *state);
  bool (*lease_open)(Shared *x, const Lease *l, double now, char why[SHARE_WHY]);
  void (*lease_ask)(Shared *x, Lease *l, int64_t wall, double now);
  void (*lease_back)(Shared *x, const Lease *l, double now);
  double (*connect)(Shared *x, const char *host, int most, double span, double now);
  void (*lease_names)(Shared *x, double now); /* NULL: they are told by themselves */
  bool (*lease_of)(Shared *x, const char *name, double now, LeaseRecord *copy);
} SharedWays;

extern const SharedWays shared_file, shared_redis;

/* Does it name a server rather than a file? */
bool shared_is_url(const char *where);
/* Takes part in the share that 'where' names: a path, or the URL of a Redis server. False: x has none, and 'why' goes on from its
** name. Of a server only the URL is looked at: it is reached later. */
bool shared_open(Shared *x, const char *where, Loop *loop, double now, char why[SHARE_WHY]);
void shared_close(Shared *x, bool mine, double now); /* 'mine': this is the process that opened it */
void shared_drop(const Shared *x, SharePlace *place);

/* Counts a request in the share, and returns 0; or returns in how many seconds to ask again, with nothing counted. When the share
** is lost it returns 0 and counts nothing; shared_parts tells what this process may use then. When it is lost just now it returns
** SHARED_LOST: the limiter of this process has to be asked again. SHARED_ASKED: see above. */
double shared_take(Shared *x, const SharedAsk *ask, double now, SharedTurn *turn);
/* That request has ended; 'sent' as for limiter_end. */
void shared_end(Shared *x, const SharedTurn *turn, SharePlace *place, bool sent, double now);
/* Of how many equal parts of every limit this process may use one. */
int shared_parts(Shared *x, double now);
const char *shared_lost(const Shared *x); /* why it is lost; NULL: it is not */

/* The address was shut, opened, or probed: tells the others. */
void shared_push(Shared *x, const LimitAccount *account, double now);
/* Takes what others were told about the address, if there is anything new. */
void shared_pull(Shared *x, LimitAccount *account, double now);

/* limiter_hold, limiter_charge and limiter_learn for the group's window in the share. */
void shared_hold(Shared *x, SharePlace *place, double seconds, double now);
void shared_charge(Shared *x, SharePlace *place, int more, double now);
void shared_learn(Shared *x, SharePlace *place, int limit, int left, double now);

/* window_left of the group (NULL: of the address) in the share; 'limit' is the one that counts here. False: nothing is known
** of it, or the share is lost. */
bool shared_left(Shared *x, const LimitAccount *account, const LimitGroup *group, double now, int *left,
                 double *full_in);

/* In how many seconds shared_mend is to be called; INFINITY: never. */
double shared_mends_in(const Shared *x, double now);
void shared_mend(Shared *x, double now);

/* The halt. False: the share is lost, so the others cannot be told. True: they are told, or it was asked for, see shared_told. */
bool shared_halt(Shared *x, const char *reason, int64_t wall, double now);
bool shared_resume(Shared *x, double now);
int shared_told(const Shared *x); /* what has become of that: 1: the others are told, 0: not, -1: not yet */
bool shared_is_told(const Shared *x); /* is it told of halts, rather than that it looks? */
/* 0 when trading is not halted; else a number that differs for each halt. */
uint64_t shared_halted(Shared *x, double now);
/* The reason, who halted and when. Printable. */
void shared_halt_words(Shared *x, char reason[SHARE_REASON], int *pid, int64_t *at);

/* The client is going to ask for that lease. False: it cannot have one, 'why' goes on from the share's name. */
bool shared_lease_open(Shared *x, const Lease *l, double now, char why[SHARE_WHY]);
/* Asks for the lease, or for more of it: lease_heard tells it what the share says, now or later; or nothing, while it is lost. */
void shared_lease_ask(Shared *x, Lease *l, int64_t wall, double now);
void shared_lease_back(Shared *x, const Lease *l,
                       double now); /* gives it back, for when nothing can act any more */
/* Counts the leases that the client knows of, those of the share now among them. A server tells them with each answer. */
uint64_t shared_leases(Shared *x, double now);
/* A lease other than 'own' (NULL: none) under whose prefix the id is, of those that the client knows; NULL as id: any other one. NULL:
** there is none. */
const char *shared_lease_over(const Shared *x, const char *id, const char *own);
/* The client was told of a lease. */
void shared_lease_known(Shared *x, const char *name);
/* How it is with the lease of that name; false: that is not known here. */
bool shared_lease_of(Shared *x, const char *name, double now, LeaseRecord *copy);

/* A stream is to connect to the host, where so many may in a span of seconds: counts it and returns 0, or says in how many seconds to ask
** again; SHARED_ASKED: soon. When the share is lost it returns 0, and counts nothing. */
double shared_connect(Shared *x, const char *host, int most, double span, double now);

/* Counts losses and returns. */
int64_t shared_changes(const Shared *x);
SharedState shared_state(Shared *x, double now);
/* Why a client adds no risk while its share is lost; NULL: it may. */
const char *shared_forbids(Shared *x, double now);

#endif
