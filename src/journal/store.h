/*
** The database of a journal: it stores intents and their ends, with one commit for many. Knows SQLite and no Lua. open.c
** makes and checks the file, store.c writes, lua.c is the Lua face. Texts that say why something failed are in Store.why.
*/
#ifndef BYBIT_JOURNAL_STORE_H
#define BYBIT_JOURNAL_STORE_H

#include "file.h"
#include "journal.h"

#include <sqlite3.h>

enum {
  STORE_VERSION = 1,              /* of the file's format: PRAGMA user_version */
  STORE_APPLICATION = 0x4259424A, /* "BYBJ": PRAGMA application_id */
  STORE_SYMBOLS = 64              /* how many symbols are remembered as written */
};

typedef enum StoreStatement {
  STORE_BEGIN, /* begins a transaction that writes */
  STORE_COMMIT,
  STORE_ROLLBACK,
  STORE_INSERT,    /* writes an intent */
  STORE_ATTEMPT,   /* writes another attempt */
  STORE_FINISH,    /* writes an end */
  STORE_SYMBOL,    /* adds a symbol to the list of all */
  STORE_OLD,       /* is the oldest intent old enough to be deleted? */
  STORE_PRUNE,     /* deletes old intents */
  STORE_HOLD,      /* reads a row and is left open, see store_hold */
  STORE_STATEMENTS /* how many there are */
} StoreStatement;

/* The end of an intent, which is not in the file yet. */
typedef struct StoreEnd {
  int64_t id, ended;   /* the intent's number; when it ended, ms of the exchange's clock */
  int64_t fence;       /* ms; a copy of the intent may act until then; 0: no copy is left */
  const char *outcome; /* a static text */
} StoreEnd;

typedef struct Store {
  Journal face; /* what the core sees; the first member, as store.c casts it back */
  sqlite3 *db;  /* owned; NULL: closed */
  sqlite3_stmt *statement[STORE_STATEMENTS]; /* owned; NULL in a reader */
  Claim claim;                               /* to the file; a reader has none */
  bool reader;                               /* it only reads; a client may have the file open for writing */
  bool sync;                                 /* a commit waits until the disk has it */
  int64_t last;           /* the number given last; a number that was rolled back is not given again */
  int64_t commits, syncs; /* how many commits there were, and how many waited for the disk */
  /* A queue of ends that are not committed; the first 'applied' are in the open transaction. Owned. */
  StoreEnd *ends;
  size_t end_count, end_room, applied;
  char symbol[STORE_SYMBOLS][40]; /* symbols that are known to be in the file or the open transaction */
  int symbol_count;
  int frames;      /* in the log, since it was copied into the file last */
  int64_t keep;    /* ms that ended intents are kept; negative: for ever */
  int64_t latest;  /* ms of the exchange's clock: of the last intent, or when it was opened */
  unsigned tidied; /* how often store_tidy ran */
  char why[768];   /* why the last function failed */
} Store;

/* Who the file has to belong to. No text is NULL. */
typedef struct StoreOwner {
  const char *exchange, *account, *api;
} StoreOwner;

/* Opens the journal at 'path' for writing; makes it when there is no file. On failure it returns false, the store is
** closed, and a file that was there is unchanged. 's' is zeroed memory, except for 'keep' and 'latest'. */
bool store_open(Store *s, const char *path, const StoreOwner *owner, bool sync);
/* Opens it for reading only, whoever else has it open. */
bool store_read(Store *s, const char *path);
/* Sets s->why to what a code of SQLite means, and returns it. */
const char *store_why(Store *s, int code);
bool store_prepare(Store *s); /* prepares all statements; false with s->why set */

/* Takes the write lock, which is then kept (see vfs.c), and leaves a read open. While a read is open, a transaction need
** not take a read lock, which saves system calls. False with s->why set. */
bool store_hold(Store *s);

/* Writes the queued ends into a transaction, without a commit, so that they can be read. NULL, or why it could not. */
const char *store_apply(Store *s);
const char *store_begin(Store *s, const JournalIntent *intent, int64_t *id); /* JournalCalls.begin */
const char *store_commit(Store *s);                                          /* JournalCalls.commit */
/* Queues an end; the next commit writes it. NULL, or why it could not. */
const char *store_end(Store *s, const StoreEnd *end);
/* Commits the queued ends without waiting for the disk; if intents are in the transaction, it waits as a commit does. */
const char *store_flush(Store *s);
/* Looks at the oldest 'most' intents, and deletes those that have ended and are older than 'keep'. */
void store_prune(Store *s, int most);
void store_tidy(Store *s);  /* JournalCalls.tidy */
void store_close(Store *s); /* rolls back what was not committed, writes the ends; may be called twice */

extern const JournalCalls store_calls;

#endif
