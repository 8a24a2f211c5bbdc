/*
** The userdata "bybit.client": a session, its connections, and the defaults of its calls. User values: 1 the table that
** the Lua layer keeps for it (methods, dialect, options), where indexing a client looks; 2 a transport written in Lua; 3
** the journal; 4 the listener of its calls; 5 the set of symbols that are held; 6 the first of its spare calls;
** 7 the function that guard rails are asked by, see rails.c.
*/
#ifndef BYBIT_CLIENT_H
#define BYBIT_CLIENT_H

#include "claim.h"
#include "pace/clock.h"
#include "wire/http.h"
#include "journal/journal.h"
#include "pace/line.h"
#include "stream/sightings.h"
#include "value/random.h"
#include "wire/session.h"
#include <lua.h>
#include <sys/types.h>

#define CLIENT "bybit.client"

enum { RECENT = 1024 }; /* how many durations are kept for the percentiles */

/* An order that the client placed; an id that is not known, or too long, is "". */
typedef struct PlacedOrder {
  double at; /* loop_now() when its answer came, or when Lua found out */
  bool conditional;
  char symbol[33], order_id[64], client_order_id[37];
} PlacedOrder;

enum { PLACED = 256 }; /* how many of them a client remembers, see placed.c */

typedef struct ClientStats {
  int64_t calls;        /* calls made */
  int64_t requests;     /* requests sent for them */
  int64_t retries;      /* requests that were not the first of their call */
  int64_t unknowns;     /* calls that ended with outcome "unknown" */
  int64_t answered;     /* attempts that ended with an answer */
  float recent[RECENT]; /* how many seconds the last of those took, a ring */
} ClientStats;

typedef struct Client {
  Session session; /* owned */
  Http *http;      /* owned; NULL: the client is closed, or a Lua transport is used */
  Http *
      kept_http; /* owned; connections that are kept for calls that take risk away; NULL: none, as over HTTP/1.1 */
  Loop *loop;       /* of the Lua state */
  Random random;    /* for ids and jitter */
  char drawn[1025]; /* random characters of ids, drawn ahead; the first 'drawn_left' were not used yet */
  size_t drawn_left;
  bool closed;
  bool lua_transport;                        /* a transport written in Lua is used */
  int64_t receive_window;                    /* ms; the default of its calls, as the next three */
  double timeout, connect_timeout, deadline; /* seconds */
  size_t max_body;                           /* the most bytes of an answer */
  LineClient line; /* its place in the waiting line; waiting calls are not signed yet */
  Clock clock;     /* the exchange's clock, known from answers; see client_clock */
  int era;         /* the loop_era that 'clock' belongs to */
  double asleep;   /* the loop_asleep() that 'clock' allows for */
  bool impatient;  /* a call is refused rather than wait for a rate limit */
  ClientStats stats;
  uint64_t placed_count;      /* how many were put into 'placed' */
  bool listens;               /* there is a listener, which is told of its calls */
  bool telling;               /* the listener is running */
  bool gzip;                  /* ask for compressed answers */
  bool confirm;               /* read the full record back after a change, by default */
  bool requires;              /* the field 'required' of its table says what it requires of methods */
  bool asks;                  /* a function is asked before a call that may add risk is sent */
  char halted[200];           /* why no such call is sent; "": the client is not halted */
  char halted_by[400];        /* the same for the share: halted, or lost */
  bool held;                  /* there are held symbols: nothing that adds risk is sent for them */
  Journal *journal;           /* alive as a user value; NULL: none */
  struct Call *saving;        /* list of calls whose intents wait for one commit; linked by Call.next */
  struct Call *away;          /* list of calls in CALL_AWAY; linked by Call.next */
  struct Call *placing;       /* list of placements that have not returned, see placed.c */
  LoopTimer save;             /* fires at the end of a step of the loop, when there is something to commit */
  pid_t process;              /* the process that made it; a forked child must not use the sockets */
  uint64_t successes;         /* how many calls succeeded */
  uint64_t halt_seen;         /* the halt of its share that is in 'halted_by'; 0: none */
  int64_t told_losses;        /* how many losses of the share its listener was told of */
  int64_t told_returns;       /* the same of returns */
  int64_t told_waits;         /* the same of calls that waited for it */
  double told_waits_at;       /* when */
  Claims claims;              /* what its calls change, and what late copies of them may change */
  struct ClientLease *lease;  /* owned; NULL: it asks for none, see lease.c */
  struct Streams *streams;    /* owned; NULL: no stream was asked for yet, see streams.c */
  Sightings sightings;        /* what streams told of its account's orders lately */
  struct Leftover *leftovers; /* the claims for late copies, see conflicts.c */
  int spares;                 /* how many spare calls it has, see life.c */
  int open_heard;     /* calls of 'heard' endpoints that were sent; Lua does not know their outcome yet */
  char category[16];  /* the value of fixed parameters without one */
  char id_prefix[24]; /* begins each made client order id, with its '-'; "" for none */
  PlacedOrder placed
      [PLACED]; /* a ring. The last member: it is not cleared at first, so its pages cost nothing until they are used */
} Client;

/* Adds 'client' to the module table on top of the stack. */
void client_open(lua_State *L);
void client_streams_open(lua_State *L); /* adds the functions of streams.c to 'client' in that table */
void client_facts_open(lua_State *L);   /* adds the functions of facts.c to 'client' in that table */
/* The client at 'index', or NULL when the value is something else. The metatable of clients is at 'metatable'. Never raises. */
Client *client_test(lua_State *L, int index, int metatable);

/* flight.c */
void client_line_open(Client *client); /* sets the callbacks of the waiting line and of 'save' */
void client_has_room(void *client);    /* its transport may have more room than it had: serves the line */
void client_end_risk(Client *client);  /* it was halted: ends the calls that add risk and were not sent */
/* Ends every call that waits in line, for an earlier change or for its commit, or is away. */
void client_drop_line(Client *client);
/* rails.c */
/* Why no call that adds risk is sent: the client is halted, or all who use its share are. NULL: nothing is in the way. */
const char *client_halted(Client *client);
/* share.c */
void client_share_open(
    lua_State *L); /* adds its functions to 'client' in the module table on top of the stack */
/* lease.c */
/* From now on the client asks for that lease. Raises when it cannot have one. */
void client_lease_open(lua_State *L, Client *client, const char *name, double visibility);
void client_lease_close(Client *client); /* gives it back; before the share is left */
bool client_lease_asks(Client *client);  /* has the Lua layer to do something before risk is added? */
void client_lease_functions(
    lua_State *L); /* adds its functions to 'client' in the module table on top of the stack */
/* life.c */
void client_drop_spares(lua_State *L, int at,
                        Client *client); /* the client at stack place 'at' lets them go */
/* conflicts.c */
void client_drop_claims(Client *client); /* drops the claims for late copies */
/* flight.c: the exchange's clock. It begins anew when the loop's time became virtual or real. */
Clock *client_clock(Client *client, double now); /* 'now': what loop_now() has just returned */

#endif
