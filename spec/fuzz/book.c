/*
** Fuzzes order books. The input is messages, each up to a line's end. Whatever comes, a side is in order and without doubles or empty
** levels, and a book that is whole is not crossed.
*/
#include "stream/book.h"

#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                                      \
  do {                                                                                                       \
    if (!(condition)) abort();                                                                               \
  } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_side(const Side *s, int side) {
  for (int i = 0; i < s->count; i++) {
    MUST(decimal_sign(s->level[i].quantity) > 0 && decimal_sign(s->level[i].price) > 0);
    if (i == 0) continue;
    int order = decimal_compare(s->level[i - 1].price, s->level[i].price);
    MUST(side == BOOK_BIDS ? order < 0 : order > 0);
  }
}

static void check_book(const Book *b, BookNews news, int64_t before) {
  const Level *bid = book_best(b, BOOK_BIDS), *ask = book_best(b, BOOK_ASKS);
  MUST(news == BOOK_SAME || b->whole == (news == BOOK_CHANGED));
  if (news != BOOK_CHANGED) MUST(b->update == before);
  if (b->whole && bid != NULL && ask != NULL) MUST(decimal_compare(bid->price, ask->price) < 0);
  Decimal all;
  for (int side = BOOK_BIDS; side <= BOOK_ASKS; side++) {
    check_side(&b->side[side], side);
    const Level *best = book_best(b, side);
    if (best != NULL && book_quantity_to(b, side, best->price, &all))
      MUST(decimal_compare(all, best->quantity) == 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Book book = {0};
  const char *at = (const char *)data, *end = at + size;
  while (at != NULL && at < end) {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    size_t length = stop == NULL ? (size_t)(end - at) : (size_t)(stop - at);
    char *text = malloc(length == 0 ? 1 : length);
    MUST(text != NULL);
    memcpy(text, at, length);
    int64_t before = book.update;
    check_book(&book, book_take(&book, text, length), before);
    free(text);
    at = stop == NULL ? NULL : stop + 1;
  }
  book_free(&book);
  book_free(&book);
  return 0;
}
