/*
** A VFS between SQLite and its own one (unix), with fewer system calls before an order is sent. It is for a journal that
** only one client writes. All frames of a commit go into the log (the -wal file) in one write, not in two for each page.
** The write lock, once taken, is kept until the file is closed; other programs that want to write find it locked.
** Everything else is passed on unchanged, and readers see no difference.
*/
#include "vfs.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

enum {
  FRAME = 24,       /* bytes of the head of a frame in the log */
  ROOM = 32 * 1024, /* bytes that are collected for one write */
  WRITE_LOCK = 0    /* SQLite's number of the write lock */
};

/* An open file; the file of SQLite's own VFS stands behind it in the same memory. SQLite owns both. */
typedef struct File {
  sqlite3_file base;
  sqlite3_file *real;               /* the file of SQLite's own VFS */
  bool locked;                      /* of a database: we hold the write lock */
  bool last;                        /* of a log: the frame that is being written ends a transaction */
  sqlite3_int64 from;               /* of a log: the place in the file for the collected bytes */
  int held;                         /* how many bytes are collected */
  _Alignas(8) unsigned char data[]; /* the collected bytes (ROOM), then the real file */
} File;

static File *file_of(sqlite3_file *file) {
  return (File *)file;
}

/* ---- the log ---- */

static _Thread_local int last_error;

int vfs_error(void) {
  int error = last_error;
  last_error = 0;
  return error;
}

/* Writes at once, and notes errno for vfs_error. Like all below it returns a code of SQLite's. */
static int write_real(File *f, const void *data, int size, sqlite3_int64 at) {
  errno = 0;
  int code = f->real->pMethods->xWrite(f->real, data, size, at);
  if (code != SQLITE_OK) last_error = errno;
  return code;
}

/* Writes the collected bytes. */
static int flush(File *f) {
  int size = f->held;
  f->held = 0;
  return size == 0 ? SQLITE_OK : write_real(f, f->data, size, f->from);
}

static unsigned big_endian(const unsigned char *at) {
  return (unsigned)at[0] << 24 | (unsigned)at[1] << 16 | (unsigned)at[2] << 8 | at[3];
}

/* Collects what SQLite writes: in turn the head of a frame and its page. Writes when a transaction ends, when there is no
** room, or when the bytes do not follow each other. The head of the last frame of a transaction has the size of the
** database in its second word, the others have 0. */
static int log_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 at) {
  File *f = file_of(file);
  bool head = size == FRAME;
  if (f->held > 0 && (at != f->from + f->held || size > ROOM - f->held)) {
    int code = flush(f);
    if (code != SQLITE_OK) return code;
  }
  if (size > ROOM) return write_real(f, data, size, at);
  if (f->held == 0) f->from = at;
  memcpy(f->data + f->held, data, (size_t)size);
  f->held += size;
  if (head) f->last = big_endian((const unsigned char *)data + 4) != 0;
  if (!head && f->last) {
    f->last = false;
    return flush(f);
  }
  return head || f->held > FRAME ? SQLITE_OK : flush(f);
}

static int log_read(sqlite3_file *file, void *out, int size, sqlite3_int64 at) {
  File *f = file_of(file);
  int code = flush(f);
  return code != SQLITE_OK ? code : f->real->pMethods->xRead(f->real, out, size, at);
}

static int log_sync(sqlite3_file *file, int flags) {
  File *f = file_of(file);
  int code = flush(f);
  return code != SQLITE_OK ? code : f->real->pMethods->xSync(f->real, flags);
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size) {
  File *f = file_of(file);
  int code = flush(f);
  return code != SQLITE_OK ? code : f->real->pMethods->xTruncate(f->real, size);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size) {
  File *f = file_of(file);
  int code = flush(f);
  return code != SQLITE_OK ? code : f->real->pMethods->xFileSize(f->real, size);
}

/* ---- the locks of a database ---- */

/* Keeps the write lock when SQLite gives it back. */
static int database_shm_lock(sqlite3_file *file, int offset, int n, int flags) {
  File *f = file_of(file);
  bool own = offset == WRITE_LOCK && n == 1 && (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  if (own && f->locked) return SQLITE_OK; /* SQLite takes it again or gives it back: nothing changes */
  int code = f->real->pMethods->xShmLock(f->real, offset, n, flags);
  if (own && code == SQLITE_OK) f->locked = (flags & SQLITE_SHM_LOCK) != 0;
  return code;
}

static int database_shm_unmap(sqlite3_file *file, int delete) {
  file_of(file)->locked = false;
  return file_of(file)->real->pMethods->xShmUnmap(file_of(file)->real, delete);
}

/* ---- all else is passed on ---- */

static int pass_close(sqlite3_file *file) {
  File *f = file_of(file);
  int flushed = flush(f), code = f->real->pMethods->xClose(f->real);
  return flushed != SQLITE_OK ? flushed : code;
}

static int pass_read(sqlite3_file *file, void *out, int size, sqlite3_int64 at) {
  sqlite3_file *real = file_of(file)->real;
  return real->pMethods->xRead(real, out, size, at);
}

static int pass_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 at) {
  return write_real(file_of(file), data, size, at);
}

