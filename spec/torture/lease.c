/*
** Hands a lease over, many times, among clients that pause, are cut off, sleep, are killed, end and are started anew; with clocks
** of different rates, messages that come late or never, an exchange that takes what is in its network until its window has
** passed, and a share that loses what it knows. Time is virtual. The clients decide by src/pace/lease.c and clock.c themselves. The share
** is that of a file, by lease.c's lease_give, or that of a Redis server, by redis_lease.c and the script itself (lease_server.h): then
** its clock is set now and then, and it is started anew with all it knew, with something older, or with nothing. The world is here.
** Everything follows from the seed.
**
** What must hold (as in spec/model/lease.pml): once a holder has read what there is, the exchange takes no order of an earlier one;
** and a holder that signs has seen all that it took from earlier ones.
**
** usage: lease HANDOVERS [NAME=VALUE ...]: what the world may do
**   seed=1
**   share=file      or "script": a server's script, over a store in this process; or the socket of a real server
**   jump=1000000    seconds: a server's clock is set to at most so much more or less
**   drift=0.02      the share's clock may be so much faster or slower than all others, as a fraction
**   late=0          ms: the exchange takes orders that are so much older than their window
**   standing=0      1: the clients' clocks stand still while their computers sleep
**   forgets=0       1: a share that lost what it knew does not know that it did
**   hides=0         seconds: how much longer than `visibility` the exchange takes to show what it took
** Prints a line with what happened, and a line for each of the first violations. Status 1: there were some.
*/
#include "lease_server.h"
#include "pace/lease.h"
#include "value/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS = 3, EVENTS = 4096, SHOWN = 5, PER_WORLD = 200, WINDOW = 5000, TURNS = 64 };

typedef enum Kind {
  STEP,     /* a client does something */
  ASK,      /* its question is at the share */
  ANSWER,   /* ... and the answer is at the client */
  BACK,     /* a lease is given back */
  READ,     /* the client's request to read is at the exchange */
  HAS_READ, /* ... and the answer is at the client */
  ORDER,    /* an order is at the exchange */
  ORDERED,  /* ... and the answer is at the client */
  GIVEN_UP, /* the client waits for that answer no more */
  KINDS
} Kind;

typedef struct Event {
  double at; /* true time, seconds */
  Kind kind;
  int client;
  int life;        /* of the client */
  int question;    /* ASK, ANSWER: its number */
  double own;      /* the client's clock when it asked or sent */
  double acts;     /* ORDER: see lease_sign */
  int64_t stamp;   /* ORDER: its timestamp; answers of the exchange: the exchange's time */
  uint64_t number; /* of the lease */
  double rest;     /* BACK */
  bool complete;   /* HAS_READ: all showed. ORDERED: it was taken */
  bool forsaken;   /* ORDER, ORDERED: the client waits for no answer */
  LeaseAsk ask;
  LeaseAnswer answer;
  ServerCall call;
  ServerAnswer told;
} Event;

/* How fast a clock runs, and what it showed at the start. */
typedef struct Rate {
  double zero, rate, stood; /* stood: how long it stood still */
} Rate;

typedef struct Trader {
  Lease lease;
  Clock clock; /* what it knows of the exchange's */
  Rate rate;
  int life;     /* counts its starts */
  int asking;   /* the number of the question that it waits for; 0: none */
  double asked; /* its clock then */
  bool reading;
  bool complete;         /* its last reading showed all */
  uint64_t complete_for; /* ... under that lease */
  double cut_until;      /* nothing gets to the share and back before that */
  ServerMember member;   /* what it has of a server */
} Trader;

static struct {
  double drift, hides, jump;
  int64_t late;
  bool standing, forgets;
} may = {.drift = 0.02, .jump = 1e6};

static bool on_server; /* the share is one */

static struct {
  double now, visibility;
  Event event[EVENTS]; /* a heap */
  int events;
  Rate share, exchange;
  LeaseRecord record;
  double blank_until;
  Trader trader[CLIENTS];
  uint64_t turn[TURNS]; /* numbers of leases, in the order in which they were given; a ring */
  long turns;
  long seen;        /* the last turn under which somebody has read */
  double shows_all; /* when all shows that the exchange took */
} world;

static struct { long handovers, orders, late, refused, losses, jumps, deaths, ends, violations; } count;

static Random random_state;
static uint64_t numbers, holders; /* given so far */
static int questions;

/* ---- chance ---- */

static double unit(void) {
  double x = 0;
  if (!random_unit(&random_state, &x)) abort();
  return x;
}

