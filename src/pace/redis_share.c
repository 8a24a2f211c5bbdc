/*
** A share on a Redis server, see redis_share.h: connecting, taking part, commands and their answers, loss and return. Whatever the
** server does that is not expected costs the share, never more: it is lost then, and tried again.
*/
#include "redis_share.h"
#include "share_parts.h"
#include "wire/sign.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double CONNECT = 2;  /* seconds until a connection must be ready */
static const double PATIENCE = 1; /* seconds that the server has for an answer */
static const double BEAT = 1;     /* seconds between two signs of life */
static const double TRY_FIRST = 0.05, TRY_SOON = 0.2,
                    TRY_LATE = 2; /* seconds between two tries to come back */
static const double SOON = 30;    /* seconds after a loss in which it is tried more often */

/* ---- words ---- */

void command_begin(Command *c) {
  bytes_clear(&c->text);
  c->count = 0;
  c->failed = false;
}

void command_word(Command *c, const char *text) {
  if (c->count == c->room) {
    int room = c->room == 0 ? 64 : c->room * 2;
    size_t *more = realloc(c->end, (size_t)room * sizeof *more);
    if (more == NULL) {
      c->failed = true;
      return;
    }
    c->end = more;
    c->room = room;
  }
  if (!bytes_append(&c->text, text, strlen(text) + 1)) c->failed = true;
  c->end[c->count++] = c->text.size - 1;
}

void command_number(Command *c, double n) {
  char text[40];
  snprintf(text, sizeof text, "%.0f", n);
  command_word(c, text);
}

void command_free(Command *c) {
  bytes_free(&c->text);
  free(c->end);
  *c = (Command){0};
}

/* ---- losing it ---- */

static void free_pending(RedisShare *s) {
  while (s->first != NULL) {
    Pending *p = s->first;
    s->first = p->next;
    free(p);
  }
  s->last = &s->first;
}

static void stop_timers(RedisShare *s) {
  loop_timer_stop(s->loop, &s->beat);
  loop_timer_stop(s->loop, &s->due);
  loop_timer_stop(s->loop, &s->tidy);
}

void redis_share_serve(RedisShare *s) {
  if (s->shared->answered != NULL) s->shared->answered(s->shared);
}

void redis_share_lose(RedisShare *s, const char *why) {
  double now = loop_real_now(s->loop);
  if (s->dropping) return;
  s->dropping = true;
  if (s->state != REDIS_LOST) {
    s->losses++;
    s->lost_at = now;
    s->tries = 0;
  }
  snprintf(s->why, sizeof s->why, "%s", why);
  for (RedisPlace *p = s->places; p != NULL; p = p->next) redis_place_lost(p);
  s->state = REDIS_LOST;
  if (s->told < 0) s->told = 0;
  free_pending(s);
  stop_timers(s);
  redis_lease_lost(s);
  redis_connects_lost(s);
  loop_timer_start(s->loop, &s->retry, 0); /* it frees the connections, which may have called us */
}

/* ---- commands ---- */

void command_call(Command *c, const char *base, const char *shut, const char *address, const char *group,
                  const char *act, const char *member) {
  static const char *const names[] = {"members", "halt", "limits", "windows"};
  char key[96];
  command_begin(c);
  command_number(c, group == NULL ? 6 : 7);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(key, sizeof key, "%s:%s", base, names[i]);
    command_word(c, key);
  }
  command_word(c, shut == NULL ? base : shut);
  command_word(c, address == NULL ? base : address);
  if (group != NULL) command_word(c, group);
  command_word(c, act);
  command_word(c, member);
}

void redis_share_call(RedisShare *s, const char *act, const char *group) {
  command_call(&s->command, s->base, s->shut, s->address, group, act, s->id);
}

/* Sends the words of a command behind EVALSHA, or EVAL where the server has forgotten the script. */
static bool send_call(RedisShare *s, const Pending *p, bool whole) {
  enum { FEW = 64 };
  const char *few[FEW], **words = few;
  size_t count = (size_t)p->count + 2, i = 0;
  if (count > FEW) words = malloc(count * sizeof *words);
  if (words == NULL) return false;
  words[i++] = whole ? "EVAL" : "EVALSHA";
  words[i++] = whole ? redis_script : s->sha;
  for (const char *at = p->words; i < count; at += strlen(at) + 1) words[i++] = at;
  bool fine = redis_send(s->main, (int)count, words, NULL);
  if (words != few) free(words);
  return fine;
}

