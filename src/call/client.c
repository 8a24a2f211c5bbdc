/*
** The userdata "bybit.client". lua/bybit/client/init.lua has checked the options that it is made from. It is closed while
** it is being made, so that an error frees what there is. Secrets go from the options straight into the session; no
** function here returns one.
*/
#include "client.h"
#include "stream/stream.h"
#include "wire/credentials.h"
#include "wire/url.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

Client *client_test(lua_State *L, int index, int metatable) {
  Client *c = lua_touserdata(L, index);
  if (c == NULL || !lua_getmetatable(L, index)) return NULL;
  bool same = lua_rawequal(L, -1, metatable);
  lua_pop(L, 1);
  return same ? c : NULL;
}

/* A string of the options table at 1; NULL when it is not given. '*size' may be NULL. Like the next four, it pushes
** nothing. */
static const char *text_option(lua_State *L, const char *key, size_t *size) {
  lua_getfield(L, 1, key);
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, size) : NULL;
  lua_pop(L, 1); /* the options table keeps it alive */
  return text;
}

/* A copy of it, which the caller frees. */
static char *copied_option(lua_State *L, const char *key) {
  const char *text = text_option(L, key, NULL);
  if (text == NULL) return NULL;
  char *copy = strdup(text);
  if (copy == NULL) luaL_error(L, "not enough memory");
  return copy;
}

/* Defaults stand in lua/bybit/client/options.lua alone: an option that has one is always given. */
static void missing(lua_State *L, const char *key) {
  luaL_error(L, "bybit.client: option '%s' is missing", key);
}

static double number_option(lua_State *L, const char *key) {
  if (lua_getfield(L, 1, key) != LUA_TNUMBER) missing(L, key);
  double n = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return n;
}

static bool boolean_option(lua_State *L, const char *key) {
  if (lua_getfield(L, 1, key) != LUA_TBOOLEAN) missing(L, key);
  bool set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return set;
}

static bool flag_option(lua_State *L, const char *key) {
  lua_getfield(L, 1, key);
  bool set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return set;
}

/* Copies it to 'out', which has 'room' bytes; raises when it is too long. 'out' stays as it is when it is not given. */
static void short_option(lua_State *L, const char *key, char *out, size_t room) {
  const char *text = text_option(L, key, NULL);
  if (text == NULL) return;
  if (strlen(text) >= room) luaL_error(L, "bybit.client: '%s' is too long", key);
  memcpy(out, text, strlen(text) + 1);
}

/* From the options, the environment or a file. A client without credentials can call public endpoints. */
static void read_credentials(lua_State *L, Client *c) {
  const char *why = NULL;
  size_t secret_size = 0, pem_size = 0;
  const char *key = text_option(L, "key", NULL);
  const char *secret = text_option(L, "secret", &secret_size);
  const char *pem = text_option(L, "private_key", &pem_size);
  if (key != NULL) {
    if (!session_credentials(&c->session, key, secret, secret_size, pem, pem_size, &why))
      luaL_error(L, "bybit.client: %s", why);
    return;
  }
  const char *file = text_option(L, "credentials_file", NULL);
  const char *environments = text_option(L, "environments", NULL);
  if (environments == NULL) environments = "";
  if (flag_option(L, "credentials_env") && !credentials_env(&c->session, &why))
    luaL_error(L, "bybit.client: %s", why);
  if (file == NULL || credentials_file(&c->session, file, environments, &why)) return;
  const char *right = why == credentials_elsewhere ? environments : "";
  luaL_error(L, "bybit.client: credentials file '%s': %s%s%s", file, why,
             *right == '\0' ? "" : "; here it is one of ", right);
}

