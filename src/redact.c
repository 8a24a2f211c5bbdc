/*
** See redact.h. Text is read as JSON, a URL or HTML would be, whichever it is: an escaped character is that character.
** A signature made with RSA is base64, which may be escaped twice or broken into lines: it is also looked for run by run
** of the characters that nobody rewrites, long runs only, so that words stay.
*/
#include "redact.h"

#include "sign.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
  SECRET_MIN = 8,  /* characters: no exchange gives out shorter keys, and shorter texts are words */
  RUN_MIN = 12,    /* shorter runs of a longer secret tell nothing */
  RUN_MAX = 2048,  /* longer than any signature */
  ENTITY_MOST = 7, /* digits: "&#0000065;" is a letter too */
  STARS = 3
};

#define NOWHERE SIZE_MAX

typedef struct Text {
  char *data;
  size_t size;
} Text;

/* One way through a text, which only gets shorter: what is read is copied down over what is gone. */
typedef struct Sweep {
  Text *t;
  size_t from, out; /* read up to, written up to */
} Sweep;

static void keep(Sweep *s, size_t to) {
  if (s->out != s->from) memmove(s->t->data + s->out, s->t->data + s->from, to - s->from);
  s->out += to - s->from;
  s->from = to;
}

/* Stars in place of what comes up to 'to'. */
static void blot(Sweep *s, size_t to) {
  size_t stars = to - s->from < STARS ? to - s->from : STARS;
  memset(s->t->data + s->out, '*', stars);
  s->out += stars;
  s->from = to;
}

static void finish(Sweep *s) {
  keep(s, s->t->size);
  s->t->size = s->out;
}

static bool find(const Text *t, size_t from, const char *what, size_t length, size_t *at) {
  const char *found = memmem(t->data + from, t->size - from, what, length);
  if (found != NULL) *at = (size_t)(found - t->data);
  return found != NULL;
}

/* ---- a secret that is written as it is, or in capitals ---- */

static void strike_plain(Text *t, const char *run, size_t length) {
  Sweep s = {.t = t};
  size_t at;
  while (find(t, s.from, run, length, &at)) {
    keep(&s, at);
    blot(&s, at + length);
  }
  finish(&s);
}

static void strike_case(Text *t, const char *run, size_t length, int (*turn)(int)) {
  char turned[RUN_MAX];
  if (length > sizeof turned) return;
  for (size_t i = 0; i < length; i++) turned[i] = (char)turn((unsigned char)run[i]);
  if (memcmp(turned, run, length) != 0) strike_plain(t, turned, length);
  wipe(turned, sizeof turned);
}

/* ---- a secret some of whose characters are written otherwise ---- */

static const char ESCAPES[] = {'%', '\\', '&'}; /* of URLs, JSON, HTML */

/* The number of up to 'most' digits to 'base' at 'at', which is moved past them; -1: none. */
static int number(const Text *t, size_t *at, int base, int most) {
  int n = -1;
  for (; most > 0 && *at < t->size; most--, (*at)++) {
    int c = tolower((unsigned char)t->data[*at]);
    int digit = isdigit(c) ? c - '0' : base == 16 && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) break;
    n = (n < 0 ? 0 : n) * base + digit;
  }
  return n;
}

/* The character at 'at', however it is written; 'at' is moved past it. -1: that is none. */
static int character(const Text *t, size_t *at) {
  char c = t->data[(*at)++], next = *at < t->size ? t->data[*at] : '\0';
  if (c == '%') return number(t, at, 16, 2);
  if (c == '&') {
    if (next != '#') return c;
    bool hex = ++*at < t->size && tolower((unsigned char)t->data[*at]) == 'x';
    if (hex) ++*at;
    int n = number(t, at, hex ? 16 : 10, ENTITY_MOST);
    if (*at < t->size && t->data[*at] == ';') ++*at;
    return n;
  }
  if (c != '\\') return (unsigned char)c;
  ++*at;
  return next == 'u' ? number(t, at, 16, 4) : next == 'x' ? number(t, at, 16, 2) : (unsigned char)next;
}

/* Where 'run' ends that begins at 'at'; 0: none does. */
static size_t run_end(const Text *t, size_t at, const char *run, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (at >= t->size) return 0;
    int c = character(t, &at);
    if (c < 0 || c > UCHAR_MAX || tolower(c) != tolower((unsigned char)run[i])) return 0;
  }
  return at;
}

/* The next escape, from 'from' on; 'next' keeps where each kind is, so that each is looked for once. */
static size_t next_escape(const Text *t, size_t from, size_t next[]) {
  size_t least = t->size;
  for (size_t i = 0; i < sizeof ESCAPES; i++) {
    if (next[i] < from || next[i] == NOWHERE) {
      const char *found = memchr(t->data + from, ESCAPES[i], t->size - from);
      next[i] = found == NULL ? t->size : (size_t)(found - t->data);
    }
    if (next[i] < least) least = next[i];
  }
  return least;
}

/* What begins before its first escape has that many plain characters there, and fewer than all. */
static void strike_escaped(Text *t, const char *run, size_t length) {
  size_t next[sizeof ESCAPES] = {NOWHERE, NOWHERE, NOWHERE}, escape, searched = 0;
  Sweep s = {.t = t};
  while ((escape = next_escape(t, searched, next)) < t->size) {
    size_t at = escape - searched < length ? searched : escape - length + 1, end = 0;
    while (at <= escape && (end = run_end(t, at, run, length)) == 0) at++;
    searched = escape + 1;
    if (end == 0) continue;
    keep(&s, at);
    blot(&s, end);
    searched = end;
  }
  finish(&s);
}

static void strike(Text *t, const char *run, size_t length) {
  strike_plain(t, run, length);
  strike_case(t, run, length, toupper);
  strike_case(t, run, length, tolower);
  strike_escaped(t, run, length);
}

static size_t run_length(const char *text) {
  size_t n = 0;
  while (isalnum((unsigned char)text[n]) || text[n] == '-' || text[n] == '_') n++;
  return n;
}

static void strike_secret(Text *t, const char *secret) {
  size_t size = strlen(secret), run;
  if (size < SECRET_MIN) return;
  strike(t, secret, size);
  for (const char *at = secret; at < secret + size; at += run == 0 ? 1 : run) {
    run = run_length(at);
    if (run >= RUN_MIN && run < size) strike(t, at, run);
  }
}

/* One past what an echo in the middle of a JSON string holds, from 'at': up to ']' or the string's own end, so that
** striking it out never joins two strings. */
static size_t echo_end(const Text *t, size_t at) {
  while (at < t->size && t->data[at] != ']' && t->data[at] != '"') at += t->data[at] == '\\' ? 2 : 1;
  return at < t->size ? at : t->size;
}

/* Strikes what stands in brackets after 'word', which ends with one. */
static void strike_brackets(Text *t, const char *word) {
  Sweep s = {.t = t};
  size_t at, length = strlen(word);
  while (find(t, s.from, word, length, &at)) {
    keep(&s, at + length);
    blot(&s, echo_end(t, s.from));
  }
  finish(&s);
}

size_t redact(char *text, size_t size, const char *const secrets[], size_t count) {
  Text t = {text, size};
  if (size == 0) return 0;
  for (size_t i = 0; i < count; i++)
    if (secrets[i] != NULL) strike_secret(&t, secrets[i]);
  strike_brackets(&t, "origin_string[");
  strike_brackets(&t, "sign_string[");
  return t.size;
}