static void append(RedisShare *s, Pending *p) {
  p->next = NULL;
  p->turn = ++s->commands;
  p->asked = loop_now(s->loop);
  p->asked_real = loop_real_now(s->loop);
  *s->last = p;
  s->last = &p->next;
  if (s->due.among == NULL) loop_timer_start(s->loop, &s->due, PATIENCE);
}

Pending *redis_share_send(RedisShare *s, RedisAct act, RedisPlace *place) {
  Command *c = &s->command;
  if (s->main == NULL || s->dropping) return NULL;
  Pending *p = c->failed ? NULL : malloc(sizeof *p + c->text.size);
  if (p == NULL) {
    redis_share_lose(s, "not enough memory");
    return NULL;
  }
  *p = (Pending){.act = act, .place = place, .count = c->count, .size = c->text.size};
  memcpy(p->words, c->text.data, c->text.size);
  if (!send_call(s, p, false)) {
    free(p);
    redis_share_lose(s, "the connection was cut");
    return NULL;
  }
  append(s, p);
  return p;
}

/* False in a forked child, whose parent uses the share. */
static bool is_mine(const RedisShare *s) {
  return s->shared->process == loop_process(s->loop);
}

static void on_due(LoopTimer *timer) {
  RedisShare *s = (RedisShare *)((char *)timer - offsetof(RedisShare, due));
  if (!is_mine(s)) return;
  if (s->main != NULL) redis_read(s->main); /* this program may have been busy, not the server */
  if (s->first == NULL || s->dropping) return;
  double left = s->first->asked_real + PATIENCE - loop_real_now(s->loop);
  if (left <= 0)
    redis_share_lose(s, "the server does not answer");
  else
    loop_timer_start(s->loop, &s->due, left);
}

/* ---- the halt ---- */

/* "number pid moment reason"; "" for none. */
static void take_halt(RedisShare *s, const char *text, size_t size) {
  char copy[sizeof s->halt_text], *end;
  size_t n = size < sizeof copy - 1 ? size : sizeof copy - 1;
  memcpy(copy, text, n);
  copy[n] = '\0';
  uint64_t number = strtoull(copy, &end, 10);
  if (size > 0 && number == 0) number = 1; /* somebody else wrote it: to be on the safe side */
  if (number == s->halt) return;
  s->halt = number;
  memcpy(s->halt_text, copy, n + 1);
}

/* The address as others were told of it: six numbers, in microseconds. */
static void take_shut(RedisShare *s, const RedisItem *item) {
  double now = loop_now(s->loop);
  if (s->account == NULL) return;
  LimitShut *shut = &s->account->address->shut;
  *shut = (LimitShut){.paused_until = now + fmin((double)item[0].number / 1e6, LIMITER_HOLD_MOST),
                      .banned_until = now + fmin((double)item[1].number / 1e6, LIMITER_BAN),
                      .probe_at = now + fmin((double)item[2].number / 1e6, LIMITER_BAN),
                      .pause = fmin(fmax((double)item[3].number / 1e6, 1), LIMITER_HOLD_MOST),
                      .probe_pause = fmin(fmax((double)item[4].number / 1e6, 1), LIMITER_HOLD_MOST),
                      .prober = item[5].number != 0};
}

/* The names of all leases, with spaces between. False: it has another form. */
static bool take_leases(RedisShare *s, const RedisItem *item) {
  char name[LEASE_NAME];
  if (item->kind != REDIS_TEXT) return item->kind == REDIS_NIL;
  if (item->size >= sizeof s->leases) return false;
  if (strcmp(item->text, s->leases) == 0) return true;
  for (const char *at = item->text; *at != '\0';) {
    size_t size = strcspn(at, " ");
    if (size >= sizeof name) return false;
    memcpy(name, at, size);
    name[size] = '\0';
    if (size > 0) shared_lease_known(s->shared, name);
    at += size;
    at += strspn(at, " ");
  }
  snprintf(s->leases, sizeof s->leases, "%s", item->text);
  return true;
}

bool redis_share_hear(RedisShare *s, const Pending *p, const RedisItem *item, size_t count) {
  enum { HALT, LEASES, MEMBERS, CHANGES, LEAST, SHUT = 6 };
  if (count < LEAST || (item[HALT].kind != REDIS_NIL && item[HALT].kind != REDIS_TEXT)) return false;
  for (size_t i = MEMBERS; i < count; i++)
    if (item[i].kind != REDIS_NUMBER) return false;
  if (item[MEMBERS].number < 0 || item[MEMBERS].number > 100000) return false;
  if (!take_leases(s, &item[LEASES])) return false;
  const bool halts = item[HALT].kind == REDIS_TEXT;
  if (p->turn >= s->halt_from && s->told >= 0)
    take_halt(s, halts ? item[HALT].text : "", halts ? item[HALT].size : 0);
  s->members = item[MEMBERS].number < 1 ? 1 : (int)item[MEMBERS].number;
  if (item[CHANGES].number == s->shut_seen || count < LEAST + SHUT) return true;
  if (s->account != NULL) s->shut_seen = item[CHANGES].number;
  take_shut(s, item + LEAST);
  return true;
}