static void open_http(lua_State *L, Client *c) {
  const char *why = NULL;
  HttpOptions o = {.connections = (int)number_option(L, "connections"),
                   .spares = (int)number_option(L, "in_flight"),
                   .http2 = flag_option(L, "http2"),
                   .has_room = client_has_room,
                   .owner = c,
                   .ca_file = text_option(L, "ca_file", NULL),
                   .proxy = text_option(L, "proxy", NULL)};
  c->http = http_new(c->loop, &o, &why);
  if (c->http == NULL) luaL_error(L, "bybit.client: %s", why);
  o.connections = (int)number_option(L, "kept_connections");
  if (o.connections == 0) return;
  c->kept_http = http_new(c->loop, &o, &why);
  if (c->kept_http == NULL) luaL_error(L, "bybit.client: %s", why);
}

/* The user's own limits: 'rates' maps a group to requests a second; "ip" stands for the whole address. */
static void set_rates(lua_State *L, Client *c) {
  LimitAccount *account = c->line.account;
  if (lua_getfield(L, 1, "rates") == LUA_TTABLE)
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
      const char *name = lua_tostring(L, -2); /* client/check.lua has checked that these are strings */
      LimitGroup *group = strcmp(name, "ip") == 0 ? NULL : limiter_group(account, name, 0);
      LimitWindow *window = group == NULL ? account->address->ip : &group->window;
      window->cap = (int)lua_tointeger(L, -1);
    }
  lua_pop(L, 1);
}

/* Gives the client its place in the waiting line, and its account of rate limits unless it is 'unlimited'. */
static void open_line(lua_State *L, Client *c) {
  client_line_open(c);
  c->line.in_flight_max = (int)number_option(L, "in_flight");
  c->line.normal_max = c->line.in_flight_max - (int)number_option(L, "kept");
  line_has_room(&c->line);
  c->impatient = flag_option(L, "impatient");
  bool limited = !flag_option(L, "unlimited");
  if (!line_join(c->line.line, &c->line, &c->session, limited)) luaL_error(L, "not enough memory");
  if (limited) set_rates(L, c);
}

/* Opens the share that the options name. */
static void open_share(lua_State *L, Client *c) {
  static const char *const losses[] = {"divide", "halt", "alone"};
  const char *path = text_option(L, "share", NULL), *on_loss = text_option(L, "on_loss", NULL);
  char why[SHARE_WHY];
  int loss = 0;
  if (path == NULL) return;
  if (on_loss == NULL) {
    missing(L, "on_loss");
    return;
  }
  while (loss < LOSS_ALONE && strcmp(on_loss, losses[loss]) != 0) loss++;
  if (loop_is_virtual(c->loop))
    luaL_error(L,
               "bybit.client: option 'share': time is virtual here, and other processes have the real one");
  if (!line_share(&c->line, path, (OnLoss)loss, c->session.key, why)) {
    if (shared_is_url(path)) luaL_error(L, "bybit.client: option 'share': %s", why);
    luaL_error(L, "bybit.client: option 'share': the file '%s' %s", path, why);
  }
}

