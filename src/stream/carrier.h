/*
** What carries the messages of channels: connections of WebSocket (socket_carrier), or a program of Lua that plays the network, in
** virtual time (post.h). A channel does not know which.
*/
#ifndef BYBIT_STREAM_CARRIER_H
#define BYBIT_STREAM_CARRIER_H

#include "wire/link.h"

typedef struct Line Line; /* one connection; each kind of carrier has lines of its own */

typedef struct Carrier {
  /* As link_new, link_text, link_close and link_free. */
  Line *(*open)(void *owner, Loop *loop, const LinkOptions *options, const LinkEvents *events,
                const char **why);
  bool (*text)(Line *line, const char *text, size_t size);
  void (*close)(Line *line, int code);
  void (*free)(Line *line);
  void *owner; /* outlives the lines */
  bool
      timed; /* messages travel in the time of loop_now, so all that is waited for counts in it. False: they travel in real
                ** time, also where virtual time stands still for them */
} Carrier;

Carrier socket_carrier(Http *http); /* http: for streams alone */

#endif
