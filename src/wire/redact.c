/*
** Strikes secrets out of a text, see redact.h. Escapes of JSON, URLs and HTML are all understood, whatever the text is. An
** RSA signature is base64, which may be escaped twice or broken into lines. So its long runs of letters, digits, '-' and
** '_' are looked for too: nobody rewrites those. Short runs are left, since they could be ordinary words.
**
** Hardly any text holds a secret. So a quick look comes first, which may find too much and never too little; only a text
** that it suspects is gone through. What letters are does not depend on the program's locale.
*/
#include "redact.h"

#include "sign.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
  SECRET_MIN = 8,  /* characters; shorter secrets are left, since they could be words; real keys are longer */
  RUN_MIN = 12,    /* characters; shorter runs of a secret tell nothing */
  RUN_MAX = 2048,  /* bytes; longer than any signature */
  ENTITY_MOST = 7, /* digits that an entity may have: "&#0000065;" is a letter too */
  STARS = 3        /* written in place of what was struck */
};

#define NOWHERE SIZE_MAX /* a place that was not looked for yet */

/* The text that is changed; the caller of 'redact' owns it. */
typedef struct Text {
  char *data;
  size_t size;
} Text;

/* One pass through a text. The text only gets shorter, so what stays is copied towards its start. */
typedef struct Sweep {
  Text *t;
  size_t from, out; /* how far the pass has read, and written */
} Sweep;

/* Keeps what comes up to 'to'. */
static void keep(Sweep *s, size_t to) {
  if (s->out != s->from) memmove(s->t->data + s->out, s->t->data + s->from, to - s->from);
  s->out += to - s->from;
  s->from = to;
}

/* Writes stars in place of what comes up to 'to'. */
static void blot(Sweep *s, size_t to) {
  size_t stars = to - s->from < STARS ? to - s->from : STARS;
  memset(s->t->data + s->out, '*', stars);
  s->out += stars;
  s->from = to;
}

/* Keeps the rest, and sets the text's new size. */
static void finish(Sweep *s) {
  keep(s, s->t->size);
  s->t->size = s->out;
}

static bool find(const Text *t, size_t from, const char *what, size_t length, size_t *at) {
  const char *found = memmem(t->data + from, t->size - from, what, length);
  if (found != NULL) *at = (size_t)(found - t->data);
  return found != NULL;
}

static bool is_digit(int c) {
  return c >= '0' && c <= '9';
}

static int lower(int c) {
  return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static int upper(int c) {
  return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

/* ---- a secret without escapes, in any case ---- */

/* Strikes all copies of 'run' that are written exactly so. */
static void strike_plain(Text *t, const char *run, size_t length) {
  Sweep s = {.t = t};
  size_t at;
  while (find(t, s.from, run, length, &at)) {
    keep(&s, at);
    blot(&s, at + length);
  }
  finish(&s);
}

/* Strikes the run in upper or lower case, as 'turn' makes it. */
static void strike_case(Text *t, const char *run, size_t length, int (*turn)(int)) {
  char turned[RUN_MAX];
  if (length > sizeof turned) return;
  for (size_t i = 0; i < length; i++) turned[i] = (char)turn((unsigned char)run[i]);
  if (memcmp(turned, run, length) != 0) strike_plain(t, turned, length);
  wipe(turned, length);
}

/* ---- a secret with some characters escaped ---- */

static const char ESCAPES[] = {'%', '\\', '&'}; /* what begins an escape in URLs, JSON, HTML */

/* Reads a number of up to 'most' digits in base 10 or 16 at '*at', and moves '*at' behind it; -1 without digits. */
static int number(const Text *t, size_t *at, int base, int most) {
  int n = -1;
  for (; most > 0 && *at < t->size; most--, (*at)++) {
    int c = lower((unsigned char)t->data[*at]);
    int digit = is_digit(c) ? c - '0' : base == 16 && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) break;
    n = (n < 0 ? 0 : n) * base + digit;
  }
  return n;
}

/* Reads the character at '*at', escaped or not, and moves '*at' behind it. -1 for an invalid escape. */
static int character(const Text *t, size_t *at) {
  char c = t->data[(*at)++], next = *at < t->size ? t->data[*at] : '\0';
  if (c == '%') return number(t, at, 16, 2);
  if (c == '&') {
    if (next != '#') return c;
    bool hex = ++*at < t->size && lower((unsigned char)t->data[*at]) == 'x';
    if (hex) ++*at;
    int n = number(t, at, hex ? 16 : 10, ENTITY_MOST);
    if (*at < t->size && t->data[*at] == ';') ++*at;
    return n;
  }
  if (c != '\\') return (unsigned char)c;
  ++*at;
  return next == 'u' ? number(t, at, 16, 4) : next == 'x' ? number(t, at, 16, 2) : (unsigned char)next;
}

/* The place behind a copy of 'run' that begins at 'at', in any case and with any escapes; 0 when there is none. */
static size_t run_end(const Text *t, size_t at, const char *run, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (at >= t->size) return 0;
    int c = character(t, &at);
    if (c < 0 || c > UCHAR_MAX || lower(c) != lower((unsigned char)run[i])) return 0;
  }
  return at;
}

