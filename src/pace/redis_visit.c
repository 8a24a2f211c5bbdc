/* See redis_visit.h. A userdata owns what a visit has, since Ctrl-C may end the wait. */
#include "redis_visit.h"
#include "redis_share.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VISIT "bybit.share.server"

static const double PATIENCE = 5; /* seconds for all of it */

typedef struct Visit {
  RedisUrl url;
  Http *http;
  Redis *redis;
  Command command;
  bool ended;
  bool failed;   /* it ended without an answer */
  char why[320]; /* that is why */
  Bytes text;    /* the answer, if it is a text */
  long long number;
} Visit;

static int visit_end(lua_State *L) {
  Visit *v = lua_touserdata(L, 1);
  redis_free(v->redis);
  http_free(v->http);
  command_free(&v->command);
  bytes_free(&v->text);
  redis_url_free(&v->url);
  v->redis = NULL;
  v->http = NULL;
  return 0;
}

static void fail(Visit *v, const char *why) {
  if (v->ended) return;
  v->ended = v->failed = true;
  snprintf(v->why, sizeof v->why, "%s", why);
}

static void on_ready(void *owner) {
  Visit *v = owner;
  const char *words[32] = {"EVAL", redis_script};
  size_t count = 2, from = 0;
  for (int i = 0; i < v->command.count && count < sizeof words / sizeof *words; i++) {
    words[count++] = v->command.text.data + from;
    from = v->command.end[i] + 1;
  }
  if (v->command.failed || !redis_send(v->redis, (int)count, words, NULL)) fail(v, "not enough memory");
}

static void on_answer(void *owner, const RedisItem *item) {
  Visit *v = owner;
  if (item->kind == REDIS_ERROR) {
    char words[200], why[240];
    redis_clean(item->text, item->size, words, sizeof words);
    snprintf(why, sizeof why, "the server says: %s", words);
    fail(v, why);
  } else if (item->kind == REDIS_TEXT) {
    if (!bytes_append(&v->text, item->text, item->size)) fail(v, "not enough memory");
  } else if (item->kind == REDIS_NUMBER)
    v->number = item->number;
  else
    fail(v, "the server answers what our script does not");
  v->ended = true;
}

static void on_ended(void *owner, const char *why) {
  fail(owner, why);
}

/* Makes the call whose words are in v->command, and waits. False: nil and a message are on top. */
static bool run(lua_State *L, Visit *v, Loop *loop) {
  const RedisEvents events = {.ready = on_ready, .answer = on_answer, .ended = on_ended, .owner = v};
  const HttpOptions options = {.connections = 2, .ca_file = v->url.ca_file, .proxy = ""};
  const char *why = redis_missing();
  if (redis_available()) v->http = http_new(loop, &options, &why);
  if (v->http != NULL) v->redis = redis_new(v->http, loop, &v->url, false, PATIENCE, &events, &why);
  if (v->redis == NULL) fail(v, why);
  double ends = loop_real_now(loop) + PATIENCE;
  while (!v->ended) {
    double left = ends - loop_real_now(loop);
    if (left <= 0)
      fail(v, "the server does not answer");
    else if (!loop_block(L, loop, left))
      lua_error(L);
  }
  if (!v->failed) return true;
  luaL_pushfail(L);
  lua_pushfstring(L, "%s: %s", v->url.name, v->why);
  return false;
}

/* A visit at the URL at 1, in whose place it stands then; its call is begun. NULL: nil and a message are on top. */
static Visit *visit(lua_State *L, const char *act) {
  char why[SHARE_WHY], base[REDIS_BASE];
  const char *url = luaL_checkstring(L, 1);
  Visit *v = lua_newuserdatauv(L, sizeof *v, 0);
  *v = (Visit){0};
  if (luaL_newmetatable(L, VISIT)) {
    lua_pushcfunction(L, visit_end);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  lua_insert(L, 1);
  if (!redis_url_read(url, &v->url, why, sizeof why)) {
    luaL_pushfail(L);
    lua_pushfstring(L, "the share's URL: %s", why);
    return NULL;
  }
  redis_base(&v->url, base);
  command_call(&v->command, base, NULL, NULL, NULL, act, "visitor");
  return v;
}

static int done(lua_State *L, Visit *v) {
  lua_pushstring(L, v->url.name);
  lua_pushcfunction(L, visit_end);
  lua_pushvalue(L, 1);
  lua_call(L, 1, 0);
  return 2;
}

bool redis_visit_works(void) {
  return redis_available();
}

int redis_visit_halt(lua_State *L, const char *reason) {
  Loop *loop = loop_get(L);
  char text[SHARE_REASON + 64];
  snprintf(text, sizeof text, "%ld %lld %.*s", (long)getpid(), (long long)loop_wall(loop), SHARE_REASON - 1,
           reason);
  Visit *v = visit(L, "halt");
  if (v == NULL) return 2;
  command_word(&v->command, text);
  if (!run(L, v, loop)) return 2;
  lua_pushboolean(L, 1);
  return done(L, v);
}

int redis_visit_resume(lua_State *L) {
  Visit *v = visit(L, "resume");
  if (v == NULL || !run(L, v, loop_get(L))) return 2;
  lua_pushboolean(L, v->number != 0);
  return done(L, v);
}

int redis_visit_look(lua_State *L) {
  Visit *v = visit(L, "look");
  if (v == NULL || !run(L, v, loop_get(L))) return 2;
  lua_pushlstring(L, v->text.data == NULL ? "" : v->text.data, v->text.size);
  return done(L, v);
}
