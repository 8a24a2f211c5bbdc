/*
** A host in which a chosen allocation fails: of Lua, of the core itself (inject.h), of libcurl, of OpenSSL or of SQLite.
** oom.lua decides what is tried; this program gives it a second Lua state, in which allocations fail.
** usage: oom spec/torture/oom.lua [arguments]
*/
#include "inject.h"
#undef malloc
#undef calloc
#undef realloc
#undef strdup

#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>

enum { LUA, CORE, CURL_, OPENSSL, SQLITE, DOMAINS }; /* who allocates, in the order of 'domains' */

/* What fails in this thread. The paper exchange runs in another thread, so nothing fails there. */
static _Thread_local struct {
  int domain;     /* whose allocations are counted; -1: none */
  long countdown; /* how many allocations until the first that fails */
  bool once;      /* only that one fails; false: all that follow fail too */
  long failed;    /* how many have failed */
} plan = {.domain = -1};

static long live[DOMAINS]; /* how many blocks are in use, in all threads */

/* Counts an allocation; must it fail? */
static bool fails(int domain) {
  if (plan.domain != domain) return false;
  if (plan.countdown > 0 && --plan.countdown > 0) return false;
  if (plan.once && plan.failed > 0) return false;
  plan.failed++;
  return true;
}

/* realloc, unless it must fail; counts new blocks. */
static void *grow(int domain, void *old, size_t size) {
  if (fails(domain)) return NULL;
  void *block = realloc(old, size);
  if (old == NULL && block != NULL) __atomic_add_fetch(&live[domain], 1, __ATOMIC_RELAXED);
  return block;
}

static void drop(int domain, void *block) {
  if (block != NULL) __atomic_sub_fetch(&live[domain], 1, __ATOMIC_RELAXED);
  free(block);
}

/* ---- the five allocators ---- */

static void *lua_memory(void *owner, void *old, size_t old_size, size_t size) {
  (void)owner;
  if (size == 0) {
    drop(LUA, old);
    return NULL;
  }
  if (old != NULL && size <= old_size) return realloc(old, size); /* Lua expects that shrinking never fails */
  return grow(LUA, old, size);
}

/* The core frees with plain free(), so its blocks cannot be counted. */
void *torture_malloc(size_t size) {
  return fails(CORE) ? NULL : malloc(size);
}

void *torture_calloc(size_t count, size_t size) {
  return fails(CORE) ? NULL : calloc(count, size);
}

void *torture_realloc(void *old, size_t size) {
  return fails(CORE) ? NULL : realloc(old, size);
}

char *torture_strdup(const char *text) {
  return fails(CORE) ? NULL : strdup(text);
}

/* Blocks of these sizes never fail: a hash of 13 slots, and an element of it with a pointer as key. When libcurl 7.88
** cannot note which transfer uses a socket, it leaves a hash without slots, and later divides by their number. */
enum { SPARED_HASH = 13 * 32, SPARED_ELEMENT = 56 };

static void *curl_malloc(size_t size) {
  int domain = plan.domain;
  if ((size == SPARED_HASH || size == SPARED_ELEMENT) && domain == CURL_) plan.domain = -1;
  void *block = grow(CURL_, NULL, size);
  plan.domain = domain;
  return block;
}

static void *curl_calloc(size_t count, size_t size) {
  void *block = grow(CURL_, NULL, count * size);
  if (block != NULL) memset(block, 0, count * size);
  return block;
}

static void *curl_realloc(void *old, size_t size) {
  return grow(CURL_, old, size);
}

static char *curl_strdup(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = grow(CURL_, NULL, size);
  return copy == NULL ? NULL : memcpy(copy, text, size);
}

static void curl_free_(void *block) {
  drop(CURL_, block);
}

static void *openssl_malloc(size_t size, const char *file, int line) {
  (void)file, (void)line;
  return size == 0 ? NULL : grow(OPENSSL, NULL, size);
}

static void *openssl_realloc(void *old, size_t size, const char *file, int line) {
  (void)file, (void)line;
  if (size == 0) {
    drop(OPENSSL, old);
    return NULL;
  }
  return grow(OPENSSL, old, size);
}

static void openssl_free(void *block, const char *file, int line) {
  (void)file, (void)line;
  drop(OPENSSL, block);
}

static sqlite3_mem_methods sqlite_memory; /* SQLite's own */

static void *sqlite_malloc(int size) {
  return fails(SQLITE) ? NULL : sqlite_memory.xMalloc(size);
}

static void *sqlite_realloc(void *old, int size) {
  return fails(SQLITE) ? NULL : sqlite_memory.xRealloc(old, size);
}

