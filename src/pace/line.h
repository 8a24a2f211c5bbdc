/*
** The waiting line of a Lua state. Calls wait in it because their rate group, their address, or all connections of their
** client are busy. It is fair: of the calls that may be sent, those with the best priority go first, and of equal ones the
** one that has waited longest, whichever client it belongs to. A call that waits is not signed yet. A part of
** what a client may have in flight is kept for calls that take risk away, so that slow answers to others do not delay them.
*/
#ifndef BYBIT_LINE_H
#define BYBIT_LINE_H

#include "limiter.h"
#include "shared.h"
#include "loop/loop.h"
#include "wire/session.h"
#include <lua.h>

typedef enum Priority {
  PRIORITY_CANCEL, /* calls that take risk away */
  PRIORITY_AGAIN,  /* another attempt of a call whose outcome is open */
  PRIORITY_NORMAL  /* everything else */
} Priority;

/* What waits. Its user embeds it, and keeps it alive until 'go' or 'refuse' was called or it was taken out. */
typedef struct Waiter {
  struct Lane *lane;            /* the lane that it entered last */
  bool waits;                   /* it is in line */
  uint64_t turn;                /* counts entries: the lowest has waited longest */
  bool urgent;                  /* it takes risk away */
  int weight;                   /* how many requests its rate group counts it as; set by the user */
  bool impatient;               /* it is refused rather than wait for a rate limit; set by the user */
  bool probes;                  /* it was sent to find out whether the exchange still shuts us out */
  SharedTurn taken;             /* what it has taken from the client's share */
  struct Waiter *before, *next; /* in the lane */
} Waiter;

/* The waiters of one client with the same rate group and priority. The client owns it. */
typedef struct Lane {
  struct LineClient *client;
  LimitGroup *group; /* NULL: none */
  Priority priority;
  SharePlace place;           /* of the group, in the client's share */
  double later;               /* the share allows nothing before this moment */
  Waiter *first, *last;       /* the one that has waited longest, and the newest; NULL: nobody waits */
  struct Lane *sibling;       /* the next lane of the client */
  struct Lane *before, *next; /* in Line.busy, while somebody waits */
} Lane;

/* A client's part of the line; the client embeds it. */
typedef struct LineClient {
  struct Line *line;
  LimitAccount *member;         /* of its key at its host; NULL: it has not joined, or left */
  LimitAccount *account;        /* the same; NULL: rate limits are not observed */
  int in_flight, in_flight_max; /* how many requests are in flight, and may be */
  int normal, normal_max;       /* the same, of requests that do not take risk away */
  int room, normal_room; /* what the transport had room for when it last sent one back; INT_MAX: it did not */
  Lane *lanes;           /* linked by Lane.sibling; owned */
  Shared shared;         /* with other processes */
  LoopTimer mend;        /* fires when the share, which is lost or owed something, is to be tried */
  void (*go)(Waiter *waiter);                   /* send it now: it has left the line and is counted */
  void (*refuse)(Waiter *waiter, double after); /* it has left the line; it could go in so many seconds */
  void (*news)(struct LineClient *client);      /* something may have become known of the share's halt */
} LineClient;

/* The waiting line; a userdata in the registry. */
typedef struct Line {
  Limiter limiter;
  Loop *loop;
  int era;         /* the loop_era that the limiter's moments belong to */
  LoopTimer timer; /* fires when time alone gives somebody a turn */
  Lane *busy;      /* lanes in which somebody waits */
  uint64_t turns;  /* the number given last */
  char salt[32];   /* random, for LimitAccount.print */
} Line;

/* The line of this Lua state. It is made at its first use, before the first client, so that it is closed after all
** clients. Pushes nothing. */
Line *line_get(lua_State *L);
/* loop_now(), for the limiter. When time became virtual or real, it first has the limiter forget the old moments. */
double line_now(Line *line);
/* Joins the account of the session's key (NULL: without a key) at the host of its url; 'limited': its rate limits are
** observed. False when memory runs out. */
bool line_join(Line *line, LineClient *client, const Session *session, bool limited);
/* From now on the client's limits are those of all who use the share that 'where' names. 'key' is the session's. False: see
** shared_open. */
bool line_share(LineClient *client, const char *where, OnLoss on_loss, const char *key, char why[SHARE_WHY]);
/* The client's share, if this process may use it now; NULL: there is none, or time is virtual, or this is a forked child. */
Shared *line_usable(LineClient *client); /* where there is one */
static inline Shared *line_shared(LineClient *client) {
  return client->shared.ways == NULL ? NULL : line_usable(client);
}
/* Leaves the account and frees the lanes. Nobody of this client may be waiting. May be called twice. */
void line_leave(LineClient *client);

/* What an answer to the request of a waiter whose 'go' was called tells of its group, as limiter_learn; before line_done. */
void line_learn(LineClient *client, Waiter *waiter, int limit, int left);
/* The same after line_done. */
void line_learn_late(LineClient *client, Waiter *waiter, int limit, int left);
void line_charge(LineClient *client, Waiter *waiter, int more);        /* limiter_charge */
void line_hold(LineClient *client, LimitGroup *group, double seconds); /* limiter_hold */
void line_shut_changed(
    LineClient *client); /* the limiter was told of a pause or a ban, or of an end of one */

/* Puts the waiter at the end of its lane. False when memory runs out. The caller then calls line_serve. */
bool line_enter(LineClient *client, Waiter *waiter, LimitGroup *group, Priority priority);
void line_exit(Waiter *waiter); /* takes it out of the line; does nothing when it is not in line */
/* Calls 'go' for all who may be sent, and 'refuse' for the impatient who may not. */
void line_serve(Line *line);
/* A request for which 'go' was called has ended; 'sent' is false when no byte of it was sent. The caller then calls
** line_serve. */
void line_done(LineClient *client, const Waiter *waiter, bool sent);
/* The transport had no room for a request for which 'go' was called: it waits at its old place again. The caller then calls
** line_serve. */
void line_return(LineClient *client, Waiter *waiter);
/* The transport may have more room than before. The caller then calls line_serve. */
void line_has_room(LineClient *client);

#endif
