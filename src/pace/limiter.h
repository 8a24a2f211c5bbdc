/*
** The exchange's rate limits, counted on our side: what may be sent now. An address is one host: what it allows our IP, and
** whether it has shut us out. An account is one key at that host. A group of an account is one endpoint, or several that
** share a limit. Clients with the same key at the same host share all of that. Addresses on other machines share one count
** of requests, because the exchange counts per IP over all its hosts (V5 documentation, rate limits).
**
** A request counts from before it is sent until a whole window after its end. The exchange may have counted it at any
** moment in between, so jitter of the network cannot break a limit. Knows no Lua and no loop: callers pass moments in, in
** seconds of a clock that nobody sets.
**
** An 'urgent' request takes risk away. A part of what an address may send is kept for urgent requests. And while the exchange
** shuts us out, one urgent request at a time may probe: it finds out whether the exchange still does.
*/
#ifndef BYBIT_LIMITER_H
#define BYBIT_LIMITER_H

#include "stamps.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  LIMITER_BAN =
      600, /* seconds that an address stays shut out after a 403: "at least 10 minutes" (V5 documentation) */
  LIMITER_HOLD_MOST = 600 /* seconds: no answer may stop us for longer */
};

/* The requests inside a rolling window. */
typedef struct LimitWindow {
  double span;               /* seconds */
  int limit;                 /* requests per window, as documented or announced; 0: not known, so no limit */
  int cap;                   /* the user's own limit; 0: none */
  bool announced;            /* an answer of the exchange has told 'limit' */
  int running;               /* requests that were sent and have not ended */
  double *ended;             /* when requests ended, the oldest first; a ring; owned */
  size_t first, count, room; /* of the ring */
  double held_until;         /* nothing is sent before this moment: the exchange refused a request */
} LimitWindow;

/* Endpoints that share a limit. An account owns it. */
typedef struct LimitGroup {
  LimitWindow window;
  struct LimitGroup *next;
  char name[]; /* with the symbol behind it for a part, see limiter_part */
} LimitGroup;

/* A host. The Limiter owns it. */
typedef struct LimitAddress {
  char *host; /* with its port; owned */
  bool local; /* on this machine: freed with its last client, as the next exchange at that port is another */
  LimitWindow own, *ip; /* requests of our IP; 'ip' points to 'own', or to Limiter.ip when not local */
  double paused_until;  /* nothing is sent before this moment: the exchange protects itself (HTTP 429) */
  double pause;         /* seconds that the next such pause takes */
  double banned_until;  /* nothing is sent before this moment: the exchange shut us out (HTTP 403) */
  bool probing;         /* a probe is in flight */
  double probe_at;      /* the next probe may not be sent before this moment */
  double probe_pause;   /* seconds between the next probe and the one after it */
  int clients;          /* how many have joined */
  struct LimitAddress *next;
  struct LimitAccount *accounts;
} LimitAddress;

enum { LIMIT_PRINT = 64 }; /* bytes of a text that stands for the key */

/* A key at a host. The address owns it. */
typedef struct LimitAccount {
  char print[LIMIT_PRINT + 1]; /* tells accounts apart; made from the key, but not the key */
  Stamps stamps;               /* of its signed requests */
  LimitAddress *address;
  LimitGroup *groups;
  struct LimitAccount *next;
} LimitAccount;

typedef struct Limiter { /* one per Lua state */
  LimitAddress *addresses;
  LimitWindow ip; /* shared by the addresses that are not local */
} Limiter;

/* A client joins the account with 'print' at the host of 'url', which is made when it is new. NULL when memory runs out. */
LimitAccount *limiter_join(Limiter *l, const char *url, bool local, const char *print);
void limiter_leave(Limiter *l, LimitAccount *account); /* the client is closed */
void limiter_free(Limiter *l);                         /* frees everything */
/* The time begins anew: forgets all moments, but not the limits and the running requests. */
void limiter_forget(Limiter *l);

/* The group 'name' of the account, which is made when it is new. 'limit' requests a second are documented; 0: not known.
** NULL when memory runs out. */
LimitGroup *limiter_group(LimitAccount *account, const char *name, int limit);
/* The group for a limit that holds for each symbol: 'part' is the symbol, "" for the whole group. 'limit' holds in 'span'
** seconds. The user's cap of the group holds for each part. NULL when memory runs out. */
LimitGroup *limiter_part(LimitAccount *account, const char *name, const char *part, int limit, double span);

/* Seconds until a request of the group (NULL: of no group) may be sent; INFINITY: not before one in flight has ended. The group counts
** it as 'weight' requests, the address as one. If it weighs more than the limit allows, it may go when nothing else counts. */
double limiter_wait(const LimitAccount *account, const LimitGroup *group, int weight, bool urgent,
                    double now);
/* Seconds that the address is still closed to us after HTTP 403; 0: it is open. */
double limiter_banned(const LimitAccount *account, double now);
/* Counts a request that is being sent, whatever limiter_wait says; '*probes': as a probe. False, with nothing counted,
** without memory. */
bool limiter_take(LimitAccount *account, LimitGroup *group, int weight, double now, bool *probes);
/* That request has ended. 'sent' is false when it was not sent, so that the exchange did not count it. After each probe
** the pause before the next one is longer. */
void limiter_end(LimitAccount *account, LimitGroup *group, int weight, double now, bool sent, bool probed);

/* A request cost 'more' requests than the one that was counted for it. */
void limiter_charge(LimitGroup *group, int more, double now);

/* An answer told the group's limit, and how much of it is left; -1: it did not tell that. To be called before limiter_end,
** while the answered request still counts as running. */
void limiter_learn(LimitGroup *group, int limit, int left, double now);
/* The exchange refused a request of the group: nothing of it is sent for so long. */
void limiter_hold(LimitGroup *group, double seconds, double now);
/* HTTP 429: pauses the whole address. Each pause is twice as long as the one before, until limiter_fine is called. */
void limiter_pause(LimitAccount *account, double now);
/* The same, for as long as the answer says. */
void limiter_rest(LimitAccount *account, double seconds, double now);
void limiter_fine(LimitAccount *account); /* an answer came that is neither 429 nor 403 */
/* HTTP 403: the address is closed to us, for at least ten minutes (V5 documentation, rate limits). */
void limiter_ban(LimitAccount *account, double now);
void limiter_reopen(LimitAccount *account); /* a probe was answered: the address is shut no more */

/* How many requests the window still allows at 'now', and in how many seconds it will be empty again. */
int window_left(const LimitWindow *w, double now, double *full_in);
int window_limit(const LimitWindow *w); /* the limit that counts, with the user's cap; 0: none */

#endif
