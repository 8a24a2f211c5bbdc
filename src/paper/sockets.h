/*
** The WebSocket connections of the paper exchange, once HTTP has handed them over: frames in and out (wslay), and what goes
** wrong with them on purpose. Knows no Lua, no HTTP and no rule of the exchange. All functions are called from one thread. A
** socket is named by a number that its owner chose; what is done to one that is gone does nothing.
*/
#ifndef BYBIT_PAPER_SOCKETS_H
#define BYBIT_PAPER_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  SOCKET_QUEUE_MAX =
      1024 * 1024, /* bytes that wait for a client that does not read; with more it is cut off */
  SOCKET_MESSAGE_MAX = 64 * 1024, /* bytes of a message from a client */
  SOCKET_ANSWER_MS = 3 /* so long a client's message waits before it is served, as on the exchange */
};

typedef struct PaperSockets PaperSockets;

typedef struct PaperSocketEvents {
  void (*message)(void *owner, int64_t id, const char *text, size_t size);
  void (*closed)(void *owner, int64_t id); /* once, however it ended */
  void *owner;
} PaperSocketEvents;

/* What HTTP keeps of a connection that it has handed over. 'release' closes it; it is called once. */
typedef struct PaperSocketFrom {
  void (*release)(void *handle);
  void *handle;
} PaperSocketFrom;

bool paper_sockets_available(
    void); /* false: this build is without libwslay, and paper_sockets_new gives NULL */
PaperSockets *paper_sockets_new(const PaperSocketEvents *events);
/* Tells all clients that the exchange goes away, and closes them without a call of 'closed'. NULL is allowed. */
void paper_sockets_free(PaperSockets *all);
int paper_sockets_fd(const PaperSockets *all);          /* readable when paper_sockets_run has work */
int64_t paper_sockets_timeout(const PaperSockets *all); /* ms until it has work in any case; -1: no limit */
void paper_sockets_run(PaperSockets *all);
/* Takes over a connection. 'early': bytes that came with the upgrade. False: memory ran out, and it is closed. */
bool paper_sockets_take(PaperSockets *all, int64_t id, int fd, const char *early, size_t early_size,
                        PaperSocketFrom from);

void paper_socket_send(PaperSockets *all, int64_t id, const char *text, size_t size, int64_t delay_ms);
void paper_socket_close(PaperSockets *all, int64_t id, int code); /* in good order */
void paper_socket_cut(PaperSockets *all, int64_t id, bool reset); /* without a close frame */
/* From now on nothing goes out any more; 'deaf': and nothing is read. The connection stays. */
void paper_socket_stall(PaperSockets *all, int64_t id, bool deaf);
/* From now on only so many bytes a second go out, about; the others wait. */
void paper_socket_slow(PaperSockets *all, int64_t id, int64_t rate);

#endif
