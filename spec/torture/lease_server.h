/*
** A share on a Redis server, for the simulation in lease.c: the clients' part is src/pace/redis_lease.c itself, the server's part the text
** of src/pace/redis_script.lua itself, which runs in this process over a small store (lease_store.lua), or in a real server. Time is
** the simulation's in both.
*/
#ifndef LEASE_SERVER_H
#define LEASE_SERVER_H

#include "pace/redis_share.h"

enum { SERVER_WORDS = 16, SERVER_TEXT = 400 };

/* A call of the script, under way. */
typedef struct ServerCall {
  int count; /* arguments */
  size_t size;
  char key[64];           /* of the lease */
  char text[SERVER_TEXT]; /* the arguments, each with a zero byte behind it */
} ServerCall;

/* Its answer, under way. */
typedef struct ServerAnswer {
  size_t items;
  long long number[4];
  char who[80], mark[96], other[LEASE_NAME];
} ServerAnswer;

/* What a client has of its share. */
typedef struct ServerMember {
  Shared shared;
  RedisShare redis;
} ServerMember;

/* 'socket': of a real server; NULL: the store in this process. */
void server_open(const char *socket);
void server_begin(void); /* a new world: it knows nothing */
void server_join(ServerMember *m, int number);
/* The client asks for its lease, or gives it back. False: it does not ask now. */
bool server_ask(ServerMember *m, Lease *l, int64_t wall, double now, ServerCall *call);
bool server_back(ServerMember *m, const Lease *l, double now, ServerCall *call);
void server_run(const ServerCall *call, double time,
                ServerAnswer *answer); /* at the server, whose clock shows 'time' */
void server_hear(ServerMember *m, const ServerAnswer *answer, double now);
void server_lost(ServerMember *m); /* the client's connection is lost */
void server_save(void);            /* what it holds is kept, as a server does from time to time */
typedef enum ServerHeld { SERVER_KEPT, SERVER_OLD, SERVER_EMPTY } ServerHeld;
/* It is started anew, with all that it held, with what was saved last, or with nothing; 'told': with another run id. */
void server_restart(ServerHeld held, bool told);

#endif
