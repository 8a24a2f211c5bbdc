/*
** The userdata "bybit.client": made closed, filled from options that lua/bybit/client.lua has checked,
** closed by close, __close and __gc alike. Secrets go from the options straight into the session; nothing
** here gives one back.
*/
#include "client.h"
#include "credentials.h"
#include "journal_lua.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

Client *client_test(lua_State *L, int index) {
  return luaL_testudata(L, index, CLIENT);
}

static const char *text_option(lua_State *L, const char *key, size_t *size) {
  lua_getfield(L, 1, key);
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, size) : NULL;
  lua_pop(L, 1); /* the options table keeps it alive */
  return text;
}

static char *copied_option(lua_State *L, const char *key) {
  const char *text = text_option(L, key, NULL);
  if (text == NULL) return NULL;
  char *copy = strdup(text);
  if (copy == NULL) luaL_error(L, "not enough memory");
  return copy;
}

static double number_option(lua_State *L, const char *key, double otherwise) {
  double n = lua_getfield(L, 1, key) == LUA_TNUMBER ? lua_tonumber(L, -1) : otherwise;
  lua_pop(L, 1);
  return n;
}

static bool flag_option(lua_State *L, const char *key) {
  lua_getfield(L, 1, key);
  bool set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return set;
}

static void short_option(lua_State *L, const char *key, char *out, size_t room) {
  const char *text = text_option(L, key, NULL);
  if (text == NULL) return;
  if (strlen(text) >= room) luaL_error(L, "bybit.client: '%s' is too long", key);
  memcpy(out, text, strlen(text) + 1);
}

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
  const char *environment = text_option(L, "environment", NULL);
  if (flag_option(L, "credentials_env") && !credentials_env(&c->session, &why))
    luaL_error(L, "bybit.client: %s", why);
  if (file != NULL && !credentials_file(&c->session, file, environment, &why))
    luaL_error(L, "bybit.client: credentials file '%s': %s", file, why);
}

static void open_http(lua_State *L, Client *c) {
  const char *why = NULL;
  HttpOptions o = {.connections = (int)number_option(L, "connections", 16),
                   .http2 = flag_option(L, "http2"),
                   .ca_file = text_option(L, "ca_file", NULL),
                   .proxy = text_option(L, "proxy", NULL)};
  c->http = http_new(c->loop, &o, &why);
  if (c->http == NULL) luaL_error(L, "bybit.client: %s", why);
}

/* The user's own limits: 'rates', group -> requests a second; "ip" stands for the address. */
static void set_rates(lua_State *L, Client *c) {
  LimitAccount *account = c->line.account;
  if (lua_getfield(L, 1, "rates") == LUA_TTABLE)
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
      const char *name = lua_tostring(L, -2); /* client.lua has checked that these are strings */
      LimitGroup *group = strcmp(name, "ip") == 0 ? NULL : limiter_group(account, name, 0);
      LimitWindow *window = group == NULL ? account->address->ip : &group->window;
      window->cap = (int)lua_tointeger(L, -1);
    }
  lua_pop(L, 1);
}

/* Its place in the waiting line of the state. */
static void open_line(lua_State *L, Client *c) {
  client_line_open(c);
  c->line.in_flight_max = (int)number_option(L, "in_flight", 16);
  c->impatient = flag_option(L, "impatient");
  if (flag_option(L, "unlimited")) return;
  if (!line_join(c->line.line, &c->line, c->session.url, c->session.key)) luaL_error(L, "not enough memory");
  set_rates(L, c);
}

/* client(options, environment table [, transport]) */
static int client_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 3);
  Loop *loop = loop_get(L);
  Line *line = line_get(L); /* before the client's __gc is marked, so that it is closed after the client */
  Client *c = lua_newuserdatauv(L, sizeof *c, 4);
  *c = (Client){.closed = true, .loop = loop, .era = loop_era(loop), .line = {.line = line}};
  luaL_setmetatable(L, CLIENT); /* from here on __gc owns what is acquired */
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, 4, 1);
  c->session.url = copied_option(L, "url");
  c->session.referer = copied_option(L, "referer");
  if (c->session.url == NULL) return luaL_error(L, "bybit.client: no url");
  const char *signature = text_option(L, "signature", NULL);
  if (!session_scheme(&c->session, signature == NULL ? "headers" : signature))
    return luaL_error(L, "bybit.client: no signature scheme '%s'", signature);
  read_credentials(L, c);
  c->receive_window = (int64_t)number_option(L, "receive_window", 5000);
  c->timeout = number_option(L, "timeout", 10);
  c->connect_timeout = number_option(L, "connect_timeout", 5);
  c->deadline = number_option(L, "deadline", 30);
  open_line(L, c);
  c->max_body = (size_t)number_option(L, "max_body", 16 * 1024 * 1024);
  c->gzip = flag_option(L, "gzip");
  c->confirm = flag_option(L, "confirm");
  c->requires = flag_option(L, "requires");
  short_option(L, "category", c->category, sizeof c->category);
  short_option(L, "id_prefix", c->id_prefix, sizeof c->id_prefix - 1);
  if (c->id_prefix[0] != '\0') memcpy(c->id_prefix + strlen(c->id_prefix), "-", 2);
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

/* Also __gc: may run twice, never raises. */
static int client_close(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  c->closed = true;
  client_drop_line(c);
  if (c->http != NULL) http_free(c->http);
  c->http = NULL;
  line_leave(&c->line);
  session_free(&c->session);
  if (c->journal != NULL) journal_close(c->journal);
  wipe(&c->random, sizeof c->random);
  return 0;
}

/* '__close': the method, which ends what else the client owns. */
static int client_leave(lua_State *L) {
  luaL_checkudata(L, 1, CLIENT);
  lua_getfield(L, 1, "close");
  lua_pushvalue(L, 1);
  lua_call(L, 1, 0);
  return 0;
}

static int client_closed(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  lua_pushboolean(L, c->closed);
  return 1;
}

/* Reading a field: a method, or what lua/bybit/client.lua put into the client's table. */
static int client_index(lua_State *L) {
  if (client_test(L, 1) == NULL) return luaL_argerror(L, 1, "a client expected");
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

static int client_keyed(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  lua_pushboolean(L, c->session.signer != NULL);
  return 1;
}

/* hold(client, held): refuse what adds risk? */
static int client_hold(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  c->held = lua_toboolean(L, 2);
  return 0;
}

/* journal(client, journal): intents are written to it from now on */
static int client_journal(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  Journal *j = journal_test(L, 2);
  luaL_argcheck(L, j != NULL, 2, "a journal expected");
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, 3);
  c->journal = j;
  return 0;
}

static int client_successes(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  lua_pushinteger(L, (lua_Integer)c->successes);
  return 1;
}

/* random(client) -> a float, 0 <= x < 1, from the client's own generator */
static int client_random(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  lua_pushnumber(L, random_unit(&c->random));
  return 1;
}

/* The table behind a client, for the Lua layer alone. */
static int client_table(lua_State *L) {
  luaL_checkudata(L, 1, CLIENT);
  lua_getiuservalue(L, 1, 1);
  return 1;
}

void client_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", client_close},          {"__close", client_leave},
                                  {"__index", client_index},       {"__newindex", client_newindex},
                                  {"__tostring", client_tostring}, {NULL, NULL}};
  luaL_newmetatable(L, CLIENT);
  luaL_setfuncs(L, meta, 0);
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
                                       {"journal", client_journal},
                                       {"successes", client_successes},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "client");
}