static double draw(double from, double to) {
  return from + (to - from) * unit();
}

static bool chance(double p) {
  return draw(0, 1) < p;
}

/* How long something takes: mostly little, at times up to 'most' seconds. */
static double delay(double most) {
  double p = draw(0, 1);
  if (p < 0.7) return draw(0, 0.005);
  return p < 0.9 ? draw(0, fmin(most, 1)) : draw(0, most);
}

/* ---- clocks ---- */

static double shows(const Rate *r) {
  return r->zero + (world.now - r->stood) * r->rate;
}

static Rate any_rate(double drift) {
  double which = draw(0, 1), rate = which < 0.4 ? -drift : which < 0.8 ? drift : draw(-drift, drift);
  return (Rate){.zero = draw(0, 100000), .rate = 1 + rate};
}

static int64_t exchange_time(void) {
  return (int64_t)floor(1700000000000 + shows(&world.exchange) * 1000);
}

/* ---- events ---- */

static void put(Event e) {
  if (world.events == EVENTS) abort();
  int i = world.events++;
  for (; i > 0 && world.event[(i - 1) / 2].at > e.at; i = (i - 1) / 2)
    world.event[i] = world.event[(i - 1) / 2];
  world.event[i] = e;
}

static Event take(void) {
  Event first = world.event[0], last = world.event[--world.events];
  int i = 0, child;
  while ((child = 2 * i + 1) < world.events) {
    if (child + 1 < world.events && world.event[child + 1].at < world.event[child].at) child++;
    if (world.event[child].at >= last.at) break;
    world.event[i] = world.event[child];
    i = child;
  }
  world.event[i] = last;
  return first;
}

static void violation(const char *what, const Event *e) {
  if (count.violations++ < SHOWN)
    printf("violation: %s: client %d, lease %llu, at %.3f s of its world\n", what, e->client,
           (unsigned long long)e->number, world.now);
}

/* ---- the share ---- */

static bool is_cut(int client) {
  return world.now < world.trader[client].cut_until || chance(0.02);
}

/* Which turn that is, counted from 1; 0: none, or long ago. */
static long turn_of(uint64_t number) {
  for (long i = world.turns; i > 0 && world.turns - i < TURNS; i--)
    if (world.turn[i % TURNS] == number) return i;
  return 0;
}

/* The lease of that number was given, or renewed. */
static void given(const Event *e, uint64_t number) {
  if (world.turns > 0 && world.turn[world.turns % TURNS] == number) return;
  if (turn_of(number) != 0) violation("a lease was given that had been another's since", e);
  world.turn[++world.turns % TURNS] = number;
  count.handovers++;
}

static void at_share(Event e) {
  if (on_server) {
    server_run(&e.call, shows(&world.share), &e.told);
    if (e.told.number[0] == 1) given(&e, (uint64_t)e.told.number[1]);
  } else {
    e.ask.fresh = numbers + 1;
    lease_give(&world.record, &e.ask, world.blank_until, shows(&world.share), &e.answer);
    if (world.record.number > numbers) numbers = world.record.number;
    if (e.answer.given) given(&e, e.answer.number);
  }
  e.kind = ANSWER;
  e.at = world.now + delay(12);
  if (!is_cut(e.client)) put(e);
}

/* A server is started anew: it has what it had, or less. */
static void restart(void) {
  const double p = unit();
  count.losses++;
  if (may.forgets)
    server_restart(SERVER_OLD, false);
  else
    server_restart(p < 0.4 ? SERVER_KEPT : p < 0.7 ? SERVER_OLD : SERVER_EMPTY, true);
}

/* Somebody sets a server's clock. */
static void set_clock(void) {
  count.jumps++;
  world.share.zero += draw(-may.jump, may.jump);
}

static void forget(void) {
  memset(&world.record, 0, sizeof world.record);
  if (!may.forgets) world.blank_until = shows(&world.share) + LEASE_MOST;
  count.losses++;
}

/* ---- the exchange ---- */

static void at_exchange(Event e) {
  int64_t time = exchange_time();
  bool takes = time - WINDOW - may.late <= e.stamp && e.stamp < time + 1000;
  if (takes) {
    count.orders++;
    if (turn_of(e.number) < world.seen)
      violation("an order of an earlier holder was taken after a later one had read", &e);
    world.shows_all = fmax(world.shows_all, world.now + draw(0, world.visibility + may.hides));
  } else
    count.late++;
  e.kind = ORDERED;
  e.stamp = time;
  e.complete = takes;
  e.at = world.now + delay(8);
  if (!chance(0.05)) put(e);
}

