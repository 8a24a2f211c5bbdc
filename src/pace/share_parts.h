/*
** What share_file.c and share.c know of a share together.
*/
#ifndef BYBIT_SHARE_PARTS_H
#define BYBIT_SHARE_PARTS_H

#include "share_layout.h"

/* What a process has of the file. */
typedef struct Mapping {
  int fd;         /* it holds the file's "in use" lock; -1: none */
  Layout *layout; /* NULL: not mapped */
} Mapping;

struct Share {
  Mapping map;
  char *path; /* owned */
  ShareUse use;
  pid_t process;                   /* the process that opened it */
  int member;                      /* its number; -1: it is none */
  uint32_t epoch;                  /* counts the files that were mapped, from 1 */
  double looked_at;                /* when the file was looked at last, or somebody vouched for it */
  double seen_at;                  /* when it was looked at last */
  const char *lost;                /* why it is lost, a static text; NULL: it is not */
  const char *last_loss;           /* why it was lost last */
  bool gone;                       /* lost, and not for its lock alone: the file has to be opened anew */
  double try_at;                   /* when to try to get it back */
  bool missed;                     /* requests went out that it does not know of */
  double returned_at;              /* when it came back last and had missed some; -INFINITY: never */
  int parts;                       /* how many members there were when the lock was held last */
  uint64_t halt;                   /* the word of the halt that was last seen */
  SharedHalt kept;                 /* what that halt says */
  bool used[SHARE_WINDOWS];        /* this member has used the window */
  bool owes;                       /* there is something in 'owed' */
  uint16_t owed[2][SHARE_WINDOWS]; /* how many requests of the window ended while it was lost: unsent, sent */
  int64_t losses, returns;
};

/* share_file.c. Opens and maps the file, with so many tries, a millisecond apart, while another process makes it. False: 'why'
** says so. */
bool share_map(const char *path, ShareUse use, int tries, double now, Mapping *map, char why[SHARE_WHY]);
void share_unmap(Mapping *map);
/* Makes the lock of a file that nobody uses. */
bool share_make_lock(Layout *y);

/* share.c. Becomes a member of the mapped file; false: there is no place, or the lock cannot be had. */
bool share_join(Share *s, double now, char why[SHARE_WHY]);
void share_quit(Share *s, double now); /* is no member any more */

/* share_member.c */
void share_self(int32_t *pid, uint64_t *started);  /* this process */
bool share_is_dead(int32_t pid, uint64_t started); /* false also where it cannot be told */
uint64_t share_spaces(void);                       /* a number for the namespaces of this process */
void share_boot(char boot[SHARE_BOOT]);            /* tells runs of the system apart */

#endif
