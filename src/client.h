/*
** The userdata "bybit.client": a session, its connections, and the defaults of its calls. What Lua keeps of a
** client (methods, dialect, options) is a table in its user value, which indexing the client reaches.
*/
#ifndef BYBIT_CLIENT_H
#define BYBIT_CLIENT_H

#include "clock.h"
#include "http.h"
#include "journal.h"
#include "line.h"
#include "random.h"
#include "session.h"
#include <lua.h>

#define CLIENT "bybit.client"

enum { RECENT = 1024 };

typedef struct ClientStats {
  int64_t calls;        /* made */
  int64_t requests;     /* sent for them */
  int64_t retries;      /* of these, not the first of their call */
  int64_t unknowns;     /* calls that ended with outcome "unknown" */
  int64_t answered;     /* calls that ended with an answer */
  float recent[RECENT]; /* how long the last of those took, s: a ring */
} ClientStats;

typedef struct Client {
  Session session;
  Http *http; /* NULL: closed, or a transport of Lua's is used */
  Loop *loop;
  Random random;
  bool closed;
  bool lua_transport;                        /* user value 2 is the transport */
  int64_t receive_window;                    /* ms */
  double timeout, connect_timeout, deadline; /* seconds */
  size_t max_body;
  LineClient line; /* calls whose request is not out wait in line, unsigned */
  Clock clock;     /* the exchange's, as its answers tell it */
  int era;         /* of the loop's time that the clock is in */
  bool impatient;  /* a call is refused rather than wait for a rate limit */
  ClientStats stats;
  bool listens; /* user value 4 hears of its calls */
  bool telling; /* it is hearing of one */
  bool gzip;
  bool confirm;        /* read the full record back after a change */
  bool requires;       /* its table holds, in 'required', what it requires of methods */
  bool held;           /* intents of an earlier run are open: nothing that adds risk is sent */
  Journal *journal;    /* user value 3; NULL: none */
  struct Call *saving; /* calls whose intents go to the disk together, the first of them */
  LoopTimer save;      /* at the end of this step of the loop; armed while there are any */
  uint64_t successes;  /* calls that succeeded */
  int open_heard;      /* calls of 'heard' endpoints whose outcome Lua does not know yet */
  char category[16];
  char id_prefix[24]; /* with its '-'; empty: none */
} Client;

void client_open(lua_State *L);
void client_facts_open(
    lua_State *L); /* adds to what client_open added: what clients know, see client_facts.c */
/* The client at 'index', or NULL when it is something else. Never raises. */
Client *client_test(lua_State *L, int index);

/* In call_flight.c. */
void client_line_open(Client *client); /* sets what the waiting line calls */
void client_drop_line(Client *client); /* ends every call in the waiting line, or waiting for the disk */
/* In clock's time, which begins anew with the loop's. */
Clock *client_clock(Client *client);

#endif
