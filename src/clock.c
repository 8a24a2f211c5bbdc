/*
** See clock.h. Bounds are intersected: the lowest delay there and the lowest delay back may come from different
** answers. They widen with age, so that old ones give way as quartz drifts.
*/
#include "clock.h"

#include <math.h>

static const double DRIFT = 0.1;   /* ms in a second: 100 ppm, a poor quartz in either computer */
static const int64_t AHEAD = 1000; /* ms: the exchange takes timestamps less than this ahead of its own */
/* 2010 and 2100: any other time is a mistake. */
static const int64_t FIRST = 1262304000000, LAST = 4102444800000;

/* The bounds as they are at 'now'. */
static ClockBounds aged(const ClockBounds *b, double now) {
  double more = now > b->at ? (now - b->at) * DRIFT : 0;
  return (ClockBounds){b->low - more, b->high + more, now};
}

static bool meet(const ClockBounds *a, const ClockBounds *b, ClockBounds *both) {
  *both = (ClockBounds){fmax(a->low, b->low), fmin(a->high, b->high), b->at};
  return both->low <= both->high;
}

void clock_learn(Clock *c, double sent, double ended, int64_t time) {
  if (time < FIRST || time > LAST || !(ended >= sent)) return;
  /* 'time' was cut to a whole millisecond. */
  ClockBounds said = {(double)time - ended * 1000, (double)time + 1 - sent * 1000, ended}, both;
  ClockBounds before = aged(&c->bounds, ended), doubted = aged(&c->last, ended);
  /* Where two answers in a row contradict the rest, a clock was set. */
  bool agrees = c->known && (meet(&before, &said, &both) || (c->doubted && meet(&doubted, &said, &both)));
  if (!c->known || agrees) c->bounds = agrees ? both : said;
  c->doubted = c->known && !agrees;
  c->known = true;
  c->last = said;
}

/* An answer that agrees with the rest says that the clock is right: the request was late, and half its round trip is a
** poor guess. */
void clock_adopt(Clock *c) {
  if (!c->known || !c->doubted) return;
  c->bounds = c->last;
  c->doubted = false;
}

bool clock_offset(const Clock *c, double now, double *offset, double *doubt) {
  if (!c->known) return false;
  ClockBounds b = aged(&c->bounds, now);
  *offset = (b.low + b.high) / 2;
  *doubt = (b.high - b.low) / 2;
  return true;
}

int64_t clock_now(const Clock *c, double now, int64_t wall) {
  double offset, doubt;
  if (!clock_offset(c, now, &offset, &doubt)) return wall;
  return (int64_t)floor(now * 1000 + offset);
}

int64_t clock_timestamp(const Clock *c, double now, int64_t wall, int64_t receive_window) {
  return clock_now(c, now, wall) + (AHEAD - receive_window) / 2;
}
