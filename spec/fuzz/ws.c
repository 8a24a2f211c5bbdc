/*
** Fuzzes the client's frames. The input is what a server sends: its first byte says in which portions it arrives. However it
** is cut into portions, the same messages come out and the end is the same; and what is sent back is masked frames.
*/
#include "wire/ws.h"
#include "value/bytes.h"

#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                                      \
  do {                                                                                                       \
    if (!(condition)) abort();                                                                               \
  } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX = 2000 };

typedef struct Peer {
  const uint8_t *data;
  size_t size, at, portion;
  bool gap;    /* the next read finds nothing */
  Bytes out;   /* what was sent to it */
  Bytes heard; /* the messages, each with its size */
} Peer;

static ptrdiff_t on_send(void *owner, const void *data, size_t size) {
  Peer *p = owner;
  if (size > 7 && p->portion < 7) size = 7;
  MUST(bytes_append(&p->out, data, size));
  return (ptrdiff_t)size;
}

static ptrdiff_t on_recv(void *owner, void *room, size_t size) {
  Peer *p = owner;
  if (p->at == p->size) return -1;
  p->gap = !p->gap;
  if (p->gap) return 0;
  size_t n = p->size - p->at;
  if (n > size) n = size;
  if (n > p->portion) n = p->portion;
  memcpy(room, p->data + p->at, n);
  p->at += n;
  return (ptrdiff_t)n;
}

static void on_message(void *owner, const char *text, size_t size) {
  Peer *p = owner;
  MUST(size <= MAX);
  MUST(bytes_append(&p->heard, &size, sizeof size) && bytes_append(&p->heard, text, size));
}

/* What a client sends in answer: pongs and one close frame, which is the last, all masked. */
static void check_sent(const Bytes *out) {
  for (size_t at = 0; at < out->size;) {
    const unsigned char *frame = (const unsigned char *)out->data + at;
    MUST(out->size - at >= 6);
    MUST(frame[0] == 0x8a || frame[0] == 0x88);
    MUST((frame[1] & 0x80) != 0 && (frame[1] & 0x7f) <= 125);
    at += 6u + (frame[1] & 0x7f);
    MUST(at <= out->size && (frame[0] == 0x8a || at == out->size));
  }
}

/* Plays the bytes to a client. Its end stays in '*ending', what it heard in the result, which the caller frees. */
static Bytes play(const uint8_t *data, size_t size, size_t early, size_t portion, WsEnding *ending) {
  Peer p = {.data = data + early, .size = size - early, .portion = portion};
  WsBytes bytes = {.send = on_send, .recv = on_recv, .message = on_message, .owner = &p};
  Random random;
  random_seed(&random, size);
  Ws *ws = ws_new(&bytes, &random, MAX, (const char *)data, early);
  MUST(ws != NULL);
  for (size_t turns = 0; ws_ending(ws)->how == WS_OPEN; turns++) {
    ws_run(ws);
    MUST(turns <= 2 * size + 10);
  }
  *ending = *ws_ending(ws);
  check_sent(&p.out);
  MUST(!ws_text(ws, "late", 4));
  ws_free(ws);
  bytes_free(&p.out);
  return p.heard;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  WsEnding one, other;
  if (size < 2 || !ws_available()) return 0;
  size_t portion = 1u + data[0] % 64, early = data[1] % (size - 1);
  Bytes a = play(data + 2, size - 2, 0, 4096, &one);
  Bytes b = play(data + 2, size - 2, early, portion, &other);
  MUST(one.how == other.how && one.code == other.code && strcmp(one.why, other.why) == 0);
  MUST(a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0));
  bytes_free(&a);
  bytes_free(&b);
  return 0;
}
