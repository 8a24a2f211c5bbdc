/*
** Writes a journal, see store.h. A transaction is open from the first intent of a step of the loop to the commit, which
** all calls of that step share. Ends are queued in memory. They are written with the next commit, and stay in the queue
** until a commit has succeeded, so a disk that is full for a while loses none of them.
*/
#include "store.h"
#include "vfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  LONG = 500,       /* frames: a log of this length is copied into the file by the next store_tidy */
  TOO_LONG = 2000,  /* frames: a longer one is copied at once */
  PRUNE_EVERY = 64, /* every so many calls of store_tidy prune */
  PRUNE_PART = 128  /* how many intents each of them looks at */
};

static const char *const text_of[STORE_STATEMENTS] = {
    [STORE_BEGIN] = "BEGIN IMMEDIATE",
    [STORE_COMMIT] = "COMMIT",
    [STORE_ROLLBACK] = "ROLLBACK",
    [STORE_INSERT] =
        "INSERT INTO intents(time, method, \"row\", kind, symbol, client_order_id, made, params, first,"
        " fence, \"window\", id) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STORE_ATTEMPT] =
        "UPDATE intents SET first = CASE WHEN ?4 THEN ?2 ELSE first END, fence = CASE WHEN ?4 THEN ?3"
        " WHEN fence IS NULL OR ?3 IS NULL THEN NULL ELSE max(fence, ?3) END WHERE id = ?1",
    [STORE_FINISH] = "UPDATE intents SET outcome = ?2, ended = ?3, fence = ?4 WHERE id = ?1",
    [STORE_SYMBOL] = "INSERT OR IGNORE INTO symbols VALUES(?)",
    [STORE_HOLD] = "SELECT key FROM meta",
    [STORE_OLD] = "SELECT 1 FROM (SELECT time FROM intents ORDER BY id LIMIT 1) WHERE time < ?",
    [STORE_PRUNE] =
        "DELETE FROM intents WHERE id IN (SELECT id FROM (SELECT id, time, outcome FROM intents ORDER BY id"
        " LIMIT ?2) WHERE time < ?1 AND outcome IS NOT NULL)",
};