static bool watch_sqlite(void) {
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory) != SQLITE_OK) return false;
  sqlite3_mem_methods ours = sqlite_memory;
  ours.xMalloc = sqlite_malloc;
  ours.xRealloc = sqlite_realloc;
  return sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) == SQLITE_OK;
}

/* ---- the second Lua state, for oom.lua ---- */

static lua_State *tortured;

static const char *const domains[] = {"lua", "core", "curl", "openssl", "sqlite", NULL};

/* open(file, ...): makes the second state and runs the file in it, which returns a table of steps. */
static int l_open(lua_State *L) {
  if (tortured != NULL) return luaL_error(L, "open already");
  tortured = lua_newstate(lua_memory, NULL);
  luaL_openlibs(tortured);
  if (luaL_loadfile(tortured, luaL_checkstring(L, 1)) != LUA_OK)
    return luaL_error(L, "%s", lua_tostring(tortured, -1));
  int count = lua_gettop(L);
  for (int i = 2; i <= count; i++) lua_pushstring(tortured, luaL_checkstring(L, i));
  if (lua_pcall(tortured, count - 1, 1, 0) != LUA_OK) return luaL_error(L, "%s", lua_tostring(tortured, -1));
  lua_setglobal(tortured, "steps");
  return 0;
}

static void push_text(lua_State *L, int index) {
  lua_pushstring(L, luaL_tolstring(tortured, index, NULL));
  lua_pop(tortured, 1);
}

/* step(name [, domain, n, once]) -> ok, the texts of the first two results or of the error, how many allocations failed.
** During the step the n-th allocation of the domain fails, and all that follow, unless 'once'. */
static int l_step(lua_State *L) {
  lua_settop(tortured, 0);
  lua_getglobal(tortured, "steps");
  lua_getfield(tortured, 1, luaL_checkstring(L, 1));
  lua_remove(tortured, 1);
  bool armed = !lua_isnoneornil(L, 2);
  int domain = armed ? luaL_checkoption(L, 2, NULL, domains) : -1;
  lua_Integer n = luaL_optinteger(L, 3, 1);
  plan.domain = domain;
  plan.countdown = (long)n;
  plan.once = lua_toboolean(L, 4);
  plan.failed = 0;
  int status = lua_pcall(tortured, 0, 2, 0);
  plan.domain = -1;
  lua_pushboolean(L, status == LUA_OK);
  lua_settop(tortured, 2);
  push_text(L, 1);
  push_text(L, 2);
  lua_pushinteger(L, plan.failed);
  return 4;
}

/* close([domain, n, once]) -> how many allocations failed while the second state was closed; nothing when there is none */
static int l_close(lua_State *L) {
  if (tortured == NULL) return 0;
  plan.domain = lua_isnoneornil(L, 1) ? -1 : luaL_checkoption(L, 1, NULL, domains);
  plan.countdown = (long)luaL_optinteger(L, 2, 1);
  plan.once = lua_toboolean(L, 3);
  plan.failed = 0;
  lua_close(tortured);
  plan.domain = -1;
  tortured = NULL;
  lua_pushinteger(L, plan.failed);
  return 1;
}

/* live(domain) -> how many blocks are in use */
static int l_live(lua_State *L) {
  lua_pushinteger(L, __atomic_load_n(&live[luaL_checkoption(L, 1, NULL, domains)], __ATOMIC_RELAXED));
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 2) return fputs("usage: oom driver.lua [arguments]\n", stderr), 2;
  if (!CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free))
    return fputs("oom: OpenSSL is in use already\n", stderr), 2;
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, curl_free_, curl_realloc, curl_strdup,
                           curl_calloc) != CURLE_OK)
    return 2;
  if (!watch_sqlite()) return fputs("oom: SQLite is in use already\n", stderr), 2;
  static const luaL_Reg functions[] = {
      {"open", l_open}, {"step", l_step}, {"close", l_close}, {"live", l_live}, {NULL, NULL}};
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  luaL_newlib(L, functions);
  lua_setglobal(L, "host");
  int status = luaL_loadfile(L, argv[1]);
  luaL_checkstack(L, argc, NULL);
  for (int i = 2; i < argc; i++) lua_pushstring(L, argv[i]);
  if (status == LUA_OK) status = lua_pcall(L, argc - 2, 0, 0);
  if (status != LUA_OK) fprintf(stderr, "oom: %s\n", luaL_tolstring(L, -1, NULL));
  lua_close(L);
  curl_global_cleanup();
  return status == LUA_OK ? 0 : 1;
}
