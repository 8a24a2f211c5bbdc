/*
** A channel: the connection of a client to one place of streams, as long as somebody wants a topic there. It connects, logs in
** where that is asked for, subscribes to what is wanted, keeps the line alive, and makes all of it again when the line is lost.
** What is wanted is a set; how things stand follows from it. Knows no Lua.
*/
#ifndef BYBIT_STREAM_CHANNEL_H
#define BYBIT_STREAM_CHANNEL_H

#include "carrier.h"
#include "loop/loop.h"
#include "value/random.h"
#include "wire/sign.h"

typedef struct Channel Channel;
typedef struct Topic Topic;

/* Who wants a topic embeds one. None of the functions may leave a channel or free one. */
typedef struct Listener {
  Topic *topic;  /* NULL: it wants none */
  bool snapshot; /* the topic's first message comes with the subscription */
  void (*message)(struct Listener *l, const char *text, size_t size);
  void (*live)(struct Listener *l); /* the topic is subscribed to: messages come from here on */
  void (*stale)(struct Listener *l,
                const char *why); /* it is not any more, and what came before may be old */
  void (*refused)(struct Listener *l,
                  const char *why); /* the exchange refuses it, or the login; it ends here */
  void (*calm)(struct Listener *l); /* all has come that the exchange says it has sent, see channel_coming */
  struct Listener *next, **link;
} Listener;

enum {
  CONNECTS_MOST = 400,
  CONNECTS_SPAN = 300
}; /* so many connections in so many s: the exchange allows 500 */

/* When connections to an address were made, for all channels of all clients; a ring. */
typedef struct Budget {
  double at[CONNECTS_MOST]; /* by the time that messages travel in */
  int count, next;
  int era; /* of the loop's time that 'at' counts in; 0: real time */
} Budget;

typedef struct ChannelOptions {
  Carrier carrier;
  Loop *loop;
  Random *random;
  Budget *budget;
  const char *url; /* whole: "https://stream.bybit.com/v5/private" */
  bool local;
  double heartbeat,
      patience; /* s: a ping each so often; its pong, and the opening of a connection, take at most so long */
  const char *key; /* what to log in with; NULL: no login. It outlives the channel, as do the next two */
  Signer *signer;
  int64_t (*now)(void *owner);          /* the exchange's clock, ms */
  struct Shared *(*share)(void *owner); /* as in StreamsOptions */
  void *owner;
} ChannelOptions;

typedef struct ChannelStats {
  bool up;          /* connected, and logged in where that is asked for */
  int64_t connects; /* connections that were begun */
  int64_t messages; /* that came on all of them */
  int64_t heard;    /* when the last one came, ms by the exchange's clock; 0: none came yet */
  int topics;       /* that are wanted */
} ChannelStats;

Channel *channel_new(const ChannelOptions *options); /* NULL: memory ran out */
void channel_free(Channel *c);                       /* NULL is allowed; there must be no listeners */
bool channel_is_name(const char *name);              /* can a topic be called so? */
/* Adds a listener, whose functions are set. False: memory ran out. */
bool channel_want(Channel *c, const char *name, Listener *l);
void channel_leave(Listener *l); /* does nothing when it wants no topic */
/* The topic is to begin anew: it is left and subscribed to again, ten times at once and then once a second.
** False: it does so already. */
bool channel_again(Listener *l);
/* The exchange says that it has sent so many messages on the connection of that name: until they have come, virtual time stands
** still. Does nothing when the channel has another. */
void channel_expect(Channel *c, const char *connection, size_t size, int64_t messages);
/* Has the exchange sent more than has come? Only where a program's time follows it: what is taken out meanwhile would depend on
** how fast the bytes travel. */
bool channel_coming(const Channel *c);
ChannelStats channel_stats(const Channel *c);

#endif
