/*
** What the system tells about processes, for share.c: which one this is, and whether another is still there. A number alone
** does not tell a process: numbers are used again. So the moment of its start is compared too.
*/
#include "share_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads a small file of the system as text. False, with errno set, when it cannot be read. */
static bool read_text(const char *path, char *text, size_t room) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t n = read(fd, text, room - 1);
  int error = errno;
  close(fd);
  errno = error;
  if (n < 0) return false;
  text[n] = '\0';
  return true;
}

/* proc(5), /proc/PID/stat: the fields behind the program's name, which ends with the last ')'. */
typedef struct Stat {
  char state;
  long threads;
  uint64_t started;
} Stat;

/* The field with that number, which begins the rest of the line; 3 is the first behind the name. */
static const char *field(const char *text, int number) {
  for (int i = 3; text != NULL && i < number; i++) {
    text = strchr(text, ' ');
    if (text != NULL) text++;
  }
  return text;
}

static bool read_stat(int32_t pid, Stat *stat) {
  enum { STATE = 3, THREADS = 20, STARTED = 22 };
  char path[40], text[1024];
  snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
  if (!read_text(path, text, sizeof text)) return false;
  const char *rest = strrchr(text, ')');
  const char *state = rest == NULL || rest[1] != ' ' ? NULL : field(rest + 2, STATE);
  const char *threads = field(state, THREADS), *started = field(state, STARTED);
  errno = 0;
  if (state == NULL || threads == NULL || started == NULL) return false;
  *stat = (Stat){*state, strtol(threads, NULL, 10), strtoull(started, NULL, 10)};
  return true;
}

void share_self(int32_t *pid, uint64_t *started) {
  Stat stat;
  *pid = (int32_t)getpid();
  *started = read_stat(*pid, &stat) ? stat.started : 0;
}

bool share_is_dead(int32_t pid, uint64_t started) {
  Stat stat;
  if (pid <= 0) return true;
  if (!read_stat(pid, &stat)) /* without /proc, the number has to do */
    return errno == ENOENT && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
  if (started != 0 && stat.started != started) return true;
  /* Killed, but its parent has not asked for its end. With more threads, only the first of them has ended. */
  return (stat.state == 'Z' || stat.state == 'X') && stat.threads <= 1;
}

uint64_t share_spaces(void) {
  uint64_t spaces = 0;
  static const char *const paths[] = {"/proc/self/ns/pid", "/proc/self/ns/time"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    struct stat st;
    uint64_t number = stat(paths[i], &st) == 0 ? (uint64_t)st.st_ino : 0;
    spaces = spaces * UINT64_C(0x100000001b3) + number;
  }
  return spaces;
}

void share_boot(char boot[SHARE_BOOT]) {
  memset(boot, 0, SHARE_BOOT);
  if (!read_text("/proc/sys/kernel/random/boot_id", boot, SHARE_BOOT)) boot[0] = '?';
  boot[SHARE_BOOT - 1] = '\0';
}
