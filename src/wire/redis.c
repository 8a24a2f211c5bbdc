/*
** redis.h. hiredis formats the commands and reads the answers, through functions of ours that put an answer into a few items of
** bounded size. Its own connections are not used: they block on names, have no TLS in Debian, and end the process when an answer
** comes that nobody asked for.
*/
#include "redis.h"

bool redis_available(void) {
  return redis_missing() == NULL;
}

void redis_clean(const char *text, size_t size, char *out, size_t room) {
  size_t n = size < room - 1 ? size : room - 1;
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    out[i] = c < 0x20 || c >= 0x7F ? '?' : text[i];
  }
  out[n] = '\0';
}

#ifndef BYBIT_HIREDIS

const char *redis_missing(void) {
  return "this build of bybit is without hiredis, which a share on a Redis server needs: install "
         "libhiredis-dev and build again";
}

Redis *redis_new(Http *http, Loop *loop, const RedisUrl *url, bool listens, double timeout,
                 const RedisEvents *events, const char **why) {
  (void)http, (void)loop, (void)url, (void)listens, (void)timeout, (void)events;
  *why = redis_missing();
  return NULL;
}

bool redis_send(Redis *r, int count, const char *const *words, const size_t *sizes) {
  (void)r, (void)count, (void)words, (void)sizes;
  return false;
}

void redis_flush(Redis *r) {
  (void)r;
}

void redis_read(Redis *r) {
  (void)r;
}

void redis_free(Redis *r) {
  (void)r;
}

void redis_forget(Redis *r) {
  (void)r;
}

#else

#include "http_pipe.h"
#include "sign.h"
#include "value/bytes.h"

#include <hiredis/hiredis.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef BYBIT_LIBHIREDIS /* it is opened when it is needed, see library.h */

#include "value/library.h"

#include <pthread.h>

#define HIREDIS_FUNCTIONS(f)                                                                                 \
  f(redisFormatCommandArgv) f(redisFreeCommand) f(redisReaderCreateWithFunctions) f(redisReaderFeed)         \
      f(redisReaderFree) f(redisReaderGetReply)
#define MEMBER(name)   __typeof__(name) *name;
#define FUNCTION(name) {#name, &hiredis.name},

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char missing[300]; /* "": it is there */
static struct Hiredis { HIREDIS_FUNCTIONS(MEMBER) } hiredis;

static void open_once(void) {
  static const LibraryFunction functions[] = {HIREDIS_FUNCTIONS(FUNCTION){NULL, NULL}};
  library_try(BYBIT_LIBHIREDIS, functions, "hiredis, which a share on a Redis server needs,",
              "libhiredis0.14", missing, sizeof missing);
}

const char *redis_missing(void) {
  pthread_once(&once, open_once);
  return missing[0] == '\0' ? NULL : missing;
}

#define redisFormatCommandArgv         hiredis.redisFormatCommandArgv
#define redisFreeCommand               hiredis.redisFreeCommand
#define redisReaderCreateWithFunctions hiredis.redisReaderCreateWithFunctions
#define redisReaderFeed                hiredis.redisReaderFeed
#define redisReaderFree                hiredis.redisReaderFree
#define redisReaderGetReply            hiredis.redisReaderGetReply

#else

const char *redis_missing(void) {
  return NULL;
}

#endif

#if HIREDIS_MAJOR >= 1
typedef size_t ArraySize;
#else
typedef int ArraySize;
#endif

enum { READ = 16 * 1024, TURN = 16 /* reads in one turn */, QUEUE = 1024 * 1024 /* bytes that may wait */ };

struct Redis {
  Loop *loop;
  pid_t process; /* that made it: a forked child has the same descriptor, which is its parent's */
  RedisEvents events;
  Transfer *pipe;      /* owned */
  redisReader *reader; /* owned */
  LoopWatch watch;
  LoopTimer limit; /* until it has to be ready */
  LoopTimer turn;  /* the end of this step: to send what is queued, to read on, or 'ended' */
  Bytes out;       /* commands, sent up to 'sent'; owned */
  size_t sent;
  Bytes texts;                 /* of the answer that is being read; owned */
  RedisItem item[REDIS_ITEMS]; /* 'number' of a text is where it begins in 'texts' */
  size_t items;
  int greeting;      /* answers to our greeting that are still to come */
  int first;         /* of them; tells AUTH from others */
  bool has_password; /* AUTH was sent */
  bool listens, connected, ready, ended;
  int waiting;    /* commands without an answer */
  char *password; /* owned; to keep it out of what the server says */
  int database;
  bool socket; /* it is reached by one of this machine */
  char *user;  /* owned */
  char why[320];
};