void redis_share_push(RedisShare *s) {
  double now = loop_now(s->loop);
  if (s->state != REDIS_LIVES || s->account == NULL) return;
  const LimitShut *shut = &s->account->address->shut;
  const double spans[] = {shut->paused_until - now, shut->banned_until - now, shut->probe_at - now,
                          shut->pause, shut->probe_pause};
  redis_share_call(s, "shut", NULL);
  for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
    command_number(&s->command, fmax(spans[i], 0) * 1e6);
  command_number(&s->command, shut->prober != 0);
  redis_share_send(s, ACT_SHUT, NULL);
}

/* ---- taking part ---- */

void redis_share_describe(RedisShare *s) {
  char host[64] = "", text[120];
  gethostname(host, sizeof host - 1);
  redis_clean(host, strlen(host), text, sizeof host);
  memcpy(host, text, sizeof host);
  snprintf(text, sizeof text, "%ld %lld %s", (long)getpid(), (long long)loop_wall(s->loop), host);
  command_word(&s->command, text);
}

static void join(RedisShare *s) {
  if (s->account != NULL && !redis_share_address(s, s->account)) return;
  for (RedisPlace *p = s->places; p != NULL && !s->dropping; p = p->next) redis_place_again(p);
  if (s->dropping) return;
  s->shut_seen = -1;
  redis_share_call(s, "join", NULL);
  redis_share_describe(s);
  command_word(&s->command, s->halt != 0 ? s->halt_text : "");
  command_number(&s->command, s->joined ? s->members : 0);
  command_number(&s->command, -1);
  redis_share_send(s, ACT_JOIN, NULL);
}

static void joined(RedisShare *s) {
  double now = loop_now(s->loop);
  if (s->state == REDIS_LOST) s->returns++;
  s->state = REDIS_LIVES;
  s->joined = true;
  s->shared->untold = false;
  memcpy(s->was, s->id, sizeof s->was);
  for (RedisPlace *p = s->places; p != NULL; p = p->next) p->place->asking = false;
  loop_timer_start(s->loop, &s->beat, BEAT);
  if (s->account != NULL && limiter_is_shut(&s->account->address->shut, now)) redis_share_push(s);
  redis_share_serve(s);
}

static void beat(RedisShare *s) {
  redis_share_call(s, "beat", NULL);
  redis_share_describe(s);
  command_number(&s->command, (double)s->shut_seen);
  redis_share_send(s, ACT_BEAT, NULL);
}

static void on_beat(LoopTimer *timer) {
  RedisShare *s = (RedisShare *)((char *)timer - offsetof(RedisShare, beat));
  if (!is_mine(s)) return;
  beat(s);
  if (s->state == REDIS_LIVES) loop_timer_start(s->loop, &s->beat, BEAT);
}

static void on_tidy(LoopTimer *timer) {
  RedisShare *s = (RedisShare *)((char *)timer - offsetof(RedisShare, tidy));
  if (is_mine(s)) redis_share_tidy(s);
}

/* ---- answers ---- */

/* Takes the oldest command that was not answered off the list. */
static Pending *oldest(RedisShare *s) {
  Pending *p = s->first;
  s->first = p->next;
  if (s->first == NULL) s->last = &s->first;
  return p;
}

static void take_script(RedisShare *s, const RedisItem *item) {
  bool fine = item->kind == REDIS_TEXT && item->size == REDIS_SHA;
  for (size_t i = 0; fine && i < REDIS_SHA; i++) fine = strchr("0123456789abcdef", item->text[i]) != NULL;
  if (!fine) {
    redis_share_lose(s, "the server took our script, and did not name it");
    return;
  }
  memcpy(s->sha, item->text, REDIS_SHA + 1);
  s->main_ready = true;
  if (s->ears_ready) join(s);
}

