/*
** channel.h. A channel waits (for its turn to connect), connects, logs in, and is up. The exchange's answers to subscriptions
** say which request they answer; a request of several topics that is refused is made again for each, since the exchange takes
** none of them if one is wrong.
*/
#include "channel.h"
#include "head.h"
#include "pace/shared.h"
#include "value/bytes.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  MESSAGE_MAX = 1024 * 1024, /* bytes of a message */
  TOPICS_AT_ONCE = 10,       /* of one request */
  LOGIN_MS = 10000           /* so far ahead is the moment that a login is good until */
};

static const double AGAINS = 10; /* so many topics may begin anew at once, and then one a second */
static const double SOON = 0.02; /* s until the share is asked again whether it has answered */
static const double FIRST_PAUSE = 0.25, LONGEST_PAUSE = 30,
                    HELD = 30; /* s; a connection that held is no failure */

typedef enum State {
  IDLE,       /* nothing is wanted */
  PAUSED,     /* before the next connection */
  CONNECTING, /* up to the upgrade */
  LOGGING_IN,
  UP,
  LEAVING, /* closing in good order */
  REFUSED  /* the login was refused: whoever wants something next has it tried again */
} State;

typedef enum TopicState { TOPIC_NEW, TOPIC_ASKED, TOPIC_ON } TopicState;

struct Topic {
  Channel *channel;
  TopicState state;
  bool alone;      /* to be asked for in a request of its own */
  bool awaited;    /* its first message is to come; it counts as an answer */
  int64_t request; /* by which it was asked for */
  Listener *first;
  Topic *next;
  size_t size;
  char name[];
};

struct Channel {
  ChannelOptions o;
  char *url; /* owned */
  State state;
  Line *line;                 /* owned; NULL: none */
  Topic *topics;              /* owned, all that are wanted */
  Topic *latest;              /* of the last message */
  LoopTimer pause;            /* until the next connection */
  LoopTimer work;             /* there is something to ask for */
  LoopTimer beat;             /* until the next ping */
  LoopTimer limit;            /* until an answer is late */
  int failures;               /* connections that did not hold, in a row */
  double up_since;            /* by now_of */
  double agains, again;       /* how many were left of those at that moment, by now_of */
  double heard;               /* when the last message came, by loop_now */
  int64_t requests;           /* the number of the last one */
  int unanswered;             /* requests without an answer, the login and pings included */
  bool pinged;                /* a pong is to come */
  bool busy;                  /* virtual time stands still: something is on its way */
  char name[64];              /* of the connection, as the exchange calls it */
  int64_t received, expected; /* messages on this connection */
  ChannelStats stats;
};

static void connect_later(Channel *c, double seconds);

/* Both count in the time that messages travel in. */
static double now_of(const Channel *c) {
  return c->o.carrier.timed ? loop_now(c->o.loop) : loop_real_now(c->o.loop);
}

static void start_timer(Channel *c, LoopTimer *timer, double seconds) {
  if (c->o.carrier.timed)
    loop_later(c->o.loop, timer, seconds);
  else
    loop_timer_start(c->o.loop, timer, seconds);
}

/* Virtual time stands still while an answer is to come, or a message that the exchange says it has sent. */
static void note_busy(Channel *c) {
  if (c->o.carrier.timed) return;
  bool coming = c->state == CONNECTING || c->state == LOGGING_IN || c->state == LEAVING ||
                (c->state == UP && (c->unanswered > 0 || c->received < c->expected || c->work.among != NULL));
  if (coming != c->busy) loop_busy(c->o.loop, coming ? 1 : -1);
  c->busy = coming;
}

/* ---- sending ---- */

/* Sends a request: `{"req_id":"7","op":"ping"`, what `tail` holds, and `}`. It wipes and frees the tail. */
static bool request(Channel *c, const char *op, Bytes *tail) {
  Bytes text = {0};
  char head[64];
  snprintf(head, sizeof head, "{\"req_id\":\"%lld\",\"op\":\"%s\"", (long long)++c->requests, op);
  bytes_text(&text, head);
  if (tail != NULL) bytes_append(&text, tail->data, tail->size);
  bytes_text(&text, "}");
  bool sent =
      !text.failed && (tail == NULL || !tail->failed) && c->o.carrier.text(c->line, text.data, text.size);
  if (sent && c->unanswered++ == 0) start_timer(c, &c->limit, c->o.patience);
  if (text.data != NULL) wipe(text.data, text.size);
  bytes_free(&text);
  if (tail != NULL) {
    if (tail->data != NULL) wipe(tail->data, tail->size);
    bytes_free(tail);
  }
  return sent;
}

