#include "peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  HEAD_MAX = 24 * 1024,        /* bytes of request line and headers */
  FIRST = 4 * 1024,            /* the first room of a buffer */
  KEPT = 64 * 1024,            /* a buffer that has grown past this is given back when it is empty */
  FLOOD = 16 * PAPER_BODY_MAX, /* so much of a body is read that is not kept */
  READ = 2 * 1024,             /* there is room for so much when something is read */
  CHUNK_LINE = 256,            /* bytes of a line that begins a chunk */
  TOO_LARGE = 413,             /* statuses (RFC 9110, RFC 6585) */
  URI_TOO_LONG = 414,
  HEADERS_TOO_LARGE = 431
};

/* ---- bytes ---- */

/* Makes room for so many more. False: memory ran out. */
static bool reserve(Bytes *b, size_t more) {
  size_t room = b->room == 0 ? FIRST : b->room;
  if (b->data != NULL && b->room - b->size >= more) return true;
  while (room - b->size < more) room *= 2;
  char *grown = realloc(b->data, room);
  if (grown == NULL) return false;
  b->data = grown;
  b->room = room;
  return true;
}

static void release(Bytes *b) {
  free(b->data);
  *b = (Bytes){0};
}

static void empty(Bytes *b) {
  b->size = 0;
  if (b->room > KEPT) release(b);
}

/* Takes bytes out: so many, from a place on. */
static void cut(Bytes *b, size_t from, size_t count) {
  if (count == 0) return;
  memmove(b->data + from, b->data + from + count, b->size - from - count);
  b->size -= count;
}

void peer_free(Peer *peer) {
  if (peer->fd >= 0) close(peer->fd);
  release(&peer->in);
  release(&peer->body);
  release(&peer->out);
  free(peer);
}

/* ---- what comes ---- */