/* client.new(options, table of the Lua layer [, Lua transport]) -> a client */
static int client_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 3);
  Loop *loop = loop_get(L);
  Line *line = line_get(L); /* made before the client, so that it is finalized after the client */
  Client *c = lua_newuserdatauv(L, sizeof *c, 7);
  memset(c, 0, offsetof(Client, placed));
  c->closed = true;
  c->loop = loop;
  c->era = loop_era(loop);
  c->asleep = loop_asleep(loop, loop_now(loop));
  c->line.line = line;
  c->process = loop_process(loop);
  luaL_setmetatable(L, CLIENT); /* from here on __gc frees what the client has */
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, 4, 1);
  c->session.url = copied_option(L, "url");
  c->session.referer = copied_option(L, "referer");
  if (c->session.url == NULL) return luaL_error(L, "bybit.client: no url");
  c->session.local = url_is_local(c->session.url);
  const char *signature = text_option(L, "signature", NULL);
  if (signature == NULL) missing(L, "signature");
  if (!session_scheme(&c->session, signature))
    return luaL_error(L, "bybit.client: no signature scheme '%s'", signature);
  read_credentials(L, c);
  c->receive_window = (int64_t)number_option(L, "receive_window");
  c->timeout = number_option(L, "timeout");
  c->connect_timeout = number_option(L, "connect_timeout");
  c->deadline = number_option(L, "deadline");
  open_line(L, c);
  open_share(L, c);
  c->max_body = (size_t)number_option(L, "max_body");
  c->gzip = boolean_option(L, "gzip");
  c->confirm = boolean_option(L, "confirm");
  c->requires = flag_option(L, "requires");
  short_option(L, "category", c->category, sizeof c->category);
  if (c->category[0] == '\0') missing(L, "category");
  short_option(L, "id_prefix", c->id_prefix, sizeof c->id_prefix - 1);
  if (c->id_prefix[0] != '\0') memcpy(c->id_prefix + strlen(c->id_prefix), "-", 2);
  const char *lease = text_option(L, "lease", NULL);
  if (lease != NULL) client_lease_open(L, c, lease, number_option(L, "visibility"));
  if (lua_getfield(L, 1, "seed") == LUA_TNUMBER)
    random_seed(&c->random, (uint64_t)lua_tointeger(L, -1));
  else
    random_system(&c->random);
  if (lua_isnil(L, 3))
    open_http(L, c);
  else {
    lua_pushvalue(L, 3);
    lua_setiuservalue(L, 4, 2);
    c->lua_transport = true;
  }
  c->closed = false;
  lua_settop(L, 4);
  return 1;
}

/* client.close(client), and __gc: ends its calls and frees what it has. May run twice; raises nothing. */
static int client_close(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  c->closed = true;
  client_drop_line(c);
  client_drop_claims(c);
  client_drop_spares(L, 1, c);
  if (c->process == loop_process(c->loop)) { /* in a forked child the parent still uses the sockets */
    streams_free(c->streams);
    http_free(c->http);
    http_free(c->kept_http);
  }
  c->http = c->kept_http = NULL;
  c->streams = NULL;
  token_unwatch(&c->sightings.news);
  sightings_clear(&c->sightings);
  client_lease_close(c);
  line_leave(&c->line);
  session_free(&c->session);
  loop_timer_stop(c->loop, &c->save);
  if (c->journal != NULL) c->journal->calls->close(c->journal);
  wipe(&c->random, sizeof c->random);
  wipe(c->drawn, sizeof c->drawn);
  c->drawn_left = 0;
  return 0;
}

static int call_close(lua_State *L) {
  lua_getfield(L, 1, "close");
  lua_insert(L, 1);
  lua_call(L, 1, 0);
  return 0;
}

/* __close: calls the method 'close' of the Lua layer, which also ends what Lua owns for the client. Where that fails, as memory has
** run out, the client is closed nevertheless: a journal that stayed open would be locked. */
static int client_leave(lua_State *L) {
  luaL_checkudata(L, 1, CLIENT);
  lua_settop(L, 1);
  lua_pushcfunction(L, call_close);
  lua_pushvalue(L, 1);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK) return 0;
  client_close(L);
  return lua_error(L);
}

static int client_closed(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  lua_pushboolean(L, c->closed);
  return 1;
}

/* __index: looks in the table of the Lua layer, where the methods are. Upvalue: the metatable of clients. */
static int client_index(lua_State *L) {
  if (client_test(L, 1, lua_upvalueindex(1)) == NULL) return luaL_argerror(L, 1, "a client expected");
  lua_getiuservalue(L, 1, 1);
  lua_pushvalue(L, 2);
  lua_gettable(L, -2);
  return 1;
}

static int client_newindex(lua_State *L) {
  return luaL_error(L, "a client has no field '%s' to set", luaL_tolstring(L, 2, NULL));
}

static int client_tostring(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  if (c->closed)
    lua_pushliteral(L, "bybit.client (closed)");
  else
    lua_pushfstring(L, "bybit.client (%s)", c->session.url);
  return 1;
}

