/*
** Reads moments: ISO 8601 texts and decimal seconds. Digits finer than a millisecond are cut off, towards the past.
*/
#include "moment.h"

#include "decimal.h"

/* What is still to be read of a text. Each function below moves 'at' behind what it took. */
typedef struct Reader {
  const char *at, *end;
} Reader;

/* The value of exactly 'count' digits, or -1 when there are fewer. */
static int digits(Reader *r, int count) {
  int n = 0;
  for (int i = 0; i < count; i++, r->at++) {
    if (r->at == r->end || *r->at < '0' || *r->at > '9') return -1;
    n = n * 10 + (*r->at - '0');
  }
  return n;
}

/* Takes the character c when it is the next one. */
static bool take(Reader *r, char c) {
  if (r->at == r->end || *r->at != c) return false;
  r->at++;
  return true;
}

static int days_in(int year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01 in the Gregorian calendar. A year is counted from March here, so that the leap day comes
** last. */
static int64_t days_from_civil(int year, int month, int day) {
  int64_t y = month <= 2 ? year - 1 : year;
  int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
  int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* YYYY-MM-DD; sets '*ms' to the start of that day. */
static bool read_date(Reader *r, int64_t *ms) {
  int year = digits(r, 4);
  if (year < 0 || !take(r, '-')) return false;
  int month = digits(r, 2);
  if (month < 1 || month > 12 || !take(r, '-')) return false;
  int day = digits(r, 2);
  if (day < 1 || day > days_in(year, month)) return false;
  *ms = days_from_civil(year, month, day) * 86400000;
  return true;
}

/* The 1 to 9 digits after the point; the first three count. */
static bool read_fraction(Reader *r, int64_t *ms) {
  int count = 0, n = 0;
  for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
    if (++count <= 3) n = n * 10 + (*r->at - '0');
  for (int i = count; i < 3; i++) n *= 10;
  *ms += n;
  return count >= 1 && count <= 9;
}

/* HH:MM:SS with an optional fraction; adds to '*ms'. There are no leap seconds. */
static bool read_clock(Reader *r, int64_t *ms) {
  int hour = digits(r, 2);
  if (hour < 0 || hour > 23 || !take(r, ':')) return false;
  int minute = digits(r, 2);
  if (minute < 0 || minute > 59 || !take(r, ':')) return false;
  int second = digits(r, 2);
  if (second < 0 || second > 59) return false;
  *ms += ((hour * 60 + minute) * 60 + second) * 1000;
  return !take(r, '.') || read_fraction(r, ms);
}

/* 'Z', an offset such as +01:00 or +0100, or the end of the text (UTC). An eastern offset is subtracted. */
static bool read_zone(Reader *r, int64_t *ms) {
  if (r->at == r->end || take(r, 'Z')) return true;
  bool east = take(r, '+');
  if (!east && !take(r, '-')) return false;
  int hour = digits(r, 2);
  (void)take(r, ':');
  int minute = digits(r, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return false;
  int64_t offset = (hour * 60 + minute) * (int64_t)60000;
  *ms += east ? -offset : offset;
  return true;
}

bool moment_iso(const char *text, size_t size, int64_t *ms) {
  Reader r = {text, text + size};
  if (!read_date(&r, ms)) return false;
  if (r.at == r.end) return true;
  return (take(&r, 'T') || take(&r, ' ')) && read_clock(&r, ms) && read_zone(&r, ms) && r.at == r.end;
}

bool moment_seconds(const char *text, size_t size, int64_t *ms) {
  enum { MOST = 30 }; /* so many digits, times a thousand, still fit a decimal */
  Decimal x, whole;
  return size <= MOST && decimal_parse_json(text, size, &x) == DECIMAL_OK &&
         decimal_multiply(x, decimal_from_integer(1000), &x) == DECIMAL_OK &&
         decimal_round(x, 0, DECIMAL_FLOOR, &whole) == DECIMAL_OK && decimal_to_integer(whole, ms);
}
