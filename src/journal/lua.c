/*
** luaopen_bybit_journal: require("bybit.journal") -> {open, read}. Both return the userdata "bybit.journal". Its methods
** read the journal, and write what Lua decides. The core writes through the first member of the userdata, see journal.h.
** The contents of a file are not trusted: a value of an unexpected type is read as nil.
*/
#include "store.h"

#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <string.h>

#define MS_PER_DAY INT64_C(86400000)
/* ms: a clock may have been set, so the moments of intents may be out of order by so much. */
#define SLACK INT64_C(3600000)
/* How many of the newest intents journal:at_large looks at. */
#define RECENT 10000

/* The outcomes that journal:finish accepts; their texts are static, as store_end needs them. */
static const char *const outcomes[] = {"done", "rejected", "not_sent", "unclear", "dismissed", NULL};

/* The open journal at 1; raises when it is closed or the process was forked. */
static Store *check(lua_State *L) {
  Store *s = luaL_checkudata(L, 1, JOURNAL);
  luaL_argcheck(L, s->db != NULL, 1, "the journal is closed");
  if (!s->reader && file_forked(&s->claim)) luaL_error(L, "a journal cannot be used after fork");
  return s;
}

/* Returns nil, why. */
static int failed(lua_State *L, const char *why) {
  lua_pushnil(L);
  lua_pushstring(L, why);
  return 2;
}

/* Returns true; or nil, why. */
static int told(lua_State *L, const char *why) {
  if (why != NULL) return failed(L, why);
  lua_pushboolean(L, 1);
  return 1;
}

/* ---- fields of the table at 'at' ---- */

/* The string in a field; NULL when it is nil. Raises for another type, and for nil when it is required. */
static const char *text_field(lua_State *L, int at, const char *key, bool required) {
  int type = lua_getfield(L, at, key);
  if (type != LUA_TSTRING && (required || type != LUA_TNIL))
    luaL_error(L, "journal: field '%s': a string expected, got %s", key, luaL_typename(L, -1));
  const char *text = lua_tostring(L, -1);
  lua_pop(L, 1); /* the table keeps it alive */
  return text;
}

/* The same for an integer; 0 when it is nil. */
static int64_t moment_field(lua_State *L, int at, const char *key, bool required) {
  int type = lua_getfield(L, at, key);
  if (!lua_isinteger(L, -1) && (required || type != LUA_TNIL))
    luaL_error(L, "journal: field '%s': an integer expected, got %s", key, luaL_typename(L, -1));
  int64_t n = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return n;
}

static bool flag_field(lua_State *L, int at, const char *key) {
  lua_getfield(L, at, key);
  bool set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return set;
}

/* ---- opening ---- */

/* Pushes a closed journal. */
static Store *new_store(lua_State *L) {
  Store *s = lua_newuserdatauv(L, sizeof *s, 0);
  memset(s, 0, sizeof *s);
  s->face.calls = &store_calls;
  s->claim.fd = s->claim.log = -1;
  luaL_setmetatable(L, JOURNAL); /* from here on __gc frees what it has */
  return s;
}

/* How long ended intents are kept, in ms, from the field 'keep' in days. Negative, for ever, when 'now' is not given. */
static int64_t keep_field(lua_State *L, int64_t now) {
  lua_getfield(L, 1, "keep");
  if (lua_type(L, -1) != LUA_TNUMBER) luaL_error(L, "journal: field 'keep' is missing");
  lua_Number days = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return now == 0 || !(days >= 0 && days < 1e6) ? -1 : (int64_t)(days * (lua_Number)MS_PER_DAY);
}

/* open{path, exchange, account, api, keep [, sync, now]} -> a journal; or nil, why. 'keep' is in days, 'now' in ms. */
static int l_open(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  const char *path = text_field(L, 1, "path", true);
  StoreOwner owner = {.exchange = text_field(L, 1, "exchange", true),
                      .account = text_field(L, 1, "account", true),
                      .api = text_field(L, 1, "api", true)};
  bool sync = flag_field(L, 1, "sync");
  int64_t now = moment_field(L, 1, "now", false), keep = keep_field(L, now);
  Store *s = new_store(L);
  s->latest = now;
  s->keep = keep;
  if (!store_open(s, path, &owner, sync)) return failed(L, s->why);
  return 1;
}

