/*
** Numbers in pieces of some hundreds, each sorted, and the pieces in a sorted list of their own. So adding moves some kilobytes at most,
** also where there are a million of them.
*/
#include "prices.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 256 }; /* numbers in a piece at most */

typedef struct Piece {
  size_t count; /* never 0 */
  int64_t numbers[PIECE];
} Piece;

struct Prices {
  Piece **pieces; /* owned, each; the lowest numbers first */
  size_t count, room;
};

Prices *prices_new(void) {
  return calloc(1, sizeof(Prices));
}

void prices_free(Prices *prices) {
  if (prices == NULL) return;
  for (size_t i = 0; i < prices->count; i++) free(prices->pieces[i]);
  free(prices->pieces);
  free(prices);
}

/* The last piece that begins at 'n' or below; the first one where none does. There is at least one. */
static size_t piece_of(const Prices *prices, int64_t n) {
  size_t low = 0, high = prices->count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (prices->pieces[middle]->numbers[0] <= n)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* The first place in a piece whose number is 'n' or above; its count where there is none. */
static size_t place_of(const Piece *piece, int64_t n) {
  size_t low = 0, high = piece->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (piece->numbers[middle] < n)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Makes a piece with the last 'count' numbers of the one before, which loses them, and puts it into the list at 'at'. */
static bool split(Prices *prices, size_t at, size_t count) {
  if (prices->count == prices->room) {
    size_t room = prices->room == 0 ? 4 : 2 * prices->room;
    Piece **grown = realloc(prices->pieces, room * sizeof(Piece *));
    if (grown == NULL) return false;
    prices->pieces = grown;
    prices->room = room;
  }
  Piece *piece = malloc(sizeof *piece);
  if (piece == NULL) return false;
  piece->count = count;
  if (count > 0) {
    Piece *before = prices->pieces[at - 1];
    before->count -= count;
    memcpy(piece->numbers, before->numbers + before->count, count * sizeof piece->numbers[0]);
  }
  memmove(prices->pieces + at + 1, prices->pieces + at, (prices->count - at) * sizeof(Piece *));
  prices->pieces[at] = piece;
  prices->count++;
  return true;
}

bool prices_add(Prices *prices, int64_t n) {
  if (prices->count == 0 && !split(prices, 0, 0)) return false;
  size_t at = piece_of(prices, n);
  if (prices->pieces[at]->count == PIECE) {
    if (!split(prices, at + 1, PIECE / 2)) return false;
    at = piece_of(prices, n);
  }
  Piece *piece = prices->pieces[at];
  size_t place = place_of(piece, n);
  memmove(piece->numbers + place + 1, piece->numbers + place, (piece->count - place) * sizeof n);
  piece->numbers[place] = n;
  piece->count++;
  return true;
}

void prices_remove(Prices *prices, int64_t n) {
  if (prices->count == 0) return;
  size_t at = piece_of(prices, n);
  Piece *piece = prices->pieces[at];
  size_t place = place_of(piece, n);
  if (place == piece->count || piece->numbers[place] != n) return;
  piece->count--;
  memmove(piece->numbers + place, piece->numbers + place + 1, (piece->count - place) * sizeof n);
  if (piece->count > 0) return;
  free(piece);
  prices->count--;
  memmove(prices->pieces + at, prices->pieces + at + 1, (prices->count - at) * sizeof(Piece *));
}

bool prices_below(const Prices *prices, int64_t n, int64_t *out) {
  if (prices->count == 0) return false;
  size_t at = piece_of(prices, n);
  size_t place = place_of(prices->pieces[at], n);
  if (place == 0 && at == 0) return false;
  const Piece *piece = prices->pieces[place > 0 ? at : at - 1];
  *out = piece->numbers[(place > 0 ? place : piece->count) - 1];
  return true;
}

bool prices_above(const Prices *prices, int64_t n, int64_t *out) {
  if (prices->count == 0) return false;
  size_t at = piece_of(prices, n);
  const Piece *piece = prices->pieces[at];
  size_t place = place_of(piece, n);
  if (place < piece->count && piece->numbers[place] == n) place++;
  if (place == piece->count) {
    if (++at == prices->count) return false;
    piece = prices->pieces[at];
    place = 0;
  }
  *out = piece->numbers[place];
  return true;
}

size_t prices_count(const Prices *prices) {
  size_t count = 0;
  for (size_t i = 0; i < prices->count; i++) count += prices->pieces[i]->count;
  return count;
}
