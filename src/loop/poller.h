/*
** How the system waits for descriptors and for one timer. poller.c does it with epoll and a timerfd of Linux. macOS is not
** supported yet: it needs a kqueue version of poller.c. Knows no Lua and never raises.
*/
#ifndef BYBIT_POLLER_H
#define BYBIT_POLLER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

enum { POLLER_READ = 1, POLLER_WRITE = 2 };

typedef struct Poller {
  int fd;      /* readable when a watched descriptor is ready, or the timer of poller_arm has fired */
  int timerfd; /* that timer; -1 until the first poller_arm */
} Poller;

typedef struct PollerEvent {
  void *owner; /* what poller_set was given */
  int events;  /* POLLER_READ | POLLER_WRITE; errors and hang-ups count as both */
} PollerEvent;

bool poller_open(Poller *p);  /* false, with errno set, when the system refuses */
void poller_close(Poller *p); /* may be called twice; watched descriptors stay open */
/* Watches 'fd' for 'events' in place of 'before'; 0 events end it. Events come with 'owner'. False, with errno set, when
** the system refuses. */
bool poller_set(Poller *p, int fd, int events, int before, void *owner);
/* Waits at most 'seconds' (negative: no bound) and writes at most 'room' events. While it waits, 'mask' replaces the
** thread's signal mask, unless it is NULL. Returns the number of events, or -1 when a signal interrupted the wait. */
int poller_wait(Poller *p, PollerEvent *events, size_t room, double seconds, const sigset_t *mask);
/* Makes p->fd readable in so many seconds, for a host that polls it; negative: never. False when the system refuses. */
bool poller_arm(Poller *p, double seconds);

#endif