/* read(path) -> a journal that can only be read, whoever else has it open; or nil, why */
static int l_read(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  Store *s = new_store(L);
  if (!store_read(s, path)) return failed(L, s->why);
  return 1;
}

/* journal:close(), __gc and __close. May run twice; raises nothing. */
static int l_close(lua_State *L) {
  store_close(luaL_checkudata(L, 1, JOURNAL));
  return 0;
}

/* ---- rows: intents as tables ---- */

typedef enum ColumnKind { COLUMN_INTEGER, COLUMN_TEXT, COLUMN_FLAG } ColumnKind;

static const struct {
  const char *name;
  ColumnKind kind;
} columns[] = {{"id", COLUMN_INTEGER},
               {"time", COLUMN_INTEGER},
               {"method", COLUMN_TEXT},
               {"row", COLUMN_TEXT},
               {"kind", COLUMN_TEXT},
               {"symbol", COLUMN_TEXT},
               {"client_order_id", COLUMN_TEXT},
               {"made", COLUMN_FLAG},
               {"params", COLUMN_TEXT},
               {"first", COLUMN_INTEGER},
               {"fence", COLUMN_INTEGER},
               {"window", COLUMN_INTEGER},
               {"outcome", COLUMN_TEXT},
               {"ended", COLUMN_INTEGER}};

enum { COLUMNS = sizeof columns / sizeof *columns };

#define SELECT                                                                                               \
  "SELECT id, time, method, \"row\", kind, symbol, client_order_id, made, params, first, fence, \"window\"," \
  " outcome, ended FROM intents"

/* Pushes the value of column 'i' of a row. */
static void push_value(lua_State *L, sqlite3_stmt *row, int i) {
  int type = sqlite3_column_type(row, i);
  if (columns[i].kind == COLUMN_TEXT && type == SQLITE_TEXT) {
    const char *text = (const char *)sqlite3_column_text(row, i);
    if (text == NULL)
      lua_pushnil(L);
    else
      lua_pushlstring(L, text, (size_t)sqlite3_column_bytes(row, i));
  } else if (type != SQLITE_INTEGER || columns[i].kind == COLUMN_TEXT)
    lua_pushnil(L);
  else if (columns[i].kind == COLUMN_FLAG)
    lua_pushboolean(L, sqlite3_column_int64(row, i) != 0);
  else
    lua_pushinteger(L, sqlite3_column_int64(row, i));
}

/* Pushes a row as a table. */
static void push_row(lua_State *L, sqlite3_stmt *row) {
  lua_createtable(L, 0, COLUMNS);
  for (int i = 0; i < COLUMNS; i++) {
    push_value(L, row, i);
    lua_setfield(L, -2, columns[i].name);
  }
}

/* A userdata that owns a statement, so that an error frees it. */
#define STATEMENT "bybit.journal.statement"

static int statement_free(lua_State *L) {
  sqlite3_stmt **at = luaL_checkudata(L, 1, STATEMENT);
  sqlite3_finalize(*at);
  *at = NULL;
  return 0;
}

/* Pushes a userdata with the prepared statement, and returns the statement; NULL with s->why set. */
static sqlite3_stmt *prepare(lua_State *L, Store *s, const char *sql) {
  sqlite3_stmt **at = lua_newuserdatauv(L, sizeof(sqlite3_stmt *), 0);
  *at = NULL;
  luaL_setmetatable(L, STATEMENT);
  int code = sqlite3_prepare_v2(s->db, sql, -1, at, NULL);
  if (code != SQLITE_OK) store_why(s, code);
  return *at;
}

/* Ends the statement on top of the stack and pops it. */
static void finish(lua_State *L) {
  sqlite3_stmt **at = lua_touserdata(L, -1);
  sqlite3_finalize(*at);
  *at = NULL;
  lua_pop(L, 1);
}

/* Writes queued ends into a transaction, so that reads see them. NULL, or why it could not. */
static const char *settle(Store *s) {
  return s->reader || s->applied == s->end_count ? NULL : store_apply(s);
}

