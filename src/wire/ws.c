/*
** ws.h with the frame layer of wslay. What is sent goes through a buffer of our own, so that a frame is never half encoded.
** What comes in is read a TLS record at a time, since each read costs more than its bytes do, into room that is only there while
** it is read. From there it arrives in pieces of wslay's buffer; a message that is one piece is passed on where it lies, any other
** is put together.
*/
#include "ws.h"
#include "value/bytes.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ws_available(void) {
  return ws_missing() == NULL;
}

#ifndef BYBIT_WSLAY

const char *ws_missing(void) {
  return "this build of bybit is without libwslay, which streams need: install libwslay-dev and build again";
}

Ws *ws_new(const WsBytes *bytes, Random *random, size_t max, const char *early, size_t early_size) {
  (void)bytes, (void)random, (void)max, (void)early, (void)early_size;
  return NULL;
}

void ws_free(Ws *ws) {
  (void)ws;
}

bool ws_run(Ws *ws) {
  (void)ws;
  return false;
}

bool ws_wants_write(const Ws *ws) {
  (void)ws;
  return false;
}

bool ws_text(Ws *ws, const char *text, size_t size) {
  (void)ws, (void)text, (void)size;
  return false;
}

bool ws_ping(Ws *ws) {
  (void)ws;
  return false;
}

void ws_close(Ws *ws, int code) {
  (void)ws, (void)code;
}

const WsEnding *ws_ending(const Ws *ws) {
  static const WsEnding none;
  (void)ws;
  return &none;
}

size_t ws_received(const Ws *ws) {
  (void)ws;
  return 0;
}

#else

#include <wslay/wslay.h>

#ifdef BYBIT_LIBWSLAY /* it is opened when it is needed, see library.h */

#include "value/library.h"

#include <pthread.h>

#define WSLAY_FUNCTIONS(f)                                                                                   \
  f(wslay_frame_context_free) f(wslay_frame_context_init) f(wslay_frame_recv) f(wslay_frame_send)
#define MEMBER(name)   __typeof__(name) *name;
#define FUNCTION(name) {#name, &wslay.name},

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char missing[300]; /* "": it is there */
static struct Wslay { WSLAY_FUNCTIONS(MEMBER) } wslay;

static void open_once(void) {
  static const LibraryFunction functions[] = {WSLAY_FUNCTIONS(FUNCTION){NULL, NULL}};
  library_try(BYBIT_LIBWSLAY, functions, "wslay, which streams need,", "libwslay1", missing, sizeof missing);
}

const char *ws_missing(void) {
  pthread_once(&once, open_once);
  return missing[0] == '\0' ? NULL : missing;
}

#define wslay_frame_context_free wslay.wslay_frame_context_free
#define wslay_frame_context_init wslay.wslay_frame_context_init
#define wslay_frame_recv         wslay.wslay_frame_recv
#define wslay_frame_send         wslay.wslay_frame_send

#else

const char *ws_missing(void) {
  return NULL;
}

#endif

enum {
  CONTROL_MAX = 125,  /* bytes of a control frame's payload (RFC 6455, 5.5) */
  READ = 16 * 1024,   /* bytes of a read: what a TLS record holds at most */
  SHARE = 256 * 1024, /* bytes that are read before others have their turn */
  PONGS_MAX =
      16 * 1024,    /* when so many bytes wait to be sent, pings are not answered: the server does not read */
  KEPT = 64 * 1024, /* a message's memory is kept for the next one up to this size */
};

