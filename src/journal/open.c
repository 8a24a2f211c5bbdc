/*
** Makes and checks the file of a journal. A new file is finished under another name and then moved to its path. So a file
** at the path is either a complete journal or no journal at all, and an empty or short one is an error. Nothing is written
** to a file before it has passed all checks.
*/
#include "store.h"
#include "vfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT(x)  #x
#define VALUE(x) TEXT(x)

enum {
  WHOLE = 2 * 1024 * 1024, /* bytes; only files up to this size are checked whole, as opening must be fast */
  PRUNED = 5000            /* how many intents are looked at for pruning when the file is opened */
};

static const char schema[] =
    "CREATE TABLE intents(id INTEGER PRIMARY KEY, time INTEGER, method TEXT, \"row\" TEXT, kind TEXT,"
    " symbol TEXT, client_order_id TEXT, made INTEGER, params TEXT, first INTEGER, fence INTEGER,"
    " \"window\" INTEGER, outcome TEXT, ended INTEGER);"
    "CREATE INDEX intents_open ON intents(id) WHERE outcome IS NULL;"
    "CREATE TABLE symbols(symbol TEXT PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;";

/* Sets s->why, closes the store, returns false. */
static bool fail(Store *s, const char *why) {
  if (why != s->why) snprintf(s->why, sizeof s->why, "%s", why);
  store_close(s);
  return false;
}

/* Runs statements without results. False with s->why set. Like all below that return bool. */
static bool run(Store *s, const char *sql) {
  int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
  if (code != SQLITE_OK) store_why(s, code);
  return code == SQLITE_OK;
}

/* ---- a new file ---- */

/* Writes a row of the table meta. */
static bool put_meta(Store *s, const char *key, const char *value) {
  sqlite3_stmt *put = NULL;
  int code = sqlite3_prepare_v2(s->db, "INSERT INTO meta VALUES(?, ?)", -1, &put, NULL);
  if (code == SQLITE_OK) {
    sqlite3_bind_text(put, 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_text(put, 2, value, -1, SQLITE_STATIC);
    sqlite3_step(put);
    code = sqlite3_finalize(put);
  }
  if (code != SQLITE_OK) store_why(s, code);
  return code == SQLITE_OK;
}

/* Makes the tables of a new file. Pages are small, because an order writes whole pages into the log, each with its
** checksum. */
static bool fill(Store *s, const StoreOwner *owner) {
  return run(s, "PRAGMA page_size = 1024; PRAGMA application_id = " VALUE(0x4259424A) "; BEGIN") &&
         run(s, schema) && put_meta(s, "version", "1") && put_meta(s, "exchange", owner->exchange) &&
         put_meta(s, "account", owner->account) && put_meta(s, "api", owner->api) &&
         run(s, "COMMIT; PRAGMA user_version = 1; PRAGMA journal_mode = WAL");
}

/* Opens the file with SQLite; 'vfs' may be NULL for SQLite's own. */
static bool open_database(Store *s, const char *path, int flags, const char *vfs) {
  int code = sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOMUTEX, vfs);
  if (code == SQLITE_OK) {
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, 200);
    return run(s, "PRAGMA temp_store = MEMORY"); /* no temporary files elsewhere */
  }
  store_why(s, code);
  return false;
}

static void close_database(Store *s) {
  sqlite3_close(s->db);
  s->db = NULL;
}

/* Is there a file with the path and this ending that is not empty? */
static bool holds(const char *path, const char *end) {
  char name[4096 + 8];
  struct stat info;
  return snprintf(name, sizeof name, "%s%s", path, end) < (int)sizeof name && stat(name, &info) == 0 &&
         info.st_size > 0;
}

/* Refuses to make a file when a log of an older one is there: SQLite would take it for the log of the new file. */
static bool left_over(Store *s, const char *path) {
  if (!holds(path, "-wal") && !holds(path, "-journal")) return false;
  snprintf(s->why, sizeof s->why,
           "the file is gone, but its -wal or -journal is there: put the file back, or remove the other");
  return true;
}

