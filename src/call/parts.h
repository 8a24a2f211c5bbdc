/*
** A call: its state, and the functions by which the files of this room work on it. call.c is the method that Lua calls;
** life.c makes and frees; batch.c joins several; intent.c writes; id.c makes ids; flight.c sends; conflicts.c claims;
** limits.c counts; answer.c reads; parts.c makes tables for Lua; log.c tells; rails.c asks; placed.c remembers; share.c is about the
** client's share, lease.c about its lease.
*/
#ifndef BYBIT_CALL_PARTS_H
#define BYBIT_CALL_PARTS_H

#include "client.h"
#include "pace/line.h"
#include "schema/schema.h"
#include "loop/token.h"
#include <lua.h>

#define CALL "bybit.call"

typedef enum CallState {
  CALL_NEW,     /* encoded, and nothing else */
  CALL_HELD,    /* it waits until an earlier change of the same thing has ended */
  CALL_QUEUED,  /* it is in the waiting line */
  CALL_TURN,    /* a Lua transport has to send it or go on; the coroutine that waits for the call runs it */
  CALL_AWAY,    /* a Lua transport has it under way and wants to run again later */
  CALL_SAVING,  /* its turn has come, and its intent waits for a commit */
  CALL_RUNNING, /* libcurl has it under way */
  CALL_ENDED    /* the outcome of the attempt is in the call */
} CallState;

/* The userdata "bybit.call". User values: 1 the client; 2 the cancel token; 3 an error to raise when the call has ended
** (Ctrl-C); 4 and 5 the method and its parameters, while a task waits for it; 6 the transfer of a Lua transport, or the
** client's next spare call; of a batch, 7 the list of its elements. Moments are those of loop_now(). A field that is added is empty in a spare call too (life.c). */
typedef struct Call {
  Client *client;
  CallState state;
  int64_t wait;             /* the loop's wait number that is woken when it ends; 0: none */
  double started, ends;     /* when it was made, and its deadline */
  LoopTimer timer;          /* held or queued: the deadline; away: when it goes on */
  TokenWatch token;         /* listens to the cancel token */
  Waiter waiter;            /* its place in the waiting line */
  LimitGroup *group;        /* its rate group; NULL: none */
  double sent_at, ended_at; /* about when the last attempt was sent, and when it ended */
  double retry_after;       /* seconds until the limiter, which refused it, would let it go; 0: not refused */
  bool raise;               /* raise the error of user value 3, or, when its task was cancelled, a failure */
  bool counted;             /* it is counted in the client's 'open_heard' */
  bool again;               /* this is another attempt, which recovery makes; recovery gets the facts */
  bool fresh;               /* with 'again': all attempts before are known to have done nothing */
  bool protects;            /* it takes risk away: no guard and no failure of the journal stops it */
  bool asked;               /* guard rails were asked: Lua hears how it ends */
  bool spared;              /* they said that it takes no risk: a halt does not stop it */
  bool blocks;              /* the whole program waits for it, so no other call can share its commit */
  bool begun;               /* this attempt wrote its intent; an earlier one did not */
  bool adds;                /* it adds a stop and replaces none */
  bool crowded;             /* this attempt found no room in the connections that all calls share */
  bool overtook;            /* it was sent before an earlier change of the same thing had ended */
  bool guards;              /* call_close runs when its method ends */
  bool given;               /* its plain success was given to the caller, and call_close comes */
  Claim claim;              /* what it changes */
  const Endpoint *ep;       /* alive with the method */
  Encoding e;
  Bytes payload;         /* the encoded parameters: body or query */
  SignedRequest request; /* of the last attempt */
  Transfer *transfer;    /* while it runs; owned; NULL: none */
  HttpError error;       /* of the last attempt, as the fields below up to 'sent' */
  const char *failure;   /* why it failed: 'message', or a static text */
  char message[256];
  int status;
  Bytes answer, headers;
  double duration;
  bool sent;              /* the exchange may have received it; false proves that it did not */
  int attempts;           /* how many requests were made for it */
  const char *guarded;    /* why it was not sent, although nothing failed; NULL: it was not refused */
  char unjournalled[128]; /* why it was sent although its intent could not be written; "" for written */
  Bytes named;            /* the parameters under our names, for the journal */
  int64_t number;         /* of its intent in the journal; 0: none */
  int64_t rollbacks;      /* Journal.rollbacks when the intent was written */
  struct Call *next;      /* in the client's list 'saving' or 'away' */
  struct Call *
      elements; /* of a batch: the calls whose first attempts it carries, linked by 'sibling'; NULL: it is none */
  struct Call *sibling; /* the next element of the batch */
  struct Call *batch;   /* the batch that it waits for, unsent; NULL: none */
  double signed_at;     /* when the last attempt was signed */
  int64_t
      first; /* of a change: the earliest moment at which it can arrive, as known when it was signed; the exchange's
                             clock, ms; 0: not known */
  int64_t timestamp; /* of the last attempt, as signed: the exchange's clock, ms */
  char made_id[40];  /* our id for a call that gives none */
  struct Call *placing,
      **placing_link; /* in the client's list of placements under way; NULL: it is in none */
  bool leased;        /* the attempt was signed under the client's lease, and has not ended */
  double acts_until;  /* ... and after this moment it can act no more */
  uint64_t leases;    /* how many leases were known when the Lua layer was asked about its orders */
} Call;