/* keyed(client) -> does it have credentials? */
static int client_keyed(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  lua_pushboolean(L, c->session.signer != NULL);
  return 1;
}

/* hold(client, symbols): refuses calls that add risk for this set of symbols, {BTCUSD = true}; false: for none */
static int client_hold(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  lua_settop(L, 2);
  bool set = lua_toboolean(L, 2);
  if (set) luaL_checktype(L, 2, LUA_TTABLE);
  lua_pushnil(L);
  c->held = set && lua_next(L, 2) != 0;
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, 5);
  return 0;
}

/* hide_secret(): no program that is started from here finds BYBIT_API_SECRET in its environment */
static int client_hide_secret(lua_State *L) {
  if (!credentials_hide()) return luaL_error(L, "not enough memory");
  return 0;
}

/* fingerprint(client) -> a text that differs from key to key and tells nothing of the key; "" without a key. It is the
** start of an HMAC with the key. */
static int client_fingerprint(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  const SignPart text = {"bybit account", 13};
  const char *why = NULL;
  char hex[SIGN_TEXT_MAX];
  if (c->session.key == NULL) {
    lua_pushliteral(L, "");
    return 1;
  }
  Signer *signer = signer_hmac(c->session.key, strlen(c->session.key), &why);
  size_t size = signer == NULL ? 0 : signer_sign(signer, &text, 1, hex);
  signer_free(signer);
  if (size < 16) return luaL_error(L, "bybit.client: %s", why == NULL ? "the key has no fingerprint" : why);
  lua_pushlstring(L, hex, 16);
  return 1;
}

/* journal(client, journal): from now on intents are written to this journal */
static int client_journal(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  Journal *j = luaL_testudata(L, 2, JOURNAL);
  luaL_argcheck(L, j != NULL, 2, "a journal expected");
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, 3);
  c->journal = j;
  return 0;
}

/* successes(client) -> how many of its calls succeeded */
static int client_successes(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  lua_pushinteger(L, (lua_Integer)c->successes);
  return 1;
}

/* random(client) -> a float, 0 <= x < 1, from the client's own generator, for pauses: 1 when the system gives no random bytes,
** so that the pause is its longest */
static int client_random(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  double x = 1;
  (void)random_unit(&c->random, &x);
  lua_pushnumber(L, x);
  return 1;
}

/* fence(timestamp, receive window) -> the last moment at which the exchange may accept such a request; all in ms */
static int client_fence(lua_State *L) {
  lua_pushinteger(L, session_fence(luaL_checkinteger(L, 1), luaL_checkinteger(L, 2)));
  return 1;
}

/* table(client) -> the table of the Lua layer; only that layer uses it */
static int client_table(lua_State *L) {
  luaL_checkudata(L, 1, CLIENT);
  lua_getiuservalue(L, 1, 1);
  return 1;
}

void client_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", client_close},
                                  {"__close", client_leave},
                                  {"__newindex", client_newindex},
                                  {"__tostring", client_tostring},
                                  {NULL, NULL}};
  luaL_newmetatable(L, CLIENT);
  luaL_setfuncs(L, meta, 0);
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, client_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "bybit.client");
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
  static const luaL_Reg functions[] = {{"new", client_new},
                                       {"close", client_close},
                                       {"closed", client_closed},
                                       {"keyed", client_keyed},
                                       {"table", client_table},
                                       {"random", client_random},
                                       {"hold", client_hold},
                                       {"fingerprint", client_fingerprint},
                                       {"hide_secret", client_hide_secret},
                                       {"journal", client_journal},
                                       {"fence", client_fence},
                                       {"successes", client_successes},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_pushinteger(L, SESSION_TOLERANCE);
  lua_setfield(L, -2, "TOLERANCE");
  lua_pushinteger(L, LEASE_WINDOW);
  lua_setfield(L, -2, "LEASE_WINDOW");
  lua_setfield(L, -2, "client");
}