/* A request cannot be sent: the line is of no use then. */
static void give_up(Channel *c) {
  if (c->line != NULL) c->o.carrier.close(c->line, 1000);
}

static void log_in(Channel *c) {
  static const char word[] = "GET/realtime";
  char expires[BYTES_NUMBER], signature[SIGN_TEXT_MAX];
  Bytes tail = {0};
  bytes_number(c->o.now(c->o.owner) + LOGIN_MS, expires);
  const SignPart parts[] = {{word, sizeof word - 1}, {expires, strlen(expires)}};
  size_t size = signer_sign(c->o.signer, parts, 2, signature);
  c->state = LOGGING_IN;
  bytes_text(&tail, ",\"args\":[");
  json_quote(&tail, c->o.key, strlen(c->o.key));
  bytes_text(&tail, ",");
  bytes_text(&tail, expires);
  bytes_text(&tail, ",\"");
  bytes_append(&tail, signature, size);
  bytes_text(&tail, "\"]");
  wipe(signature, sizeof signature);
  bool sent = request(c, "auth", &tail);
  if (size == 0 || !sent) give_up(c);
}

/* ---- topics ---- */

static Topic *find_topic(Channel *c, const char *name, size_t size) {
  Topic *t = c->latest;
  if (t != NULL && t->size == size && memcmp(t->name, name, size) == 0) return t;
  for (t = c->topics; t != NULL; t = t->next)
    if (t->size == size && memcmp(t->name, name, size) == 0) return c->latest = t;
  return NULL;
}

static void tell_stale(Channel *c, const char *why) {
  for (Topic *t = c->topics; t != NULL; t = t->next) {
    t->state = TOPIC_NEW;
    t->awaited = false;
    for (Listener *l = t->first; l != NULL; l = l->next) l->stale(l, why);
  }
}

static void tell_refused(Topic *t, const char *why) {
  for (Listener *l = t->first; l != NULL; l = l->next) l->refused(l, why);
}

/* Asks for a batch of the topics that are new. False: there are none. */
static bool ask_some(Channel *c) {
  Bytes tail = {0};
  int count = 0;
  bytes_text(&tail, ",\"args\":[");
  for (Topic *t = c->topics; t != NULL && count < TOPICS_AT_ONCE; t = t->next) {
    if (t->state != TOPIC_NEW || (t->alone && count > 0)) continue;
    if (count > 0) bytes_text(&tail, ",");
    json_quote(&tail, t->name, t->size);
    t->state = TOPIC_ASKED;
    t->request = c->requests + 1;
    count++;
    if (t->alone) break;
  }
  bytes_text(&tail, "]");
  if (count == 0) {
    bytes_free(&tail);
    return false;
  }
  if (!request(c, "subscribe", &tail)) give_up(c);
  return true;
}

static void on_work(LoopTimer *timer) {
  Channel *c = (Channel *)((char *)timer - offsetof(Channel, work));
  if (c->state == UP)
    while (ask_some(c)) continue;
  note_busy(c);
}

/* An answer has come: others may be late from now on. */
static void note_answer(Channel *c) {
  if (c->unanswered > 0) c->unanswered--;
  if (c->unanswered > 0)
    start_timer(c, &c->limit, c->o.patience);
  else
    loop_timer_stop(c->o.loop, &c->limit);
}

/* The exchange tells a topic from here on. */
static void begin_topic(Channel *c, Topic *t) {
  t->state = TOPIC_ON;
  for (Listener *l = t->first; l != NULL; l = l->next) t->awaited |= l->snapshot;
  if (t->awaited && c->unanswered++ == 0) start_timer(c, &c->limit, c->o.patience);
  for (Listener *l = t->first; l != NULL; l = l->next) l->live(l);
}