struct Ws {
  wslay_frame_context_ptr frames; /* owned */
  WsBytes bytes;
  Random *random; /* the owner's */
  size_t max;
  Bytes early;        /* what came before the first read; owned, as the next two */
  char *room;         /* READ bytes of the turn; NULL outside of one */
  const char *unread; /* what was read, as far as wslay has not taken it: in the room, or in 'early' */
  size_t unread_size;
  Bytes out; /* encoded frames that were not sent yet, from 'sent' on */
  size_t sent;
  Bytes message;             /* the pieces of a message that is not whole yet */
  char control[CONTROL_MAX]; /* the payload of a control frame, as far as it came */
  size_t control_size;
  bool in_frame;   /* a frame is not whole yet */
  uint64_t left;   /* bytes of it that are still to come */
  bool in_message; /* fragments of a message have come, and more are to come */
  bool last;       /* the frame is its message's last */
  uint8_t opcode;  /* of the frame */
  bool closing;    /* our close frame is sent or queued */
  bool dry;        /* the last read found nothing, or the bytes have ended */
  size_t share;    /* bytes read in this turn */
  size_t received; /* frames */
  WsEnding ending;
};

static void end(Ws *ws, WsEnd how, int code, const char *why) {
  if (ws->ending.how != WS_OPEN) return;
  ws->ending.how = how;
  ws->ending.code = code;
  snprintf(ws->ending.why, sizeof ws->ending.why, "%s", why);
}

/* ---- what wslay calls ---- */

static ssize_t on_send(const uint8_t *data, size_t size, int flags, void *owner) {
  Ws *ws = owner;
  (void)flags;
  return bytes_append(&ws->out, data, size) ? (ssize_t)size : -1;
}

/* Reads into the room. False: there is nothing now, or there will be nothing any more. */
static bool fill(Ws *ws) {
  ptrdiff_t got = ws->bytes.recv(ws->bytes.owner, ws->room, READ);
  if (got < 0) end(ws, WS_CUT, 0, "the connection was cut");
  ws->dry = got <= 0;
  if (got <= 0) return false;
  ws->share += (size_t)got;
  ws->unread = ws->room;
  ws->unread_size = (size_t)got;
  return true;
}

static ssize_t on_recv(uint8_t *room, size_t size, int flags, void *owner) {
  Ws *ws = owner;
  (void)flags;
  if (ws->unread_size == 0 && !fill(ws)) return -1;
  if (ws->unread_size < size) size = ws->unread_size;
  memcpy(room, ws->unread, size);
  ws->unread += size;
  ws->unread_size -= size;
  if (ws->unread_size == 0) bytes_free(&ws->early);
  return (ssize_t)size;
}

static int on_mask(uint8_t *mask, size_t size, void *owner) {
  return random_bytes(((Ws *)owner)->random, mask, size) ? 0 : -1;
}

/* ---- sending ---- */

static void flush(Ws *ws) {
  while (ws->sent < ws->out.size) {
    ptrdiff_t sent = ws->bytes.send(ws->bytes.owner, ws->out.data + ws->sent, ws->out.size - ws->sent);
    if (sent < 0) end(ws, WS_CUT, 0, "the connection was cut");
    if (sent <= 0) return;
    ws->sent += (size_t)sent;
  }
  ws->sent = 0;
  bytes_clear(&ws->out);
  if (ws->out.capacity > KEPT) bytes_free(&ws->out);
}

/* Encodes a frame. False: memory or random bytes ran out; the stream is of no use then. */
static bool put(Ws *ws, uint8_t opcode, const void *data, size_t size) {
  struct wslay_frame_iocb frame = {.fin = 1, .opcode = opcode, .payload_length = size, .mask = 1};
  const uint8_t *at = data;
  size_t left = size;
  do {
    frame.data = at;
    frame.data_length = left;
    ssize_t done = wslay_frame_send(ws->frames, &frame);
    if (done < 0) {
      end(ws, WS_MEMORY, 0, "no memory, or no random bytes, for a frame");
      return false;
    }
    at += done;
    left -= (size_t)done;
  } while (left > 0);
  return true;
}

static size_t waiting(const Ws *ws) {
  return ws->out.size - ws->sent;
}

static bool is_ending(const Ws *ws) {
  return ws->closing || ws->ending.how != WS_OPEN;
}

