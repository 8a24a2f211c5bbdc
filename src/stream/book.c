/* An order book from messages, see book.h. */
#include "book.h"
#include "value/json.h"

#include <stdlib.h>
#include <string.h>

/* Is a better than b on this side? The best bid is the highest. */
static int compare(int side, Decimal a, Decimal b) {
  int order = decimal_compare(a, b);
  return side == BOOK_BIDS ? order : -order;
}

/* The place of a price: the index of the first level that is not worse. '*there': it has that price. */
static int find(const Side *s, int side, Decimal price, bool *there) {
  int low = 0, high = s->count;
  *there = false;
  while (low < high) {
    int middle = low + (high - low) / 2, order = compare(side, s->level[middle].price, price);
    if (order < 0)
      low = middle + 1;
    else {
      high = middle;
      *there |= order == 0;
    }
  }
  return low;
}

static BookNews set(Side *s, int side, Level new) {
  bool there;
  int at = find(s, side, new.price, &there);
  size_t behind = (size_t)(s->count - at);
  if (decimal_sign(new.quantity) == 0) {
    if (!there) return BOOK_CHANGED;
    memmove(&s->level[at], &s->level[at + 1], (behind - 1) * sizeof *s->level);
    s->count--;
    return BOOK_CHANGED;
  }
  if (!there) {
    if (s->count == BOOK_LEVELS) return BOOK_ODD;
    if (s->count == s->room) {
      int room = s->room == 0 ? 64 : 2 * s->room;
      Level *more = realloc(s->level, (size_t)room * sizeof *more);
      if (more == NULL) return BOOK_MEMORY;
      s->level = more;
      s->room = room;
    }
    memmove(&s->level[at + 1], &s->level[at], behind * sizeof *s->level);
    s->count++;
  }
  s->level[at] = new;
  return BOOK_CHANGED;
}

/* ---- reading ---- */

/* Reads `"123.4"` as an element of an array. */
static bool read_number(JsonScanner *s, Decimal *out) {
  JsonValue v;
  return json_scan_element(s) == 1 && json_scan_value(s, &v) == JSON_STRING && !v.escaped &&
         decimal_parse(v.text, v.size, out) == DECIMAL_OK && decimal_sign(*out) >= 0;
}

/* Reads the levels of a side, whose '[' was read, into the book. */
static BookNews read_side(JsonScanner *s, Book *b, int side) {
  JsonValue v;
  int more;
  while ((more = json_scan_element(s)) == 1) {
    Level level;
    if (json_scan_value(s, &v) != JSON_ARRAY || !read_number(s, &level.price) ||
        !read_number(s, &level.quantity) || json_scan_element(s) != 0 || decimal_sign(level.price) == 0)
      return BOOK_ODD;
    BookNews news = set(&b->side[side], side, level);
    if (news != BOOK_CHANGED) return news;
  }
  return more == 0 ? BOOK_CHANGED : BOOK_ODD;
}

/* What a message says, before its levels are read. */
typedef struct Message {
  bool snapshot;
  JsonScanner side[2]; /* where their '[' was read; a 'start' of NULL: there is none */
  int64_t update, seq, time;
} Message;

static bool is_key(const JsonValue *key, const char *name) {
  return key->size == strlen(name) && memcmp(key->text, name, key->size) == 0;
}

/* Reads the members of the data, whose '{' was read. */
static bool read_data(JsonScanner *s, Message *m) {
  JsonValue key, v;
  int more;
  while ((more = json_scan_member(s, &key)) == 1) {
    if (json_scan_value(s, &v) == JSON_ERROR) return false;
    if (is_key(&key, "u") && v.type == JSON_INTEGER) m->update = v.integer;
    if (is_key(&key, "seq") && v.type == JSON_INTEGER) m->seq = v.integer;
    if (is_key(&key, "b") && v.type == JSON_ARRAY) m->side[BOOK_BIDS] = *s;
    if (is_key(&key, "a") && v.type == JSON_ARRAY) m->side[BOOK_ASKS] = *s;
    if (!json_scan_skip(s, &v)) return false;
  }
  return more == 0;
}

static bool read_message(const char *text, size_t size, Message *m) {
  JsonScanner s;
  JsonValue key, v;
  int more;
  *m = (Message){.update = -1};
  json_scan_init(&s, text, size, JSON_DEPTH);
  if (json_scan_value(&s, &v) != JSON_OBJECT) return false;
  while ((more = json_scan_member(&s, &key)) == 1) {
    if (json_scan_value(&s, &v) == JSON_ERROR) return false;
    if (is_key(&key, "ts") && v.type == JSON_INTEGER) m->time = v.integer;
    if (is_key(&key, "type")) m->snapshot = is_key(&v, "snapshot");
    bool fine = is_key(&key, "data") && v.type == JSON_OBJECT ? read_data(&s, m) : json_scan_skip(&s, &v);
    if (!fine) return false;
  }
  /* after a restart of the exchange's service the numbers begin with 1 again, and that message is a snapshot */
  m->snapshot |= m->update == 1;
  return more == 0 && json_scan_end(&s) && m->update >= 0;
}

static BookNews apply(Book *b, Message *m) {
  if (m->snapshot) b->side[BOOK_BIDS].count = b->side[BOOK_ASKS].count = 0;
  for (int side = BOOK_BIDS; side <= BOOK_ASKS; side++) {
    if (m->side[side].start == NULL) continue;
    BookNews news = read_side(&m->side[side], b, side);
    if (news != BOOK_CHANGED) return news;
  }
  const Level *bid = book_best(b, BOOK_BIDS), *ask = book_best(b, BOOK_ASKS);
  if (bid != NULL && ask != NULL && decimal_compare(bid->price, ask->price) >= 0) return BOOK_CROSSED;
  return BOOK_CHANGED;
}

BookNews book_take(Book *b, const char *text, size_t size) {
  Message m;
  BookNews news = BOOK_ODD;
  if (read_message(text, size, &m)) {
    if (!m.snapshot && b->whole && m.update <= b->update) return BOOK_SAME;
    news = m.snapshot || (b->whole && m.update == b->update + 1) ? apply(b, &m) : BOOK_GAP;
  }
  b->whole = news == BOOK_CHANGED;
  if (news != BOOK_CHANGED) return news;
  b->update = m.update;
  b->seq = m.seq;
  b->time = m.time;
  return news;
}

/* ---- looking ---- */

const Level *book_best(const Book *b, int side) {
  const Side *s = &b->side[side];
  return s->count == 0 ? NULL : &s->level[s->count - 1];
}

bool book_quantity_to(const Book *b, int side, Decimal price, Decimal *out) {
  const Side *s = &b->side[side];
  Decimal sum = decimal_from_integer(0);
  for (int i = s->count - 1; i >= 0 && compare(side, s->level[i].price, price) >= 0; i--)
    if (decimal_add(sum, s->level[i].quantity, &sum) != DECIMAL_OK) return false;
  *out = sum;
  return true;
}

void book_free(Book *b) {
  free(b->side[BOOK_BIDS].level);
  free(b->side[BOOK_ASKS].level);
  *b = (Book){0};
}
