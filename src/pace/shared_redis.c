/*
** A share on a Redis server as the line asks for it, see shared.h: turns, which are asked for before they are needed where requests
** follow each other closely; their ends; and what is left when the server is away.
**
** A turn that was taken ahead is used at once when its request comes, and with that the server is told and asked for the next: so
** each request still reads the halt, and a halt is known after one more request at the latest.
*/
#include "redis_share.h"
#include "wire/sign.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double LEASE = 0.25; /* seconds that a turn may be kept; redis_script.lua has it, too */
static const double NEAR = 0.25;  /* seconds between requests that follow each other */
static const double TRY = 0.02;   /* seconds until a place of ours is looked for again */
static const double IP_SPAN = 5;  /* of the address's window, as limiter.c has it */
static const double US = 1e6;
enum { AHEAD_MOST = 4, LEARNED_MOST = 1024, KEPT = 20 /* as in limiter.c */ };

static double now_of(const RedisShare *s) {
  return loop_now(s->loop);
}

/* ---- keys ---- */

/* A text that stands for the key on all machines. It does not tell the key: that has more chance in it than can be tried. */
static bool print_of(const char *key, char print[17]) {
  static const char label[] = "bybit share";
  const char *why;
  char all[SIGN_TEXT_MAX];
  print[0] = '\0';
  if (key == NULL) return true;
  Signer *signer = signer_hmac(label, sizeof label - 1, &why);
  const SignPart part = {key, strlen(key)};
  size_t size = signer == NULL ? 0 : signer_sign(signer, &part, 1, all);
  signer_free(signer);
  if (size < 16) return false;
  memcpy(print, all, 16);
  print[16] = '\0';
  return true;
}

static char *joined_key(const RedisShare *s, const char *a, const char *b, const char *c) {
  Bytes key = {0};
  bytes_text(&key, s->base);
  bytes_text(&key, ":");
  bytes_text(&key, a);
  bytes_text(&key, b);
  bytes_text(&key, c);
  if (!key.failed) return key.data;
  bytes_free(&key);
  return NULL;
}

bool redis_share_address(RedisShare *s, LimitAccount *account) {
  s->account = account;
  if (s->address != NULL) return true;
  const LimitAddress *a = account->address;
  s->address = joined_key(s, "ip:", s->machine, a->local ? a->host : "");
  s->shut = joined_key(s, "shut:", s->machine, a->host);
  if (s->address != NULL && s->shut != NULL) return true;
  redis_share_lose(s, "not enough memory");
  return false;
}

/* ---- places ---- */

static RedisPlace *place_of(RedisShare *s, const SharedAsk *ask) {
  RedisPlace *p = ask->place->redis;
  char print[17];
  if (p != NULL) return p;
  if (!print_of(s->shared->key, print)) return NULL;
  p = calloc(1, sizeof *p);
  if (p == NULL) return NULL;
  *p = (RedisPlace){.share = s, .place = ask->place, .group = ask->group, .urgent = ask->urgent, .left = -1};
  if (ask->group != NULL) {
    char middle[512];
    snprintf(middle, sizeof middle, "%s@%s ", print, ask->account->address->host);
    p->key = joined_key(s, "w:", middle, ask->group->name);
    if (p->key == NULL) {
      free(p);
      return NULL;
    }
  }
  p->next = s->places;
  s->places = p;
  ask->place->redis = p;
  return p;
}

static void drop_place(SharePlace *place) {
  RedisPlace *p = place->redis;
  if (p == NULL) return;
  for (Pending *q = p->share->first; q != NULL; q = q->next)
    if (q->place == p) q->place = NULL;
  RedisPlace **at = &p->share->places;
  while (*at != p) at = &(*at)->next;
  *at = p->next;
  free(p->running);
  free(p->key);
  free(p);
  place->redis = NULL;
}

/* False: no memory. */
static bool note_running(RedisPlace *p, uint64_t number, int weight) {
  if (p->runs == p->room) {
    int room = p->room == 0 ? 16 : p->room * 2;
    RedisRunning *more = realloc(p->running, (size_t)room * sizeof *more);
    if (more == NULL) return false;
    p->running = more;
    p->room = room;
  }
  p->running[p->runs++] = (RedisRunning){number, weight};
  return true;
}

static void forget_running(RedisPlace *p, uint64_t number) {
  for (int i = 0; i < p->runs; i++)
    if (p->running[i].number == number) {
      p->running[i] = p->running[--p->runs];
      return;
    }
}