bool ws_text(Ws *ws, const char *text, size_t size) {
  if (is_ending(ws) || size > WS_QUEUE_MAX || waiting(ws) > WS_QUEUE_MAX - size) return false;
  if (!put(ws, WSLAY_TEXT_FRAME, text, size)) return false;
  flush(ws);
  return true;
}

bool ws_ping(Ws *ws) {
  if (is_ending(ws) || waiting(ws) > PONGS_MAX || !put(ws, WSLAY_PING, "", 0)) return false;
  flush(ws);
  return true;
}

static void put_close(Ws *ws, int code) {
  const unsigned char payload[2] = {(unsigned char)(code >> 8), (unsigned char)code};
  if (ws->closing) return;
  if (!put(ws, WSLAY_CONNECTION_CLOSE, payload, code == WSLAY_CODE_NO_STATUS_RCVD ? 0 : sizeof payload))
    return;
  ws->closing = true;
  flush(ws);
}

void ws_close(Ws *ws, int code) {
  if (ws->ending.how == WS_OPEN) put_close(ws, code);
}

/* Ends it because of what came, and tells the server. */
static bool refuse(Ws *ws, WsEnd how, int code, const char *why) {
  put_close(ws, code);
  end(ws, how, 0, why);
  return false;
}

static bool broken(Ws *ws, const char *why) {
  return refuse(ws, WS_PROTOCOL, WSLAY_CODE_PROTOCOL_ERROR, why);
}

/* ---- receiving: each function is false when it has ended ---- */

