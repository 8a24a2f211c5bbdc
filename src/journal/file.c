/*
** The file of a journal, see file.h. Our own lock keeps other clients out: a flock on a descriptor of ours. SQLite's locks
** would not do: they are POSIX record locks, which the system drops as soon as the process closes any descriptor of the
** file. For the same reason a second client of the same process must not even open the file, since closing it would drop
** SQLite's locks; so the files of a process are in a list. A forked child inherits the flock with its descriptor, and
** closes the descriptor at once.
*/
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static Claim *claims; /* of this process, in all its Lua states; guarded by 'guard' */

/* ---- a forked child ---- */

/* The three handlers of pthread_atfork. The list is locked during a fork, so that the child sees it whole. */
static void before_fork(void) {
  pthread_mutex_lock(&guard);
}

static void after_fork(void) {
  pthread_mutex_unlock(&guard);
}

/* The files belong to the parent: closes our descriptors and forgets the list. */
static void in_child(void) {
  for (Claim *c = claims; c != NULL; c = c->next) {
    if (c->fd >= 0) close(c->fd);
    if (c->log >= 0) close(c->log);
    c->fd = c->log = -1;
  }
  claims = NULL;
  pthread_mutex_unlock(&guard);
}

static void watch_forks(void) {
  pthread_atfork(before_fork, after_fork, in_child);
}

bool file_forked(const Claim *c) {
  return c->pid != getpid();
}

/* ---- where it is ---- */

/* The two texts joined, to be freed; NULL when memory runs out. */
static char *joined(const char *a, const char *b) {
  size_t size = strlen(a) + strlen(b) + 1;
  char *text = malloc(size);
  if (text != NULL) snprintf(text, size, "%s%s", a, b);
  return text;
}

/* The directory of a path, to be freed; NULL when memory runs out. */
static char *directory_of(const char *path) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL) return strdup(".");
  return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* The absolute path, to be freed, of a file that does not exist yet; NULL with errno set. */
static char *absolute(const char *path) {
  char *directory = directory_of(path);
  char *real = directory == NULL ? NULL : realpath(directory, NULL);
  const char *slash = strrchr(path, '/');
  free(directory);
  if (real == NULL) return NULL;
  char *base = joined(real, strcmp(real, "/") == 0 ? "" : "/");
  char *whole = base == NULL ? NULL : joined(base, slash == NULL ? path : slash + 1);
  free(base);
  free(real);
  return whole;
}

bool file_find(const char *path, char **real) {
  *real = realpath(path, NULL);
  if (*real != NULL) return true;
  int why = errno;
  if (why == ENOENT) *real = absolute(path);
  errno = why;
  return false;
}

bool file_sync_directory(const char *path) {
  char *name = directory_of(path);
  int fd = name == NULL ? -1 : open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  free(name);
  if (fd < 0) return false;
  bool done = fsync(fd) == 0;
  close(fd);
  return done;
}

bool file_publish(const char *from, const char *path) {
  if (link(from, path) == 0) return unlink(from) == 0;
  if (errno == EEXIST) return false;
  return rename(from, path) == 0; /* the file system has no links */
}

/* ---- who has it ---- */

/* Has a client of this process claimed that file? 'guard' is locked. */
static bool is_claimed(const struct stat *info) {
  for (const Claim *c = claims; c != NULL; c = c->next)
    if (c->device == info->st_dev && c->inode == info->st_ino) return true;
  return false;
}

/* Makes the file, and the files of SQLite beside it, readable for their owner only. */
static void tighten(const Claim *c, const struct stat *info) {
  if ((info->st_mode & 077) != 0) (void)!fchmod(c->fd, 0600);
  char *shared = joined(c->path, "-shm");
  (void)!chmod(c->wal, 0600);
  if (shared != NULL) (void)!chmod(shared, 0600);
  free(shared);
}

/* Opens, locks and lists the file; 'guard' is locked. NULL, or why it could not. */
static const char *lock(Claim *c) {
  struct stat info;
  if (stat(c->path, &info) != 0) return strerror(errno);
  if (!S_ISREG(info.st_mode)) return "it is not a regular file";
  if (is_claimed(&info)) return "another client has it open";
  c->fd = open(c->path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (c->fd < 0) return strerror(errno);
  if (flock(c->fd, LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK ? "another client has it open" : strerror(errno);
  if (fstat(c->fd, &info) != 0) return strerror(errno);
  c->device = info.st_dev;
  c->inode = info.st_ino;
  tighten(c, &info);
  c->next = claims;
  claims = c;
  return NULL;
}

bool file_claim(Claim *c, const char *path, const char **why) {
  pthread_once(&once, watch_forks);
  *c = (Claim){.path = strdup(path), .wal = joined(path, "-wal"), .fd = -1, .log = -1, .pid = getpid()};
  *why = "not enough memory";
  if (c->path != NULL && c->wal != NULL) {
    pthread_mutex_lock(&guard);
    *why = lock(c);
    pthread_mutex_unlock(&guard);
  }
  if (*why == NULL) return true;
  file_release(c);
  return false;
}

/* Takes the claim off the list; 'guard' is locked. */
static void forget(const Claim *c) {
  Claim **at = &claims;
  while (*at != NULL && *at != c) at = &(*at)->next;
  if (*at != NULL) *at = c->next;
}

void file_release(Claim *c) {
  if (c->path == NULL && c->wal == NULL) return;
  pthread_mutex_lock(&guard);
  forget(c);
  if (c->fd >= 0) close(c->fd);
  pthread_mutex_unlock(&guard);
  if (c->log >= 0) close(c->log);
  free(c->path);
  free(c->wal);
  *c = (Claim){.fd = -1, .log = -1};
}

const char *file_lost(Claim *c) {
  struct stat info;
  if (file_forked(c)) return "a journal cannot be used after fork";
  if (stat(c->path, &info) != 0 || info.st_dev != c->device || info.st_ino != c->inode)
    return "the file is no longer there";
  if (c->log < 0) c->log = open(c->wal, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (c->log < 0 || (fstat(c->log, &info) == 0 && info.st_nlink > 0)) return NULL;
  return "its -wal is no longer there";
}

/* ---- SIGXFSZ ---- */

void file_hold_signal(sigset_t *before) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &set, before);
}

void file_free_signal(const sigset_t *before, bool sent) {
  const struct timespec now = {0, 0};
  sigset_t set;
  if (sigismember(before, SIGXFSZ)) return; /* it was blocked before, so a pending one may not be ours */
  sigemptyset(&set);
  sigaddset(&set, SIGXFSZ);
  if (sent) sigtimedwait(&set, NULL, &now);
  pthread_sigmask(SIG_SETMASK, before, NULL);
}
