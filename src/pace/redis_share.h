/*
** A share on a Redis server: its connections, who takes part, and the commands that go there (redis_share.c); what the line asks
** of it (shared_redis.c); the lease (redis_lease.c); and the connections of streams (redis_connects.c). Only these two files use this header, and redis_visit.c the commands.
**
** A client has two connections: one for commands, all of which are calls of one script (redis_script.lua), and one that listens. By
** that the server knows who is alive, and tells at once of a halt. A new pair of connections is a new member.
*/
#ifndef BYBIT_REDIS_SHARE_H
#define BYBIT_REDIS_SHARE_H

#include "shared.h"
#include "value/bytes.h"
#include "value/random.h"
#include "wire/redis.h"

enum {
  REDIS_BASE = 48,   /* bytes of what all keys begin with */
  REDIS_ID = 12,     /* characters of a member */
  REDIS_SHA = 40,    /* of the script's name at the server */
  REDIS_TURNS = 32,  /* turns that a place has at once */
  REDIS_WAITING = 16 /* requests that one command asks turns for */
};

/* The words of a command. */
typedef struct Command {
  Bytes text;
  size_t *end; /* where each ends in 'text' */
  int count, room;
  bool failed;
} Command;

void command_begin(Command *c);
void command_word(Command *c, const char *text);
void command_number(Command *c, double n); /* a whole number */
/* A call of the script, up to its arguments: what stands behind EVALSHA and the script's name. 'shut', 'address', 'group': keys, or
** NULL. */
void command_call(Command *c, const char *base, const char *shut, const char *address, const char *group,
                  const char *act, const char *member);
void command_free(Command *c);

typedef enum RedisAct {
  ACT_LOAD,
  ACT_AGAIN,
  ACT_JOIN,
  ACT_BEAT,
  ACT_TAKE,
  ACT_DONE,
  ACT_HALT,
  ACT_SHUT,
  ACT_CONNECT,
  ACT_LEASE
} RedisAct;

/* The budget of connections of streams to a host. One is asked for at a time, and may be had for a short time. */
typedef struct RedisHost {
  struct RedisHost *next;
  char *key; /* owned */
  bool asking;
  double until; /* a connection may be made before that moment; 0: none */
  double later; /* none is to be asked for before that moment */
} RedisHost;

/* A command that was not answered. */
typedef struct Pending {
  struct Pending *next;
  RedisAct act;
  uint64_t turn;            /* counts commands */
  double asked, asked_real; /* when it was sent, by loop_now and by loop_real_now */
  struct RedisPlace *place; /* of ACT_TAKE; NULL: it is gone */
  RedisHost *host;          /* of ACT_CONNECT */
  uint64_t first;           /* the number of its first turn */
  int weight, need, ahead;  /* of the turns that were asked for */
  int count;                /* words behind the script's name, which follow; each ends with a zero byte */
  size_t size;
  char words[];
} Pending;

typedef struct RedisTurn {
  uint64_t number;
  int weight;
  double until; /* it may begin before that moment */
  bool
      ahead; /* it was taken ahead: the server counts it for a short time only, until it is told that it has begun */
} RedisTurn;

typedef struct RedisRunning {
  uint64_t number;
  int weight;
} RedisRunning;

/* What is known of the window of a lane. */
typedef struct RedisPlace {
  struct RedisShare *share;
  struct RedisPlace *next;
  SharePlace *place; /* the lane's */
  LimitGroup *group; /* NULL: none */
  char *key;         /* of the group's window; owned; NULL: none */
  bool urgent;
  bool pending; /* turns were asked for */
  RedisTurn turn[REDIS_TURNS];
  int turns;
  uint64_t begun[REDIS_TURNS]; /* turns taken ahead that have begun, and the server does not know */
  int begins;
  RedisRunning *running; /* requests under way; owned */
  int runs, room;
  int ahead;      /* so many turns are taken ahead */
  double used_at; /* when a turn was used last */
  double later;   /* there is none before that moment */
  double asks_at; /* when that was told */
  int kept;       /* how many of our requests counted when the share was lost */
  int left;       /* what was left of the window at left_at; -1: not known */
  double left_at;
} RedisPlace;

/* What is known of the client's lease. */
typedef struct RedisLease {
  Lease *lease;   /* the client's; NULL: none was asked for */
  bool asking;    /* it was asked for, and there is no answer */
  double asked;   /* when that was decided */
  char mark[96];  /* tells a renewal of it, by whoever has it, from the next; "" before the first answer */
  double mark_at; /* when that was seen first */
} RedisLease;