/* ---- asking for turns ---- */

static double span_of(const RedisPlace *p) {
  return p->group == NULL ? 1 : p->group->window.span;
}

/* Asks for 'need' turns and some ahead, and tells which turns have begun. */
static void ask(RedisPlace *p, int weight, int need, int ahead) {
  RedisShare *s = p->share;
  const LimitWindow *ip = s->account->address->ip;
  int limit = window_limit(ip);
  const double numbers[] = {(double)(s->number + 1),
                            weight,
                            need,
                            ahead,
                            p->urgent,
                            p->urgent ? limit : limit - limit / KEPT,
                            IP_SPAN * US,
                            p->group == NULL ? 0 : p->group->window.limit,
                            span_of(p) * US,
                            p->group == NULL ? 0 : p->group->window.cap,
                            (double)s->shut_seen};
  redis_share_call(s, "take", p->key);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) command_number(&s->command, numbers[i]);
  for (int i = 0; i < p->begins; i++) command_number(&s->command, (double)p->begun[i]);
  Pending *q = redis_share_send(s, ACT_TAKE, p);
  if (q == NULL) return;
  q->first = s->number + 1;
  q->weight = weight;
  q->need = need;
  q->ahead = ahead;
  s->number += (uint64_t)(need + ahead);
  p->begins = 0;
  p->pending = true;
  redis_flush(s->main); /* the ends that were queued go with it */
}

/* Turns have come, or the seconds until there are some. */
void redis_place_answer(RedisPlace *p, const Pending *q, const RedisItem *item) {
  RedisShare *s = p->share;
  const long long turns = item[1].number, wait = item[2].number, told = item[3].number;
  p->pending = p->place->asking = false;
  if (p->group != NULL && told > 0 && told <= LEARNED_MOST * 1000 &&
      (!p->group->window.announced || p->group->window.limit != told))
    limiter_adopt(p->group, (int)told);
  p->left = item[4].number < 0 ? -1 : (int)item[4].number;
  p->left_at = q->asked;
  for (long long i = 0; i < turns && i < q->need + q->ahead && p->turns < REDIS_TURNS; i++)
    p->turn[p->turns++] = (RedisTurn){q->first + (uint64_t)i, q->weight, q->asked + LEASE, i >= q->need};
  if (turns == 0) {
    double seconds = fmin(fmax((double)wait / US, 1e-4), LIMITER_BAN);
    p->later = now_of(s) + seconds;
  }
  if (p->turns > 0 && s->tidy.among == NULL) loop_timer_start(s->loop, &s->tidy, LEASE);
  redis_share_serve(s);
  if (p->begins > 0 && !p->pending && s->state == REDIS_LIVES)
    ask(p, 1, 0, 0); /* they began while this was asked for */
}

/* Takes a turn of that weight which is still good. False: there is none. */
static bool use_turn(RedisPlace *p, int weight, double now, RedisTurn *turn) {
  for (int i = 0; i < p->turns; i++)
    if (p->turn[i].weight == weight && now < p->turn[i].until) {
      *turn = p->turn[i];
      p->turns--;
      memmove(&p->turn[i], &p->turn[i + 1], (size_t)(p->turns - i) * sizeof *p->turn);
      return true;
    }
  return false;
}

static bool begin(RedisPlace *p, uint64_t number, const SharedAsk *wanted, SharedTurn *turn) {
  if (!note_running(p, number, wanted->weight)) return false;
  *turn = (SharedTurn){.taken = true, .weight = wanted->weight, .number = number, .left = -1};
  return true;
}

/* How many requests of this process count in the window of the group. */
static int count_ours(const RedisPlace *p, double now) {
  const LimitWindow *w = &p->group->window;
  return w->running + (int)(w->count - window_gone(w, now));
}

/* The share is lost: the request goes by what on_loss says. It has a number too, by which it is known when the share is back. What
** others had sent still counts for a span: so long a request only goes in the place of one of ours. */
static double take_alone(RedisPlace *p, const SharedAsk *wanted, double now, SharedTurn *turn) {
  RedisShare *s = p->share;
  double rest = s->lost_at + span_of(p) - loop_real_now(s->loop);
  bool divides = s->joined && !wanted->urgent && s->shared->on_loss == LOSS_DIVIDE && p->group != NULL;
  if (divides && rest > 0 && count_ours(p, now) + wanted->weight > p->kept) return fmin(rest, TRY);
  return begin(p, ++s->number, wanted, turn) ? 0 : 1;
}

