/*
** A connection to a Redis server, on the loop. libcurl makes it and carries the bytes (http_pipe.h: names, TLS, sockets of this
** machine), so that nothing blocks; hiredis knows the protocol, and only redis.c knows hiredis. It is made once and ends once; who
** wants another makes another. Knows no Lua.
**
** What comes from the server is hostile until it was looked at: an answer is bounded, its texts are bytes, and one that nobody
** asked for ends the connection.
*/
#ifndef BYBIT_REDIS_H
#define BYBIT_REDIS_H

#include "http.h"
#include "loop/loop.h"

enum {
  REDIS_ITEMS = 32,             /* the most items of an answer */
  REDIS_ANSWER_MAX = 256 * 1024 /* the most bytes of one */
};

/* What a URL says of a server. */
typedef struct RedisUrl {
  char *url;             /* for libcurl; owned, as the next seven */
  char *socket;          /* the path of a socket of this machine; NULL: TCP */
  char *user, *password; /* NULL: none */
  char *ca_file;         /* certificates that are trusted in place of the system's; NULL: the system's */
  char *share, *machine; /* of the query, for who shares something there; NULL: not given */
  char *name;            /* for people: without user and password */
  int database;
} RedisUrl;

/* Reads redis://[user][:password]@host[:port][/database], rediss:// (TLS), and unix://[user][:password]@/path?db=database (also
** redis+unix). The query may have db, ca_file, share and machine. False: 'why' says so, without the password. */
bool redis_url_read(const char *text, RedisUrl *out, char *why, size_t room);
void redis_url_free(RedisUrl *url); /* wipes the password; may be called twice */

typedef enum RedisKind { REDIS_NIL, REDIS_NUMBER, REDIS_TEXT, REDIS_ERROR, REDIS_LIST } RedisKind;

typedef struct RedisItem {
  RedisKind kind;
  long long number; /* of REDIS_NUMBER */
  const char *text; /* of REDIS_TEXT and REDIS_ERROR, with a zero byte behind it */
  size_t size;      /* of the text; of REDIS_LIST how many items follow */
} RedisItem;

typedef struct RedisEvents {
  void (*ready)(void *owner); /* it is connected and logged in */
  /* The answer to the oldest command that has none; or what a subscription brought. item[0] is the answer; behind a list are
  ** its items. It lives until this returns. */
  void (*answer)(void *owner, const RedisItem *item);
  void (*ended)(void *owner, const char *why); /* once, and the last; 'why' has no secret, and is printable */
  void *owner;
} RedisEvents;

typedef struct Redis Redis;

const char *redis_missing(void); /* why there are none: hiredis is not there; NULL: it is */
bool redis_available(void);

/* Begins to connect; 'timeout' seconds until it is ready. 'listens': it will subscribe, so messages may come at any time. None of
** the events is called from here. NULL with '*why': memory ran out. */
Redis *redis_new(Http *http, Loop *loop, const RedisUrl *url, bool listens, double timeout,
                 const RedisEvents *events, const char **why);
/* Sends a command, or queues it: with what is sent next, at the latest at the end of the step. False: it has ended, or memory
** ran out. */
bool redis_send(Redis *r, int count, const char *const *words, const size_t *sizes);
void redis_flush(Redis *r); /* sends what is queued now */
void redis_read(Redis *r);  /* reads now what has come */
void redis_free(Redis *r);  /* at once, without 'ended'; NULL is allowed. Before http_free */
/* In a forked child: only wipes what is secret; the rest is the parent's. */
void redis_forget(Redis *r);
/* Makes text of a server printable: 'out' gets at most room - 1 bytes. */
void redis_clean(const char *text, size_t size, char *out, size_t room);

#endif