/* False: the answer has a form that is not expected. */
static bool take(RedisShare *s, const Pending *p, const RedisItem *item) {
  enum { OWN = 4 }; /* numbers of ACT_TAKE before those of every answer */
  switch (p->act) {
  case ACT_LOAD: take_script(s, item); return true;
  case ACT_JOIN:
  case ACT_BEAT:
    if (item->kind != REDIS_LIST || !redis_share_hear(s, p, item + 1, item->size)) return false;
    if (p->act == ACT_JOIN)
      joined(s);
    else
      redis_share_serve(s);
    return true;
  case ACT_TAKE:
    if (item->kind != REDIS_LIST || item->size < OWN) return false;
    for (size_t i = 1; i <= OWN; i++)
      if (item[i].kind != REDIS_NUMBER) return false;
    if (!redis_share_hear(s, p, item + 1 + OWN, item->size - OWN)) return false;
    if (p->place != NULL) redis_place_answer(p->place, p, item);
    return true;
  case ACT_HALT:
    s->told = item->kind == REDIS_NUMBER;
    s->halt_from = s->commands + 1;
    return item->kind == REDIS_NUMBER;
  case ACT_LEASE: return redis_lease_answer(s, item);
  case ACT_CONNECT:
    if (item->kind == REDIS_NUMBER) redis_connect_answer(p->host, item->number, loop_now(s->loop));
    return item->kind == REDIS_NUMBER;
  case ACT_SHUT:
    if (item->kind == REDIS_NUMBER) s->shut_seen = item->number;
    return item->kind == REDIS_NUMBER;
  default: return item->kind == REDIS_NUMBER;
  }
}

static void lose_by_server(RedisShare *s, const RedisItem *item) {
  char words[160], why[200];
  redis_clean(item->text, item->size, words, sizeof words);
  snprintf(why, sizeof why, "the server says: %s", words);
  redis_share_lose(s, why);
}

static void on_answer(void *owner, const RedisItem *item) {
  RedisShare *s = owner;
  if (s->dropping || s->first == NULL) return;
  Pending *p = oldest(s);
  if (item->kind == REDIS_ERROR && p->act != ACT_LOAD && strncmp(item->text, "NOSCRIPT", 8) == 0) {
    if (send_call(s, p, true)) {
      append(s, p);
      return;
    }
    redis_share_lose(s, "the connection was cut");
  } else if (item->kind == REDIS_ERROR)
    lose_by_server(s, item);
  else if (!take(s, p, item))
    redis_share_lose(s, "the server answers what our script does not");
  free(p);
}

/* What the listening connection hears: that it subscribed, and messages. */
static void on_heard(void *owner, const RedisItem *item) {
  RedisShare *s = owner;
  char key[96];
  if (s->dropping) return;
  if (item->kind == REDIS_ERROR) {
    lose_by_server(s, item);
    return;
  }
  bool whole =
      item->kind == REDIS_LIST && item->size == 3 && item[1].kind == REDIS_TEXT && item[2].kind == REDIS_TEXT;
  if (whole && strcmp(item[1].text, "subscribe") == 0) {
    bool all = item[3].kind == REDIS_NUMBER && item[3].number >= 3;
    if (!all || s->ears_ready) return;
    s->ears_ready = true;
    if (s->main_ready) join(s);
  } else if (whole && strcmp(item[1].text, "message") == 0 && s->state == REDIS_LIVES) {
    snprintf(key, sizeof key, "%s:halt:news", s->base);
    if (strcmp(item[2].text, key) == 0 && item[3].kind == REDIS_TEXT && s->told >= 0) {
      take_halt(s, item[3].text, item[3].size);
      s->halt_from = s->commands + 1;
      redis_share_serve(s);
    } else
      beat(s); /* pauses and bans have changed */
  }
}

/* ---- connecting ---- */

static void on_main_ready(void *owner) {
  RedisShare *s = owner;
  const char *words[] = {"SCRIPT", "LOAD", redis_script};
  if (s->dropping) return;
  Pending *p = malloc(sizeof *p);
  if (p == NULL || !redis_send(s->main, 3, words, NULL)) {
    free(p);
    redis_share_lose(s, "not enough memory");
    return;
  }
  *p = (Pending){.act = ACT_LOAD};
  append(s, p);
}

static void on_ears_ready(void *owner) {
  RedisShare *s = owner;
  char own[96], news[96], shut[96];
  const char *words[] = {"SUBSCRIBE", own, news, shut};
  snprintf(own, sizeof own, "%s:members:%s", s->base, s->id);
  snprintf(news, sizeof news, "%s:halt:news", s->base);
  snprintf(shut, sizeof shut, "%s:halt:shut", s->base);
  if (!s->dropping && !redis_send(s->ears, 4, words, NULL)) redis_share_lose(s, "not enough memory");
}

static void on_ended(void *owner, const char *why) {
  redis_share_lose(owner, why);
}