static void on_subscribed(Channel *c, const Head *h, const char *why) {
  int64_t number = 0;
  int count = 0;
  for (size_t i = 0; i < h->request.size && h->request.type == JSON_STRING; i++)
    number = number < INT64_MAX / 100 ? number * 10 + (h->request.text[i] - '0') : 0;
  for (const Topic *t = c->topics; t != NULL; t = t->next)
    count += t->state == TOPIC_ASKED && t->request == number;
  for (Topic *t = c->topics; t != NULL; t = t->next) {
    if (t->state != TOPIC_ASKED || t->request != number) continue;
    t->state = TOPIC_NEW;
    if (h->success)
      begin_topic(c, t);
    else if (count == 1) {
      t->state = TOPIC_ASKED; /* and never answered: it is not asked for again */
      tell_refused(t, why);
    } else
      t->alone = true;
  }
  if (!h->success && count > 1) start_timer(c, &c->work, 0);
}

/* ---- what the exchange says ---- */

static void set_up(Channel *c) {
  c->state = UP;
  c->up_since = now_of(c);
  loop_later(c->o.loop, &c->beat, c->o.heartbeat);
  while (ask_some(c)) continue;
}

static void on_login(Channel *c, const Head *h, const char *why) {
  if (c->state != LOGGING_IN) return;
  if (h->success) {
    set_up(c);
    return;
  }
  c->state = REFUSED;
  for (Topic *t = c->topics; t != NULL; t = t->next) tell_refused(t, why);
  c->o.carrier.close(c->line, 1000);
}

static void copy_text(char *out, size_t room, const JsonValue *v) {
  size_t size = v->type != JSON_STRING ? 0 : v->size < room - 1 ? v->size : room - 1;
  if (size > 0) memcpy(out, v->text, size);
  out[size] = '\0';
}

static void on_answer(Channel *c, const Head *h) {
  char why[128];
  copy_text(why, sizeof why, &h->why);
  for (char *p = why; *p != '\0'; p++)
    if (*p < ' ' || *p > '~') *p = '?';
  if (h->connection.type == JSON_STRING && c->name[0] == '\0')
    copy_text(c->name, sizeof c->name, &h->connection);
  note_answer(c);
  if (head_is(&h->op, "auth"))
    on_login(c, h, why);
  else if (head_is(&h->op, "subscribe"))
    on_subscribed(c, h, why);
  else if (head_is(&h->op, "pong") || strcmp(why, "pong") == 0)
    c->pinged = false;
}

bool channel_coming(const Channel *c) {
  return c->state == UP && c->received < c->expected;
}

static void tell_calm(Channel *c) {
  for (Topic *t = c->topics; t != NULL; t = t->next)
    for (Listener *l = t->first; l != NULL; l = l->next) l->calm(l);
}

static void on_message(void *owner, const char *text, size_t size) {
  Channel *c = owner;
  Head head;
  c->received++;
  c->stats.messages++;
  c->heard = loop_now(c->o.loop);
  if (head_read(text, size, &head)) {
    if (head.topic.type != JSON_STRING)
      on_answer(c, &head);
    else {
      Topic *t = find_topic(c, head.topic.text, head.topic.size);
      if (t != NULL && t->awaited) note_answer(c);
      if (t != NULL) t->awaited = false;
      for (Listener *l = t == NULL ? NULL : t->first; l != NULL; l = l->next) l->message(l, text, size);
    }
  }
  if (c->received == c->expected) tell_calm(c);
  note_busy(c);
}

/* ---- the line ---- */

static void on_beat(LoopTimer *timer) {
  Channel *c = (Channel *)((char *)timer - offsetof(Channel, beat));
  if (c->state != UP) return;
  loop_later(c->o.loop, &c->beat, c->o.heartbeat);
  if (c->pinged) return; /* the limit of the one before runs */
  c->pinged = request(c, "ping", NULL);
  if (!c->pinged) give_up(c);
  note_busy(c);
}

/* Forgets the connection. What was subscribed to is wanted still. */
static void drop_link(Channel *c) {
  if (c->line != NULL) c->o.carrier.free(c->line);
  c->line = NULL;
  c->name[0] = '\0';
  c->received = c->expected = 0;
  c->unanswered = 0;
  c->pinged = false;
  loop_timer_stop(c->o.loop, &c->beat);
  loop_timer_stop(c->o.loop, &c->limit);
  loop_timer_stop(c->o.loop, &c->work);
}

/* Seconds until the next attempt: any part of a span that doubles, so that many who lost their line together do not come back
** together. */
static double pause_of(Channel *c) {
  double span = FIRST_PAUSE, part = 1;
  for (int i = 0; i < c->failures && span < LONGEST_PAUSE; i++) span *= 2;
  (void)random_unit(c->o.random, &part);
  return part * (span < LONGEST_PAUSE ? span : LONGEST_PAUSE);
}

