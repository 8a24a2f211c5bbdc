#include "head.h"

#include <string.h>
#include <strings.h>

enum { NO_CODING = 501, NO_VERSION = 505 }; /* statuses (RFC 9110) */

size_t paper_head_end(const char *text, size_t size, size_t known) {
  const char *end = text + size;
  const char *at = known > 2 ? text + known - 2 : text; /* the end may have begun before */
  while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
    at++;
    if (at < end && *at == '\n') return (size_t)(at + 1 - text);
    if (end - at > 1 && at[0] == '\r' && at[1] == '\n') return (size_t)(at + 2 - text);
  }
  return 0;
}

/* Ends the line at 'text' with a NUL, and sets its length. Gives what comes after it; NULL: there is no line. */
static char *end_line(char *text, const char *end, size_t *length) {
  char *stop = memchr(text, '\n', (size_t)(end - text));
  if (stop == NULL) return NULL;
  char *last = stop > text && stop[-1] == '\r' ? stop - 1 : stop;
  *last = '\0';
  *length = (size_t)(last - text);
  return stop + 1;
}

/* Is all of a text visible? Bytes above ASCII are, too: a target may have them. */
static bool is_visible(const char *text) {
  if (*text == '\0') return false;
  for (; *text != '\0'; text++)
    if ((unsigned char)*text <= ' ' || *text == 0x7f) return false;
  return true;
}

/* verb SP target SP version */
static int read_request_line(char *line, PaperHead *head) {
  char *target = strchr(line, ' '), *version = target == NULL ? NULL : strchr(target + 1, ' ');
  if (version == NULL) return PAPER_BAD;
  *target++ = '\0';
  *version++ = '\0';
  if (!is_visible(line) || !is_visible(target)) return PAPER_BAD;
  if (strncmp(version, "HTTP/", 5) != 0) return PAPER_BAD;
  head->old = strcmp(version, "HTTP/1.0") == 0;
  if (!head->old && strcmp(version, "HTTP/1.1") != 0) return NO_VERSION;
  head->verb = line;
  head->target = target;
  return 0;
}

/* Which of the headers has this name; HEAD_NAMES: another one. */
static HeadName name_of(const char *name, size_t size) {
  static const struct {
    const char *text;
    size_t size;
  } names[HEAD_NAMES] = {
#define NAMED(text) {text, sizeof text - 1}
      [HEAD_KEY] = NAMED("X-BAPI-API-KEY"),
      [HEAD_TIMESTAMP] = NAMED("X-BAPI-TIMESTAMP"),
      [HEAD_SIGN] = NAMED("X-BAPI-SIGN"),
      [HEAD_WINDOW] = NAMED("X-BAPI-RECV-WINDOW"),
      [HEAD_LENGTH] = NAMED("Content-Length"),
      [HEAD_CODING] = NAMED("Transfer-Encoding"),
      [HEAD_CONNECTION] = NAMED("Connection"),
      [HEAD_EXPECT] = NAMED("Expect"),
      [HEAD_UPGRADE] = NAMED("Upgrade"),
      [HEAD_SOCKET_VERSION] = NAMED("Sec-WebSocket-Version"),
      [HEAD_SOCKET_KEY] = NAMED("Sec-WebSocket-Key"),
#undef NAMED
  };
  HeadName i = 0;
  while (i < HEAD_NAMES && (names[i].size != size || strncasecmp(names[i].text, name, size) != 0)) i++;
  return i;
}

static bool is_space(char c) {
  return c == ' ' || c == '\t';
}

/* name ":" value, with white space around the value. */
static int read_header(char *line, size_t length, PaperHead *head) {
  char *colon = memchr(line, ':', length);
  if (colon == NULL || colon == line || is_space(*line) || is_space(colon[-1])) return PAPER_BAD;
  HeadName name = name_of(line, (size_t)(colon - line));
  if (name == HEAD_NAMES) return 0;
  /* a body whose size is said twice has no size */
  if (head->values[name] != NULL) return name == HEAD_LENGTH || name == HEAD_CODING ? PAPER_BAD : 0;
  char *value = colon + 1, *end = line + length;
  while (is_space(*value)) value++;
  while (end > value && is_space(end[-1])) *--end = '\0';
  head->values[name] = value;
  return 0;
}

/* Is a word in a list with commas, such as the header Connection has? */
static bool has_word(const char *list, const char *word) {
  size_t size = strlen(word);
  while (list != NULL && *list != '\0') {
    while (is_space(*list) || *list == ',') list++;
    if (strncasecmp(list, word, size) == 0 &&
        (list[size] == '\0' || list[size] == ',' || is_space(list[size])))
      return true;
    list = strchr(list, ',');
  }
  return false;
}

/* How long the body is, and what is to be done besides answering. */
static int read_framing(PaperHead *head) {
  enum { DIGITS = 18 };
  const char *length = head->values[HEAD_LENGTH], *coding = head->values[HEAD_CODING],
             *connection = head->values[HEAD_CONNECTION], *expect = head->values[HEAD_EXPECT];
  if (coding != NULL) {
    if (length != NULL || head->old) return PAPER_BAD;
    if (strcasecmp(coding, "chunked") != 0) return NO_CODING;
    head->chunked = true;
  }
  if (length != NULL) {
    size_t digits = strspn(length, "0123456789");
    if (digits == 0 || digits > DIGITS || length[digits] != '\0') return PAPER_BAD;
    for (size_t i = 0; i < digits; i++) head->size = head->size * 10 + (uint64_t)(length[i] - '0');
  }
  head->keep = head->old ? has_word(connection, "keep-alive") : !has_word(connection, "close");
  head->continues = !head->old && expect != NULL && strcasecmp(expect, "100-continue") == 0;
  return 0;
}

int paper_head_read(char *text, size_t size, PaperHead *head) {
  const char *end = text + size;
  size_t length;
  *head = (PaperHead){0};
  if (memchr(text, '\0', size) != NULL) return PAPER_BAD;
  char *next = end_line(text, end, &length);
  int status = next == NULL ? PAPER_BAD : read_request_line(text, head);
  while (status == 0) {
    char *line = next;
    next = end_line(line, end, &length);
    if (next == NULL) return PAPER_BAD;
    if (length == 0) return read_framing(head);
    status = read_header(line, length, head);
  }
  return status;
}