/* Makes a new journal. When another process has made one at the same time, it fails. */
static bool make(Store *s, const char *path, const StoreOwner *owner) {
  char name[4096 + 32];
  if (left_over(s, path)) return false;
  if (snprintf(name, sizeof name, "%s-new-%ld", path, (long)getpid()) >= (int)sizeof name) {
    snprintf(s->why, sizeof s->why, "%s", strerror(ENAMETOOLONG));
    return false;
  }
  unlink(name); /* left by a killed process that had our process number */
  mode_t before = umask(077);
  bool made = open_database(s, name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) && fill(s, owner);
  umask(before);
  close_database(s);
  if (made && !file_publish(name, path)) {
    snprintf(s->why, sizeof s->why, "%s", strerror(errno));
    made = false;
  }
  if (!made) unlink(name);
  if (made && s->sync) file_sync_directory(path);
  return made;
}

/* ---- a file that exists ---- */

/* The number in four bytes. */
static int64_t big_endian(const unsigned char *at) {
  return (int64_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

/* Is the file as long as its head says? SQLite silently fills up a page that is cut short. A file with a log may be
** shorter, since pages may still have to be copied from the log. NULL, or what is wrong. */
static const char *check_size(const Claim *claim, const unsigned char head[100]) {
  struct stat info;
  int64_t page = big_endian(head + 16) >> 16, pages = big_endian(head + 28);
  if (page == 1) page = 65536;
  if (fstat(claim->fd, &info) != 0 || page < 512 || holds(claim->path, "-wal")) return NULL;
  return info.st_size % page == 0 && info.st_size / page >= pages ? NULL
                                                                  : "it is damaged: its end is missing";
}

/* Checks the first 100 bytes before SQLite sees the file. NULL, or what is wrong. */
static const char *check_head(const Claim *claim) {
  int fd = claim->fd;
  unsigned char head[100];
  ssize_t size = pread(fd, head, sizeof head, 0);
  if (size == 0) return "it is empty, so it is not a journal: remove it to begin a new one";
  if (size != (ssize_t)sizeof head) return "it is damaged: too short for a journal";
  if (memcmp(head, "SQLite format 3", 16) != 0 || big_endian(head + 68) != STORE_APPLICATION)
    return "it is not a journal, or its head is damaged";
  if (big_endian(head + 60) != STORE_VERSION) return "it was made by another version of this module";
  if (head[18] != 2 || head[19] != 2) return "it is damaged: it does not use a log (WAL)";
  return check_size(claim, head);
}

/* Copies the value of a key of the table meta to 'out'. */
static bool get_meta(Store *s, const char *key, char *out, size_t room) {
  sqlite3_stmt *get = NULL;
  int code = sqlite3_prepare_v2(s->db, "SELECT value FROM meta WHERE key = ?", -1, &get, NULL);
  if (code != SQLITE_OK) {
    store_why(s, code);
    return false;
  }
  sqlite3_bind_text(get, 1, key, -1, SQLITE_STATIC);
  code = sqlite3_step(get);
  bool found = code == SQLITE_ROW && sqlite3_column_type(get, 0) == SQLITE_TEXT;
  if (found)
    snprintf(out, room, "%s", (const char *)sqlite3_column_text(get, 0));
  else if (code == SQLITE_ROW || code == SQLITE_DONE)
    snprintf(s->why, sizeof s->why, "it is damaged: it does not tell its %s", key);
  else
    store_why(s, code);
  sqlite3_finalize(get);
  return found;
}

/* Does the file belong to this exchange, account and API? */
static bool check_owner(Store *s, const StoreOwner *owner) {
  const struct {
    const char *key, *wanted;
  } rows[] = {{"exchange", owner->exchange}, {"account", owner->account}, {"api", owner->api}};
  char found[256];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (!get_meta(s, rows[i].key, found, sizeof found)) return false;
    if (strcmp(found, rows[i].wanted) == 0) continue;
    snprintf(s->why, sizeof s->why, "it belongs to another %s: '%s', this client's is '%s'", rows[i].key,
             found, rows[i].wanted);
    return false;
  }
  return true;
}

/* Has SQLite check the whole file, if it is small. */
static bool check_whole(Store *s) {
  struct stat info;
  sqlite3_stmt *check = NULL;
  if (fstat(s->claim.fd, &info) != 0 || info.st_size > WHOLE) return true;
  int code = sqlite3_prepare_v2(s->db, "PRAGMA integrity_check(1)", -1, &check, NULL);
  if (code == SQLITE_OK) code = sqlite3_step(check);
  bool whole = code == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(check, 0), "ok") == 0;
  if (code == SQLITE_ROW)
    snprintf(s->why, sizeof s->why, "it is damaged: %.200s", (const char *)sqlite3_column_text(check, 0));
  else
    store_why(s, code);
  sqlite3_finalize(check);
  return whole;
}

