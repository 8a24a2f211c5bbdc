/*
** A journal's file in the file system: who may read it, who has it open, whether it is still at its path. Knows no SQLite
** and no Lua.
*/
#ifndef BYBIT_JOURNAL_FILE_H
#define BYBIT_JOURNAL_FILE_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* A claim to be the only writer of a file. It is in a list of the process, so it must not move while it is claimed. */
typedef struct Claim {
  char *path; /* absolute, with links resolved; owned; NULL: nothing is claimed */
  char *wal;  /* the path of SQLite's log beside it; owned */
  int fd;     /* our descriptor, which holds the lock; -1: none */
  int log;    /* our descriptor of the log; -1: it did not exist yet */
  pid_t pid;  /* the process that claimed it */
  dev_t device;
  ino_t inode;        /* with 'device': which file it is */
  struct Claim *next; /* in the list of the process */
} Claim;

/* Is there a file at the path? '*real' becomes the absolute path, which the caller frees, also for a file that does not
** exist yet; NULL when there is none. When it returns false, errno says why. */
bool file_find(const char *path, char **real);
/* Claims the regular file at an absolute path for one client of one process, and makes it readable for its owner only.
** False with '*why', a static text or one of strerror. */
bool file_claim(Claim *c, const char *path, const char **why);
/* Why the file may not be written any more: it was removed or replaced, or this is a forked child. NULL: it may. */
const char *file_lost(Claim *c);
/* Is this another process than the one that claimed it? */
bool file_forked(const Claim *c);
void file_release(Claim *c); /* gives the claim up; may be called twice */

/* Moves a finished new file to its path, in one step. It fails when a file is there already; only on a file system without
** links it replaces that file. False with errno set. */
bool file_publish(const char *from, const char *path);
/* Writes the directory of a new file to the disk, so that the file is still found after a power cut. False on failure. */
bool file_sync_directory(const char *path);

/* Blocks SIGXFSZ in this thread; 'before' gets the signal mask. A write beyond the limit for file sizes (ulimit -f) sends
** that signal, which would end the process. While it is blocked the write just fails. */
void file_hold_signal(sigset_t *before);
/* Restores the mask. 'sent': the signal may have been sent, so a pending one is removed first. */
void file_free_signal(const sigset_t *before, bool sent);

#endif
