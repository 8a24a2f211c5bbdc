/*
** The userdata "bybit.client": a session, its connections, and the defaults of its calls. What Lua keeps of a
** client (methods, dialect, options) is a table in its user value, which indexing the client reaches.
*/
#ifndef BYBIT_CLIENT_H
#define BYBIT_CLIENT_H

#include "http.h"
#include "journal.h"
#include "random.h"
#include "session.h"
#include <lua.h>

#define CLIENT "bybit.client"

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
  int in_flight, in_flight_max; /* calls whose request is out; the rest wait in line, unsigned */
  struct Call *first, *last;    /* that line */
  bool gzip;
  bool confirm;                /* read the full record back after a change */
  bool requires;               /* its table holds, in 'required', what it requires of methods */
  bool held;                   /* intents of an earlier run are open: nothing that adds risk is sent */
  Journal *journal;            /* user value 3; NULL: none */
  uint64_t successes, retries; /* calls that succeeded at once; attempts after the first */
  char category[16];
  char id_prefix[24]; /* with its '-'; empty: none */
} Client;

void client_open(lua_State *L);
/* The client at 'index', or NULL when it is something else. Never raises. */
Client *client_test(lua_State *L, int index);

/* Ends every call in the waiting line; in call_flight.c. */
void client_drop_line(Client *client);

#endif
