/* The upgrade to WebSocket, see upgrade.h. It offers no extension and no subprotocol, so none may be chosen. */
#include "upgrade.h"
#include "sign.h"

#include <stdio.h>
#include <strings.h>

bool upgrade_request(Upgrade *u, Random *random, const char *host, const char *path, Bytes *out) {
  static const char fields[] = "\r\nUser-Agent: bybit-lua\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ";
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455, section 1.3 */
  unsigned char bytes[16];
  char key[25], both[sizeof key + sizeof guid];
  if (!random_bytes(random, bytes, sizeof bytes)) return false;
  sign_base64(bytes, sizeof bytes, key);
  snprintf(both, sizeof both, "%s%s", key, guid);
  if (!sign_sha1(both, strlen(both), u->accept)) return false;
  const char *parts[] = {"GET ", path, " HTTP/1.1\r\nHost: ", host, fields, key, "\r\n\r\n"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) bytes_text(out, parts[i]);
  return !out->failed;
}

/* A piece of text. */
typedef struct Piece {
  const char *text;
  size_t size;
} Piece;

static bool is_word(Piece p, const char *word) {
  return p.size == strlen(word) && strncasecmp(p.text, word, p.size) == 0;
}

static Piece trimmed(Piece p) {
  while (p.size > 0 && (p.text[0] == ' ' || p.text[0] == '\t')) p.text++, p.size--;
  while (p.size > 0 && (p.text[p.size - 1] == ' ' || p.text[p.size - 1] == '\t')) p.size--;
  return p;
}

/* Is the word in a list with commas? */
static bool has_word(Piece list, const char *word) {
  while (list.size > 0) {
    const char *comma = memchr(list.text, ',', list.size);
    size_t size = comma == NULL ? list.size : (size_t)(comma - list.text);
    if (is_word(trimmed((Piece){list.text, size}), word)) return true;
    if (comma == NULL) return false;
    list.text += size + 1;
    list.size -= size + 1;
  }
  return false;
}

/* What the headers said. */
typedef struct Heard {
  bool upgrade, connection, accept, refused;
} Heard;

static void hear(const Upgrade *u, Piece name, Piece value, Heard *h) {
  if (is_word(name, "Upgrade")) h->upgrade |= has_word(value, "websocket");
  if (is_word(name, "Connection")) h->connection |= has_word(value, "upgrade");
  if (is_word(name, "Sec-WebSocket-Extensions") || is_word(name, "Sec-WebSocket-Protocol")) h->refused = true;
  if (!is_word(name, "Sec-WebSocket-Accept")) return;
  bool same = value.size == strlen(u->accept) && memcmp(value.text, u->accept, value.size) == 0;
  h->accept |= same;
  h->refused |= !same;
}

/* Reads the header lines between 'at' and 'end'. False: one of them is none. */
static bool hear_all(const Upgrade *u, const char *at, const char *end, Heard *h) {
  while (at < end) {
    const char *stop = memmem(at, (size_t)(end - at), "\r\n", 2);
    if (stop == NULL) stop = end;
    const char *colon = memchr(at, ':', (size_t)(stop - at));
    if (colon == NULL || colon == at) return false;
    hear(u, (Piece){at, (size_t)(colon - at)}, trimmed((Piece){colon + 1, (size_t)(stop - colon - 1)}), h);
    at = stop + 2;
  }
  return true;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* The status of a line `HTTP/1.1 101 ...`; 0: it is none. */
static int read_status(const char *text, size_t size) {
  static const char version[] = "HTTP/1.1 ";
  const char *digit = text + sizeof version - 1;
  if (size < sizeof version + 2 || memcmp(text, version, sizeof version - 1) != 0) return 0;
  if (!is_digit(digit[0]) || !is_digit(digit[1]) || !is_digit(digit[2])) return 0;
  return (digit[0] - '0') * 100 + (digit[1] - '0') * 10 + (digit[2] - '0');
}

UpgradeVerdict upgrade_judge(const Upgrade *u, const char *text, size_t size, size_t *used, int *status,
                             const char **why) {
  Heard heard = {0};
  *used = 0;
  *status = 0;
  const char *end = size == 0 ? NULL : memmem(text, size, "\r\n\r\n", 4);
  *why = "the answer's headers are too large";
  if (end == NULL) return size > UPGRADE_HEAD_MAX ? UPGRADE_WRONG : UPGRADE_MORE;
  *used = (size_t)(end - text) + 4;
  if (*used > UPGRADE_HEAD_MAX) return UPGRADE_WRONG;
  *status = read_status(text, *used);
  *why = "the answer is not of HTTP/1.1";
  if (*status == 0) return UPGRADE_WRONG;
  *why = "the server refused to speak WebSocket";
  if (*status != 101) return UPGRADE_REFUSED;
  const char *line = (const char *)memmem(text, *used, "\r\n", 2) + 2;
  *why = "the answer's headers cannot be read";
  if (line < end && !hear_all(u, line, end, &heard)) return UPGRADE_WRONG;
  *why = "the answer is not one to our upgrade";
  return heard.upgrade && heard.connection && heard.accept && !heard.refused ? UPGRADE_DONE : UPGRADE_WRONG;
}