/* A turn was used: is the next to be taken ahead? */
static void look_ahead(RedisPlace *p, const SharedAsk *wanted, bool leased, double now) {
  bool follows = now < p->used_at + NEAR;
  p->used_at = now;
  if (wanted->weight != 1) return;
  if (!follows)
    p->ahead = 0;
  else if (p->ahead < AHEAD_MOST)
    p->ahead = p->ahead == 0 ? 1 : p->ahead * 2;
  if (!leased || p->pending) return;
  int missing = p->ahead - p->turns;
  ask(p, 1, 0, missing > 0 ? missing : 0);
}

static double take(Shared *x, const SharedAsk *wanted, double now, SharedTurn *turn) {
  RedisShare *s = x->redis;
  RedisPlace *p = place_of(s, wanted);
  RedisTurn found;
  if (p == NULL || !redis_share_address(s, wanted->account)) return 1; /* no memory */
  if (s->state == REDIS_LOST) return take_alone(p, wanted, now, turn);
  if (s->state == REDIS_CONNECTS) {
    wanted->place->asking = true;
    return SHARED_ASKED;
  }
  if (use_turn(p, wanted->weight, now, &found)) {
    if (!begin(p, found.number, wanted, turn)) return 1;
    if (found.ahead)
      s->ahead++;
    else
      s->asked++;
    if (found.ahead && p->begins < REDIS_TURNS) p->begun[p->begins++] = found.number;
    look_ahead(p, wanted, found.ahead, now);
    return 0;
  }
  if (now < p->later) {
    x->waits += p->later != p->asks_at; /* once for each refusal */
    p->asks_at = p->later;
    return p->later - now;
  }
  if (!p->pending) {
    int need = wanted->weight > 1 ? 1 : wanted->waiting < REDIS_WAITING ? wanted->waiting : REDIS_WAITING;
    bool follows = now < p->used_at + NEAR;
    ask(p, wanted->weight, need, follows && wanted->weight == 1 ? p->ahead : 0);
  }
  if (s->state == REDIS_LOST) return SHARED_LOST;
  wanted->place->asking = true;
  return SHARED_ASKED;
}

/* ---- ends ---- */

static void begin_done(RedisPlace *p, bool sent, int weight, int limit, int left) {
  RedisShare *s = p->share;
  bool learns = limit > 0 && limit <= LEARNED_MOST;
  const double numbers[] = {sent, weight, IP_SPAN * US, span_of(p) * US, limit, learns ? left : -1};
  redis_share_call(s, "done", p->key);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) command_number(&s->command, numbers[i]);
}

/* A turn that has begun unknown to the server, and has ended: its end says all. */
static void forget_begun(RedisPlace *p, uint64_t number) {
  for (int i = 0; i < p->begins; i++)
    if (p->begun[i] == number) {
      p->begun[i] = p->begun[--p->begins];
      return;
    }
}

static void end(Shared *x, const SharedTurn *turn, SharePlace *place, bool sent, double now) {
  RedisShare *s = x->redis;
  RedisPlace *p = place->redis;
  (void)now;
  if (p == NULL) return;
  forget_running(p, turn->number);
  forget_begun(p, turn->number);
  if (s->state != REDIS_LIVES) return; /* the limiter remembers it, see redis_place_again */
  begin_done(p, sent, turn->weight, turn->limit, turn->left);
  command_number(&s->command, (double)turn->number);
  redis_share_send(s, ACT_DONE, NULL);
}

void redis_share_tidy(RedisShare *s) {
  double now = now_of(s), next = INFINITY;
  for (RedisPlace *p = s->places; p != NULL && s->state == REDIS_LIVES; p = p->next) {
    int kept = 0, given = 0;
    for (int i = 0; i < p->turns; i++)
      if (now < p->turn[i].until) {
        next = fmin(next, p->turn[i].until - now);
        p->turn[kept++] = p->turn[i];
      } else if (given == 0 || p->turn[i].weight == s->command_weight) {
        if (given++ == 0) {
          s->command_weight = p->turn[i].weight;
          begin_done(p, false, p->turn[i].weight, 0, -1);
        }
        command_number(&s->command, (double)p->turn[i].number);
      } else { /* of another weight: in the next round */
        next = 0;
        p->turn[kept++] = p->turn[i];
      }
    p->turns = kept;
    if (given > 0) {
      p->ahead = 0;
      redis_share_send(s, ACT_DONE, NULL);
    }
  }
  if (s->state == REDIS_LIVES && !isinf(next)) loop_timer_start(s->loop, &s->tidy, fmax(next, 1e-3));
}

