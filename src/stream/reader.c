/*
** The userdata "bybit.subscription", a reader of streams. Channels call readers from the loop: a reader only puts into its queue, and
** wakes who waits for it. Lua takes out what is there (reader:take), and waits where nothing is. A reader keeps its client alive by a
** user value.
*/
#include "loop/token.h"
#include "parts.h"
#include "queue.h"
#include "ticker.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define READER "bybit.subscription"

typedef struct Reader Reader;

typedef enum Policy {
  EACH,    /* of too many the oldest go, and are counted */
  LATEST,  /* a newer message takes the place of one that waits, unless that closed a candle */
  MERGE,   /* messages are put together; of a topic one thing waits */
  ACCOUNT, /* of too many all go, and the reader is told that it has fallen behind */
} Policy;

typedef struct Wanted { /* a topic of a reader */
  Listener listener;    /* the first member, as it is cast back */
  Reader *reader;
  Channel *channel;
  Policy policy;
  bool live;
  bool sights;    /* it tells of the account's orders */
  Entry *waiting; /* LATEST, MERGE: what waits of it; NULL: nothing */
  Ticker ticker;  /* MERGE */
} Wanted;

struct Reader {
  Member member; /* the first, as it is cast back */
  Loop *loop;
  Wanted *wanted; /* owned; an array */
  int count;
  int dead; /* topics that are not live */
  Queue queue;
  int64_t wait; /* the number of who waits; 0: nobody does */
  bool cancelled, lost;
  bool asks;             /* it is to be woken by streams_nudge */
  LoopTimer limit;       /* of a wait that blocks */
  bool timed_out;        /* it has fired */
  Bytes merged, changed; /* room for push_merged; owned */
  Record *record;        /* of user value 3; NULL: none */
  TokenWatch watch;
};

/* ---- what channels call ---- */

static void wake(Reader *r) {
  if (r->wait != 0) loop_wake(r->loop, r->wait);
  r->wait = 0;
}

static Wanted *wanted_of(Listener *l) {
  return (Wanted *)l;
}

static int index_of(const Wanted *w) {
  return (int)(w - w->reader->wanted);
}

/* Puts in what is not data. */
static void tell(Wanted *w, EntryKind kind, const char *text) {
  Reader *r = w->reader;
  if (kind == ENTRY_STALE && queue_unsay_live(&r->queue)) return;
  Entry *e = queue_add(&r->queue, kind, index_of(w), text, strlen(text));
  if (e == NULL)
    r->lost = true;
  else if (kind == ENTRY_STALE)
    e->since = channel_stats(w->channel).heard;
  wake(r);
}

/* Tells that nothing can be recorded, where 'why' is given. */
static void check_recorded(Wanted *w, const char *why) {
  if (why != NULL) tell(w, ENTRY_UNRECORDED, why);
}

/* Tells, and records, whether what comes is sure. */
static void tell_state(Wanted *w, EntryKind kind, const char *why) {
  const Reader *r = w->reader;
  tell(w, kind, why);
  if (r->record == NULL || r->member.streams == NULL) return;
  bool live = kind == ENTRY_LIVE;
  check_recorded(
      w, record_mark(r->record, live ? "live" : "stale", live ? NULL : why, streams_now(r->member.streams)));
}

static void on_live(Listener *l) {
  Wanted *w = wanted_of(l);
  if (w->live) return;
  w->live = true;
  if (w->sights) sightings_live(streams_sightings(w->reader->member.streams), true);
  if (--w->reader->dead == 0) tell_state(w, ENTRY_LIVE, "");
}

static void on_stale(Listener *l, const char *why) {
  Wanted *w = wanted_of(l);
  if (!w->live) return;
  w->live = false;
  if (w->sights) sightings_live(streams_sightings(w->reader->member.streams), false);
  if (w->reader->dead++ == 0) tell_state(w, ENTRY_STALE, why);
}

static void on_calm(Listener *l) {
  const Wanted *w = wanted_of(l);
  Reader *r = w->reader;
  if (r->queue.first != NULL) wake(r);
  if (!w->sights) return;
  streams_sightings(r->member.streams)->coming = false;
  sightings_tell(streams_sightings(r->member.streams));
}

static void on_refused(Listener *l, const char *why) {
  tell(wanted_of(l), ENTRY_REFUSED, why);
}