bool peer_read(Peer *peer) {
  enum { DRAIN_MAX = 1024 * 1024 };
  if (peer->drains) peer->in.size = 0;
  if (peer->head_size == 0 && !reserve(&peer->in, READ)) return false; /* else has next_head made room */
  ssize_t got = recv(peer->fd, peer->in.data + peer->in.size, peer->in.room - peer->in.size, MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  peer->in.size += (size_t)got;
  if (peer->drains) peer->drained += (size_t)got;
  return got > 0 && peer->drained <= DRAIN_MAX;
}

static PeerNext refuse(Peer *peer, int status) {
  peer->refusal = status;
  return PEER_WRONG;
}

/* Moves what came to where there is room for so much more, and the texts of the head with it. False: memory ran out. */
static bool move_in(Peer *peer, size_t more) {
  Bytes *in = &peer->in, wide = {0};
  PaperHead *head = &peer->head;
  if (in->room - in->size >= more) return true;
  if (!reserve(&wide, in->size + more)) return false;
  memcpy(wide.data, in->data, in->size);
  wide.size = in->size;
  head->verb = wide.data + (head->verb - in->data);
  head->target = wide.data + (head->target - in->data);
  for (int i = 0; i < HEAD_NAMES; i++)
    if (head->values[i] != NULL) head->values[i] = wide.data + (head->values[i] - in->data);
  release(in);
  *in = wide;
  return true;
}

/* Finds the head and reads it. PEER_ASKS: it is there. */
static PeerNext next_head(Peer *peer) {
  Bytes *in = &peer->in;
  size_t blank = 0; /* empty lines may come before a request */
  while (blank < in->size && (in->data[blank] == '\r' || in->data[blank] == '\n')) blank++;
  if (blank > 0) {
    cut(in, 0, blank);
    peer->looked_at = 0;
  }
  if (in->size == 0) return PEER_WAITS;
  size_t size = paper_head_end(in->data, in->size, peer->looked_at);
  if (size == 0 && in->size < HEAD_MAX) {
    peer->looked_at = in->size;
    return PEER_WAITS;
  }
  if (size == 0 || size > HEAD_MAX)
    return refuse(peer, memchr(in->data, '\n', HEAD_MAX) == NULL ? URI_TOO_LONG : HEADERS_TOO_LARGE);
  int status = paper_head_read(in->data, size, &peer->head);
  if (status != 0) return refuse(peer, status);
  if (peer->head.size > PAPER_BODY_MAX) return refuse(peer, TOO_LARGE);
  peer->head_size = size;
  size_t rest = size + (size_t)peer->head.size;
  rest = rest > in->size ? rest - in->size : 0;
  if (rest == 0 && !peer->head.chunked) return PEER_ASKS;
  return move_in(peer, rest + READ + CHUNK_LINE) ? PEER_ASKS : PEER_FLOODS;
}

/* Keeps a piece of a body in chunks, or counts what exceeds the bound. False: it has no end, or memory ran out. */
static bool take(Peer *peer, const char *data, size_t size) {
  if (size > PAPER_BODY_MAX - peer->body.size) {
    peer->dropped += size;
    return peer->dropped < FLOOD;
  }
  if (!reserve(&peer->body, size)) return false;
  memcpy(peer->body.data + peer->body.size, data, size);
  peer->body.size += size;
  return true;
}

/* The number with which a chunk begins (RFC 9112, section 7.1); false when there is none. */
static bool read_chunk_size(const char *line, const char *end, size_t *size) {
  enum { DIGITS = 8 };
  static const char digits[] = "0123456789abcdef";
  const char *at = line;
  *size = 0;
  for (; at < end && at - line <= DIGITS; at++) {
    const char *digit = *at == '\0' ? NULL : strchr(digits, *at >= 'A' && *at <= 'F' ? *at + 32 : *at);
    if (digit == NULL) break;
    *size = *size * 16 + (size_t)(digit - digits);
  }
  bool ends = at == end || *at == '\r' || *at == ';' || *at == ' ' || *at == '\t';
  return at > line && at - line <= DIGITS && ends;
}

/* Reads a line of what is around the chunks; 'at' comes to stand behind it. PEER_ASKS: the body is complete. */
static PeerNext chunk_line(Peer *peer, size_t *at) {
  const char *line = peer->in.data + *at;
  size_t left = peer->in.size - *at;
  const char *stop = memchr(line, '\n', left);
  size_t size = stop == NULL ? left : (size_t)(stop + 1 - line);
  if (size > CHUNK_LINE) return refuse(peer, PAPER_BAD); /* whether all of it has come or not */
  if (stop == NULL) return PEER_WAITS;
  bool is_empty = size == 1 || (size == 2 && line[0] == '\r');
  *at += size;
  if (peer->chunk == CHUNK_SIZE) {
    if (!read_chunk_size(line, stop, &peer->chunk_left)) return refuse(peer, PAPER_BAD);
    peer->chunk = peer->chunk_left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
  } else if (peer->chunk == CHUNK_END) {
    if (!is_empty) return refuse(peer, PAPER_BAD);
    peer->chunk = CHUNK_SIZE;
  } else {
    if (is_empty) return PEER_ASKS;
    peer->trailer += size;
    if (peer->trailer > HEAD_MAX) return refuse(peer, HEADERS_TOO_LARGE);
  }
  return PEER_FLOODS; /* it goes on */
}

/* Takes what has come of a body in chunks. PEER_ASKS: it is complete. */
static PeerNext next_chunks(Peer *peer) {
  size_t at = peer->head_size;
  PeerNext next = PEER_FLOODS;
  bool fine = true;
  while (fine && next == PEER_FLOODS) {
    size_t left = peer->in.size - at;
    if (left == 0) {
      next = PEER_WAITS;
    } else if (peer->chunk == CHUNK_DATA) {
      size_t size = left < peer->chunk_left ? left : peer->chunk_left;
      fine = take(peer, peer->in.data + at, size);
      at += size;
      peer->chunk_left -= size;
      if (peer->chunk_left == 0) peer->chunk = CHUNK_END;
    } else {
      next = chunk_line(peer, &at);
    }
  }
  cut(&peer->in, peer->head_size, at - peer->head_size);
  if (next == PEER_ASKS && peer->dropped > 0) peer->refusal = TOO_LARGE;
  return next;
}

PeerNext peer_next(Peer *peer) {
  static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
  if (peer->head_size == 0) {
    PeerNext next = next_head(peer);
    if (next != PEER_ASKS) return next;
  }
  PeerNext next = peer->head.chunked                                   ? next_chunks(peer)
                  : peer->in.size - peer->head_size >= peer->head.size ? PEER_ASKS
                                                                       : PEER_WAITS;
  if (next == PEER_WAITS && peer->head.continues && !peer->continued) {
    peer->continued = true;
    if (!peer_put(peer, go_on, sizeof go_on - 1)) return PEER_FLOODS;
  }
  return next;
}

const char *peer_body(const Peer *peer, size_t *size) {
  *size = peer->head.chunked ? peer->body.size : (size_t)peer->head.size;
  if (*size == 0) return "";
  return peer->head.chunked ? peer->body.data : peer->in.data + peer->head_size;
}

void peer_done(Peer *peer) {
  size_t used = peer->head_size + (peer->head.chunked ? 0 : (size_t)peer->head.size);
  if (used == peer->in.size)
    empty(&peer->in);
  else
    cut(&peer->in, 0, used);
  empty(&peer->body);
  peer->looked_at = peer->head_size = peer->chunk_left = peer->trailer = peer->dropped = 0;
  peer->chunk = CHUNK_SIZE;
  peer->continued = false;
  peer->refusal = 0;
}

/* ---- what goes ---- */

char *peer_room(Peer *peer, size_t size) {
  return reserve(&peer->out, size) ? peer->out.data + peer->out.size : NULL;
}

bool peer_put(Peer *peer, const char *data, size_t size) {
  char *room = peer_room(peer, size);
  if (room == NULL) return false;
  memcpy(room, data, size);
  peer->out.size += size;
  return true;
}

static size_t sendable(const Peer *peer) {
  return peer->held_link != NULL ? peer->held_from : peer->out.size;
}

bool peer_has_sent(const Peer *peer) {
  return peer->sent == sendable(peer);
}

bool peer_send(Peer *peer) {
  size_t until = sendable(peer);
  while (peer->sent < until) {
    ssize_t n = send(peer->fd, peer->out.data + peer->sent, until - peer->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    peer->sent += (size_t)n;
  }
  if (peer->sent == peer->out.size) {
    peer->sent = 0;
    empty(&peer->out);
  }
  return true;
}
