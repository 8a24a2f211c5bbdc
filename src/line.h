/*
** The waiting line of a Lua state: calls that may not be sent yet, because their rate group, their address or their
** client's connections are busy. It is fair: of calls that may go, the one with the best priority goes first, and
** among equals the one that has waited longest, whichever client it came from. What waits is not signed yet.
*/
#ifndef BYBIT_LINE_H
#define BYBIT_LINE_H

#include "limiter.h"
#include "loop.h"
#include <lua.h>

typedef enum Priority {
  PRIORITY_CANCEL, /* takes risk away: before everything else */
  PRIORITY_AGAIN,  /* another attempt of a call whose outcome is open */
  PRIORITY_NORMAL,
  PRIORITIES
} Priority;

/* Embedded in whoever waits, who keeps it alive until it has gone or left. */
typedef struct Waiter {
  struct Lane *lane; /* NULL: not in line */
  uint64_t turn;     /* its number */
  bool impatient;    /* would rather be refused than wait for a rate limit */
  struct Waiter *before, *next;
} Waiter;

/* A way into the line: what one client asks for, one per rate group and priority. */
typedef struct Lane {
  struct LineClient *client;
  LimitGroup *group; /* NULL: none */
  Priority priority;
  Waiter *first, *last;
  struct Lane *sibling;       /* of the same client */
  struct Lane *before, *next; /* among those that hold somebody; owned by the line */
} Lane;

/* Embedded in a client. */
typedef struct LineClient {
  struct Line *line;
  LimitAccount *account; /* NULL: no limits are minded */
  int in_flight, in_flight_max;
  Lane *lanes;
  void (*go)(Waiter *waiter);                   /* send it now: it has left the line, and counts already */
  void (*refuse)(Waiter *waiter, double after); /* it has left the line: no turn for so many seconds */
} LineClient;

typedef struct Line {
  Limiter limiter;
  Loop *loop;
  int era; /* of the loop's time that the limiter's moments are in */
  LoopTimer timer;
  Lane *busy; /* lanes that hold somebody */
  uint64_t turns;
  char salt[32]; /* for what tells keys apart */
} Line;

/* The state's line, made on first use; closed after all clients. Pushes nothing. */
Line *line_get(lua_State *L);
/* loop_now(), for the limiter: forgets what was counted by a time that has ended. */
double line_now(Line *line);
/* Joins the account of 'key' (NULL: none) at the host of 'url'. False: not enough memory. */
bool line_join(Line *line, LineClient *client, const char *url, const char *key);
/* Leaves with everything; nobody of this client may wait any more. May be called twice. */
void line_leave(LineClient *client);

/* Puts the waiter at the end of its lane. False: not enough memory. */
bool line_enter(LineClient *client, Waiter *waiter, LimitGroup *group, Priority priority);
void line_exit(Waiter *waiter); /* harmless when not in line */
/* Lets go whoever may; called by whoever enters, or makes room. */
void line_serve(Line *line);
/* What went has ended; 'sent' false: not a byte of it left. Serve the line afterwards. */
void line_done(LineClient *client, LimitGroup *group, bool sent);

#endif
