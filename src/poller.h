/*
** The system's way of waiting for descriptors and for one moment: epoll and a timerfd here, behind a face that
** kqueue fits too. Knows nothing of who waits. Never raises.
*/
#ifndef BYBIT_POLLER_H
#define BYBIT_POLLER_H

#include <stdbool.h>
#include <stddef.h>

enum { POLLER_READ = 1, POLLER_WRITE = 2 };

typedef struct Poller {
  int fd;      /* readable when a watched descriptor is ready, or the moment set with poller_arm has come */
  int timerfd; /* -1 until the first poller_arm */
} Poller;

typedef struct PollerEvent {
  void *owner;
  int events;
} PollerEvent;

bool poller_open(Poller *p);
void poller_close(Poller *p);
/* Watches 'fd' for 'events' (0: no longer) in place of what was watched before. */
bool poller_set(Poller *p, int fd, int events, int before, void *owner);
/* Waits at most 'seconds' (negative: no bound). The number of events, or -1: interrupted by a signal. */
int poller_wait(Poller *p, PollerEvent *events, size_t room, double seconds);
/* Makes 'fd' readable in 'seconds' for whoever polls it from outside; negative: never. */
bool poller_arm(Poller *p, double seconds);

#endif