/* Reads the statement on top of the stack, which gives rows from the newest to the oldest, and replaces it by a list from
** the oldest to the newest. Rows before 'since' (0: none) are left out. Returns 1; or 2 with nil, why. */
static int push_rows(lua_State *L, Store *s, sqlite3_stmt *rows, int64_t since, lua_Integer limit) {
  lua_Integer count = 0;
  int code = SQLITE_DONE;
  lua_newtable(L);
  while (count < limit && (code = sqlite3_step(rows)) == SQLITE_ROW) {
    int64_t time = sqlite3_column_int64(rows, 1);
    if (since != 0 && time < since - SLACK && time > 0) break;
    if (since != 0 && time < since) continue;
    push_row(L, rows);
    lua_rawseti(L, -2, ++count);
  }
  if (count < limit && code != SQLITE_DONE && code != SQLITE_ROW) return failed(L, store_why(s, code));
  for (lua_Integer a = 1, b = count; a < b; a++, b--) {
    lua_rawgeti(L, -1, a);
    lua_rawgeti(L, -2, b);
    lua_rawseti(L, -3, a);
    lua_rawseti(L, -2, b);
  }
  lua_insert(L, -2);
  finish(L);
  return 1;
}

/* journal:open_intents() -> a list of the intents without an end, in the order of their numbers; or nil, why */
static int l_open_intents(lua_State *L) {
  Store *s = check(L);
  const char *why = settle(s);
  if (why != NULL) return failed(L, why);
  sqlite3_stmt *rows = prepare(L, s, SELECT " WHERE outcome IS NULL ORDER BY id DESC");
  return rows == NULL ? failed(L, s->why) : push_rows(L, s, rows, 0, LUA_MAXINTEGER);
}

/* ---- select ---- */

/* Adds " AND key = :key" for each text in the table at 2. */
static void add_texts(lua_State *L, char *sql, size_t room) {
  static const char *const keys[] = {"method", "kind", "symbol", "client_order_id", NULL};
  for (int i = 0; keys[i] != NULL; i++)
    if (text_field(L, 2, keys[i], false) != NULL) {
      size_t size = strlen(sql);
      snprintf(sql + size, room - size, " AND %s = :%s", keys[i], keys[i]);
    }
}

/* Adds a condition for the field 'outcome': false for open intents, a word for those that ended so. */
static void add_outcome(lua_State *L, char *sql, size_t room) {
  size_t size = strlen(sql);
  int type = lua_getfield(L, 2, "outcome");
  if (type == LUA_TBOOLEAN && !lua_toboolean(L, -1))
    snprintf(sql + size, room - size, " AND outcome IS NULL");
  else if (type == LUA_TSTRING)
    snprintf(sql + size, room - size, " AND outcome = :outcome");
  else if (type != LUA_TNIL)
    luaL_error(L, "journal: field 'outcome': a string or false expected, got %s", luaL_typename(L, -1));
  lua_pop(L, 1);
}

/* Binds the fields of the table at 2 to the parameters of the statement, which have the same names. */
static void bind_fields(lua_State *L, sqlite3_stmt *to) {
  for (int i = 1; i <= sqlite3_bind_parameter_count(to); i++) {
    size_t size;
    lua_getfield(L, 2, sqlite3_bind_parameter_name(to, i) + 1);
    const char *text = lua_tolstring(L, -1, &size);
    sqlite3_bind_text(to, i, text, (int)size, SQLITE_TRANSIENT);
    lua_pop(L, 1);
  }
}

/* Raises when the table at 2 has an unknown field. */
static void check_fields(lua_State *L) {
  static const char known[] = " method kind symbol client_order_id outcome since limit ";
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    char name[40];
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
    snprintf(name, sizeof name, " %s ", key);
    if (strstr(known, name) == NULL) luaL_error(L, "journal: unknown field '%s'", key);
  }
}

/* journal:select{method, kind, symbol, client_order_id, outcome, since, limit} -> a list of the intents that match, in the
** order of their numbers; or nil, why. When more than 'limit' match, it has the newest. */
static int l_select(lua_State *L) {
  char sql[512] = SELECT " WHERE 1";
  Store *s = check(L);
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    lua_newtable(L);
    lua_replace(L, 2);
  }
  luaL_checktype(L, 2, LUA_TTABLE);
  check_fields(L);
  add_texts(L, sql, sizeof sql);
  add_outcome(L, sql, sizeof sql);
  int64_t since = moment_field(L, 2, "since", false), limit = moment_field(L, 2, "limit", false);
  const char *why = settle(s);
  if (why != NULL) return failed(L, why);
  size_t size = strlen(sql);
  snprintf(sql + size, sizeof sql - size, " ORDER BY id DESC");
  sqlite3_stmt *rows = prepare(L, s, sql);
  if (rows == NULL) return failed(L, s->why);
  bind_fields(L, rows);
  return push_rows(L, s, rows, since, limit > 0 ? limit : LUA_MAXINTEGER);
}

