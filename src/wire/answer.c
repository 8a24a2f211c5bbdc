/*
** See answer.h.
*/
#include "answer.h"
#include "value/json.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The number in header 'name' of the raw lines; -1: absent, or no number. */
static int header_number(const Bytes *lines, const char *name) {
  size_t size = strlen(name);
  const char *at = lines->data, *end = at == NULL ? NULL : at + lines->size;
  while (at != NULL && at < end) {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    if ((size_t)(end - at) > size && strncasecmp(at, name, size) == 0 && at[size] == ':') {
      char *after;
      long n = strtol(at + size + 1, &after, 10); /* the bytes end with a zero */
      return after == at + size + 1 || n < 0 || n > 1000000000 ? -1 : (int)n;
    }
    at = stop == NULL ? end : stop + 1;
  }
  return -1;
}

int answer_limit(const Bytes *lines) {
  return header_number(lines, "X-Bapi-Limit");
}

int answer_left(const Bytes *lines) {
  return header_number(lines, "X-Bapi-Limit-Status");
}

static bool is_name(const JsonValue *key, const char *name) {
  return key->size == strlen(name) && memcmp(key->text, name, key->size) == 0;
}

/* Is the body a whole answer of the exchange? '*success': its code is 0. */
static bool is_envelope(const Bytes *body, bool *success) {
  JsonScanner s;
  JsonValue key, v;
  char room[JSON_KEY];
  int more, codes = 0;
  *success = true;
  if (body->size == 0) return false;
  json_scan_init(&s, body->data, body->size, JSON_DEPTH);
  if (json_scan_value(&s, &v) != JSON_OBJECT) return false;
  while ((more = json_scan_key(&s, &key, room)) == 1) {
    if (json_scan_value(&s, &v) == JSON_ERROR) return false;
    if (is_name(&key, "retCode") || is_name(&key, "ret_code")) {
      if (v.type != JSON_INTEGER || v.integer != 0) *success = false;
      codes++;
    }
    if (!json_scan_skip(&s, &v)) return false;
  }
  return more == 0 && codes > 0 && json_scan_end(&s);
}

bool answer_is_success(const Bytes *body) {
  bool success;
  return is_envelope(body, &success) && success;
}

/* Is one of the words in the text, in upper or lower case? */
static bool says(const char *text, const char *const words[]) {
  for (; *words != NULL; words++)
    if (strcasestr(text, *words) != NULL) return true;
  return false;
}

/* Has the page words that can be searched? The bytes end with a zero. */
static bool is_text(const Bytes *page) {
  return page->size > 0 && memchr(page->data, '\0', page->size) == NULL;
}

static bool names_rate(const Bytes *page) {
  static const char *const rate[] = {"too frequent", "too many", "rate limit", "access limit", NULL};
  return says(page->data, rate);
}

bool answer_bars_country(const Bytes *page) {
  static const char *const country[] = {"country", "your region", "your location", NULL};
  return is_text(page) && says(page->data, country) && !names_rate(page);
}

bool answer_shuts_out(const Bytes *page) {
  bool success;
  if (answer_bars_country(page)) return false;
  return !is_envelope(page, &success) || success || (is_text(page) && names_rate(page));
}