/* How far a search for escaped copies has come. 'next' is next_escape's. */
typedef struct Escapes {
  size_t searched, next[sizeof ESCAPES];
} Escapes;

#define NO_ESCAPES                                                                                           \
  {                                                                                                          \
    0, {                                                                                                     \
      NOWHERE, NOWHERE, NOWHERE                                                                              \
    }                                                                                                        \
  }

/* The place of the next escape from 'from' on; the text's size when there is none. 'next' keeps the place of each kind,
** so that no part of the text is searched twice. */
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

/* Finds the next copy of 'run' with at least one escape, after what was searched before. For each escape, it looks at every
** place where such a copy could begin: before its first escape it has plain characters only, and fewer than the run has. */
static bool find_escaped(const Text *t, const char *run, size_t length, Escapes *e, size_t *at, size_t *end) {
  size_t escape;
  while ((escape = next_escape(t, e->searched, e->next)) < t->size) {
    size_t from = escape - e->searched < length ? e->searched : escape - length + 1, to = 0;
    while (from <= escape && (to = run_end(t, from, run, length)) == 0) from++;
    e->searched = to == 0 ? escape + 1 : to;
    if (to == 0) continue;
    *at = from;
    *end = to;
    return true;
  }
  return false;
}

/* Strikes copies of 'run' with at least one escape. */
static void strike_escaped(Text *t, const char *run, size_t length) {
  Escapes e = NO_ESCAPES;
  size_t at, end;
  Sweep s = {.t = t};
  while (find_escaped(t, run, length, &e, &at, &end)) {
    keep(&s, at);
    blot(&s, end);
  }
  finish(&s);
}

/* Strikes all copies of 'run', in every form. */
static void strike(Text *t, const char *run, size_t length) {
  strike_plain(t, run, length);
  strike_case(t, run, length, upper);
  strike_case(t, run, length, lower);
  strike_escaped(t, run, length);
}

/* Is it a letter, a digit, '-' or '_'? Nobody rewrites those. */
static bool is_safe(unsigned char c) {
  /* a bit for each character: 32 to 63, 64 to 95, 96 to 127 */
  static const uint32_t safe[8] = {[1] = 0x03ff2000, [2] = 0x87fffffe, [3] = 0x07fffffe};
  return (safe[c >> 5] >> (c & 31) & 1) != 0;
}

/* How many characters at 'text' are such. */
static size_t run_length(const char *text) {
  size_t n = 0;
  while (is_safe((unsigned char)text[n])) n++;
  return n;
}

/* Strikes a secret, and its long runs. */
static void strike_secret(Text *t, const char *secret) {
  size_t size = strlen(secret), run;
  if (size < SECRET_MIN) return;
  strike(t, secret, size);
  for (const char *at = secret; at < secret + size; at += run == 0 ? 1 : run) {
    run = run_length(at);
    if (run >= RUN_MIN && run < size) strike(t, at, run);
  }
}

/* Where an echo that begins at 'at' ends: at ']', or at the end of the JSON string that it stands in. So striking it out
** never joins two strings. */
static size_t echo_end(const Text *t, size_t at) {
  while (at < t->size && t->data[at] != ']' && t->data[at] != '"') at += t->data[at] == '\\' ? 2 : 1;
  return at < t->size ? at : t->size;
}

/* Strikes what stands behind 'word' up to ']'; 'word' ends with '['. */
static void strike_brackets(Text *t, const char *word) {
  Sweep s = {.t = t};
  size_t at, length = strlen(word);
  while (find(t, s.from, word, length, &at)) {
    keep(&s, at + length);
    blot(&s, echo_end(t, s.from));
  }
  finish(&s);
}

/* ---- the quick look ---- */

enum { GRAM = 4 }; /* characters that are looked up at once, in any case */

static bool add_run(Redaction *runs, const char *text, size_t size) {
  if (runs->count == REDACT_RUNS) return false;
  runs->run[runs->count++] = (RedactRun){text, size};
  if (size < runs->shortest) runs->shortest = size;
  return true;
}

/* Adds those of a secret. False: there are too many. */
static bool add_runs(Redaction *runs, const char *secret) {
  size_t size = strlen(secret), count = runs->count, run;
  if (size < SECRET_MIN) return true;
  for (const char *at = secret; at < secret + size; at += run == 0 ? 1 : run) {
    run = run_length(at);
    if (run >= RUN_MIN && !add_run(runs, at, run)) return false;
  }
  return runs->count > count || add_run(runs, secret, size);
}