/* ---- loss and return ---- */

void redis_place_lost(RedisPlace *p) {
  if (p->share->state != REDIS_LOST && p->group != NULL) p->kept = count_ours(p, now_of(p->share));
  p->turns = p->begins = p->ahead = 0;
  p->pending = p->place->asking = false;
  p->later = 0;
}

/* Begins to tell of a window of ours. */
static void begin_again(RedisShare *s, const char *key, double span, int limit) {
  redis_share_call(s, "again", key);
  command_word(&s->command, s->was);
  command_number(&s->command, limit);
  command_number(&s->command, span * US);
}

/* What runs in it. */
static void add_running(RedisShare *s, const RedisPlace *p, bool weighs) {
  for (int i = 0; i < p->runs; i++) {
    command_number(&s->command, weighs ? p->running[i].weight : 1);
    command_number(&s->command, (double)p->running[i].number);
  }
}

/* The moments of what has ended in it. */
static void send_again(RedisShare *s, const LimitWindow *w) {
  double now = now_of(s);
  command_word(&s->command, "|");
  for (size_t i = window_gone(w, now); i < w->count; i++)
    command_number(&s->command, fmax(now - w->ended[(w->first + i) % w->room], 0) * US);
  redis_share_send(s, ACT_AGAIN, NULL);
}

void redis_place_again(RedisPlace *p) {
  RedisShare *s = p->share;
  if (p == s->places) {
    const LimitWindow *ip = s->account->address->ip;
    begin_again(s, s->address, IP_SPAN, window_limit(ip));
    for (const RedisPlace *q = s->places; q != NULL; q = q->next) add_running(s, q, false);
    send_again(s, ip);
  }
  if (p->group == NULL || s->dropping) return;
  for (const RedisPlace *q = s->places; q != p; q = q->next)
    if (q->group == p->group) return; /* another lane has told of the window */
  begin_again(s, p->key, span_of(p), window_limit(&p->group->window));
  for (const RedisPlace *q = p; q != NULL; q = q->next)
    if (q->group == p->group) add_running(s, q, true);
  send_again(s, &p->group->window);
}

/* ---- what answers tell ---- */

static void tell_more(Shared *x, const SharePlace *place, int more, double held) {
  RedisShare *s = x->redis;
  const RedisPlace *p = place->redis;
  if (p == NULL || p->key == NULL || s->state != REDIS_LIVES) return;
  redis_share_call(s, "learn", p->key);
  command_number(&s->command, more > LEARNED_MOST ? LEARNED_MOST : more);
  command_number(&s->command, held * US);
  command_number(&s->command, span_of(p) * US);
  redis_share_send(s, ACT_DONE, NULL);
}

static void hold(Shared *x, SharePlace *place, double seconds, double now) {
  (void)now;
  tell_more(x, place, 0, fmin(seconds, LIMITER_HOLD_MOST));
}

static void charge(Shared *x, SharePlace *place, int more, double now) {
  (void)now;
  tell_more(x, place, more, 0);
}

static void learn(Shared *x, SharePlace *place, int limit, int left, double now) {
  RedisPlace *p = place->redis;
  (void)now;
  if (p == NULL || x->redis->state != REDIS_LIVES) return;
  begin_done(p, false, 1, limit, left);
  redis_share_send(x->redis, ACT_DONE, NULL);
}

static bool left_of(Shared *x, const LimitAccount *account, const LimitGroup *group, double now, int *left,
                    double *full_in) {
  const RedisPlace *newest = NULL;
  (void)account;
  for (const RedisPlace *p = x->redis->places; p != NULL && group != NULL; p = p->next)
    if (p->group == group && p->left >= 0 && (newest == NULL || p->left_at > newest->left_at)) newest = p;
  if (newest == NULL || x->redis->state != REDIS_LIVES || now > newest->left_at + span_of(newest))
    return false;
  *left = newest->left;
  *full_in = newest->left_at + span_of(newest) - now;
  return true;
}

/* ---- the halt, and the rest ---- */