static void read_at_exchange(Event e) {
  e.complete = world.now >= world.shows_all;
  if (turn_of(e.number) > world.seen) world.seen = turn_of(e.number);
  e.stamp = exchange_time();
  e.kind = HAS_READ;
  e.at = world.now + delay(chance(0.02) ? 40 : 3);
  put(e);
}

/* ---- a client ---- */

static void start(int i) {
  Trader *t = &world.trader[i];
  int life = t->life + 1;
  *t = (Trader){.rate = t->rate, .life = life, .cut_until = t->cut_until};
  lease_open(&t->lease, "mm1", ++holders, WINDOW, world.visibility);
  if (on_server) server_join(&t->member, i + 1);
}

static Event from(int i, Kind kind, double seconds) {
  const Trader *t = &world.trader[i];
  return (Event){.at = world.now + seconds,
                 .kind = kind,
                 .client = i,
                 .life = t->life,
                 .own = shows(&t->rate),
                 .number = t->lease.number};
}

static void ask(int i, Trader *t, double own) {
  if (t->asking != 0 && own < t->asked + 1) return;
  if (own < t->lease.asks_at) return;
  Event e = from(i, ASK, delay(15)); /* it may pause before it sends */
  const int64_t wall = (int64_t)draw(0, 1e12);
  e.question = ++questions;
  e.ask = (LeaseAsk){.holder = t->lease.holder, .pid = i + 1, .lasts = t->lease.lasts, .wall = wall};
  if (on_server && t->asking != 0) server_lost(&t->member);
  t->asking = e.question;
  t->asked = own;
  lease_put_off(&t->lease, own);
  if (on_server && !server_ask(&t->member, &t->lease, wall, own, &e.call)) abort();
  if (!is_cut(i)) put(e);
}

/* The client may pause before it sends, and the network may hold what was sent; often until the window has nearly passed. */
static double order_delay(void) {
  double p = unit();
  if (p < 0.4) return delay(9);
  return p < 0.6 ? draw(0, 9) : draw(WINDOW / 1e3 - 0.5, (WINDOW + (double)may.late) / 1e3);
}

static void order(int i, Trader *t, double own) {
  /* The wall clock is set to anything, at any time: nothing may depend on it once the exchange's clock is known. */
  int64_t stamp, earliest, wall = (int64_t)draw(0, 4e12);
  double acts = 0;
  clock_timestamp(&t->clock, own, wall, WINDOW, &stamp, &earliest);
  LeaseVerdict verdict = lease_sign(&t->lease, &t->clock, stamp, WINDOW, own, &acts);
  if (verdict != LEASE_RIGHT) {
    count.refused++;
    return;
  }
  Event e = from(i, ORDER, order_delay());
  e.stamp = stamp;
  e.acts = acts;
  if (!t->complete || t->complete_for != t->lease.number)
    violation("a holder signed that had not seen all orders of earlier ones", &e);
  if (chance(0.3)) { /* it times out */
    Event up = from(i, GIVEN_UP, draw(0, 2));
    up.acts = acts;
    put(up);
    e.forsaken = true;
  }
  if (!chance(0.02)) put(e);
}

static void finish(int i, Trader *t, double own) {
  Event e = from(i, BACK, delay(10));
  e.rest = lease_rest(&t->lease, own);
  const bool sends = !on_server || server_back(&t->member, &t->lease, own, &e.call);
  count.ends++;
  if (sends && !is_cut(i)) put(e);
  start(i);
}

/* It pauses, or its computer sleeps, or it is cut off from the share, at times for long. */
static double pause_of(Trader *t) {
  double p = draw(0, 1);
  if (p < 0.93) return draw(0.02, 0.4);
  if (p < 0.96) {
    t->cut_until = world.now + draw(0, 25);
    return 0.1;
  }
  double seconds = draw(0, 25);
  if (may.standing && p < 0.98) t->rate.stood += seconds; /* it slept */
  return seconds;
}

static void step(int i) {
  Trader *t = &world.trader[i];
  double own = shows(&t->rate), p = draw(0, 1);
  if (p < 0.004) {
    count.deaths++;
    start(i);
  } else if (p < 0.008)
    finish(i, t, own);
  else {
    ask(i, t, own);
    if (lease_look(&t->lease, own) && !t->lease.ready && !t->reading && own >= t->lease.reads_at) {
      t->reading = true;
      put(from(i, READ, delay(3)));
    } else
      order(i, t, own);
  }
  double seconds = pause_of(t);
  put((Event){.at = world.now + seconds, .kind = STEP, .client = i});
}