static bool is_close_code(int code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static bool on_close_frame(Ws *ws) {
  const unsigned char *payload = (const unsigned char *)ws->control;
  int code = 0; /* of a close frame without one */
  char why[sizeof ws->ending.why];
  size_t size = 0;
  if (ws->control_size >= 2) {
    code = payload[0] << 8 | payload[1];
    for (size_t i = 2; i < ws->control_size; i++)
      why[size++] = payload[i] >= ' ' && payload[i] < 0x7f ? (char)payload[i] : '?';
  }
  why[size] = '\0';
  if (ws->control_size == 1 || (ws->control_size > 0 && !is_close_code(code)))
    return broken(ws, "a close frame with a wrong code");
  if (code == 0) code = WSLAY_CODE_NO_STATUS_RCVD;
  put_close(ws, code);
  end(ws, WS_CLOSED, code, size > 0 ? why : "the server closed the stream");
  return false;
}

static bool on_control(Ws *ws) {
  if (ws->opcode == WSLAY_CONNECTION_CLOSE) return on_close_frame(ws);
  if (ws->opcode == WSLAY_PING && !ws->closing && waiting(ws) <= PONGS_MAX)
    return put(ws, WSLAY_PONG, ws->control, ws->control_size);
  return true;
}

/* A frame begins: may it come here? */
static bool on_head(Ws *ws, const struct wslay_frame_iocb *f) {
  if (f->rsv != 0) return broken(ws, "a frame with reserved bits");
  if (f->mask) return broken(ws, "a masked frame from a server");
  ws->left = f->payload_length;
  ws->in_frame = true;
  ws->last = f->fin;
  ws->opcode = f->opcode;
  ws->control_size = 0;
  switch (f->opcode) {
  case WSLAY_CONNECTION_CLOSE:
  case WSLAY_PING:
  case WSLAY_PONG: return true; /* wslay has checked size and fin */
  case WSLAY_BINARY_FRAME: return refuse(ws, WS_PROTOCOL, WSLAY_CODE_UNSUPPORTED_DATA, "a binary message");
  case WSLAY_TEXT_FRAME:
    if (ws->in_message) return broken(ws, "a message inside another");
    break;
  case WSLAY_CONTINUATION_FRAME:
    if (!ws->in_message) return broken(ws, "a fragment of no message");
    break;
  default: return broken(ws, "a frame of an unknown kind");
  }
  if (f->payload_length > ws->max - ws->message.size)
    return refuse(ws, WS_TOO_LARGE, WSLAY_CODE_MESSAGE_TOO_BIG, "a message is too large");
  ws->in_message = true;
  return true;
}

static void tell(Ws *ws, const char *text, size_t size) {
  if (!ws->closing) ws->bytes.message(ws->bytes.owner, text, size);
}

/* A frame is whole. */
static bool on_whole(Ws *ws) {
  ws->in_frame = false;
  ws->received++;
  if (wslay_is_ctrl_frame(ws->opcode)) return on_control(ws);
  if (!ws->last) return true;
  ws->in_message = false;
  tell(ws, ws->message.size > 0 ? ws->message.data : "", ws->message.size);
  bytes_clear(&ws->message);
  if (ws->message.capacity > KEPT) bytes_free(&ws->message);
  return ws->ending.how == WS_OPEN;
}

static bool on_piece(Ws *ws, const struct wslay_frame_iocb *f) {
  bool control = wslay_is_ctrl_frame(f->opcode);
  if (!ws->in_frame && !on_head(ws, f)) return false;
  if (!control && f->fin && f->data_length == f->payload_length && ws->message.size == 0) {
    ws->in_frame = ws->in_message = false; /* the whole message lies in wslay's buffer */
    ws->received++;
    tell(ws, f->data_length > 0 ? (const char *)f->data : "", f->data_length);
    return ws->ending.how == WS_OPEN;
  }
  if (control && f->data_length > 0) {
    memcpy(ws->control + ws->control_size, f->data, f->data_length); /* wslay has checked that it is short */
    ws->control_size += f->data_length;
  } else if (!control && !bytes_append(&ws->message, f->data, f->data_length)) {
    end(ws, WS_MEMORY, 0, "not enough memory for a message");
    return false;
  }
  ws->left -= f->data_length;
  return ws->left > 0 || on_whole(ws);
}

bool ws_run(Ws *ws) {
  char room[READ];
  ws->room = room;
  ws->share = 0;
  ws->dry = false;
  while (ws->ending.how == WS_OPEN && (ws->share < SHARE || ws->unread_size > 0)) {
    struct wslay_frame_iocb frame = {0};
    ssize_t got = wslay_frame_recv(ws->frames, &frame);
    if (got >= 0) {
      if (!on_piece(ws, &frame)) break;
    } else if (got != WSLAY_ERR_WANT_READ)
      broken(ws, "a malformed frame");
    else if (ws->dry)
      break;
  }
  ws->room = NULL;
  ws->unread_size = 0; /* all was taken, unless it has ended */
  if (ws->ending.how == WS_OPEN) flush(ws);
  return ws->ending.how == WS_OPEN && !ws->dry;
}

/* ---- the whole ---- */

bool ws_wants_write(const Ws *ws) {
  return waiting(ws) > 0;
}

const WsEnding *ws_ending(const Ws *ws) {
  return &ws->ending;
}

size_t ws_received(const Ws *ws) {
  return ws->received;
}

Ws *ws_new(const WsBytes *bytes, Random *random, size_t max, const char *early, size_t early_size) {
  static const struct wslay_frame_callbacks callbacks = {on_send, on_recv, on_mask};
  Ws *ws = ws_available() ? calloc(1, sizeof *ws) : NULL;
  if (ws == NULL) return NULL;
  *ws = (Ws){.bytes = *bytes, .random = random, .max = max};
  if (wslay_frame_context_init(&ws->frames, &callbacks, ws) == 0 &&
      bytes_append(&ws->early, early, early_size)) {
    ws->unread = ws->early.data;
    ws->unread_size = early_size;
    return ws;
  }
  ws_free(ws);
  return NULL;
}

void ws_free(Ws *ws) {
  if (ws == NULL) return;
  if (ws->frames != NULL) wslay_frame_context_free(ws->frames);
  bytes_free(&ws->early);
  bytes_free(&ws->out);
  bytes_free(&ws->message);
  free(ws);
}

#endif
