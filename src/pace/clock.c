/*
** The exchange's clock, see clock.h. The bounds of all answers are intersected; so the fastest request and the fastest
** answer may belong to different calls. Bounds widen with age, because the clocks of two computers drift apart.
*/
#include "clock.h"

#include <math.h>

static const double DRIFT = 0.1;   /* ms per second, that is 100 ppm: two computers with poor clocks */
static const double ASLEEP = 1000; /* ms: what a clock that counts whole seconds of sleep may be off by */
/* The starts of 2010 and 2100 (ms since 1970). Any other time is a mistake. */
static const int64_t FIRST = 1262304000000, LAST = 4102444800000;

/* The bounds, widened for the time that has passed until 'now'. */
static ClockBounds aged(const ClockBounds *b, double now) {
  double more = now > b->at ? (now - b->at) * DRIFT : 0;
  return (ClockBounds){b->low - more, b->high + more, now};
}

/* The intersection of two bounds. False when they contradict each other. */
static bool meet(const ClockBounds *a, const ClockBounds *b, ClockBounds *both) {
  *both = (ClockBounds){fmax(a->low, b->low), fmin(a->high, b->high), b->at};
  return both->low <= both->high;
}

void clock_learn(Clock *c, double sent, double ended, int64_t time) {
  if (time < FIRST || time > LAST || !(ended >= sent)) return;
  /* The exchange cuts its time to a whole millisecond, so the real time may be almost 1 ms later. */
  ClockBounds said = {(double)time - ended * 1000, (double)time + 1 - sent * 1000, ended}, both;
  ClockBounds before = aged(&c->bounds, ended), doubted = aged(&c->last, ended);
  /* When two answers in a row contradict the earlier ones, somebody has set a clock. */
  if (!c->known || ended - sent < c->fastest) c->fastest = ended - sent;
  bool agrees = c->known && (meet(&before, &said, &both) || (c->doubted && meet(&doubted, &said, &both)));
  if (!c->known || agrees) c->bounds = agrees ? both : said;
  c->doubted = c->known && !agrees;
  c->known = true;
  c->last = said;
}

/* An answer that agrees with earlier ones shows that our bounds are right, so the refused request was simply late. Then
** nothing changes: the one answer alone would be a poorer guess. */
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

bool clock_moment(const Clock *c, double t, int64_t *low, int64_t *high) {
  static const double NOISE = 0.05; /* ms, for rounding of doubles and drift since the last answer */
  if (!c->known) return false;
  double more = fabs(t - c->bounds.at) * DRIFT;
  *low = (int64_t)floor(t * 1000 + c->bounds.low - more + NOISE);
  *high = (int64_t)ceil(t * 1000 + c->bounds.high + more);
  return true;
}

/* By one lower bound: the exchange's clock may be behind that by the drift since. */
static double passes(const ClockBounds *b, int64_t moment) {
  double t = ((double)moment - b->low) / 1000;
  return t > b->at ? t + (t - b->at) * DRIFT / (1000 - DRIFT) : t;
}

double clock_passes(const Clock *c, int64_t moment) {
  if (!c->known) return INFINITY;
  double t = passes(&c->bounds, moment);
  return c->doubted ? fmax(t, passes(&c->last, moment)) : t;
}

/* The lower bound assumes an answer that took no time on its way. When no round trip was shorter than 2 ms, one way takes
** about 1 ms, so the earliest arrival is a millisecond later. */
bool clock_arrival(const Clock *c, double t, int64_t *earliest) {
  static const double SLOW = 0.002; /* seconds */
  int64_t high;
  if (!clock_moment(c, t, earliest, &high)) return false;
  if (c->fastest >= SLOW) *earliest += 1;
  return true;
}

int64_t clock_now(const Clock *c, double now, int64_t wall) {
  double offset, doubt;
  if (!clock_offset(c, now, &offset, &doubt)) return wall;
  return (int64_t)floor(now * 1000 + offset);
}

static ClockBounds widened(ClockBounds b, double ms) {
  return (ClockBounds){b.low - ms, b.high + ms, b.at};
}

void clock_slept(Clock *c) {
  c->bounds = widened(c->bounds, ASLEEP);
  c->last = widened(c->last, ASLEEP);
}

void clock_timestamp(const Clock *c, double now, int64_t wall, int64_t receive_window, int64_t *latest,
                     int64_t *earliest) {
  double offset, doubt;
  *latest = clock_now(c, now, wall);
  *earliest = *latest - receive_window / 2;
  if (!clock_offset(c, now, &offset, &doubt)) return;
  *latest = (int64_t)floor(now * 1000 + offset - fmin(doubt, (double)receive_window / 4));
}
