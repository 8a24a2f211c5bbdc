/*
** The journal, see journal.h: write() before sending survives the end of the process; fdatasync() besides survives a
** power cut. A line is written whole or the call that it is for is not sent.
*/
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int fd, const char *data, size_t size) {
  while (size > 0) {
    ssize_t done = write(fd, data, size);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    data += done;
    size -= (size_t)done;
  }
  return true;
}

/* A torn last line stays as it is, and is nobody's: the next one begins on its own. */
static bool close_line(int fd) {
  struct stat info;
  if (fstat(fd, &info) != 0) return false;
  if (!S_ISREG(info.st_mode)) {
    errno = EINVAL;
    return false;
  }
  off_t end = lseek(fd, 0, SEEK_END);
  char last = '\n';
  if (end < 0 || (end > 0 && pread(fd, &last, 1, end - 1) != 1)) return false;
  return last == '\n' || write_all(fd, "\n", 1);
}

/* A new file has to be found again after a power cut: its directory goes to the disk too. */
static bool sync_directory(const char *path) {
  const char *slash = strrchr(path, '/');
  char *name = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
  int fd = name == NULL ? -1 : open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  free(name);
  if (fd < 0) return false;
  bool done = fsync(fd) == 0;
  close(fd);
  return done;
}

bool journal_open(Journal *j, const char *path, bool sync, const char **why) {
  *j = (Journal){.fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600), .sync = sync, .next = 1};
  *why = strerror(errno);
  if (j->fd < 0) return false;
  if (flock(j->fd, LOCK_EX | LOCK_NB) != 0) {
    *why = errno == EWOULDBLOCK ? "another client has it open" : strerror(errno);
    journal_close(j);
    return false;
  }
  if (close_line(j->fd) && (!sync || sync_directory(path))) return true;
  *why = strerror(errno);
  journal_close(j);
  return false;
}

const char *journal_append(Journal *j, const Bytes *line) {
  if (j->fd < 0) return "it is closed";
  if (line->failed) return "not enough memory";
  return write_all(j->fd, line->data, line->size) ? NULL : strerror(errno);
}

const char *journal_sync(Journal *j) {
  if (j->fd < 0) return "it is closed";
  j->syncs++;
  return fdatasync(j->fd) == 0 ? NULL : strerror(errno);
}

bool journal_read(Journal *j, Bytes *out) {
  struct stat info;
  if (fstat(j->fd, &info) != 0 || !bytes_reserve(out, (size_t)info.st_size)) return false;
  for (off_t at = 0;;) {
    char part[65536];
    ssize_t got = pread(j->fd, part, sizeof part, at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) return true;
    if (!bytes_append(out, part, (size_t)got)) return false;
    at += got;
  }
}

void journal_close(Journal *j) {
  if (j->fd >= 0) close(j->fd);
  j->fd = -1;
}