static void hear(const Event *e) {
  Trader *t = &world.trader[e->client];
  double own = shows(&t->rate);
  if (e->life != t->life) return; /* it was killed meanwhile */
  switch (e->kind) {
  case ANSWER:
    if (e->question != t->asking) return; /* it waits for that no more */
    t->asking = 0;
    if (on_server)
      server_hear(&t->member, &e->told, own);
    else
      lease_heard(&t->lease, &e->answer, e->own, own);
    break;
  case HAS_READ:
    t->reading = false;
    clock_learn(&t->clock, e->own, own, e->stamp);
    t->complete = e->complete;
    t->complete_for = e->number;
    lease_read(&t->lease, e->number);
    break;
  case GIVEN_UP: lease_ended(&t->lease, e->acts, false); break;
  case ORDERED:
    if (e->forsaken) return;
    clock_learn(&t->clock, e->own, own, e->stamp);
    lease_ended(&t->lease, e->acts, e->complete);
    break;
  default: break;
  }
}

/* ---- worlds ---- */

static void begin(void) {
  static const double visibilities[] = {0, 0, 0.2, 5};
  world.now = 0;
  world.events = 0;
  world.visibility = visibilities[(int)draw(0, 4)];
  world.share = any_rate(may.drift);
  world.exchange =
      any_rate(20e-6); /* clock.h: the exchange's clock and ours are off by 100 ppm at most, together */
  world.blank_until = shows(&world.share);
  world.record = (LeaseRecord){0};
  world.turns = world.seen = 0;
  if (on_server) server_begin();
  world.shows_all = 0;
  for (int i = 0; i < CLIENTS; i++) {
    world.trader[i] = (Trader){.rate = any_rate(20e-6)};
    start(i);
    put((Event){.at = draw(0, 1), .kind = STEP, .client = i});
  }
}

static void back_at_share(Event *e) {
  if (on_server)
    server_run(&e->call, shows(&world.share), &e->told);
  else
    lease_back(&world.record, e->number, e->rest, shows(&world.share));
}

static void happen(Event e) {
  switch (e.kind) {
  case STEP: step(e.client); break;
  case ASK: at_share(e); break;
  case BACK: back_at_share(&e); break;
  case READ: read_at_exchange(e); break;
  case ORDER: at_exchange(e); break;
  default: hear(&e); break;
  }
  if (!on_server) {
    if (chance(0.0001)) forget();
    return;
  }
  if (chance(0.001)) server_save();
  if (chance(0.0001)) restart();
  if (chance(0.0003)) set_clock();
}

static void set(const char *word) {
  const char *value = strchr(word, '=');
  double n = value == NULL ? NAN : strtod(value + 1, NULL);
  size_t size = value == NULL ? 0 : (size_t)(value - word);
  if (size == 4 && memcmp(word, "seed", 4) == 0)
    random_seed(&random_state, (uint64_t)n);
  else if (size == 5 && memcmp(word, "drift", 5) == 0)
    may.drift = n;
  else if (size == 4 && memcmp(word, "late", 4) == 0)
    may.late = (int64_t)n;
  else if (size == 8 && memcmp(word, "standing", 8) == 0)
    may.standing = n != 0;
  else if (size == 7 && memcmp(word, "forgets", 7) == 0)
    may.forgets = n != 0;
  else if (size == 5 && memcmp(word, "hides", 5) == 0)
    may.hides = n;
  else if (size == 4 && memcmp(word, "jump", 4) == 0)
    may.jump = n;
  else if (size == 5 && memcmp(word, "share", 5) == 0) {
    on_server = strcmp(value, "=file") != 0;
    if (on_server) server_open(strcmp(value, "=script") == 0 ? NULL : value + 1);
  } else {
    fprintf(stderr, "lease: what is '%s'?\n", word);
    exit(2);
  }
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  long handovers = strtol(argv[1], NULL, 10);
  random_seed(&random_state, 1);
  for (int i = 2; i < argc; i++) set(argv[i]);
  while (count.handovers < handovers) {
    long until = count.handovers + PER_WORLD;
    begin();
    while (count.handovers < until && count.handovers < handovers) {
      Event e = take();
      world.now = e.at;
      happen(e);
    }
  }
  printf("handovers %ld, orders %ld, refused as late %ld, not signed %ld, losses of the share %ld, clock set "
         "%ld, killed %ld, ended %ld, violations %ld\n",
         count.handovers, count.orders, count.late, count.refused, count.losses, count.jumps, count.deaths,
         count.ends, count.violations);
  return count.violations > 0;
}
