/* What a call in flight is. Shared by call.c, call_flight.c and call_parts.c alone. */
#ifndef BYBIT_CALL_PARTS_H
#define BYBIT_CALL_PARTS_H

#include "client.h"
#include "line.h"
#include "schema.h"
#include "token.h"
#include <lua.h>

#define CALL "bybit.call"

typedef enum CallState {
  CALL_NEW,
  CALL_QUEUED,
  CALL_TURN,   /* a transport of Lua's may send it: whoever waits for the call does */
  CALL_SAVING, /* its turn has come; its intent is on the way to the disk */
  CALL_RUNNING,
  CALL_ENDED
} CallState;

/* User value 1: the client, 2: its cancel token, 3: what Ctrl-C raised while it waited. */
typedef struct Call {
  Client *client;
  CallState state;
  int64_t wait;             /* the loop's number to wake when it has ended; 0: nobody waits so */
  double started, ends;     /* loop_now(): submission, and its deadline */
  LoopTimer timer;          /* the deadline, while it is queued */
  TokenWatch token;         /* its cancel token */
  Waiter waiter;            /* in the waiting line */
  LimitGroup *group;        /* its rate group; NULL: none */
  double sent_at, ended_at; /* loop_now(): about when the last attempt left, and when it ended */
  double retry_after;       /* s: the limiter refused it, its turn comes then; 0: it did not */
  bool raise;               /* its task was cancelled, or Ctrl-C pressed: a failure is raised */
  bool counted;             /* it is among the client's 'open_heard' */
  bool again;               /* recovery sends it once more, and gets the facts of that */
  const Endpoint *ep;
  Encoding e;
  Bytes payload;         /* the encoded parameters: body or query */
  SignedRequest request; /* of the last attempt */
  Transfer *transfer;    /* running; NULL: none */
  HttpError error;       /* of the last attempt, as the next ones */
  const char *failure;   /* why it failed: 'message', or static text */
  char message[256];
  int status;
  Bytes answer, headers;
  double duration;
  bool sent; /* the last attempt may have left */
  int attempts;
  const char *guarded; /* a guard of the caller's own refused it: why */
  Bytes named;         /* the parameters under our names, for the journal */
  int64_t number;      /* of its intent in the journal; 0: none */
  struct Call *next;   /* among those that wait for the disk */
  int64_t first_timestamp,
      timestamp; /* of the first attempt and the last, as signed: the exchange's clock, ms */
  char made_id[40];
} Call;

/* call_flight.c */
void call_begin(Call *c); /* its time starts to run */
void call_reset(Call *c); /* forgets the last attempt's outcome, so that it can be sent again */
/* Sends it now, or when its turn comes; the state tells. Another attempt goes before other calls, and waits for a rate
** limit also where the first would have been refused. */
void call_submit(Call *c);
void call_sent_through_lua(Call *c); /* what a transport of Lua's did in CALL_TURN is in the call: it ends */
void call_learn(Call *c, const Answer *a); /* the answer was decoded: the clock is learned from it */
void call_cancel(Call *c);                 /* ends it, with HTTP_CANCELLED, unless it has ended */
void call_abandon(Call *c);                /* its memory is about to go */
/* A fresh timestamp and signature; the intent is in the journal, where there is one. NULL, or why it cannot be sent. */
const char *call_prepare(Call *c);
/* Where its intent has to be on the disk, it is. The same. */
const char *call_save(Call *c);
void call_succeeded(Call *c); /* counts it, and closes its intent */

/* call_log.c */
void call_log_open(lua_State *L); /* adds to 'client' of the module on top: listen, listens, tell */
/* The listener of the client, if there is one, hears that the call succeeded; the rest are places on the stack. */
void call_tell(lua_State *L, Call *c, int client, int params, int response);

/* call_answer.c */
/* Reads the answer of the last attempt: pushes result, message, and the names of fields that did not decode (each may
** be nil). NULL: a plain success; else what kind of failure it is, and c->failure where the exchange gives no message.
** The record and the dialect's names are at those places. Never raises. */
const char *call_read(lua_State *L, Call *c, int record, int names, Answer *a);

/* call_limits.c */
LimitGroup *call_group(Call *c, bool *failed); /* the rate group it counts in; NULL: none, or no memory */
void call_hear(Call *c); /* tells the limiter what the answer's status and headers say */
void call_hear_body(Call *c, const Answer *a); /* and what its envelope says, once it is decoded */
void call_refused(Call *c, double after);      /* words the limiter's refusal: c->failure, c->retry_after */

/* call_parts.c */
void call_parts_open(lua_State *L); /* makes the response metatable; 'response' in the module */
void call_push_response(lua_State *L, const Call *c, const Answer *a);
void call_redact(Call *c); /* strikes secrets out of all that came from outside, before any of it is in Lua */
/* Pushes what the Lua layer needs to judge a failure; the message is at 'text'. */
void call_push_facts(lua_State *L, const Call *c, const Answer *a, const char *kind, int text);
void call_push_request(lua_State *L, const Call *c); /* for a Lua transport */
/* Takes the outcome out of a Lua transport's transfer. False: it is not done. */
bool call_take_transfer(lua_State *L, int transfer, Call *c);
const char *call_error_kind(HttpError error);

#endif
