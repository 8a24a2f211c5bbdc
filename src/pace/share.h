/*
** A share: what the processes of one machine that trade on the same keys have in common. It is a file that each of them maps:
** the requests of every rate window, pauses and bans, the budget of connections, and the halt. The rules are limiter.h's;
** shared.h applies them to what stands here. This room keeps the file, its lock, and who takes part.
**
** Who takes part is a member: a client. A process may be killed at any instruction: the lock is robust, and what the dead
** one had under way counts until it must have arrived. Knows no Lua and no loop; moments are seconds of loop_now().
**
** When the file is gone, or its lock cannot be had, the share is lost: share_enter fails, and tries to get it back from time to
** time. A share belongs to the process that opened it: after fork the child may only free it.
*/
#ifndef BYBIT_SHARE_H
#define BYBIT_SHARE_H

#include "lease.h"
#include "limiter.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
  SHARE_MEMBERS = 128,  /* clients that may take part at once */
  SHARE_WINDOWS = 128,  /* windows at once */
  SHARE_MOMENTS = 1024, /* requests in a window: no limit counts as higher */
  SHARE_NAME = 96,      /* bytes of a window's name */
  SHARE_LEASES = 32,    /* leases at once */
  SHARE_REASON = 120,   /* bytes of the reason of a halt */
  SHARE_WHY = 200       /* bytes of a message */
};

typedef struct Share Share;
typedef struct SharedWindow SharedWindow;

/* Where a window was found, in a share of either kind. Empty at first; the share fills it in. */
typedef struct SharePlace {
  uint32_t epoch;      /* Share's at that time; 0: not looked for yet */
  uint32_t index;      /* of the window */
  uint32_t generation; /* of the window */
  bool asking;         /* of a server: it was asked for a turn, and has not answered */
  struct RedisPlace
      *redis; /* what is known of it at a server; owned by who has the place; NULL: nothing yet */
} SharePlace;

typedef enum ShareUse {
  SHARE_JOIN, /* make the file when there is none, and become a member */
  SHARE_VISIT /* look at a file that is there */
} ShareUse;

/* Opens the share at the path. NULL when it cannot be used: 'why' says so. 'now': loop_now() in real time. */
Share *share_open(const char *path, ShareUse use, double now, char why[SHARE_WHY]);
void share_free(Share *s, double now); /* leaves; NULL is allowed */
void share_forget(
    Share *s); /* in a forked child: frees the memory and touches nothing that is shared; NULL is allowed */
pid_t share_process(const Share *s);
const char *share_path(const Share *s);

/* Takes the lock. False when the share is lost; nothing is locked then. Each success is followed by share_leave. */
bool share_enter(Share *s, double now);
void share_leave(Share *s);
/* Why it is lost, a static text; NULL: it is not. */
const char *share_lost(const Share *s);
/* Is the file still the one that was mapped? Looks at most every 10 ms. False: the share is lost. To be called before words
** that need no lock are read. */
bool share_is_there(Share *s, double now);
/* The file is as it was when the share looked last, as somebody knows who was told of changes. It believes that for 5 s. */
void share_vouch(Share *s, double now);
void share_look_again(Share *s);      /* it looks before it is used next */
uint32_t share_epoch(const Share *s); /* counts the files that were mapped, from 1 */
/* How many members there were when that was last known, this one included; at least 1. */
int share_parts(const Share *s);
/* In how many seconds the share wants share_mend to be called; INFINITY: it does not. */
double share_mends_in(const Share *s, double now);
/* A request goes out that the share does not know of, since it is lost. */
void share_miss(Share *s);
void share_mend(Share *s,
                double now); /* tries to get a lost share back, and makes good what could not be written */

/* The rest, up to the halt, only between share_enter and share_leave. */

/* The window with that name, made when it is new; NULL when there is no place for it, or no memory. 'span' is in seconds. */
SharedWindow *share_window(Share *s, SharePlace *place, const char *name, double span, double now);
SharedWindow *share_find(Share *s, const char *name); /* the same; NULL when it is not there */
/* The same if it is there, as found before; NULL: it is not. */
SharedWindow *share_known(Share *s, const SharePlace *place);
/* A text that stands for the key in all processes; it does not tell the key. "" for NULL. False: no memory. */
bool share_print(Share *s, const char *key, char print[17]);
int share_running(const Share *s, const SharedWindow *w); /* requests that have not ended, of all members */
/* A request of this member begins, which counts as 'n'. */
void share_run(Share *s, SharedWindow *w, int n, double now);
/* It has ended; 'sent': it counts for a span from now on. */
void share_end(Share *s, SharedWindow *w, int n, bool sent, double now);
void share_push(SharedWindow *w, double now); /* a request counts from now on for a span */
void share_drop(SharedWindow *w, size_t n);   /* the oldest 'n' moments count no more */
/* Looks for members whose process is gone, if nobody has for a while. Leaves and enters. False: lost meanwhile. */
bool share_sweep(Share *s, double now);
void share_shut_changed(Share *s);
/* Counts changes of pauses and bans; needs no lock. */
uint32_t share_shut_changes(const Share *s);
int share_member(const Share *s); /* this member's number */

/* The lease of that name, with a place of its own from now on. NULL when it cannot have one: 'why' says so. */
LeaseRecord *share_lease(Share *s, const char *name, double now, char why[SHARE_WHY]);
/* lease_give, by what stands in the share. */
void share_lease_give(Share *s, LeaseRecord *r, LeaseAsk *ask, double now, LeaseAnswer *answer);

/* The names of the leases that have a place, which need no lock: share_is_there has to be true. A number that changes when there is
** another; how many there are; and the name of one. */
uint64_t share_lease_news(const Share *s);
uint32_t share_leases(const Share *s);
void share_lease_name(const Share *s, uint32_t i, char name[LEASE_NAME]);
/* Copies the lease of that name. False: there is none, or the share is lost. Takes the lock by itself. */
bool share_lease_of(Share *s, const char *name, double now, LeaseRecord *copy);

/* A request has ended while the share was lost: it is written when the share is back. */
void share_owe(Share *s, const SharePlace *place, int n, bool sent);

/* The halt; these need no lock, and hold at once in all processes. False: the share is lost, so others cannot be told. */
bool share_halt(Share *s, const char *reason, int64_t wall, double now);
bool share_resume(Share *s, double now);
/* 0 when trading is not halted; else a number that differs for each halt. */
uint64_t share_halted(Share *s, double now);
/* The reason, who halted and when, at any time. Text of other processes: printable. */
void share_halt_words(Share *s, char reason[SHARE_REASON], int *pid, int64_t *at);

typedef struct ShareCounts {
  int64_t losses, returns; /* how often it was lost, and came back */
} ShareCounts;

ShareCounts share_counts(const Share *s);
uint32_t share_recovered(const Share *s);    /* how often a process died with the lock, of all processes */
const char *share_last_loss(const Share *s); /* why it was lost last, a static text; NULL: it never was */

#endif
