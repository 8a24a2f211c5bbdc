/*
** What the core knows of a journal: the first member of the userdata "bybit.journal", with functions to call. The journal
** is a shared object of its own, bybit/journal.so, so SQLite is loaded only when a program uses a journal. This header
** needs no Lua and no SQLite. The functions never raise. A text that they return says why they failed, and NULL that they
** did not; the journal owns it, and it is valid until its next function is called.
*/
#ifndef BYBIT_JOURNAL_H
#define BYBIT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL "bybit.journal"

/* What a call is going to do. Texts may be NULL. Moments are ms of the exchange's clock, 0 when they are not known. */
typedef struct JournalIntent {
  int64_t time;                    /* about now */
  const char *method, *row, *kind; /* the method, its row among the declarations, its change (see change.h) */
  const char *symbol, *client_order_id;
  bool made;          /* the call has made client_order_id; the caller gave none */
  const char *params; /* the parameters under our names, JSON */
  size_t params_size; /* bytes of 'params' */
  int64_t first;      /* the earliest moment at which an attempt can have arrived */
  int64_t fence;      /* the exchange accepts no attempt after this moment */
  int64_t window;     /* the receive window, ms */
} JournalIntent;

/* Another attempt at an intent. */
typedef struct JournalAttempt {
  int64_t first, fence; /* as in JournalIntent; 0: not known */
  /* All attempts before it are known to have done nothing, so both moments replace those of the intent. Otherwise 'first'
  ** stays, and the later fence counts; when one of the fences is not known, the result is not known. */
  bool fresh;
} JournalAttempt;

typedef struct Journal Journal;

/* The functions. */
typedef struct JournalCalls {
  /* Writes an intent and sets '*id' to its number. It is safe when 'commit' has succeeded. */
  const char *(*begin)(Journal *j, const JournalIntent *intent, int64_t *id);
  const char *(*attempt)(Journal *j, int64_t id, const JournalAttempt *attempt);
  /* Notes that the intent is done. It stays in memory until the next commit or 'tidy'. If a crash loses it, the next run
** asks the exchange. */
  const char *(*finish)(Journal *j, int64_t id, int64_t ended);
  /* After this all that was written survives the end of the process; with the option sync, also a power cut. On failure
  ** all that was written since the last commit is lost, except ends, and 'rollbacks' is counted up. */
  const char *(*commit)(Journal *j);
  /* For the end of a step of the loop, when requests are sent: writes ends without waiting for the disk, and does the
  ** housekeeping that is due. */
  void (*tidy)(Journal *j);
  void (*close)(Journal *j); /* may be called twice; in a forked child it leaves the file alone */
} JournalCalls;

/* The first member of the userdata. */
struct Journal {
  const JournalCalls *calls;
  int64_t rollbacks; /* how many there were; what was written and not committed before one is lost */
};

#endif
