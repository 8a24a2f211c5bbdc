/*
** The journal: a file of intents, appended to before anything is sent. Knows no Lua and nothing of what it holds. One
** process has it at a time. What is appended survives the end of the process; after journal_sync a power cut too.
*/
#ifndef BYBIT_JOURNAL_H
#define BYBIT_JOURNAL_H

#include "bytes.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct Journal {
  int fd;        /* -1: closed */
  bool sync;     /* an intent is to be on the disk before it is sent */
  int64_t next;  /* number of the next intent */
  int64_t syncs; /* how often the disk was waited for */
} Journal;

/* Opens or makes the file, for its owner alone, and locks it. A last line that is not closed gets its end. False with
** '*why' (static text, or strerror's). */
bool journal_open(Journal *j, const char *path, bool sync, const char **why);
/* Appends a line, without its end, in one write. NULL, or why it is not there. */
const char *journal_append(Journal *j, const Bytes *line);
/* Waits until all that was appended is on the disk. NULL, or why it may not be. */
const char *journal_sync(Journal *j);
bool journal_read(Journal *j, Bytes *out); /* all that it holds; false: errno tells */
void journal_close(Journal *j);            /* may be called twice */

#endif