/* The reader has fallen behind on what must not have holes: all that waits goes, and it is told so. */
static void fall_behind(Wanted *w) {
  Reader *r = w->reader;
  for (Entry *e; (e = queue_oldest(&r->queue, -1)) != NULL;) {
    if (r->wanted[e->topic].waiting == e) r->wanted[e->topic].waiting = NULL;
    queue_remove(&r->queue, e);
  }
  tell(w, ENTRY_STALE, "reader");
  if (r->dead == 0) tell(w, ENTRY_LIVE, "");
}

/* Keeps a message about orders for who has to know what became of one. */
static void sight(const Wanted *w, const char *text, size_t size) {
  Sightings *s = streams_sightings(w->reader->member.streams);
  sightings_add(s, text, size, loop_now(w->reader->loop));
  s->coming = channel_coming(w->channel);
  if (!s->coming) sightings_tell(s);
}

/* Makes room for a message. Returns how many were dropped for it. */
static int64_t make_room(Wanted *w, size_t size) {
  Reader *r = w->reader;
  int64_t dropped = 0;
  if (w->policy == ACCOUNT && queue_full(&r->queue, size)) fall_behind(w);
  while (queue_full(&r->queue, size)) {
    Entry *oldest = queue_oldest(&r->queue, -1);
    if (r->wanted[oldest->topic].waiting == oldest) r->wanted[oldest->topic].waiting = NULL;
    dropped += 1 + oldest->dropped;
    queue_remove(&r->queue, oldest);
  }
  return dropped;
}

static void merge(Wanted *w, const char *text, size_t size) {
  if (!ticker_take(&w->ticker, text, size)) return; /* it is no ticker: nothing of it can be told */
  if (w->waiting == NULL) w->waiting = queue_add(&w->reader->queue, ENTRY_MERGED, index_of(w), "", 0);
  if (w->waiting == NULL) w->reader->lost = true;
}

static void on_message(Listener *l, const char *text, size_t size) {
  static const char closed[] = "\"confirm\":true";
  Wanted *w = wanted_of(l);
  Reader *r = w->reader;
  if (r->record != NULL)
    check_recorded(w, record_message(r->record, text, size, streams_now(r->member.streams)));
  if (w->sights) sight(w, text, size);
  if (w->policy == MERGE)
    merge(w, text, size);
  else {
    if (w->waiting != NULL) queue_remove(&r->queue, w->waiting);
    w->waiting = NULL;
    int64_t dropped = make_room(w, size);
    Entry *e = queue_add(&r->queue, ENTRY_DATA, index_of(w), text, size);
    if (e == NULL) r->lost = true;
    if (e != NULL) e->dropped = dropped;
    if (e != NULL && w->policy == LATEST && memmem(text, size, closed, sizeof closed - 1) == NULL)
      w->waiting = e;
  }
  wake(r);
}

/* ---- a reader ---- */

static void on_cancelled(TokenWatch *watch) {
  Reader *r = (Reader *)((char *)watch - offsetof(Reader, watch));
  r->cancelled = true;
  wake(r);
}

static void on_limit(LoopTimer *timer) {
  ((Reader *)((char *)timer - offsetof(Reader, limit)))->timed_out = true;
}

static void on_nudge(Member *member) {
  Reader *r = (Reader *)member;
  if (r->asks) wake(r);
  r->asks = false;
}

/* Leaves its topics and its client. May run twice. */
static void leave(Reader *r) {
  token_unwatch(&r->watch);
  for (int i = 0; i < r->count; i++) {
    Wanted *w = &r->wanted[i];
    channel_leave(&w->listener);
    if (w->sights && w->live && r->member.streams != NULL)
      sightings_live(streams_sightings(r->member.streams), false);
    w->live = false;
  }
  member_leave(&r->member);
}

/* Ends the recording, if there is one. May run twice. */
static void end_record(Reader *r) {
  if (r->record == NULL) return;
  if (r->member.streams != NULL) (void)record_mark(r->record, "close", NULL, streams_now(r->member.streams));
  record_close(r->record);
}

static void on_detach(Member *member) {
  Reader *r = (Reader *)member;
  end_record(r);
  leave(r);
  wake(r);
}