/* ---- the end ---- */

static void end(Redis *r, const char *why) {
  if (r->ended) return;
  r->ended = true;
  snprintf(r->why, sizeof r->why, "%s", why);
  loop_unwatch(r->loop, &r->watch);
  loop_timer_stop(r->loop, &r->limit);
  loop_timer_start(r->loop, &r->turn, 0);
}

/* A server may repeat what it was sent: its words are told without the password, and printable. */
static void end_by_server(Redis *r, const char *before, const RedisItem *item) {
  char words[160], why[300];
  redis_clean(item->text, item->size, words, sizeof words);
  bool tells = r->password != NULL && r->password[0] != '\0' &&
               memmem(item->text, item->size, r->password, strlen(r->password)) != NULL;
  if (tells) words[strcspn(words, " ")] = '\0'; /* the code alone */
  if (tells && strstr(words, r->password) != NULL) words[0] = '\0';
  snprintf(why, sizeof why, "%s%s", before, words);
  end(r, why);
}

static void on_limit(LoopTimer *timer) {
  Redis *r = (Redis *)((char *)timer - offsetof(Redis, limit));
  end(r, "it did not answer in time");
}

/* ---- an answer, as hiredis reads it ---- */

static RedisItem *next_item(const redisReadTask *task, RedisKind kind) {
  Redis *r = task->privdata;
  if (task->parent == NULL) {
    r->items = 0;
    bytes_clear(&r->texts);
  } else if (task->parent->parent != NULL)
    return NULL; /* a list in a list */
  if (r->items == REDIS_ITEMS) return NULL;
  RedisItem *item = &r->item[r->items++];
  *item = (RedisItem){.kind = kind};
  return item;
}

static void *on_string(const redisReadTask *task, char *text, size_t size) {
  Redis *r = task->privdata;
  RedisItem *item = next_item(task, task->type == REDIS_REPLY_ERROR ? REDIS_ERROR : REDIS_TEXT);
  if (item == NULL) return NULL;
  item->number = (long long)r->texts.size;
  item->size = size;
  return bytes_append(&r->texts, text, size) && bytes_append(&r->texts, "", 1) ? item : NULL;
}

static void *on_array(const redisReadTask *task, ArraySize size) {
  if (size > REDIS_ITEMS - 1 || task->parent != NULL) return NULL;
  RedisItem *item = next_item(task, REDIS_LIST);
  if (item != NULL) item->size = (size_t)size;
  return item;
}

static void *on_integer(const redisReadTask *task, long long number) {
  RedisItem *item = next_item(task, REDIS_NUMBER);
  if (item != NULL) item->number = number;
  return item;
}

static void *on_nil(const redisReadTask *task) {
  return next_item(task, REDIS_NIL);
}

static void on_free(void *item) {
  (void)item; /* it is ours */
}

static redisReplyObjectFunctions functions = {.createString = on_string,
                                              .createArray = on_array,
                                              .createInteger = on_integer,
                                              .createNil = on_nil,
                                              .freeObject = on_free};

/* ---- what answers mean ---- */

/* The answers to AUTH, SELECT and PING. */
static void greet(Redis *r, const RedisItem *item) {
  bool auth = r->has_password && r->greeting == r->first;
  r->greeting--;
  if (item->kind == REDIS_ERROR) {
    if (auth) {
      char code[24];
      redis_clean(item->text, strcspn(item->text, " \r\n"), code, sizeof code);
      snprintf(r->why, sizeof r->why, "the server refuses user or password (%s)",
               r->password[0] != '\0' && strstr(code, r->password) != NULL ? "" : code);
      char why[sizeof r->why];
      memcpy(why, r->why, sizeof why);
      end(r, why);
    } else
      end_by_server(r, "the server says: ", item);
  } else if (item->kind != REDIS_TEXT)
    end(r, "what answers is no Redis server");
  else if (r->greeting == 0) {
    r->ready = true;
    loop_timer_stop(r->loop, &r->limit);
    r->events.ready(r->events.owner);
  }
}