/* Stack places in a method and in 'again', and their upvalues (see call.c). */
enum { CALL_CLIENT = 1, ARG_CLIENT = CALL_CLIENT, ARG_PARAMS = 2, AT_CALL = 3 };
enum { UP_ENDPOINT = 1, UP_RECORD, UP_ENVELOPE, UP_FAILED, UP_CLIENTS, UP_CALL = UP_FAILED, UP_PARAMS };

/* life.c */
/* Counts it as in flight on an endpoint marked `heard`, or not any more: recovery has to know whether outcomes are still to
** come. When it is being collected ('open' is false then), its endpoint may be freed already. */
void call_count_heard(Call *c, bool open);
int call_free(lua_State *L); /* __gc of a call */
/* Pushes a call of the client at CALL_CLIENT, new or spare, with the client's defaults. */
Call *call_new(lua_State *L, Client *client, const Endpoint *ep);
/* The same, always a new one, with room for the list of its elements. */
Call *call_new_batch(lua_State *L, Client *client, const Endpoint *ep);
/* Makes the call at stack place 'at' a spare one of its client: nobody may refer to it any more, nor may it be in a list or
** in flight. Does nothing when there are as many as may be in flight, or the client is closed. Raises nothing. */
void call_put_back(lua_State *L, int at, Call *c);

/* call.c */
/* Takes the error off the stack and keeps it in user value 3. It is raised when the call has ended and its outcome is
** noted. The first of several errors is kept. The call is at stack place 3. */
void call_keep(lua_State *L, Call *c);

/* Checks a method's arguments: the client at ARG_CLIENT, the table of parameters, which is made if it is missing, and nothing
** behind the stack place 'last'. Raises when the call is wrong. */
Client *call_check(lua_State *L, const Endpoint *ep, int last);
/* Checks and encodes the parameters of a call. Raises before anything is sent. The endpoint is the first upvalue. */
void call_encode(lua_State *L, Call *c);
/* Puts an encoded call to the guard rails, submits it and waits for its end. Returns the number of results. */
int call_run(lua_State *L, Call *c);
/* Sets 'again' and 'call' in the facts on top of the stack. */
void call_set_again(lua_State *L);
/* Pushes 'f' as a method: its upvalues are made of the arguments of 'method' (call.c), which are the stack. */
void call_push_method(lua_State *L, lua_CFunction f);

/* batch.c */
/* Adds 'element' and 'batch' to the module table on top of the stack, and 'succeeded' to 'client' in it. */
void call_batch_open(lua_State *L);
/* Gives the elements of a batch what is known of an attempt that is being signed, or has ended. */
void call_hand_down(Call *c);

/* id.c */
bool call_make_id(Call *c); /* makes its client order id. False: the system gives no random bytes */

/* flight.c */
void call_begin(Call *c); /* starts its deadline, and counts it */
void call_reset(Call *c); /* forgets the outcome of the last attempt, so that another can be made */
/* Sends it now or puts it into the waiting line; the state tells which, and whether it failed. Another attempt (again)
** goes before other calls, and waits for a rate limit where the first would be refused; only a ban refuses it too. */
void call_submit(Call *c);
/* Submits the first attempt, or holds it while an earlier change of the same thing is in its way. */
void call_enter(Call *c);
void call_let_go(Call *c);           /* submits a held call */
void call_overtaken(Call *c);        /* ends a held call unsent: a later change was sent before it */
void call_sent_through_lua(Call *c); /* ends an attempt whose outcome a Lua transport has put into the call */
/* A Lua transport has it under way, 'sent' or not. In so many seconds it is CALL_TURN again. */
void call_away(Call *c, double seconds, bool sent);
void call_learn(Call *c, const Answer *a); /* learns the exchange's clock and rate limits from an answer */
void call_cancel(Call *c);                 /* ends it with HTTP_CANCELLED, unless it has ended */
void call_abandon(Call *c);                /* its memory is freed next: ends it without telling anybody */
/* Signs it with a fresh timestamp, and writes its intent if there is a journal. NULL, or why it cannot be sent. */
const char *call_prepare(Call *c);

/* intent.c */
/* Writes the intent of a signed call, or another attempt at it; of a batch, those of its elements: if one cannot be written, the
** batch is not sent. NULL, or why it cannot be sent. */
const char *call_write_intent(Call *c);
bool call_has_intent(const Call *c); /* has it, or an element of it, an intent in the journal? */
/* A commit has ended; 'why' it failed, or NULL. NULL, or why the call cannot be sent. */
const char *call_committed(Call *c, const char *why);
/* Commits its intent, if it has one. NULL, or why it cannot be sent. */
const char *call_save(Call *c);
void client_save_soon(Client *client); /* commits what was written at the end of this step of the loop */
void call_succeeded(Call *c);          /* counts a success, and closes its intent */

