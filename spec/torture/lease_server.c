/* See lease_server.h. The functions of redis_share.c that redis_lease.c calls are here. */
#include "lease_server.h"

#include <errno.h>
#include <lauxlib.h>
#include <lualib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { KEYS = 7, ITEMS = 8 };

static const double SINCE_1970 = 1.7e9; /* seconds: a server's clock shows some such time */
static const char base[] = "bybit:{share}";
static const char keep_script[] =
    "for _, key in ipairs(KEYS) do "
    "if redis.call('EXISTS', key) == 1 then redis.call('COPY', key, key .. ARGV[1], 'REPLACE') "
    "else redis.call('DEL', key .. ARGV[1]) end end return 0";
static const char back_script[] =
    "for _, key in ipairs(KEYS) do "
    "if redis.call('EXISTS', key .. ARGV[1]) == 1 then redis.call('COPY', key .. ARGV[1], key, 'REPLACE') "
    "else redis.call('DEL', key) end end return 0";
/* A real server's time and run id are the simulation's: they are the last arguments. */
static const char prologue[] = "local real = redis local redis = { call = function(name, ...) "
                               "if name == 'TIME' then return { ARGV[#ARGV - 2], ARGV[#ARGV - 1] } end "
                               "if name == 'INFO' then return 'run_id:' .. ARGV[#ARGV] .. '\\r\\n' end "
                               "return real.call(name, ...) end } ";

static lua_State *state;   /* NULL: there is a real server */
static FILE *to, *from;    /* of the real server */
static int runs;           /* how often the server was started */
static double client_time; /* loop_now() of the client that is at work */
static ServerCall *sending;
static double server_time;

static _Noreturn void stop(const char *why) {
  fprintf(stderr, "leases: %s\n", why);
  exit(2);
}

/* ---- what redis_lease.c calls ---- */

double loop_now(const Loop *loop) {
  (void)loop;
  return client_time;
}

void command_word(Command *c, const char *text) {
  const size_t size = strlen(text) + 1;
  (void)c;
  if (sending->size + size > SERVER_TEXT) stop("a call is too long");
  memcpy(sending->text + sending->size, text, size);
  sending->size += size;
  sending->count++;
}

void command_number(Command *c, double n) {
  char text[40];
  snprintf(text, sizeof text, "%.0f", n);
  command_word(c, text);
}

void redis_share_call(RedisShare *s, const char *act, const char *group) {
  snprintf(sending->key, sizeof sending->key, "%s", group);
  command_word(&s->command, act);
  command_word(&s->command, s->id);
}

void redis_share_describe(RedisShare *s) {
  char text[40];
  snprintf(text, sizeof text, "%s 1700000000000 host", s->id);
  command_word(&s->command, text);
}

Pending *redis_share_send(RedisShare *s, RedisAct act, RedisPlace *place) {
  static Pending sent;
  (void)s, (void)act, (void)place;
  return &sent;
}

void redis_share_serve(RedisShare *s) {
  (void)s;
}

void redis_flush(Redis *r) {
  (void)r;
}

void redis_clean(const char *text, size_t size, char *out, size_t room) {
  snprintf(out, room, "%.*s", (int)size, text);
}

/* ---- a client ---- */

void server_join(ServerMember *m, int number) {
  *m = (ServerMember){.shared = {.redis = &m->redis}, .redis = {.shared = &m->shared, .state = REDIS_LIVES}};
  snprintf(m->redis.base, sizeof m->redis.base, "%s", base);
  snprintf(m->redis.id, sizeof m->redis.id, "%d", number);
}

static void begin(double now, ServerCall *call) {
  client_time = now;
  sending = call;
  call->count = 0;
  call->size = 0;
}

bool server_ask(ServerMember *m, Lease *l, int64_t wall, double now, ServerCall *call) {
  begin(now, call);
  redis_lease_ask(&m->shared, l, wall, now);
  return call->count > 0;
}

bool server_back(ServerMember *m, const Lease *l, double now, ServerCall *call) {
  begin(now, call);
  redis_lease_back(&m->shared, l, now);
  return call->count > 0;
}

static RedisItem text_item(const char *text) {
  return (RedisItem){.kind = REDIS_TEXT, .text = text, .size = strlen(text)};
}

void server_hear(ServerMember *m, const ServerAnswer *a, double now) {
  RedisItem item[ITEMS] = {{.kind = REDIS_LIST, .size = a->items}};
  client_time = now;
  for (int i = 0; i < 4; i++) item[i + 1] = (RedisItem){.kind = REDIS_NUMBER, .number = a->number[i]};
  item[5] = text_item(a->who);
  item[6] = text_item(a->mark);
  item[7] = text_item(a->other);
  if (!redis_lease_answer(&m->redis, item))
    stop("the script's answer has another form than redis_lease.c expects");
}

void server_lost(ServerMember *m) {
  redis_lease_lost(&m->redis);
}

/* ---- a real server ---- */

static void put_word(const char *text) {
  fprintf(to, "$%zu\r\n%s\r\n", strlen(text), text);
}

static void get_line(char *line, size_t room) {
  if (fgets(line, (int)room, from) == NULL) stop("the server is gone");
}

/* Reads an answer; of a list, its items. Numbers are texts here. */
static size_t get_answer(char item[ITEMS][128]) {
  char line[400];
  size_t count = 1;
  get_line(line, sizeof line);
  if (line[0] == '-') stop(line);
  if (line[0] == '*') count = strtoul(line + 1, NULL, 10);
  for (size_t i = 0; i < count && i < ITEMS; i++) {
    if (line[0] == '*' || i > 0) get_line(line, sizeof line);
    if (line[0] == '$')
      get_line(line, sizeof line); /* nothing here has line ends in it, or is missing */
    else
      memmove(line, line + 1, strlen(line));
    line[strcspn(line, "\r\n")] = '\0';
    line[sizeof item[i] - 1] = '\0';
    memcpy(item[i], line, sizeof item[i] - 1);
    line[0] = '*';
  }
  return count;
}