static void take_answer(Redis *r) {
  for (size_t i = 0; i < r->items; i++)
    if (r->item[i].kind == REDIS_TEXT || r->item[i].kind == REDIS_ERROR) {
      r->item[i].text = r->texts.data + r->item[i].number;
      r->item[i].number = 0;
    }
  if (r->greeting > 0)
    greet(r, r->item);
  else if (r->waiting == 0 && !r->listens && r->item->kind == REDIS_ERROR)
    end_by_server(r, "the server says: ", r->item); /* it ends connections so, when it has too many */
  else if (r->waiting == 0 && !r->listens)
    end(r, "an answer came that nobody asked for");
  else {
    if (r->waiting > 0) r->waiting--;
    r->events.answer(r->events.owner, r->item);
  }
}

static void take_answers(Redis *r) {
  void *root;
  while (!r->ended) {
    root = NULL;
    if (redisReaderGetReply(r->reader, &root) != REDIS_OK) {
      char why[200], words[128];
      redis_clean(r->reader->errstr, strnlen(r->reader->errstr, sizeof words), words, sizeof words);
      snprintf(why, sizeof why, "what came is no answer of a Redis server that is known here (%s)", words);
      end(r, why);
    } else if (root == NULL) {
      if (r->reader->len - r->reader->pos > REDIS_ANSWER_MAX) end(r, "an answer is too large");
      return;
    } else
      take_answer(r);
  }
}

/* ---- bytes ---- */

static void watch(Redis *r) {
  int events = LOOP_READ | (r->sent < r->out.size ? LOOP_WRITE : 0);
  if (r->ended || r->watch.events == events) return;
  if (!loop_watch(r->loop, &r->watch, pipe_fd(r->pipe), events)) end(r, "its descriptor cannot be watched");
}

void redis_flush(Redis *r) {
  while (r->connected && !r->ended && r->sent < r->out.size) {
    size_t sent;
    PipeStatus status = pipe_send(r->pipe, r->out.data + r->sent, r->out.size - r->sent, &sent);
    if (status == PIPE_WAIT) break;
    if (status != PIPE_OK) end(r, "the connection was cut");
    r->sent += sent;
  }
  if (r->sent == r->out.size) {
    if (!r->ready && r->out.size > 0) wipe(r->out.data, r->out.size); /* the password was in it */
    bytes_clear(&r->out);
    r->sent = 0;
  }
  if (r->connected) watch(r);
}

void redis_read(Redis *r) {
  char room[READ];
  for (int i = 0; i < TURN && r->connected && !r->ended; i++) {
    size_t got;
    PipeStatus status = pipe_recv(r->pipe, room, sizeof room, &got);
    if (status == PIPE_WAIT) return;
    if (status != PIPE_OK) {
      end(r, "the connection was cut");
      return;
    }
    if (redisReaderFeed(r->reader, room, got) != REDIS_OK) end(r, "not enough memory");
    take_answers(r);
  }
  if (r->connected && !r->ended) loop_timer_start(r->loop, &r->turn, 0); /* others first, then more */
}

static void on_ready(LoopWatch *w, int events) {
  Redis *r = (Redis *)((char *)w - offsetof(Redis, watch));
  if (r->process != loop_process(r->loop)) return;
  if (events & LOOP_WRITE) redis_flush(r);
  if (events & LOOP_READ) redis_read(r);
}

static void on_turn(LoopTimer *timer) {
  Redis *r = (Redis *)((char *)timer - offsetof(Redis, turn));
  if (r->ended) {
    r->events.ended(r->events.owner, r->why);
    return;
  }
  redis_flush(r);
  redis_read(r);
}

/* ---- commands ---- */

static bool queue(Redis *r, int count, const char *const *words, const size_t *sizes) {
  char *text = NULL;
  if (r->ended || r->out.size - r->sent > QUEUE) return false;
  int size = redisFormatCommandArgv(&text, count, (const char **)(uintptr_t)words, sizes);
  bool fine = size > 0 && bytes_append(&r->out, text, (size_t)size);
  if (size > 0) {
    if (!r->ready) wipe(text, (size_t)size);
    redisFreeCommand(text);
  }
  if (!fine) end(r, "not enough memory");
  return fine;
}