/* conflicts.c */
Call *call_of_claim(
    Claim *claim); /* the call that a held claim holds back: its own, or the batch that carries it */
/* Adds claim, contended, unclaim and undoes to 'client' in the module table on top of the stack. */
void call_claim_open(lua_State *L);
bool call_claim(Call *c);   /* claims what the call changes; false: it has to wait for an earlier claim */
void call_unhold(Call *c);  /* neither it nor an element of it waits for an earlier claim any more */
void call_unclaim(Call *c); /* drops the claim and submits calls that waited for it; may be called twice */

/* rails.c */
/* Adds ask, halt and halted to 'client' in the module table on top of the stack. */
void call_rails_open(lua_State *L);
/* Pushes the function that says whether the call may be sent, and its arguments; returns their number. 'client', 'params' and
** 'call' are stack places. */
int call_push_question(lua_State *L, Call *c, int client, int params, int call);
void call_take_answer(lua_State *L, int answer, Call *c); /* takes in what it said, at that stack place */
/* Are guard rails asked about the call? */
bool call_asks(Call *c);
/* Why the call is not sent, since its client is halted: c->guarded says so then. NULL: it may be sent. */
const char *call_halted(Call *c);

/* lease.c */
/* Why the call, whose timestamp is made, is not signed: the client has no lease for so long, or another one has. c->guarded says so
** then. NULL: it may be signed. */
const char *call_unleased(Call *c);
void call_lease_ended(Call *c, bool known); /* see lease_ended; may be called twice */
/* Has the Lua layer to be asked whether the call's orders are under the lease of another? Only of a call that may add risk. */
bool call_reserved(Call *c);
/* Raises when a client with a lease gives an order an id of another prefix. */
void call_check_prefix(lua_State *L, const Call *c);
/* Tells the client's listener of gains, losses and waits, once each. The client is at stack place 'client'. */
void call_tell_lease(lua_State *L, Client *c, int client);

/* log.c */
/* Adds listen, listens and tell to 'client' in the module table on top of the stack. */
void call_log_open(lua_State *L);
/* Tells the client's listener, if there is one, that the call succeeded. 'client', 'params' and 'response' are stack
** places. Raises nothing but lack of memory; leaves the stack as it was. */
void call_tell(lua_State *L, Call *c, int client, int params, int response);

/* Tells the client's listener that the share was lost or came back, once each. The client is at stack place 'client'. The same. */
void call_tell_share(lua_State *L, Client *c, int client);

/* Tells the listener of the client at stack place 'client' of what is no call. 'method' and 'level' are the event's. */
void call_tell_words(lua_State *L, Client *c, int client, const char *method, const char *level,
                     const char *words);

/* placed.c */
/* Adds placed and note_placed to 'client' in the module table on top of the stack. */
void call_placed_open(lua_State *L);
/* Remembers the order that the call has placed; its result is at that stack place. Does nothing for another call. */
void call_note_placed(lua_State *L, const Call *c, int result);
void call_placing(Call *c); /* its placement begins */
void call_placed(
    Call *c); /* it returns to its caller now; does nothing for another call, and may be called twice */

/* answer.c */
/* Reads the answer of the last attempt. Pushes result, message, and the names of fields that did not decode; each may be
** nil. Returns NULL for a plain success, else the kind of failure; c->failure says why when the exchange gave no message.
** 'record' and 'names' are stack places, see schema_decode. Raises nothing: errors are kept with call_keep. */
const char *call_read(lua_State *L, Call *c, int record, int names, Answer *a);

/* limits.c */
LimitGroup *call_group(Call *c, bool *failed); /* its rate group; NULL: none, or no memory ('*failed') */
void call_hear(Call *c); /* tells the limiter what status and headers of the answer say */
void call_hear_body(Call *c, const Answer *a); /* tells it what the decoded envelope says */
void call_refused(Call *c, double after);      /* the limiter refused it: sets failure and retry_after */

/* parts.c */
void call_parts_open(lua_State *L); /* makes the metatable of responses; pushes nothing */
/* Pushes the table that is a call's third result. */
void call_push_response(lua_State *L, const Call *c, const Answer *a);
void call_redact(Call *c); /* strikes secrets out of what came from outside, before any of it is in Lua */
/* Pushes a table with what the Lua layer needs to judge a failure. The message is at stack place 'text'. */
void call_push_facts(lua_State *L, const Call *c, const Answer *a, const char *kind, int text);
void call_push_request(lua_State *L, const Call *c); /* pushes the request as a table, for a Lua transport */
/* Takes the outcome from the transfer of a Lua transport, a table at that stack place. False: it has not ended. */
bool call_take_transfer(lua_State *L, int transfer, Call *c);
/* Takes from a transfer that has not ended when to go on: the call is then away. False: it says nothing of that. */
bool call_leave_transfer(lua_State *L, int transfer, Call *c);
const char *call_error_kind(HttpError error); /* the word for it in facts, a static text */

#endif
