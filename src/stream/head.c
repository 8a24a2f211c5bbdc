/* What a message is about, see head.h. */
#include "head.h"

bool head_is(const JsonValue *v, const char *word) {
  return v->type == JSON_STRING && v->size == strlen(word) && memcmp(v->text, word, v->size) == 0;
}

static bool is_key(const JsonValue *key, const char *name) {
  return key->size == strlen(name) && memcmp(key->text, name, key->size) == 0;
}

static void take(const JsonValue *key, const JsonValue *v, Head *h) {
  if (is_key(key, "topic")) h->topic = *v;
  if (is_key(key, "op")) h->op = *v;
  if (is_key(key, "req_id")) h->request = *v;
  if (is_key(key, "ret_msg")) h->why = *v;
  if (is_key(key, "conn_id")) h->connection = *v;
  if (!is_key(key, "success")) return;
  h->success = v->type == JSON_TRUE;
  h->failure = v->type == JSON_FALSE;
}

bool head_read(const char *text, size_t size, Head *head) {
  JsonScanner s;
  JsonValue v, key;
  int more;
  *head = (Head){.topic = {.type = JSON_ERROR},
                 .op = {.type = JSON_ERROR},
                 .request = {.type = JSON_ERROR},
                 .why = {.type = JSON_ERROR},
                 .connection = {.type = JSON_ERROR}};
  json_scan_init(&s, text, size, JSON_DEPTH);
  if (json_scan_value(&s, &v) != JSON_OBJECT) return false;
  while ((more = json_scan_member(&s, &key)) == 1) {
    if (json_scan_value(&s, &v) == JSON_ERROR) return false;
    take(&key, &v, head);
    if (head->topic.type == JSON_STRING) return true;
    if (!json_scan_skip(&s, &v)) return false;
  }
  return more == 0 && json_scan_end(&s);
}