static void drop(RedisShare *s) {
  redis_free(s->main);
  redis_free(s->ears);
  s->main = s->ears = NULL;
  s->main_ready = s->ears_ready = false;
  s->dropping = false;
  free_pending(s);
}

static void connect_now(RedisShare *s) {
  const RedisEvents main = {.ready = on_main_ready, .answer = on_answer, .ended = on_ended, .owner = s};
  const RedisEvents ears = {.ready = on_ears_ready, .answer = on_heard, .ended = on_ended, .owner = s};
  const char *why = "the system gives no random bytes";
  if (random_id(&s->random, s->id, REDIS_ID)) {
    s->main = redis_new(s->http, s->loop, &s->url, false, CONNECT, &main, &why);
    if (s->main != NULL) s->ears = redis_new(s->http, s->loop, &s->url, true, CONNECT, &ears, &why);
  }
  if (s->ears == NULL) redis_share_lose(s, why);
}

/* In how many seconds to try again: sooner at first, and not all at once. */
static double next_try(RedisShare *s) {
  double unit = 0.5, lost = loop_real_now(s->loop) - s->lost_at;
  random_unit(&s->random, &unit);
  double most = lost < SOON ? TRY_SOON : TRY_LATE;
  return fmin(TRY_FIRST * pow(2, fmin(s->tries, 10)), most) * (0.5 + unit / 2);
}

static void on_retry(LoopTimer *timer) {
  RedisShare *s = (RedisShare *)((char *)timer - offsetof(RedisShare, retry));
  if (!is_mine(s)) return;
  if (s->dropping) {
    drop(s);
    loop_timer_start(s->loop, &s->retry, next_try(s));
    s->tries++;
    redis_share_serve(s); /* they go by what on_loss says */
  } else
    connect_now(s);
}

/* ---- a share's life ---- */

void redis_base(const RedisUrl *url, char base[REDIS_BASE]) {
  snprintf(base, REDIS_BASE, "bybit:{%.32s}", url->share == NULL ? "share" : url->share);
}

/* The exchange counts requests by address. Processes of one machine have one; machines behind one address are given one name. */
static void name_machine(RedisShare *s) {
  char boot[SHARE_BOOT];
  share_boot(boot);
  boot[SHARE_BOOT - 1] = '\0';
  boot[strcspn(boot, "\n")] = '\0';
  snprintf(s->machine, sizeof s->machine, "%.36s", s->url.machine == NULL ? boot : s->url.machine);
}

RedisShare *redis_share_open(Shared *x, const char *url, Loop *loop, char why[SHARE_WHY]) {
  const char *wrong = "not enough memory";
  RedisShare *s = calloc(1, sizeof *s);
  if (s == NULL || !redis_url_read(url, &s->url, why, SHARE_WHY)) {
    if (s == NULL) snprintf(why, SHARE_WHY, "%s", wrong);
    free(s);
    return NULL;
  }
  s->shared = x;
  s->loop = loop;
  s->last = &s->first;
  s->members = 1;
  s->shut_seen = -1;
  s->retry.fire = on_retry;
  s->beat.fire = on_beat;
  s->due.fire = on_due;
  s->tidy.fire = on_tidy;
  random_system(&s->random);
  redis_base(&s->url, s->base);
  name_machine(s);
  const HttpOptions options = {.connections = 4, .ca_file = s->url.ca_file, .proxy = ""};
  s->http = redis_available() ? http_new(loop, &options, &wrong) : NULL;
  if (s->http == NULL) {
    snprintf(why, SHARE_WHY, "%s", redis_available() ? wrong : redis_missing());
    redis_url_free(&s->url);
    free(s);
    return NULL;
  }
  connect_now(s);
  return s;
}

static void free_share(RedisShare *s) {
  free_pending(s);
  redis_connects_free(s);
  free(s->address);
  free(s->shut);
  command_free(&s->command);
  redis_url_free(&s->url);
  free(s);
}

void redis_share_close(RedisShare *s) {
  if (s->state == REDIS_LIVES && !s->dropping) {
    redis_share_call(s, "leave", NULL);
    if (redis_share_send(s, ACT_DONE, NULL) != NULL) redis_flush(s->main);
  }
  loop_timer_stop(s->loop, &s->retry);
  stop_timers(s);
  redis_free(s->main);
  redis_free(s->ears);
  loop_timer_stop(s->loop, &s->retry);
  http_free(s->http);
  free_share(s);
}

void redis_share_forget(RedisShare *s) {
  loop_timer_stop(s->loop, &s->retry);
  stop_timers(s);
  redis_forget(s->main); /* the parent's sockets stay as they are */
  redis_forget(s->ears);
  free_share(s);
}