/* The line is lost. */
static void lose(Channel *c, const char *why) {
  bool held = c->state == UP && now_of(c) - c->up_since >= HELD;
  State before = c->state;
  drop_link(c);
  c->state = c->topics == NULL ? IDLE : before == REFUSED ? REFUSED : PAUSED;
  if (before != REFUSED) tell_stale(c, why);
  if (c->state == PAUSED) {
    if (held) c->failures = 0;
    connect_later(c, before == LEAVING ? 0 : pause_of(c));
    c->failures++;
  }
  note_busy(c);
}

static void on_limit(LoopTimer *timer) {
  Channel *c = (Channel *)((char *)timer - offsetof(Channel, limit));
  lose(c, c->pinged ? "pong" : "connection");
}

static void on_ended(void *owner) {
  lose(owner, "connection");
}

static void on_open(void *owner) {
  Channel *c = owner;
  if (c->o.key != NULL)
    log_in(c);
  else
    set_up(c);
  note_busy(c);
}

/* Seconds until one more connection is within the budget of this process, which has one of so many parts of it. */
static double budget_wait(const Budget *b, int parts, double now) {
  const int most = CONNECTS_MOST / parts > 0 ? CONNECTS_MOST / parts : 1;
  if (b->count < most) return 0;
  double wait = b->at[(b->next - most + CONNECTS_MOST) % CONNECTS_MOST] + CONNECTS_SPAN - now;
  return wait > 0 ? wait : 0;
}

/* The same within that of all who share. It counts the connection if it may be made. */
static double take_connect(Channel *c, double now) {
  Shared *shared = c->o.share(c->o.owner);
  double at = loop_now(c->o.loop),
         wait = budget_wait(c->o.budget, shared == NULL ? 1 : shared_parts(shared, at), now);
  if (wait > 0 || shared == NULL) return wait;
  const char *host = strstr(c->url, "://");
  char name[256];
  host = host == NULL ? c->url : host + 3;
  snprintf(name, sizeof name, "%.*s", (int)strcspn(host, "/"), host);
  wait = shared_connect(shared, name, CONNECTS_MOST, CONNECTS_SPAN, at);
  return wait == SHARED_ASKED ? SOON : wait;
}

static void on_pause(LoopTimer *timer) {
  Channel *c = (Channel *)((char *)timer - offsetof(Channel, pause));
  const LinkOptions options = {.url = c->url,
                               .local = c->o.local,
                               .timeout = c->o.patience,
                               .max = MESSAGE_MAX,
                               .random = c->o.random};
  const LinkEvents events = {.open = on_open, .message = on_message, .ended = on_ended, .owner = c};
  const char *why;
  Budget *b = c->o.budget;
  double now = now_of(c), wait = take_connect(c, now);
  if (wait > 0) {
    start_timer(c, &c->pause, wait);
    return;
  }
  drop_link(c); /* one whose login was refused may not be closed yet */
  b->at[b->next] = now;
  b->next = (b->next + 1) % CONNECTS_MOST;
  if (b->count < CONNECTS_MOST) b->count++;
  c->stats.connects++;
  c->state = CONNECTING;
  c->line = c->o.carrier.open(c->o.carrier.owner, c->o.loop, &options, &events, &why);
  if (c->line == NULL) {
    c->state = PAUSED;
    c->failures++;
    connect_later(c, pause_of(c));
  }
  note_busy(c);
}

static void connect_later(Channel *c, double seconds) {
  c->state = PAUSED;
  loop_later(c->o.loop, &c->pause, seconds);
}

/* ---- what is wanted ---- */

bool channel_is_name(const char *name) {
  size_t size = strlen(name);
  for (size_t i = 0; i < size; i++)
    if (!isalnum((unsigned char)name[i]) && strchr(".-_", name[i]) == NULL) return false;
  return size > 0 && size <= 128;
}

static Topic *add_topic(Channel *c, const char *name) {
  size_t size = strlen(name);
  Topic *t = calloc(1, sizeof *t + size + 1), **end = &c->topics;
  if (t == NULL) return NULL;
  t->channel = c;
  t->size = size;
  memcpy(t->name, name, size + 1);
  while (*end != NULL) end = &(*end)->next;
  *end = t;
  c->stats.topics++;
  if (c->state == IDLE || c->state == REFUSED) connect_later(c, 0);
  if (c->state == UP) start_timer(c, &c->work, 0);
  return t;
}

