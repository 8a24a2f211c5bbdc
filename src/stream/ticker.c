/* Deltas put together, see ticker.h. */
#include "ticker.h"
#include "value/json.h"

static bool same(const Bytes *b, const char *text, size_t size) {
  return b->size == size && (size == 0 || memcmp(b->data, text, size) == 0);
}

/* The field of that name, made where there is none; NULL: there are too many, or memory ran out. */
static TickerField *field_of(Ticker *t, const char *name, size_t size) {
  for (int i = 0; i < t->count; i++)
    if (same(&t->field[i].name, name, size)) return &t->field[i];
  if (t->count == TICKER_FIELDS) return NULL;
  TickerField *f = &t->field[t->count];
  *f = (TickerField){0};
  if (!bytes_append(&f->name, name, size)) {
    bytes_free(&f->name);
    return NULL;
  }
  t->count++;
  return f;
}

/* Takes the value 'v' that was read of the member 'key'. */
static bool take_field(Ticker *t, JsonScanner *s, const JsonValue *key, const JsonValue *v) {
  const char *start = v->type == JSON_STRING ? v->text - 1 : v->text;
  if (!json_scan_skip(s, v)) return false;
  size_t size = (size_t)(s->at - start);
  TickerField *f = field_of(t, key->text - 1, key->size + 2);
  if (f == NULL) return false;
  if (same(&f->value, start, size)) return true;
  bytes_clear(&f->value);
  if (!bytes_append(&f->value, start, size)) return false;
  return f->changed = true;
}

/* Reads the members of the data, whose '{' was read. */
static bool take_fields(Ticker *t, JsonScanner *s) {
  JsonValue key, v;
  int more;
  while ((more = json_scan_member(s, &key)) == 1)
    if (json_scan_value(s, &v) == JSON_ERROR || !take_field(t, s, &key, &v)) return false;
  return more == 0;
}

static bool is_word(const JsonValue *v, const char *word) {
  return v->size == strlen(word) && memcmp(v->text, word, v->size) == 0;
}

bool ticker_take(Ticker *t, const char *text, size_t size) {
  JsonScanner s;
  JsonValue v, key;
  int more;
  json_scan_init(&s, text, size, JSON_DEPTH);
  if (json_scan_value(&s, &v) != JSON_OBJECT) return false;
  while ((more = json_scan_member(&s, &key)) == 1) {
    if (json_scan_value(&s, &v) == JSON_ERROR) return false;
    bool fine = true;
    if (is_word(&key, "ts") && v.type == JSON_INTEGER) t->ts = v.integer;
    if (is_word(&key, "type") && is_word(&v, "snapshot"))
      for (int i = 0; i < t->count; i++) bytes_clear(&t->field[i].value);
    if (is_word(&key, "data") && v.type == JSON_OBJECT)
      fine = take_fields(t, &s);
    else
      fine = json_scan_skip(&s, &v);
    if (!fine) return false;
  }
  return more == 0;
}

void ticker_write(Ticker *t, Bytes *out, Bytes *changed) {
  const char *before = "";
  bytes_text(out, "{\"type\":\"snapshot\",\"ts\":");
  bytes_integer(out, t->ts);
  bytes_text(out, ",\"data\":{");
  for (int i = 0; i < t->count; i++) {
    TickerField *f = &t->field[i];
    if (f->value.size > 0) {
      bytes_text(out, before);
      bytes_append(out, f->name.data, f->name.size);
      bytes_text(out, ":");
      bytes_append(out, f->value.data, f->value.size);
      before = ",";
    }
    if (!f->changed) continue;
    f->changed = false;
    bytes_append(changed, f->name.data + 1, f->name.size - 2);
    bytes_text(changed, ",");
  }
  bytes_text(out, "}}");
}

void ticker_free(Ticker *t) {
  for (int i = 0; i < t->count; i++) {
    bytes_free(&t->field[i].name);
    bytes_free(&t->field[i].value);
  }
  *t = (Ticker){0};
}
