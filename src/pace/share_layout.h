/*
** What stands in a share's file, see share.h: one Layout, mapped by every process that uses the share. All of it is read and
** written with Layout.lock held, but the fields marked "free", which are single words. A process may be killed between any
** two stores: each store leaves a state that is right, or that counts more than there is. So nothing has to be undone.
*/
#ifndef BYBIT_SHARE_LAYOUT_H
#define BYBIT_SHARE_LAYOUT_H

#include "lease.h"
#include "share.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

enum {
  SHARE_VERSION = 2, /* of this layout; a file of another version is refused */
  SHARE_ID = 16,     /* bytes that tell windows apart */
  SHARE_BOOT = 40,   /* bytes of the system's boot id */
  SHARE_SALT = 32
};

#define SHARE_MAGIC UINT64_C(0x3165726168737962) /* "byshare1" where the lowest byte comes first */

typedef enum MemberState {
  MEMBER_NONE,
  MEMBER_LIVE,
  MEMBER_GONE /* it left or died; what it had under way still counts for a while */
} MemberState;

typedef struct SharedMember {
  uint32_t state; /* a MemberState; written last when it joins */
  int32_t pid;    /* of its process */
  uint64_t
      started; /* when that process was started, in the kernel's ticks: tells it from a later one of that number */
  int64_t joined_at; /* ms since 1970 */
  double gone_at;    /* when it was seen to be gone */
} SharedMember;

/* The requests of one group of one account, or of one address. */
typedef struct SharedWindow {
  uint32_t generation;  /* 0: the place is free; another number when the place is given to another window */
  uint32_t head, tail;  /* 'ended' holds the moments with these numbers, from head on and below tail */
  int32_t announced;    /* the limit that an answer of the exchange told; 0: none did */
  int32_t limit;        /* the one that the last request was counted by, for people; 0: none */
  uint32_t claimant;    /* that member's number and 1; 0: none */
  double span;          /* seconds */
  double held_until;    /* nothing is sent before */
  double used_at;       /* when a request was counted last */
  double claimed_until; /* until then only the claimant may take: it waits for room for more than one */
  LimitShut shut;       /* of an address: pauses and bans */
  unsigned char id[SHARE_ID];
  char name[SHARE_NAME];           /* for people */
  uint16_t running[SHARE_MEMBERS]; /* how many requests of each member run */
  double ended[SHARE_MOMENTS];     /* when requests ended, the oldest first; a ring */
} SharedWindow;

typedef struct SharedHalt {
  int64_t at;  /* ms since 1970 */
  int32_t pid; /* of the process that halted */
  char reason[SHARE_REASON];
} SharedHalt;

typedef struct Layout {
  uint64_t magic; /* free; written last, when the file is made */
  uint32_t version;
  uint32_t size;         /* of the Layout and of a mutex: differs where another build lays it out otherwise */
  uint64_t spaces;       /* the namespaces in which pids and moments mean the same */
  char boot[SHARE_BOOT]; /* moments belong to this run of the system */
  unsigned char salt[SHARE_SALT]; /* random, for ids and prints */
  pthread_mutex_t lock;           /* robust, between processes */
  _Atomic uint64_t halt;          /* free; lowest bit: halted; the others count changes */
  _Atomic uint32_t shut_changes;  /* free; counts changes of any 'shut' */
  uint32_t generations;           /* the one given last */
  uint32_t live;                  /* how many members are MEMBER_LIVE */
  uint32_t top;                   /* no member has a number from here on */
  uint32_t recovered;             /* how often a process died with the lock */
  double swept_at;                /* when somebody last looked for dead members */
  _Atomic uint32_t leases; /* free; so many places of 'lease' are taken, for as long as the file is used */
  uint64_t lease_numbers;  /* the one given last; starts at random, so that no other file gives the same */
  double blank_until;      /* leases that were given before the file was made may last until then */
  SharedHalt halts[2];     /* the one that counts: that of Layout.halt's change, see halt_of */
  SharedMember member[SHARE_MEMBERS];
  LeaseRecord lease[SHARE_LEASES];
  SharedWindow window[SHARE_WINDOWS];
} Layout;

#endif