bool store_prepare(Store *s) {
  for (int i = 0; i < STORE_STATEMENTS; i++) {
    int code = sqlite3_prepare_v3(s->db, text_of[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statement[i], NULL);
    if (code == SQLITE_OK) continue;
    store_why(s, code);
    return false;
  }
  return true;
}

const char *store_why(Store *s, int code) {
  int system = vfs_error();
  if (system == 0 && s->db != NULL) system = sqlite3_system_errno(s->db);
  switch (code & 0xff) {
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB: snprintf(s->why, sizeof s->why, "it is damaged: %s", sqlite3_errstr(code)); break;
  case SQLITE_BUSY:
  case SQLITE_LOCKED: snprintf(s->why, sizeof s->why, "another program writes to it"); break;
  case SQLITE_IOERR:
  case SQLITE_CANTOPEN:
    snprintf(s->why, sizeof s->why, "%s", system == 0 ? sqlite3_errstr(code) : strerror(system));
    break;
  case SQLITE_FULL: snprintf(s->why, sizeof s->why, "the disk is full"); break;
  default:
    snprintf(s->why, sizeof s->why, "%s", s->db == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(s->db));
  }
  return s->why;
}

/* Runs a prepared statement without results. Returns a code of SQLite's. */
static int step(Store *s, StoreStatement which) {
  int code = sqlite3_step(s->statement[which]);
  int again = sqlite3_reset(s->statement[which]);
  return code == SQLITE_DONE ? SQLITE_OK : again != SQLITE_OK ? again : code;
}

/* ---- ends ---- */

/* Makes room for one more end. */
static bool grow(Store *s) {
  if (s->end_count < s->end_room) return true;
  size_t room = s->end_room == 0 ? 64 : s->end_room * 2;
  StoreEnd *more = realloc(s->ends, room * sizeof *more);
  if (more == NULL) return false;
  s->ends = more;
  s->end_room = room;
  return true;
}

const char *store_end(Store *s, const StoreEnd *end) {
  if (s->db == NULL) return "it is closed";
  if (!grow(s)) return "not enough memory";
  s->ends[s->end_count++] = *end;
  return NULL;
}

/* A moment of 0 is not known, or there is none: null in the file. */
static void bind_moment(sqlite3_stmt *to, int place, int64_t moment) {
  if (moment == 0)
    sqlite3_bind_null(to, place);
  else
    sqlite3_bind_int64(to, place, moment);
}

/* Writes the queued ends into the open transaction. Returns a code of SQLite's. */
static int apply_ends(Store *s) {
  sqlite3_stmt *finish = s->statement[STORE_FINISH];
  for (; s->applied < s->end_count; s->applied++) {
    const StoreEnd *end = &s->ends[s->applied];
    sqlite3_bind_int64(finish, 1, end->id);
    sqlite3_bind_text(finish, 2, end->outcome, -1, SQLITE_STATIC);
    sqlite3_bind_int64(finish, 3, end->ended);
    bind_moment(finish, 4, end->fence);
    int code = step(s, STORE_FINISH);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

/* The transaction was committed: takes its ends off the queue. */
static void drop_applied(Store *s) {
  s->end_count -= s->applied;
  if (s->end_count > 0) memmove(s->ends, s->ends + s->applied, s->end_count * sizeof *s->ends);
  s->applied = 0;
}

/* ---- transactions ---- */

static bool in_transaction(const Store *s) {
  return !sqlite3_get_autocommit(s->db);
}

/* Drops what was not committed. The ends stay in the queue. */
static void roll_back(Store *s) {
  if (in_transaction(s)) step(s, STORE_ROLLBACK);
  s->applied = 0;
  s->symbol_count = 0;
  s->face.rollbacks++;
}

/* Copies the log into the file, so that the next commit writes it from its start. The open read ends before, else SQLite
** could not begin the log anew. */
static void copy_log(Store *s) {
  sigset_t before;
  file_hold_signal(&before);
  sqlite3_reset(s->statement[STORE_HOLD]);
  sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
  sqlite3_step(s->statement[STORE_HOLD]);
  s->frames = 0;
  file_free_signal(&before, true);
}

/* A statement failed: sets s->why and rolls back. If the disk is full, the log is copied into the file: then the next
** commit can write from the log's start, which needs no more room. */
static const char *undo(Store *s, int code) {
  store_why(s, code);
  roll_back(s);
  if ((code & 0xff) == SQLITE_FULL || code == SQLITE_IOERR_WRITE) copy_log(s);
  return s->why;
}

bool store_hold(Store *s) {
  sqlite3_reset(s->statement[STORE_HOLD]);
  int code = step(s, STORE_BEGIN);
  if (code == SQLITE_OK) code = step(s, STORE_COMMIT);
  if (code == SQLITE_OK) code = sqlite3_step(s->statement[STORE_HOLD]);
  if (code == SQLITE_ROW) return true;
  store_why(s, code);
  return false;
}

const char *store_apply(Store *s) {
  if (s->db == NULL) return "it is closed";
  if (s->reader) return "it was opened for reading only";
  if (file_forked(&s->claim)) return file_lost(&s->claim);
  int code = in_transaction(s) ? SQLITE_OK : step(s, STORE_BEGIN);
  if (code == SQLITE_OK) code = apply_ends(s);
  return code == SQLITE_OK ? NULL : undo(s, code);
}

/* Commits the open transaction, unless the file was lost. NULL, or why it could not. */
static const char *end_transaction(Store *s) {
  sigset_t before;
  const char *why = file_lost(&s->claim);
  if (why == NULL) {
    file_hold_signal(&before);
    int code = step(s, STORE_COMMIT);
    file_free_signal(&before, code != SQLITE_OK);
    if (code != SQLITE_OK) return undo(s, code);
    s->commits++;
    drop_applied(s);
    return NULL;
  }
  if (!file_forked(&s->claim)) roll_back(s);
  return why;
}

const char *store_commit(Store *s) {
  if (s->db == NULL) return "it is closed";
  if (!in_transaction(s)) return NULL;
  const char *why = end_transaction(s);
  if (why == NULL && s->sync) s->syncs++;
  if (why == NULL && s->frames > TOO_LONG) copy_log(s); /* store_tidy had no chance */
  return why;
}

const char *store_flush(Store *s) {
  if (s->db == NULL) return "it is closed";
  if (in_transaction(s)) return store_commit(s); /* there are intents in it */
  if (s->end_count == 0) return NULL;
  if (s->sync) sqlite3_exec(s->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
  const char *why = store_apply(s);
  if (why == NULL) why = end_transaction(s);
  if (s->sync) sqlite3_exec(s->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
  return why;
}

/* ---- intents ---- */

static void bind_text(sqlite3_stmt *to, int place, const char *text) {
  sqlite3_bind_text(to, place, text, -1, SQLITE_STATIC); /* NULL binds null */
}

/* Adds the symbol to the list of all, unless it is known to be there. Returns a code of SQLite's. */
static int note_symbol(Store *s, const char *symbol) {
  if (symbol == NULL || *symbol == '\0') return SQLITE_OK;
  for (int i = s->symbol_count - 1; i >= 0; i--)
    if (strcmp(s->symbol[i], symbol) == 0) return SQLITE_OK;
  bind_text(s->statement[STORE_SYMBOL], 1, symbol);
  int code = step(s, STORE_SYMBOL);
  if (code == SQLITE_OK && s->symbol_count < STORE_SYMBOLS)
    snprintf(s->symbol[s->symbol_count++], sizeof s->symbol[0], "%s", symbol);
  return code;
}

/* Writes the row of an intent under the next number. Returns a code of SQLite's. */
static int insert(Store *s, const JournalIntent *intent) {
  sqlite3_stmt *to = s->statement[STORE_INSERT];
  sqlite3_bind_int64(to, 1, intent->time);
  bind_text(to, 2, intent->method);
  bind_text(to, 3, intent->row);
  bind_text(to, 4, intent->kind);
  bind_text(to, 5, intent->symbol);
  bind_text(to, 6, intent->client_order_id);
  sqlite3_bind_int(to, 7, intent->made);
  sqlite3_bind_text(to, 8, intent->params, (int)intent->params_size, SQLITE_STATIC);
  bind_moment(to, 9, intent->first);
  bind_moment(to, 10, intent->fence);
  bind_moment(to, 11, intent->window);
  sqlite3_bind_int64(to, 12, ++s->last);
  return step(s, STORE_INSERT);
}

const char *store_begin(Store *s, const JournalIntent *intent, int64_t *id) {
  const char *why = store_apply(s);
  if (why != NULL) return why;
  int code = note_symbol(s, intent->symbol);
  if (code == SQLITE_OK) code = insert(s, intent);
  if (code != SQLITE_OK) return undo(s, code);
  *id = s->last;
  s->latest = intent->time;
  return NULL;
}

/* JournalCalls.attempt */
static const char *store_attempt(Store *s, int64_t id, const JournalAttempt *attempt) {
  const char *why = store_apply(s);
  if (why != NULL) return why;
  sqlite3_stmt *to = s->statement[STORE_ATTEMPT];
  sqlite3_bind_int64(to, 1, id);
  bind_moment(to, 2, attempt->first);
  bind_moment(to, 3, attempt->fence);
  sqlite3_bind_int(to, 4, attempt->fresh);
  int code = step(s, STORE_ATTEMPT);
  return code == SQLITE_OK ? NULL : undo(s, code);
}

/* ---- housekeeping ---- */

/* Is the oldest intent older than the moment 'before'? */
static bool any_old(Store *s, int64_t before) {
  sqlite3_stmt *old = s->statement[STORE_OLD];
  sqlite3_bind_int64(old, 1, before);
  bool found = sqlite3_step(old) == SQLITE_ROW;
  sqlite3_reset(old);
  return found;
}

void store_prune(Store *s, int most) {
  sqlite3_stmt *prune = s->statement[STORE_PRUNE];
  if (s->keep < 0 || in_transaction(s) || !any_old(s, s->latest - s->keep)) return;
  sqlite3_bind_int64(prune, 1, s->latest - s->keep);
  sqlite3_bind_int(prune, 2, most);
  step(s, STORE_PRUNE);
}

void store_tidy(Store *s) {
  sigset_t before;
  if (s->db == NULL || s->reader || file_forked(&s->claim)) return;
  store_flush(s); /* if it fails, the ends stay in the queue */
  bool prune = ++s->tidied % PRUNE_EVERY == 0;
  if (!prune && s->frames < LONG) return;
  if (file_lost(&s->claim) != NULL) return;
  file_hold_signal(&before);
  if (prune) store_prune(s, PRUNE_PART);
  file_free_signal(&before, prune);
  if (s->frames >= LONG) copy_log(s);
}

/* In a forked child: SQLite's memory and descriptors belong to the parent, so they are left alone. */
static void abandon(Store *s) {
  s->db = NULL;
  memset(s->statement, 0, sizeof s->statement);
}

/* The file was moved or removed. Copies the log into it, wherever it is now, and has SQLite touch nothing at its old
** path. */
static void leave_log(Store *s) {
  copy_log(s);
  sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
}

/* Rolls back, writes the ends that are queued, and closes. When the last connection closes, SQLite copies the log into the
** file and removes it, unless leave_log has forbidden that. */
static void close_database(Store *s) {
  sigset_t before;
  file_hold_signal(&before);
  if (!s->reader && s->statement[STORE_COMMIT] != NULL) {
    if (in_transaction(s)) roll_back(s); /* it was not committed, so it was not sent */
    store_flush(s);
  }
  if (!s->reader && file_lost(&s->claim) != NULL) leave_log(s);
  for (int i = 0; i < STORE_STATEMENTS; i++) sqlite3_finalize(s->statement[i]);
  memset(s->statement, 0, sizeof s->statement);
  sqlite3_close_v2(s->db); /* v2: statements that Lua still owns may end later */
  s->db = NULL;
  file_free_signal(&before, true);
}

void store_close(Store *s) {
  if (s->db != NULL && !s->reader && file_forked(&s->claim))
    abandon(s);
  else if (s->db != NULL)
    close_database(s);
  file_release(&s->claim); /* after SQLite: see file.c */
  free(s->ends);
  s->ends = NULL;
  s->end_count = s->end_room = s->applied = 0;
}

/* ---- what the core calls ---- */

static const char *face_begin(Journal *j, const JournalIntent *intent, int64_t *id) {
  return store_begin((Store *)j, intent, id);
}

static const char *face_attempt(Journal *j, int64_t id, const JournalAttempt *attempt) {
  return store_attempt((Store *)j, id, attempt);
}

static const char *face_finish(Journal *j, int64_t id, int64_t ended) {
  const StoreEnd end = {.id = id, .ended = ended, .outcome = "done"};
  return store_end((Store *)j, &end);
}

static const char *face_commit(Journal *j) {
  return store_commit((Store *)j);
}

static void face_tidy(Journal *j) {
  store_tidy((Store *)j);
}

static void face_close(Journal *j) {
  store_close((Store *)j);
}

const JournalCalls store_calls = {face_begin, face_attempt, face_finish, face_commit, face_tidy, face_close};