/* The characters at 'text', in any case: setting one bit makes letters small, and takes a few others for the same. */
static uint32_t gram_at(const char *text) {
  uint32_t gram;
  memcpy(&gram, text, sizeof gram);
  return gram | UINT32_C(0x20202020);
}

static uint32_t bucket(uint32_t gram) {
  return (gram * UINT32_C(0x9e3779b1)) >> (32 - REDACT_BUCKET_BITS);
}

/* Is there a copy of 'run' at 'at', in any case? */
static bool is_copy(const Text *t, size_t at, const RedactRun *run) {
  if (at > t->size || run->size > t->size - at) return false;
  for (size_t i = 0; i < run->size; i++)
    if (lower((unsigned char)t->data[at + i]) != lower((unsigned char)run->text[i])) return false;
  return true;
}

/* Is there a copy of a run that begins at 'at' or fewer than 'step' places before? 'gram' is what stands at 'at'; in a copy
** that stands there, too. */
static bool holds_near(const Text *t, size_t at, uint32_t gram, size_t step, const Redaction *runs) {
  for (size_t i = 0; i < runs->count; i++)
    for (size_t k = 0; k < step && k <= at; k++)
      if (gram_at(runs->run[i].text + k) == gram && is_copy(t, at - k, &runs->run[i])) return true;
  return false;
}

/* Of how many places in a row one is looked at. A copy of a run is longer than that by a gram, so that one of its first grams
** is looked at; the bits of those are set. */
static size_t step_of(const Redaction *runs) {
  return runs->shortest - GRAM + 1;
}

static void set_bits(Redaction *r) {
  size_t step = step_of(r);
  for (size_t i = 0; i < r->count; i++)
    for (size_t k = 0; k < step; k++) {
      uint32_t b = bucket(gram_at(r->run[i].text + k));
      r->bits[b / 64] |= UINT64_C(1) << b % 64;
    }
}

/* Does it hold a run without escapes? */
static bool holds_plain(const Text *t, const Redaction *runs) {
  size_t step = step_of(runs);
  for (size_t at = 0; at + GRAM <= t->size; at += step) {
    uint32_t gram = gram_at(t->data + at), b = bucket(gram);
    if ((runs->bits[b / 64] >> b % 64 & 1) != 0 && holds_near(t, at, gram, step, runs)) return true;
  }
  return false;
}

/* Does it hold a run with escapes? Most texts hold no escape. */
static bool holds_escaped(const Text *t, const Redaction *runs) {
  Escapes e = NO_ESCAPES;
  size_t at, end;
  if (next_escape(t, 0, e.next) == t->size) return false;
  for (size_t i = 0; i < runs->count; i++) {
    e = (Escapes)NO_ESCAPES;
    if (find_escaped(t, runs->run[i].text, runs->run[i].size, &e, &at, &end)) return true;
  }
  return false;
}

/* Does it say what was signed or expected? Both words end with the same characters. */
static bool holds_brackets(const Text *t) {
  static const char end[] = "n_string[";
  const size_t before = sizeof end - 2;
  const char *at = t->data, *stop = t->data + t->size;
  while ((at = memchr(at, '[', (size_t)(stop - at))) != NULL) {
    if ((size_t)(at - t->data) >= before && memcmp(at - before, end, before) == 0) return true;
    at++;
  }
  return false;
}

/* Can the text hold something to strike? A whole secret has its long runs in it; so where none of them is, with or without
** escapes, no secret is. */
static bool is_suspect(const Text *t, const Redaction *r) {
  if (r->many || holds_brackets(t)) return true;
  return r->count > 0 && (holds_plain(t, r) || holds_escaped(t, r));
}

/* ---- all of it ---- */

size_t redact_whole(char *text, size_t size, const char *const secrets[], size_t count) {
  Text t = {text, size};
  if (size == 0) return 0;
  for (size_t i = 0; i < count; i++)
    if (secrets[i] != NULL) strike_secret(&t, secrets[i]);
  strike_brackets(&t, "origin_string[");
  strike_brackets(&t, "sign_string[");
  return t.size;
}

void redact_begin(Redaction *r, const char *const secrets[], size_t count) {
  r->secrets = secrets;
  r->secret_count = count;
  r->many = false;
  r->count = 0;
  r->shortest = SIZE_MAX;
  memset(r->bits, 0, sizeof r->bits);
  for (size_t i = 0; i < count; i++)
    if (secrets[i] != NULL && !add_runs(r, secrets[i])) r->many = true;
  if (r->count > 0) set_bits(r);
}

size_t redact(const Redaction *r, char *text, size_t size) {
  const Text t = {text, size};
  if (size == 0 || !is_suspect(&t, r)) return size;
  return redact_whole(text, size, r->secrets, r->secret_count);
}

void redact_end(Redaction *r) {
  wipe(r->bits, sizeof r->bits);
}
