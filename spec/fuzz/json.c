/*
** Fuzzes the JSON scanner. Checks that skipping a value and walking through it agree on whether it is valid and where it
** ends; and that a string stays the same when it is quoted and read again.
*/
#include "value/json.h"

#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                                      \
  do {                                                                                                       \
    if (!(condition)) abort();                                                                               \
  } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Decodes the string, quotes it, and decodes it again: the result is the same. */
static void quote_again(const JsonValue *v) {
  char *text = malloc(v->size + 1), *again;
  MUST(text != NULL);
  size_t size = json_unescape(v, text);
  MUST(size <= v->size && (v->escaped || (size == v->size && memcmp(text, v->text, size) == 0)));
  Bytes quoted = {0};
  MUST(json_quote(&quoted, text, size));
  JsonScanner s;
  JsonValue w;
  json_scan_init(&s, quoted.data, quoted.size, 1);
  MUST(json_scan_value(&s, &w) == JSON_STRING && json_scan_end(&s));
  again = malloc(w.size + 1);
  MUST(again != NULL && json_unescape(&w, again) == size && memcmp(text, again, size) == 0);
  free(again);
  free(text);
  bytes_free(&quoted);
}

/* Reads the value token by token. False on an error. */
static bool walk(JsonScanner *s, const JsonValue *v) {
  JsonValue key, inner;
  int more;
  switch (v->type) {
  case JSON_ERROR: return false;
  case JSON_STRING: quote_again(v); return true;
  case JSON_OBJECT:
    while ((more = json_scan_member(s, &key)) == 1) {
      quote_again(&key);
      json_scan_value(s, &inner);
      if (!walk(s, &inner)) return false;
    }
    return more == 0;
  case JSON_ARRAY:
    while ((more = json_scan_element(s)) == 1) {
      json_scan_value(s, &inner);
      if (!walk(s, &inner)) return false;
    }
    return more == 0;
  default: MUST(v->text >= s->start && v->text + v->size <= s->end); return true;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = size > 0 ? (const char *)data : "";
  JsonScanner skipped, walked;
  JsonValue v;
  json_scan_init(&skipped, text, size, JSON_DEPTH);
  json_scan_init(&walked, text, size, JSON_DEPTH);
  bool a = json_scan_value(&skipped, &v) != JSON_ERROR && json_scan_skip(&skipped, &v);
  bool b = json_scan_value(&walked, &v) != JSON_ERROR && walk(&walked, &v);
  MUST(a == b && json_scan_offset(&skipped) == json_scan_offset(&walked));
  MUST(a == (skipped.error == NULL) && json_scan_offset(&skipped) <= size);
  if (a) MUST(json_scan_end(&skipped) == json_scan_end(&walked));
  /* After an error every call fails. */
  if (!a) MUST(json_scan_value(&skipped, &v) == JSON_ERROR);
  return 0;
}