/* reader:close(), __close and __gc. May run twice. */
static int l_close(lua_State *L) {
  Reader *r = luaL_checkudata(L, 1, READER);
  end_record(r);
  leave(r);
  for (int i = 0; i < r->count; i++) ticker_free(&r->wanted[i].ticker);
  queue_clear(&r->queue);
  bytes_free(&r->merged);
  bytes_free(&r->changed);
  loop_wait_drop(r->loop, r->wait);
  r->wait = 0;
  free(r->wanted);
  r->wanted = NULL;
  r->count = 0;
  return 0;
}

static bool is_coming(const Reader *r) {
  for (int i = 0; i < r->count && r->member.streams != NULL; i++)
    if (channel_coming(r->wanted[i].channel)) return true;
  return false;
}

static bool is_ready(const Reader *r) {
  return (r->queue.first != NULL && !is_coming(r)) || r->lost || r->cancelled || r->member.streams == NULL;
}

/* Pushes what a topic whose messages are put together is now, and what has changed. */
static void push_merged(lua_State *L, Reader *r, Wanted *w) {
  bytes_clear(&r->merged);
  bytes_clear(&r->changed);
  ticker_write(&w->ticker, &r->merged, &r->changed);
  if (r->merged.failed || r->changed.failed) luaL_error(L, "not enough memory");
  lua_pushlstring(L, r->merged.data, r->merged.size);
  lua_pushlstring(L, r->changed.size > 0 ? r->changed.data : "", r->changed.size);
}

/* reader:take() -> the first thing that waits, and takes it out: "data", topic, text, dropped; "merged", topic, text, changed;
** "live", topic; "stale", topic, why, since; "refused", topic, why; "unrecorded", topic, why; "cancelled"; "closed"; nothing where
** nothing waits. Topics count from 1. */
static int l_take(lua_State *L) {
  static const char *const kinds[] = {
      [ENTRY_DATA] = "data",   [ENTRY_MERGED] = "merged",   [ENTRY_LIVE] = "live",
      [ENTRY_STALE] = "stale", [ENTRY_REFUSED] = "refused", [ENTRY_UNRECORDED] = "unrecorded"};
  Reader *r = luaL_checkudata(L, 1, READER);
  Entry *e = r->queue.first;
  if (r->cancelled || r->wanted == NULL || (e == NULL && r->member.streams == NULL)) {
    lua_pushstring(L, r->cancelled ? "cancelled" : "closed");
    return 1;
  }
  if (r->lost) return luaL_error(L, "not enough memory");
  if (e == NULL || is_coming(r)) return 0;
  Wanted *w = &r->wanted[e->topic];
  lua_pushstring(L, kinds[e->kind]);
  lua_pushinteger(L, e->topic + 1);
  if (e->kind == ENTRY_MERGED)
    push_merged(L, r, w);
  else {
    lua_pushlstring(L, e->text, e->size);
    lua_pushinteger(L, e->kind == ENTRY_STALE ? e->since : e->dropped);
  }
  if (w->waiting == e) w->waiting = NULL;
  queue_remove(&r->queue, e);
  return 4;
}

/* reader:ready() -> does something wait? */
static int l_ready(lua_State *L) {
  lua_pushboolean(L, is_ready(luaL_checkudata(L, 1, READER)));
  return 1;
}

/* reader:expect() -> a wait number, which is woken when something is there; at once where something is already */
static int l_expect(lua_State *L) {
  Reader *r = luaL_checkudata(L, 1, READER);
  if (r->wait != 0) return luaL_error(L, "a stream has one reader at a time: another task waits for it");
  r->wait = loop_wait_new(r->loop);
  if (r->wait == 0) return luaL_error(L, "not enough memory");
  lua_pushinteger(L, r->wait);
  if (is_ready(r)) wake(r);
  return 1;
}

/* reader:forget(): gives the number back, if it was not woken */
static int l_forget(lua_State *L) {
  Reader *r = luaL_checkudata(L, 1, READER);
  loop_wait_drop(r->loop, r->wait);
  r->wait = 0;
  return 0;
}