static int pass_truncate(sqlite3_file *file, sqlite3_int64 size) {
  sqlite3_file *real = file_of(file)->real;
  return real->pMethods->xTruncate(real, size);
}

static int pass_sync(sqlite3_file *file, int flags) {
  sqlite3_file *real = file_of(file)->real;
  return real->pMethods->xSync(real, flags);
}

static int pass_size(sqlite3_file *file, sqlite3_int64 *size) {
  sqlite3_file *real = file_of(file)->real;
  return real->pMethods->xFileSize(real, size);
}

static int pass_lock(sqlite3_file *file, int level) {
  sqlite3_file *real = file_of(file)->real;
  return real->pMethods->xLock(real, level);
}

static int pass_unlock(sqlite3_file *file, int level) {
  sqlite3_file *real = file_of(file)->real;
  return real->pMethods->xUnlock(real, level);
}

static int pass_reserved(sqlite3_file *file, int *out) {
  sqlite3_file *real = file_of(file)->real;
  return real->pMethods->xCheckReservedLock(real, out);
}

static int pass_control(sqlite3_file *file, int op, void *argument) {
  sqlite3_file *real = file_of(file)->real;
  return real->pMethods->xFileControl(real, op, argument);
}

static int pass_sector(sqlite3_file *file) {
  sqlite3_file *real = file_of(file)->real;
  return real->pMethods->xSectorSize(real);
}

static int pass_traits(sqlite3_file *file) {
  sqlite3_file *real = file_of(file)->real;
  return real->pMethods->xDeviceCharacteristics(real);
}

static int pass_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out) {
  sqlite3_file *real = file_of(file)->real;
  return real->pMethods->xShmMap(real, page, size, extend, out);
}

static void pass_shm_barrier(sqlite3_file *file) {
  sqlite3_file *real = file_of(file)->real;
  real->pMethods->xShmBarrier(real);
}

static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = pass_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = pass_lock,
    .xUnlock = pass_unlock,
    .xCheckReservedLock = pass_reserved,
    .xFileControl = pass_control,
    .xSectorSize = pass_sector,
    .xDeviceCharacteristics = pass_traits,
};

static const sqlite3_io_methods database_methods = {
    .iVersion = 2,
    .xClose = pass_close,
    .xRead = pass_read,
    .xWrite = pass_write,
    .xTruncate = pass_truncate,
    .xSync = pass_sync,
    .xFileSize = pass_size,
    .xLock = pass_lock,
    .xUnlock = pass_unlock,
    .xCheckReservedLock = pass_reserved,
    .xFileControl = pass_control,
    .xSectorSize = pass_sector,
    .xDeviceCharacteristics = pass_traits,
    .xShmMap = pass_shm_map,
    .xShmLock = database_shm_lock,
    .xShmBarrier = pass_shm_barrier,
    .xShmUnmap = database_shm_unmap,
};

/* ---- opening ---- */

static sqlite3_vfs *unix_vfs; /* SQLite's default */
static sqlite3_vfs vfs;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Opens the real file behind ours. */
static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *got) {
  File *f = file_of(file);
  (void)self;
  memset(f, 0, sizeof *f);
  f->real = (sqlite3_file *)(void *)(f->data + ROOM);
  int code = unix_vfs->xOpen(unix_vfs, name, f->real, flags, got);
  if (f->real->pMethods == NULL) return code; /* it was not opened, so SQLite does not close it */
  bool log = (flags & SQLITE_OPEN_WAL) != 0;
  f->base.pMethods = log ? &log_methods : &database_methods;
  return code;
}

/* Makes our VFS as a copy of SQLite's own, with larger files and another way to open them. */
static void make(void) {
  unix_vfs = sqlite3_vfs_find(NULL);
  if (unix_vfs == NULL) return;
  vfs = *unix_vfs;
  vfs.zName = VFS_NAME;
  vfs.pNext = NULL;
  vfs.szOsFile = (int)sizeof(File) + ROOM + unix_vfs->szOsFile;
  vfs.xOpen = open_file;
  sqlite3_vfs_register(&vfs, 0);
}

void vfs_register(void) {
  pthread_once(&once, make);
}