static bool halt(Shared *x, const char *reason, int64_t wall, double now) {
  RedisShare *s = x->redis;
  char text[sizeof s->halt_text];
  (void)now;
  if (s->state != REDIS_LIVES) return false;
  snprintf(text, sizeof text, "%ld %lld %.*s", (long)x->process, (long long)wall, SHARE_REASON - 1, reason);
  redis_share_call(s, "halt", NULL);
  command_word(&s->command, text);
  if (redis_share_send(s, ACT_HALT, NULL) == NULL) return false;
  s->told = -1;
  s->halt = (uint64_t)wall * 1000;
  snprintf(s->halt_text, sizeof s->halt_text, "%llu %.*s", (unsigned long long)s->halt,
           (int)sizeof s->halt_text - 24, text);
  redis_flush(s->main);
  return true;
}

static bool resume(Shared *x, double now) {
  RedisShare *s = x->redis;
  (void)now;
  if (s->state != REDIS_LIVES) return false;
  redis_share_call(s, "resume", NULL);
  if (redis_share_send(s, ACT_HALT, NULL) == NULL) return false;
  s->told = -1;
  s->halt = 0;
  s->halt_text[0] = '\0';
  redis_flush(s->main);
  return true;
}

static int told(const Shared *x) {
  return x->redis->told;
}

static uint64_t halted(Shared *x, double now) {
  (void)now;
  return x->redis->halt;
}

static void halt_words(Shared *x, char reason[SHARE_REASON], int *pid, int64_t *at) {
  redis_halt_read(x->redis->halt_text, reason, pid, at);
}

void redis_halt_read(const char *text, char reason[SHARE_REASON], int *pid, int64_t *at) {
  char *end;
  (void)strtoull(text, &end, 10);
  *pid = (int)strtol(end, &end, 10);
  *at = strtoll(end, &end, 10);
  if (*end == ' ') end++;
  redis_clean(end, strlen(end), reason, SHARE_REASON);
}

static void push(Shared *x, const LimitAccount *account, double now) {
  (void)account, (void)now;
  redis_share_push(x->redis);
}

static void pull(Shared *x, LimitAccount *account, double now) {
  (void)x, (void)account, (void)now; /* each answer brings it */
}

static bool open_server(Shared *x, const char *where, Loop *loop, double now, char why[SHARE_WHY]) {
  (void)now;
  x->redis = redis_share_open(x, where, loop, why);
  if (x->redis != NULL) x->name = x->redis->url.name;
  x->untold = true;
  return x->redis != NULL;
}

static void leave(Shared *x, double now) {
  (void)now;
  redis_share_close(x->redis);
}

static void forget(Shared *x) {
  redis_share_forget(x->redis);
}

static double mends_in(const Shared *x, double now) {
  (void)x, (void)now;
  return INFINITY; /* it has timers of its own */
}

static void mend(Shared *x, double now) {
  (void)x, (void)now;
}

static const char *lost(const Shared *x) {
  return x->redis->state == REDIS_LOST ? x->redis->why : NULL;
}

static int64_t changes(const Shared *x) {
  return x->redis->losses + x->redis->returns;
}

static void state(Shared *x, double now, SharedState *out) {
  const RedisShare *s = x->redis;
  (void)now;
  *out = (SharedState){.lost = lost(x),
                       .last_loss = s->losses > 0 ? s->why : NULL,
                       .losses = s->losses,
                       .returns = s->returns,
                       .asked = s->asked,
                       .ahead = s->ahead,
                       .members = s->members,
                       .never = !s->joined};
}

static bool lease_open_server(Shared *x, const Lease *l, double now, char why[SHARE_WHY]) {
  (void)x, (void)l, (void)now, (void)why;
  return true; /* the server is asked later */
}

static bool lease_of(Shared *x, const char *name, double now, LeaseRecord *copy) {
  (void)x, (void)name, (void)now, (void)copy;
  return false; /* its answers tell names only */
}

const SharedWays shared_redis = {.open = open_server,
                                 .leave = leave,
                                 .forget = forget,
                                 .drop = drop_place,
                                 .take = take,
                                 .end = end,
                                 .push = push,
                                 .pull = pull,
                                 .hold = hold,
                                 .charge = charge,
                                 .learn = learn,
                                 .left = left_of,
                                 .mends_in = mends_in,
                                 .mend = mend,
                                 .lost = lost,
                                 .changes = changes,
                                 .halt = halt,
                                 .resume = resume,
                                 .told = told,
                                 .halted = halted,
                                 .halt_words = halt_words,
                                 .state = state,
                                 .lease_open = lease_open_server,
                                 .lease_ask = redis_lease_ask,
                                 .lease_back = redis_lease_back,
                                 .connect = redis_connect,
                                 .lease_of = lease_of};