static size_t run_there(const char *script, const char *const *words, int count, char item[ITEMS][128]) {
  char text[3][48];
  snprintf(text[0], sizeof text[0], "%.0f", floor(server_time));
  snprintf(text[1], sizeof text[1], "%.0f", floor((server_time - floor(server_time)) * 1e6));
  snprintf(text[2], sizeof text[2], "%040x", (unsigned)runs);
  fprintf(to, "*%d\r\n", count + 5);
  put_word("EVAL");
  put_word(script);
  for (int i = 0; i < count; i++) put_word(words[i]);
  for (int i = 0; i < 3; i++) put_word(text[i]);
  fflush(to);
  return get_answer(item);
}

static void flush_all(void) {
  char line[64];
  fprintf(to, "*1\r\n$8\r\nFLUSHALL\r\n");
  fflush(to);
  get_line(line, sizeof line);
}

static void connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) stop(strerror(errno));
  to = fdopen(fd, "w");
  from = fdopen(dup(fd), "r");
  if (to == NULL || from == NULL) stop(strerror(errno));
}

/* ---- the store in this process ---- */

enum { AT_RUN = 1, AT_FORGET = 2 };

static size_t run_here(const char *script, const char *const *words, int count, char item[ITEMS][128]) {
  char life[48];
  const int keys = atoi(words[0]);
  lua_pushvalue(state, AT_RUN);
  if (script == redis_script)
    lua_pushnil(state);
  else
    lua_pushstring(state, script);
  lua_pushinteger(state, (lua_Integer)floor(server_time) * 1000000 +
                             (lua_Integer)floor((server_time - floor(server_time)) * 1e6));
  snprintf(life, sizeof life, "%040x", (unsigned)runs);
  lua_pushstring(state, life);
  for (int part = 0, i = 1; part < 2; part++) {
    lua_newtable(state);
    for (int n = 1; part == 0 ? i <= keys : i < count; i++, n++) {
      lua_pushstring(state, words[i]);
      lua_rawseti(state, -2, n);
    }
  }
  if (lua_pcall(state, 5, LUA_MULTRET, 0) != LUA_OK) stop(lua_tostring(state, -1));
  const size_t items = (size_t)(lua_gettop(state) - AT_FORGET);
  for (size_t i = 0; i < items && i < ITEMS; i++) {
    const int at = AT_FORGET + 1 + (int)i;
    if (lua_type(state, at) == LUA_TNUMBER) /* a server makes whole numbers of them */
      snprintf(item[i], sizeof item[i], "%lld", (long long)lua_tonumber(state, at));
    else
      snprintf(item[i], sizeof item[i], "%.127s", lua_tostring(state, at));
  }
  lua_settop(state, AT_FORGET);
  return items;
}

/* ---- the server ---- */

static size_t run(const char *script, const char *const *words, int count, char item[ITEMS][128]) {
  return state == NULL ? run_there(script, words, count, item) : run_here(script, words, count, item);
}

void server_open(const char *path) {
  if (path != NULL) {
    connect_to(path);
    return;
  }
  state = luaL_newstate();
  if (state == NULL) stop("not enough memory");
  luaL_openlibs(state);
  if (luaL_loadfile(state, "spec/torture/lease_store.lua") != LUA_OK) stop(lua_tostring(state, -1));
  lua_pushstring(state, redis_script);
  if (lua_pcall(state, 1, 2, 0) != LUA_OK) stop(lua_tostring(state, -1));
}

void server_begin(void) {
  server_restart(SERVER_EMPTY, true);
}

void server_run(const ServerCall *call, double time, ServerAnswer *answer) {
  static char whole[sizeof prologue + 64 * 1024];
  static const char *const names[] = {"members", "halt", "limits", "windows", "shut", "address"};
  char key[KEYS][64], item[ITEMS][128] = {{0}};
  const char *words[KEYS + SERVER_WORDS + 1], *at = call->text;
  int count = 0;
  if (whole[0] == '\0') snprintf(whole, sizeof whole, "%s%s", state == NULL ? prologue : "", redis_script);
  server_time = SINCE_1970 + time;
  words[count++] = "7";
  for (int i = 0; i < KEYS - 1; i++) {
    snprintf(key[i], sizeof key[i], "%s:%s", base, names[i]);
    words[count++] = key[i];
  }
  words[count++] = call->key;
  for (int i = 0; i < call->count && i < SERVER_WORDS; i++, at += strlen(at) + 1) words[count++] = at;
  *answer = (ServerAnswer){.items = run(state == NULL ? whole : redis_script, words, count, item)};
  for (int i = 0; i < 4; i++) answer->number[i] = strtoll(item[i], NULL, 10);
  snprintf(answer->who, sizeof answer->who, "%.79s", item[4]);
  snprintf(answer->mark, sizeof answer->mark, "%.95s", item[5]);
  snprintf(answer->other, sizeof answer->other, "%.16s", item[6]);
}

static void copy(const char *script) {
  const char *words[] = {"2", "bybit:{share}:lease:mm1", "bybit:{share}:members:leases", ":old"};
  char item[ITEMS][128];
  run(script, words, 4, item);
}

void server_save(void) {
  copy(keep_script);
}

void server_restart(ServerHeld held, bool told) {
  if (told) runs++;
  if (held == SERVER_OLD) copy(back_script);
  if (held != SERVER_EMPTY) return;
  if (state == NULL)
    flush_all();
  else {
    lua_pushvalue(state, AT_FORGET);
    lua_call(state, 0, 0);
  }
}