/* reader:block([seconds]): serves the next event of the loop, whatever it is about; with a limit, events until something is there */
static int l_block(lua_State *L) {
  Reader *r = luaL_checkudata(L, 1, READER);
  double seconds = luaL_optnumber(L, 2, -1);
  bool fine = true;
  if (is_ready(r)) return 0;
  if (seconds < 0) return loop_block(L, r->loop, -1) ? 0 : lua_error(L);
  r->timed_out = false;
  loop_later(r->loop, &r->limit, seconds);
  while (fine && !is_ready(r) && !r->timed_out) fine = loop_block(L, r->loop, -1);
  loop_timer_stop(r->loop, &r->limit);
  return fine ? 0 : lua_error(L);
}

/* reader:ask(): the next wait also ends when a placement of the client has returned */
static int l_ask(lua_State *L) {
  Reader *r = luaL_checkudata(L, 1, READER);
  r->asks = true;
  return 0;
}

/* ---- making one ---- */

/* The channel of the topic whose table is on top of the stack; what is asked for stands at 'index'. */
static Channel *channel_of(lua_State *L, Streams *s, int index) {
  lua_getfield(L, -1, "private");
  bool private = lua_toboolean(L, -1);
  lua_getfield(L, -2, "url");
  Channel *c = streams_channel(L, s, luaL_checkstring(L, -1), private, index);
  lua_pop(L, 2);
  return c;
}

static void want(lua_State *L, Reader *r, Streams *s, int index, int i) {
  static const char *const policies[] = {"each", "latest", "merge", "account", NULL};
  Wanted *w = &r->wanted[i];
  lua_getfield(L, -1, "policy");
  w->policy = (Policy)luaL_checkoption(L, -1, NULL, policies);
  lua_pop(L, 1);
  lua_getfield(L, -1, "sights");
  w->sights = lua_toboolean(L, -1);
  lua_pop(L, 1);
  w->reader = r;
  w->channel = channel_of(L, s, index);
  w->listener = (Listener){.snapshot = w->policy == MERGE,
                           .message = on_message,
                           .live = on_live,
                           .stale = on_stale,
                           .refused = on_refused,
                           .calm = on_calm};
  r->count = i + 1;
  r->dead++;
  lua_getfield(L, -1, "name");
  const char *name = luaL_checkstring(L, -1);
  if (!channel_is_name(name)) luaL_error(L, "no topic can be called '%s'", name);
  if (!channel_want(w->channel, name, &w->listener)) luaL_error(L, "not enough memory");
  lua_pop(L, 1);
}

void streams_subscribe(lua_State *L, Streams *s, int index) {
  index = lua_absindex(L, index);
  Reader *r = lua_newuserdatauv(L, sizeof *r, 3);
  *r = (Reader){
      .loop = loop_get(L), .member = {.detach = on_detach, .nudge = on_nudge}, .limit = {.fire = on_limit}};
  luaL_setmetatable(L, READER); /* from here on __gc frees what it has */
  member_join(s, &r->member);
  r->queue.most = (int)stream_number_field(L, index, "most");
  if (lua_getfield(L, index, "cancel") != LUA_TNIL) {
    Token *token = luaL_checkudata(L, -1, TOKEN);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, -3, 1);
    r->cancelled = token_cancelled(token);
    if (!r->cancelled) token_watch(token, &r->watch, on_cancelled);
  }
  lua_pop(L, 1);
  r->record = recorder_field(L, index, 3);
  lua_getfield(L, index, "topics");
  lua_Integer count = luaL_len(L, -1);
  r->wanted = calloc((size_t)count, sizeof *r->wanted);
  if (r->wanted == NULL) {
    luaL_error(L, "not enough memory");
    return;
  }
  r->dead = (int)count; /* none is told as live before all are wanted */
  const char *why = r->record == NULL ? NULL : record_mark(r->record, "open", NULL, streams_now(s));
  for (int i = 0; i < count; i++) {
    lua_geti(L, -1, i + 1);
    r->dead--;
    want(L, r, s, index, i);
    lua_pop(L, 1);
  }
  if (count > 0 && r->wanted[0].reader != NULL) check_recorded(&r->wanted[0], why);
  lua_pop(L, 1);
}

void reader_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"take", l_take},     {"ready", l_ready}, {"expect", l_expect},
                                     {"forget", l_forget}, {"block", l_block}, {"ask", l_ask},
                                     {"close", l_close},   {NULL, NULL}};
  luaL_newmetatable(L, READER);
  lua_pushcfunction(L, l_close);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, l_close);
  lua_setfield(L, -2, "__close");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
