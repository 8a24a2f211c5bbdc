/*
** See answer.h.
*/
#include "answer.h"
#include "value/json.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The number that a header's value begins with; -1: none, or one that no limit is. The bytes end with a zero. */
static int number_of(const char *value) {
  char *after;
  long n = strtol(value, &after, 10);
  return after == value || n < 0 || n > 1000000000 ? -1 : (int)n;
}

/* The value in this line of the header 'name', in letters of any case; NULL: it is another header's. */
static const char *value_of(const char *line, const char *end, const char *name, size_t size) {
  if ((size_t)(end - line) <= size || strncasecmp(line, name, size) != 0 || line[size] != ':') return NULL;
  return line + size + 1;
}

void answer_limits(const Bytes *lines, int *limit, int *left) {
  static const char limit_name[] = "X-Bapi-Limit", left_name[] = "X-Bapi-Limit-Status";
  bool found = false, said = false;
  *limit = *left = -1;
  const char *at = lines->data, *end = at == NULL ? NULL : at + lines->size;
  while (at != NULL && at < end && !(found && said)) {
    const char *stop = memchr(at, '\n', (size_t)(end - at)), *value;
    if (*at != 'x' && *at != 'X') { /* a quick look: most lines are of other headers */
    } else if (!found && (value = value_of(at, end, limit_name, sizeof limit_name - 1)) != NULL) {
      *limit = number_of(value);
      found = true;
    } else if (!said && (value = value_of(at, end, left_name, sizeof left_name - 1)) != NULL) {
      *left = number_of(value);
      said = true;
    }
    at = stop == NULL ? end : stop + 1;
  }
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
