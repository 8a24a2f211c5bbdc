/*
** The streams of a client, and their readers: the userdata "bybit.subscription". One channel serves all readers of its place.
*/
#ifndef BYBIT_STREAM_H
#define BYBIT_STREAM_H

#include "loop/loop.h"
#include "value/random.h"
#include "wire/http.h"
#include "sightings.h"
#include "wire/sign.h"

#include <lua.h>

typedef struct Streams Streams;

typedef struct StreamsOptions {
  Loop *loop;
  Random *random;   /* as all below, it outlives the streams */
  const Http *like; /* whose proxy and certificates they use; NULL: the state's post carries them (post.h) */
  const char *key;  /* what to log in with; NULL: there are public topics only */
  Signer *signer;
  int64_t (*now)(void *owner);          /* the exchange's clock, ms */
  struct Shared *(*share)(void *owner); /* what the client shares with others; NULL: nothing now */
  void *owner;
  Sightings *sightings; /* what is told of orders; it outlives the streams, too */
} StreamsOptions;

/* NULL with '*why' (static text). Raises when memory of Lua runs out; the stack stays as it is. */
Streams *streams_new(lua_State *L, const StreamsOptions *options, const char **why);
void streams_free(Streams *s); /* its readers end; NULL is allowed */
/* Pushes a reader of what the table at 'index' says: {topics = {{name =, url =, private =, policy = "each"|"latest"|"merge"|
** "account", sights = does it tell of orders?}}, most = how many messages may wait, heartbeat =, patience =, cancel = token?, record = recorder?}. */
void streams_subscribe(lua_State *L, Streams *s, int index);
/* Pushes a book that is kept up to date: {name =, url =, heartbeat =, patience =, cancel = token?, record = recorder?}, see
** order_book.c. */
void streams_order_book(lua_State *L, Streams *s, int index);
/* Pushes a recorder of what the table at 'index' says: {path =, label = a JSON list of topics}; or nil and why the file cannot be
** opened. Returns how many values it pushes. */
int streams_recorder(lua_State *L, const Streams *s, int index);
void streams_nudge(Streams *s); /* a placement has returned: wakes the readers that asked; NULL is allowed */
void streams_push_stats(lua_State *L, const Streams *s); /* pushes a list of tables, one for each channel */
/* Adds 'stream' (available, expect) to the module table on top of the stack. */
void stream_open(lua_State *L);

#endif
