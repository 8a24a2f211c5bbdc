/*
** poller.h for Linux: epoll for descriptors, a timerfd for the timer. Both are closed when the process runs another
** program.
*/
#include "poller.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { BATCH = 64 }; /* the most events of one wait */

bool poller_open(Poller *p) {
  p->timerfd = -1;
  p->fd = epoll_create1(EPOLL_CLOEXEC);
  return p->fd >= 0;
}

void poller_close(Poller *p) {
  if (p->timerfd >= 0) close(p->timerfd);
  if (p->fd >= 0) close(p->fd);
  p->fd = p->timerfd = -1;
}

/* A descriptor may have been closed, and its number reused, without our hearing of it. So an add that finds an entry
** changes it, a change that finds no entry adds one, and a removal of nothing succeeds. */
bool poller_set(Poller *p, int fd, int events, int before, void *owner) {
  struct epoll_event e = {.data.ptr = owner};
  if (events & POLLER_READ) e.events |= EPOLLIN;
  if (events & POLLER_WRITE) e.events |= EPOLLOUT;
  if (events == 0) return epoll_ctl(p->fd, EPOLL_CTL_DEL, fd, &e) == 0 || errno == ENOENT || errno == EBADF;
  if (before == 0)
    return epoll_ctl(p->fd, EPOLL_CTL_ADD, fd, &e) == 0 ||
           (errno == EEXIST && epoll_ctl(p->fd, EPOLL_CTL_MOD, fd, &e) == 0);
  return epoll_ctl(p->fd, EPOLL_CTL_MOD, fd, &e) == 0 ||
         (errno == ENOENT && epoll_ctl(p->fd, EPOLL_CTL_ADD, fd, &e) == 0);
}

/* Rounded up, so that a wait never ends too early. At most a day: the caller waits again. */
static int milliseconds(double seconds) {
  if (seconds < 0) return -1;
  if (seconds > 86400) return 86400 * 1000;
  return (int)ceil(seconds * 1000);
}

static int events_of(uint32_t flags) {
  int events = 0;
  if (flags & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) events |= POLLER_READ;
  if (flags & (EPOLLOUT | EPOLLHUP | EPOLLERR)) events |= POLLER_WRITE;
  return events;
}

int poller_wait(Poller *p, PollerEvent *events, size_t room, double seconds, const sigset_t *mask) {
  struct epoll_event ready[BATCH];
  int most = room < BATCH ? (int)room : BATCH;
  int n = epoll_pwait(p->fd, ready, most, milliseconds(seconds), mask);
  if (n < 0) return errno == EINTR ? -1 : 0;
  int count = 0;
  for (int i = 0; i < n; i++) {
    if (ready[i].data.ptr == p) { /* the timer has fired; it is read, else it would stay readable */
      uint64_t expirations;
      ssize_t got = read(p->timerfd, &expirations, sizeof expirations);
      (void)got;
    } else
      events[count++] = (PollerEvent){ready[i].data.ptr, events_of(ready[i].events)};
  }
  return count;
}

static bool open_timer(Poller *p) {
  p->timerfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (p->timerfd < 0) return false;
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};
  return epoll_ctl(p->fd, EPOLL_CTL_ADD, p->timerfd, &e) == 0;
}

bool poller_arm(Poller *p, double seconds) {
  if (p->timerfd < 0 && !open_timer(p)) return false;
  struct itimerspec when = {0};
  if (seconds >= 0) {
    if (seconds > 1e9) seconds = 1e9;
    double whole = floor(seconds);
    when.it_value.tv_sec = (time_t)whole;
    when.it_value.tv_nsec = (long)((seconds - whole) * 1e9);
    if (when.it_value.tv_sec == 0 && when.it_value.tv_nsec == 0) when.it_value.tv_nsec = 1; /* 0 disarms */
  }
  return timerfd_settime(p->timerfd, 0, &when, NULL) == 0;
}