/* If the id in the row is in the set at 'wanted', moves it from there to the set on top of the stack, and returns true. */
static bool move_id(lua_State *L, sqlite3_stmt *row, int wanted) {
  const char *id = (const char *)sqlite3_column_text(row, 0);
  if (id == NULL) return false;
  lua_pushlstring(L, id, (size_t)sqlite3_column_bytes(row, 0));
  lua_pushvalue(L, -1);
  if (lua_rawget(L, wanted) == LUA_TNIL) {
    lua_pop(L, 2);
    return false;
  }
  lua_pop(L, 1);
  lua_pushvalue(L, -1);
  lua_pushnil(L);
  lua_rawset(L, wanted);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  return true;
}

/* Pushes a set of the ids in the list at 2, and returns how many there are. */
static lua_Integer push_wanted(lua_State *L) {
  lua_Integer count = 0, size = luaL_len(L, 2);
  lua_newtable(L);
  for (lua_Integer i = 1; i <= size; i++) {
    if (lua_geti(L, 2, i) != LUA_TSTRING)
      luaL_error(L, "journal: a list of strings expected, got %s at %I", luaL_typename(L, -1), i);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) == LUA_TNIL) count++;
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
  }
  return count;
}

/* journal:at_large(ms) -> a list of the ended intents of which a copy may still act after that moment; or nil, why. It
** looks at the RECENT newest only: no exchange accepts more changes while a copy of one can still arrive. */
static int l_at_large(lua_State *L) {
  Store *s = check(L);
  int64_t after = luaL_checkinteger(L, 2);
  const char *why = settle(s);
  if (why != NULL) return failed(L, why);
  sqlite3_stmt *rows =
      prepare(L, s, SELECT " WHERE id > ?1 AND outcome IS NOT NULL AND fence > ?2 ORDER BY id DESC");
  if (rows == NULL) return failed(L, s->why);
  sqlite3_bind_int64(rows, 1, s->last - RECENT);
  sqlite3_bind_int64(rows, 2, after);
  return push_rows(L, s, rows, 0, LUA_MAXINTEGER);
}