typedef enum RedisState { REDIS_CONNECTS, REDIS_LIVES, REDIS_LOST } RedisState;

typedef struct RedisShare {
  Shared *shared; /* the client's */
  Loop *loop;
  RedisUrl url;
  Http *http;         /* owned, as the next two */
  Redis *main, *ears; /* NULL: there is none */
  bool main_ready, ears_ready;
  char base[REDIS_BASE];                    /* what all keys begin with */
  char machine[40];                         /* tells addresses apart */
  char id[REDIS_ID + 1], was[REDIS_ID + 1]; /* the member now; and when it was here last, "" for never */
  char sha[REDIS_SHA + 1];
  Random random;
  RedisState state;
  bool dropping;                         /* the connections are to be freed */
  bool joined;                           /* it was a member even once */
  char why[240];                         /* why it is lost, or was last */
  int64_t losses, returns, asked, ahead; /* as in SharedState */
  double lost_at, tries;                 /* when it was lost, and how often it was tried since */
  int members;
  Pending *first, **last;    /* commands that were not answered */
  uint64_t commands, number; /* given last */
  RedisPlace *places;
  LimitAccount *account;    /* NULL: nothing was asked for yet */
  char *address, *shut;     /* keys; owned; NULL as long as there is no account */
  uint64_t halt, halt_from; /* its number; 0: none. Commands before halt_from know less of it than we */
  char halt_text[SHARE_REASON + 80]; /* as it stands at the server */
  int told;                          /* was what the user wants of the halt told? -1: not yet */
  long long shut_seen;
  char leases[SHARE_LEASES * LEASE_NAME + 1]; /* their names, as the server told them last */
  Command command;
  int command_weight; /* of the turns that the command gives back */
  RedisLease lease;
  RedisHost *hosts; /* owned */
  LoopTimer retry, beat, due, tidy;
} RedisShare;

/* redis_share.c */
RedisShare *redis_share_open(Shared *x, const char *url, Loop *loop, char why[SHARE_WHY]);
void redis_share_close(RedisShare *s);
void redis_share_forget(RedisShare *s);
/* Begins a call of the script: its act, with the window of a group (NULL: none). Arguments follow, then redis_share_send. */
void redis_share_call(RedisShare *s, const char *act, const char *group);
/* Sends it; 'place' is for ACT_TAKE. NULL: the share is lost now. */
Pending *redis_share_send(RedisShare *s, RedisAct act, RedisPlace *place);
void redis_share_lose(RedisShare *s, const char *why);
void redis_share_serve(RedisShare *s); /* those who wait ask again */
/* Takes in what all answers end with: item[0] and what follows it. False: it has another form. */
bool redis_share_hear(RedisShare *s, const Pending *p, const RedisItem *item, size_t count);
void redis_share_push(RedisShare *s); /* tells of pauses and bans */

void redis_share_describe(RedisShare *s); /* appends "pid moment host" to the command */

/* redis_lease.c */
void redis_lease_ask(Shared *x, Lease *l, int64_t wall, double now);
bool redis_lease_answer(RedisShare *s, const RedisItem *item); /* false: it has another form */
void redis_lease_lost(RedisShare *s);                          /* the share was lost: no answer comes */
void redis_lease_back(Shared *x, const Lease *l, double now);

/* redis_connects.c */
double redis_connect(Shared *x, const char *host, int most, double span, double now); /* shared_connect */
void redis_connect_answer(RedisHost *host, long long wait, double now);
void redis_connects_lost(RedisShare *s);
void redis_connects_free(RedisShare *s);

void redis_base(const RedisUrl *url, char base[REDIS_BASE]);

/* shared_redis.c */
void redis_place_answer(RedisPlace *p, const Pending *pending, const RedisItem *item);
void redis_place_again(RedisPlace *p); /* tells the server what runs, and has ended lately */
void redis_place_lost(RedisPlace *p);
void redis_share_tidy(RedisShare *s); /* gives turns back that nobody used */
/* Reads what stands for a halt at the server. */
void redis_halt_read(const char *text, char reason[SHARE_REASON], int *pid, int64_t *at);
/* Makes the keys of the address, once it is known. False: no memory. */
bool redis_share_address(RedisShare *s, LimitAccount *account);

extern const char redis_script[];

#endif