bool redis_send(Redis *r, int count, const char *const *words, const size_t *sizes) {
  if (!queue(r, count, words, sizes)) return false;
  r->waiting++;
  if (r->turn.among == NULL) loop_timer_start(r->loop, &r->turn, 0);
  return true;
}

/* AUTH, SELECT where they are wanted, and PING, which a server that wants AUTH refuses. */
static bool say_hello(Redis *r) {
  char database[16];
  const char *auth[3] = {"AUTH", r->user, r->password}, *select[] = {"SELECT", database}, *ping[] = {"PING"};
  bool fine = bytes_reserve(&r->out, 2048); /* so that no copy of the password is left behind */
  snprintf(database, sizeof database, "%d", r->database);
  if (fine && r->password != NULL) {
    if (r->user == NULL) auth[1] = r->password;
    fine = queue(r, r->user == NULL ? 2 : 3, auth, NULL);
    r->greeting++;
  }
  if (fine && r->database != 0) {
    fine = queue(r, 2, select, NULL);
    r->greeting++;
  }
  fine = fine && queue(r, 1, ping, NULL);
  r->first = ++r->greeting;
  return fine;
}

/* The pipe is connected, or could not be. */
static void on_pipe(void *owner) {
  Redis *r = owner;
  const HttpResult *result = http_result(r->pipe);
  if (result->error != HTTP_OK) {
    char why[sizeof r->why];
    redis_clean(result->message, strlen(result->message), why, sizeof why);
    end(r, r->socket ? "nobody answers at its socket" : why);
    return;
  }
  r->connected = true;
  redis_flush(r);
  if (!r->ended) loop_timer_start(r->loop, &r->turn, 0); /* under TLS, something may be there already */
}

/* ---- the whole ---- */

static bool copy(char **out, const char *text) {
  *out = text == NULL ? NULL : strdup(text);
  return text == NULL || *out != NULL;
}

Redis *redis_new(Http *http, Loop *loop, const RedisUrl *url, bool listens, double timeout,
                 const RedisEvents *events, const char **why) {
  *why = redis_missing();
  if (*why != NULL) return NULL;
  const HttpRequest request = {.verb = "GET",
                               .url = url->url,
                               .socket = url->socket,
                               .local = true, /* a proxy of HTTP is none of Redis */
                               .timeout = timeout,
                               .connect_timeout = timeout,
                               .pipe = true};
  *why = "not enough memory";
  Redis *r = calloc(1, sizeof *r);
  if (r == NULL) return NULL;
  *r = (Redis){.loop = loop,
               .process = loop_process(loop),
               .events = *events,
               .listens = listens,
               .database = url->database,
               .socket = url->socket != NULL,
               .has_password = url->password != NULL};
  r->watch.ready = on_ready;
  r->limit.fire = on_limit;
  r->turn.fire = on_turn;
  r->reader = redisReaderCreateWithFunctions(&functions);
  if (r->reader != NULL) {
    r->reader->privdata = r;
    bool fine = copy(&r->user, url->user) && copy(&r->password, url->password) && say_hello(r);
    if (fine) r->pipe = http_start(http, &request, on_pipe, r, why);
    if (r->pipe != NULL) {
      loop_timer_start(loop, &r->limit, timeout);
      return r;
    }
  }
  redis_free(r);
  return NULL;
}

void redis_free(Redis *r) {
  if (r == NULL) return;
  loop_unwatch(r->loop, &r->watch);
  loop_timer_stop(r->loop, &r->limit);
  loop_timer_stop(r->loop, &r->turn);
  http_release(r->pipe);
  if (r->reader != NULL) redisReaderFree(r->reader);
  redis_forget(r);
  bytes_free(&r->out);
  bytes_free(&r->texts);
  free(r->user);
  free(r->password);
  free(r);
}

void redis_forget(Redis *r) {
  if (r == NULL) return;
  loop_timer_stop(r->loop, &r->limit);
  loop_timer_stop(r->loop, &r->turn);
  if (r->out.size > 0) wipe(r->out.data, r->out.size);
  if (r->password != NULL) wipe(r->password, strlen(r->password));
}

#endif