/* Reads the open intents, to see that they can be read, and the number given last. */
static bool check_rows(Store *s) {
  sqlite3_stmt *last = NULL;
  int code = sqlite3_prepare_v2(s->db, "SELECT max(id) FROM intents", -1, &last, NULL);
  if (code == SQLITE_OK && sqlite3_step(last) == SQLITE_ROW) s->last = sqlite3_column_int64(last, 0);
  if (last != NULL) code = sqlite3_finalize(last);
  if (code != SQLITE_OK) store_why(s, code);
  if (code != SQLITE_OK || !run(s, "SELECT * FROM intents WHERE outcome IS NULL")) return false;
  if (s->last >= 0 && s->last < INT64_MAX / 2) return true;
  snprintf(s->why, sizeof s->why, "it is damaged: its numbers are too large");
  return false;
}

/* SQLite calls this after each commit with the number of frames in the log. */
static int on_log(void *store, sqlite3 *db, const char *name, int frames) {
  (void)db;
  (void)name;
  ((Store *)store)->frames = frames;
  return SQLITE_OK;
}

/* Opens a claimed file for writing. */
static bool check_and_open(Store *s, const StoreOwner *owner) {
  const char *why = check_head(&s->claim);
  if (why != NULL) {
    snprintf(s->why, sizeof s->why, "%s", why);
    return false;
  }
  vfs_register();
  if (!open_database(s, s->claim.path, SQLITE_OPEN_READWRITE, VFS_NAME)) return false;
  sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                    (int *)NULL); /* closing leaves the file unchanged until it has passed the checks */
  if (!check_owner(s, owner) || !check_whole(s) || !check_rows(s)) return false;
  if (!run(s, s->sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF")) return false;
  if (!run(s, "PRAGMA cache_spill = OFF") || !store_prepare(s)) return false;
  sqlite3_wal_hook(s->db, on_log, s);
  if (!store_hold(s)) return false;
  sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, (int *)NULL);
  return true;
}

/* Finds or makes the file, claims it, and opens it. */
static bool open_there(Store *s, const char *path, const StoreOwner *owner) {
  const char *why;
  char *real;
  if (!file_find(path, &real)) {
    int error = errno;
    snprintf(s->why, sizeof s->why, "%s", strerror(error));
    bool made = error == ENOENT && real != NULL && make(s, real, owner);
    free(real);
    if (!made || !file_find(path, &real)) return false;
  }
  bool claimed = file_claim(&s->claim, real, &why);
  free(real);
  if (!claimed) {
    snprintf(s->why, sizeof s->why, "%s", why);
    return false;
  }
  return check_and_open(s, owner);
}

bool store_open(Store *s, const char *path, const StoreOwner *owner, bool sync) {
  sigset_t before;
  s->face.calls = &store_calls;
  s->claim.fd = s->claim.log = -1;
  s->sync = sync;
  file_hold_signal(&before);
  bool done = open_there(s, path, owner) || fail(s, s->why);
  if (done) store_prune(s, PRUNED);
  file_free_signal(&before, true);
  return done;
}

bool store_read(Store *s, const char *path) {
  s->face.calls = &store_calls;
  s->claim.fd = s->claim.log = -1;
  s->reader = true;
  struct stat info;
  if (stat(path, &info) != 0) return fail(s, strerror(errno));
  if (!S_ISREG(info.st_mode)) return fail(s, "it is not a regular file");
  char found[256];
  if (!open_database(s, path, SQLITE_OPEN_READONLY, NULL)) return fail(s, s->why);
  if (!get_meta(s, "version", found, sizeof found)) return fail(s, s->why);
  return true;
}