bool channel_want(Channel *c, const char *name, Listener *l) {
  Topic *t = find_topic(c, name, strlen(name));
  if (t == NULL) t = add_topic(c, name);
  if (t == NULL) return false;
  l->topic = t;
  l->next = t->first;
  l->link = &t->first;
  if (l->next != NULL) l->next->link = &l->next;
  t->first = l;
  if (t->state == TOPIC_ON) l->live(l);
  if (t->state == TOPIC_ON && l->snapshot) channel_again(l); /* those who came before get another one */
  note_busy(c);
  return true;
}

static bool unsubscribe(Channel *c, const Topic *t) {
  Bytes tail = {0};
  bytes_text(&tail, ",\"args\":[");
  json_quote(&tail, t->name, t->size);
  bytes_text(&tail, "]");
  return request(c, "unsubscribe", &tail);
}

static void drop_topic(Channel *c, Topic *t) {
  Topic **at = &c->topics;
  while (*at != t) at = &(*at)->next;
  *at = t->next;
  if (c->latest == t) c->latest = NULL;
  if (t->awaited) note_answer(c);
  c->stats.topics--;
  if (c->state == UP && t->state != TOPIC_NEW && c->topics != NULL && !unsubscribe(c, t)) give_up(c);
  free(t);
}

/* Takes one of the beginnings that are allowed. Returns the seconds that it has to wait for it. */
static double take_beginning(Channel *c) {
  double now = now_of(c);
  c->agains += now - c->again;
  if (c->agains > AGAINS) c->agains = AGAINS;
  c->again = now;
  c->agains -= 1;
  return c->agains < 0 ? -c->agains : 0;
}

bool channel_again(Listener *l) {
  Topic *t = l->topic;
  Channel *c = t->channel;
  if (c->state != UP || t->state != TOPIC_ON) return false;
  t->state = TOPIC_NEW;
  if (t->awaited) note_answer(c);
  t->awaited = false;
  if (!unsubscribe(c, t)) give_up(c);
  start_timer(c, &c->work, take_beginning(c));
  note_busy(c);
  return true;
}

/* Nothing is wanted any more. */
static void leave(Channel *c) {
  loop_timer_stop(c->o.loop, &c->pause);
  loop_timer_stop(c->o.loop, &c->limit);
  if (c->line == NULL) {
    c->state = IDLE;
    return;
  }
  c->state = LEAVING;
  c->o.carrier.close(c->line, 1000);
}

void channel_leave(Listener *l) {
  Topic *t = l->topic;
  if (t == NULL) return;
  Channel *c = t->channel;
  *l->link = l->next;
  if (l->next != NULL) l->next->link = l->link;
  l->topic = NULL;
  if (t->first == NULL) drop_topic(c, t);
  if (c->topics == NULL && c->state != IDLE && c->state != LEAVING) leave(c);
  note_busy(c);
}

void channel_expect(Channel *c, const char *connection, size_t size, int64_t messages) {
  if (strlen(c->name) != size || memcmp(c->name, connection, size) != 0) return;
  c->expected = messages;
  note_busy(c);
}

ChannelStats channel_stats(const Channel *c) {
  ChannelStats stats = c->stats;
  double ago = loop_now(c->o.loop) - c->heard;
  stats.up = c->state == UP;
  stats.heard = stats.messages == 0 ? 0 : c->o.now(c->o.owner) - (int64_t)(ago * 1000);
  return stats;
}

Channel *channel_new(const ChannelOptions *options) {
  Channel *c = calloc(1, sizeof *c);
  if (c == NULL) return NULL;
  c->o = *options;
  c->pause.fire = on_pause;
  c->work.fire = on_work;
  c->beat.fire = on_beat;
  c->limit.fire = on_limit;
  c->url = strdup(options->url);
  if (c->url != NULL) return c;
  free(c);
  return NULL;
}

void channel_free(Channel *c) {
  if (c == NULL) return;
  drop_link(c);
  loop_timer_stop(c->o.loop, &c->pause);
  c->state = IDLE;
  note_busy(c);
  free(c->url);
  free(c);
}