/* journal:owned(client_order_ids) -> a set of those ids under which an order was placed and not refused; or nil, why. There
** is no index of ids, because every order would have to update it. So the intents are read from the newest back until all
** ids are found. */
static int l_owned(lua_State *L) {
  Store *s = check(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  const char *why = settle(s);
  if (why != NULL) return failed(L, why);
  lua_Integer left = push_wanted(L);
  sqlite3_stmt *rows = prepare(L, s,
                               "SELECT client_order_id FROM intents WHERE kind = 'place' AND (outcome IS NULL"
                               " OR outcome NOT IN ('rejected', 'not_sent')) ORDER BY id DESC");
  if (rows == NULL) return failed(L, s->why);
  lua_newtable(L);
  int code = SQLITE_ROW;
  while (left > 0 && (code = sqlite3_step(rows)) == SQLITE_ROW)
    if (move_id(L, rows, 3)) left--;
  if (code != SQLITE_ROW && code != SQLITE_DONE) return failed(L, store_why(s, code));
  lua_insert(L, -2);
  finish(L);
  return 1;
}

/* journal:symbols() -> a list of all symbols of its intents, in alphabetical order; or nil, why */
static int l_symbols(lua_State *L) {
  Store *s = check(L);
  int code;
  sqlite3_stmt *rows = prepare(L, s, "SELECT symbol FROM symbols");
  if (rows == NULL) return failed(L, s->why);
  lua_newtable(L);
  for (lua_Integer n = 1; (code = sqlite3_step(rows)) == SQLITE_ROW;) {
    const char *name = (const char *)sqlite3_column_text(rows, 0);
    if (name == NULL) continue;
    lua_pushstring(L, name);
    lua_rawseti(L, -2, n++);
  }
  if (code != SQLITE_DONE) return failed(L, store_why(s, code));
  lua_insert(L, -2);
  finish(L);
  return 1;
}

/* journal:meta(key) -> the value of that key, such as "exchange"; nil when there is none; or nil, why */
static int l_meta(lua_State *L) {
  Store *s = check(L);
  const char *key = luaL_checkstring(L, 2);
  sqlite3_stmt *row = prepare(L, s, "SELECT value FROM meta WHERE key = ?");
  if (row == NULL) return failed(L, s->why);
  sqlite3_bind_text(row, 1, key, -1, SQLITE_TRANSIENT);
  if (sqlite3_step(row) == SQLITE_ROW)
    lua_pushstring(L, (const char *)sqlite3_column_text(row, 0)); /* NULL pushes nil */
  else
    lua_pushnil(L);
  lua_insert(L, -2);
  finish(L);
  return 1;
}

/* ---- writing ---- */

/* journal:begin{time, method, row, kind, symbol, client_order_id, made, params, first, fence, window} -> the number of the
** intent, when it is committed; or nil, why */
static int l_begin(lua_State *L) {
  Store *s = luaL_checkudata(L, 1, JOURNAL);
  luaL_checktype(L, 2, LUA_TTABLE);
  JournalIntent intent = {.time = moment_field(L, 2, "time", true),
                          .method = text_field(L, 2, "method", true),
                          .row = text_field(L, 2, "row", false),
                          .kind = text_field(L, 2, "kind", true),
                          .symbol = text_field(L, 2, "symbol", false),
                          .client_order_id = text_field(L, 2, "client_order_id", false),
                          .made = flag_field(L, 2, "made"),
                          .params = text_field(L, 2, "params", false),
                          .first = moment_field(L, 2, "first", false),
                          .fence = moment_field(L, 2, "fence", false),
                          .window = moment_field(L, 2, "window", false)};
  if (intent.params != NULL) intent.params_size = strlen(intent.params);
  int64_t id;
  const char *why = store_begin(s, &intent, &id);
  if (why == NULL) why = store_commit(s);
  if (why != NULL) return failed(L, why);
  store_tidy(s);
  lua_pushinteger(L, id);
  return 1;
}

/* journal:finish(number, outcome, ms [, fence]) -> true, when the end is committed (without waiting for the disk); or nil,
** why. The end then stays in the queue, and the next commit tries again. 'fence' is the moment until which a copy of the
** intent may still act. */
static int l_finish(lua_State *L) {
  Store *s = luaL_checkudata(L, 1, JOURNAL);
  StoreEnd end = {.id = luaL_checkinteger(L, 2),
                  .outcome = outcomes[luaL_checkoption(L, 3, NULL, outcomes)],
                  .ended = luaL_checkinteger(L, 4),
                  .fence = luaL_optinteger(L, 5, 0)};
  const char *why = s->db != NULL && !s->reader && file_forked(&s->claim)
                        ? "a journal cannot be used after fork"
                        : store_end(s, &end);
  return told(L, why == NULL ? store_flush(s) : why);
}

/* journal:commits() -> how many commits there were */
static int l_commits(lua_State *L) {
  lua_pushinteger(L, ((const Store *)luaL_checkudata(L, 1, JOURNAL))->commits);
  return 1;
}

/* journal:syncs() -> how many of them waited for the disk */
static int l_syncs(lua_State *L) {
  lua_pushinteger(L, ((const Store *)luaL_checkudata(L, 1, JOURNAL))->syncs);
  return 1;
}

__attribute__((visibility("default"))) int luaopen_bybit_journal(lua_State *L);

int luaopen_bybit_journal(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"open_intents", l_open_intents}, {"select", l_select}, {"at_large", l_at_large}, {"owned", l_owned},
      {"symbols", l_symbols},           {"meta", l_meta},     {"begin", l_begin},       {"finish", l_finish},
      {"commits", l_commits},           {"syncs", l_syncs},   {"close", l_close},       {NULL, NULL}};
  static const luaL_Reg functions[] = {{"open", l_open}, {"read", l_read}, {NULL, NULL}};
  luaL_checkversion(L);
  luaL_newmetatable(L, JOURNAL);
  lua_pushcfunction(L, l_close);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, l_close);
  lua_setfield(L, -2, "__close");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  luaL_newmetatable(L, STATEMENT);
  lua_pushcfunction(L, statement_free);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 2);
  luaL_newlib(L, functions);
  return 1;
}
