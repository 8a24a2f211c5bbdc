/*
** Strikes secrets out of text that came from outside, in place. The exchange's own messages echo the key (V5
** documentation, error 10004), and a proxy or gateway may echo a whole request. It is done before the text becomes a Lua
** string, because debug hooks can see every Lua string. Knows no Lua.
*/
#ifndef BYBIT_REDACT_H
#define BYBIT_REDACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  REDACT_RUNS = 128, /* more than a key and a signature have; with more there is no quick look */
  REDACT_BUCKET_BITS = 12
};

typedef struct RedactRun {
  const char *text;
  size_t size;
} RedactRun;

/* Secrets, prepared to be looked for in several texts: what a text must hold a copy of, if it holds one of them. That is the
** long runs of each secret, or the whole of one that has none. */
typedef struct Redaction {
  const char *const *secrets; /* the caller's */
  size_t secret_count;
  RedactRun run[REDACT_RUNS];
  size_t count, shortest;                        /* runs, and the size of the shortest */
  uint64_t bits[(1 << REDACT_BUCKET_BITS) / 64]; /* which characters a run can begin with */
  bool many;                                     /* there are more runs than that */
} Redaction;

/* Prepares for the 'count' secrets, which stay where they are; a secret may be NULL. The caller ends it with redact_end, which
** wipes what could tell of them. */
void redact_begin(Redaction *r, const char *const secrets[], size_t count);
void redact_end(Redaction *r);
/* Replaces every copy of each of the secrets by "***". It also finds copies in other case, and copies with characters
** escaped as in JSON, a URL or HTML. It also strikes what the exchange says that it signed or expected
** ("origin_string[...]", "sign_string[...]"). Returns the new size, which is never larger; it writes no zero byte behind the
** text. */
size_t redact(const Redaction *r, char *text, size_t size);
/* The same without the quick look that comes first; specs and fuzzing compare the two. */
size_t redact_whole(char *text, size_t size, const char *const secrets[], size_t count);

#endif
