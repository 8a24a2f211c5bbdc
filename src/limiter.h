/*
** What may be sent now: the exchange's rate limits, counted on our side. Three things belong to each other: an
** address (one host, with what it allows our IP and whether it has shut us out), an account (one key at that host),
** and the account's groups (one endpoint or several that share a limit). Clients with the same key at the same host
** share them; addresses outside of this machine share one count of requests, as the exchange counts per IP over all
** its hosts (V5 documentation, rate limits).
**
** A request counts from before it is sent until a whole window after its end, since the exchange may have counted it
** at any moment in between: so no jitter of the network breaks a limit. Knows no Lua and no loop: moments are handed
** in, in seconds of a clock that nobody sets.
*/
#ifndef BYBIT_LIMITER_H
#define BYBIT_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Requests inside a rolling window. */
typedef struct LimitWindow {
  double span;               /* seconds */
  int limit;                 /* as documented, then as announced by the exchange; 0: not known, none */
  int cap;                   /* the user's own, at most that; 0: none */
  bool announced;            /* 'limit' is the exchange's word */
  int running;               /* sent and not ended */
  double *ended;             /* a ring of moments, oldest first */
  size_t first, count, room; /* of the ring */
  double held_until;         /* nothing before this moment: the exchange said so */
} LimitWindow;

typedef struct LimitGroup {
  char name[40];
  LimitWindow window;
  struct LimitGroup *next;
} LimitGroup;

typedef struct LimitAddress {
  char *host; /* with its port */
  bool local; /* on this machine: forgotten with its last client, as another exchange may follow there */
  LimitWindow own, *ip; /* requests of this IP; 'ip' is 'own', or that of all addresses that are not local */
  double paused_until;  /* system protection (429) */
  double pause;         /* seconds of the next pause */
  double banned_until;  /* an answer 403 came */
  int clients;
  struct LimitAddress *next;
  struct LimitAccount *accounts;
} LimitAddress;

enum { LIMIT_PRINT = 64 }; /* bytes of what tells accounts apart: never the key itself */

typedef struct LimitAccount {
  char print[LIMIT_PRINT + 1];
  LimitAddress *address;
  LimitGroup *groups;
  struct LimitAccount *next;
} LimitAccount;

typedef struct Limiter { /* one per Lua state */
  LimitAddress *addresses;
  LimitWindow ip; /* shared by the addresses that are not local */
} Limiter;

/* The account with 'print' at the host of 'url', made when it is new. NULL: not enough memory. */
LimitAccount *limiter_join(Limiter *l, const char *url, bool local, const char *print);
void limiter_leave(Limiter *l, LimitAccount *account); /* a client that joined is closed */
void limiter_free(Limiter *l);                         /* everything */
/* Time begins anew: what was counted by the old one is forgotten, limits and running requests are not. */
void limiter_forget(Limiter *l);

/* The group 'name' of the account; 'limit' requests a second are documented, 0: unknown. NULL: memory. */
LimitGroup *limiter_group(LimitAccount *account, const char *name, int limit);
/* The part of group 'name' that 'part' (a symbol; "": the whole) has for itself, over 'span' seconds. What the user
** has capped the group to holds for each part. */
LimitGroup *limiter_part(LimitAccount *account, const char *name, const char *part, int limit, double span);

/* Seconds until a request of the group (NULL: of none) may be sent; INFINITY: not before one has ended. */
double limiter_wait(const LimitAccount *account, const LimitGroup *group, double now);
/* Seconds that the address is closed to us after a 403. */
double limiter_banned(const LimitAccount *account, double now);
/* Counts a request that is about to be sent, whatever limiter_wait says. False: not enough memory. */
bool limiter_take(LimitAccount *account, LimitGroup *group);
/* It has ended. 'sent' false: it never left, so that nobody counted it. */
void limiter_end(LimitAccount *account, LimitGroup *group, double now, bool sent);

/* A request cost 'more' than the one that was counted when it was sent. */
void limiter_charge(LimitGroup *group, int more, double now);

/* What the limit headers of an answer said: the group's limit, and how much of it is left. Call it before
** limiter_end, while the answered request still runs. */
void limiter_learn(LimitGroup *group, int limit, int left, double now);
/* The exchange refused a request of the group: nothing more for so long. */
void limiter_hold(LimitGroup *group, double seconds, double now);
/* HTTP 429: a pause for the whole address, twice as long each time, until limiter_fine is called. */
void limiter_pause(LimitAccount *account, double now);
void limiter_fine(LimitAccount *account); /* an answer that is none of these */
/* HTTP 403: the address is closed to us (V5 documentation, rate limits: at least ten minutes). */
void limiter_ban(LimitAccount *account, double now);

/* How much of the window is left at 'now', and in how many seconds all of it will be. */
int window_left(const LimitWindow *w, double now, double *full_in);
int window_limit(const LimitWindow *w); /* the one that counts; 0: none */

#endif
