/*
** Fuzzes the requests that the paper exchange reads. The first byte says in what pieces the others come. Whatever the pieces are, the requests
** are the same as when all comes at once, and so is the status that ends the connection.
*/
#include "../../src/paper/head.c"
#include "../../src/paper/peer.c"

#include <stdint.h>
#include <stdio.h>

#define MUST(condition)                                                                                      \
  do {                                                                                                       \
    if (!(condition)) abort();                                                                               \
  } while (0)

enum { LOG = 256 * 1024 };

typedef struct Log {
  char text[LOG];
  size_t size;
} Log;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(Log *log, const char *text, size_t size) {
  MUST(log->size + size + 1 < LOG);
  memcpy(log->text + log->size, text, size);
  log->size += size;
  log->text[log->size++] = '\n';
}

static void note_request(Log *log, const Peer *peer) {
  size_t size;
  const char *body = peer_body(peer, &size);
  MUST(size <= PAPER_BODY_MAX);
  note(log, peer->head.verb, strlen(peer->head.verb));
  note(log, peer->head.target, strlen(peer->head.target));
  for (int i = 0; i < HEAD_NAMES; i++)
    if (peer->head.values[i] != NULL) note(log, peer->head.values[i], strlen(peer->head.values[i]));
  note(log, body, size);
}

/* Notes what is there to be read. False: the connection ends. */
static bool serve(Log *log, Peer *peer) {
  for (;;) {
    PeerNext next = peer->in.size == 0 ? PEER_WAITS : peer_next(peer);
    if (next == PEER_WAITS) return true;
    if (next == PEER_ASKS) {
      note_request(log, peer);
      peer_done(peer);
      continue;
    }
    char status[16];
    int length = snprintf(status, sizeof status, "%d", peer->refusal);
    note(log, status, next == PEER_WRONG ? (size_t)length : 0);
    return false;
  }
}

/* Feeds a connection in pieces of so many bytes. */
static void run(Log *log, const uint8_t *data, size_t size, size_t piece) {
  int ends[2];
  Peer *peer = calloc(1, sizeof *peer);
  MUST(peer != NULL && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  peer->fd = ends[0];
  log->size = 0;
  bool open = true;
  for (size_t at = 0; open && at < size;) {
    size_t n = size - at < piece ? size - at : piece;
    ssize_t sent = send(ends[1], data + at, n, MSG_DONTWAIT);
    MUST(sent > 0);
    at += (size_t)sent;
    size_t had;
    do {
      had = peer->in.size;
      open = peer_read(peer);
      had = peer->in.size - had;
      if (open) open = serve(log, peer);
    } while (open && had > 0);
  }
  close(ends[1]);
  peer_free(peer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static Log whole, pieces;
  if (size < 1) return 0;
  run(&whole, data + 1, size - 1, size);
  run(&pieces, data + 1, size - 1, (size_t)data[0] + 1);
  MUST(whole.size == pieces.size && memcmp(whole.text, pieces.text, whole.size) == 0);
  return 0;
}
