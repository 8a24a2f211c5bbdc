/*
** Lets require find the bytecode in core.so, see modules.h. A searcher comes before those of Lua: it looks where Lua would
** look for the source, and reads that. Any doubt leaves the file to Lua's own searchers.
*/
#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char KEY; /* its address is the key of the table of what is held, in the registry */

enum {
  LANES = 4, /* sums of a digest */
  TURN = 8 * LANES,
  BLOCK = 16384,   /* bytes of a source that are read at once; whole turns */
  AT_ONCE = 32,    /* files that are closed at once: so many are open at most */
  PATH_MOST = 1023 /* bytes of a path; the file of a longer one is compiled */
};

#define FACTOR UINT64_C(0x9E3779B97F4A7C15)

/* ---- what was compiled, and what is there now ---- */

static inline uint64_t with_word(uint64_t sum, const unsigned char *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  word = (sum ^ word) * FACTOR;
  return word << 29 | word >> 35;
}

/* Adds words, four a turn, to as many sums: no one of them has to wait for another. Together the sums are the digest. It tells
** one version of a file from another; it is no seal. compile.lua has it too. */
static void digest(uint64_t sums[LANES], const unsigned char *bytes, size_t size) {
  uint64_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
  for (const unsigned char *end = bytes + size; bytes < end; bytes += TURN) {
    a = with_word(a, bytes);
    b = with_word(b, bytes + 8);
    c = with_word(c, bytes + 16);
    d = with_word(d, bytes + 24);
  }
  sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

/* Is the open file what was compiled? No if it cannot be read. */
static bool is_source(const Module *m, int fd) {
  unsigned char block[BLOCK];
  uint64_t sums[LANES] = {0}, total = 0;
  ssize_t size;
  do {
    size = read(fd, block, BLOCK); /* less than a block is the end; if not, the digest is another one */
    if (size <= 0) break;
    size_t rest = (size_t)-size % TURN;
    memset(block + size, 0, rest);
    digest(sums, block, (size_t)size + rest);
    total += (uint64_t)size;
  } while (size == BLOCK);
  for (int i = 0; i < LANES; i++) total = with_word(total, (const unsigned char *)&sums[i]);
  return size >= 0 && total == m->source;
}

/* Writes the path that a template of package.path stands for; false: there is no room for it. */
static bool expand(char *to, const char *template, size_t size, const char *name) {
  char *end = to + PATH_MOST;
  for (const char *c = template; c < template + size; c++) {
    if (*c != '?') {
      if (to == end) return false;
      *to++ = *c;
      continue;
    }
    for (const char *n = name; *n != '\0'; n++) {
      if (to == end) return false;
      *to++ = *n == '.' ? '/' : *n;
    }
  }
  *to = '\0';
  return true;
}

/* Descriptors that are not closed yet, one after the other: they are closed with one call of the system. */
typedef struct Opened {
  int first, count;
} Opened;

static void close_all(Opened *o) {
  int last = o->first + o->count - 1;
#if defined(CLOSE_RANGE_CLOEXEC) && !defined(__SANITIZE_THREAD__)
  /* The system has close_range. ThreadSanitizer does not know it: it would take a number that another thread is given next for
  ** the same open file, and report a race. */
  if (o->count > 1 && close_range((unsigned)o->first, (unsigned)last, 0) == 0) o->count = 0;
#endif
  for (int fd = o->first; o->count > 0 && fd <= last; fd++) close(fd);
  o->count = 0;
}

static void close_later(Opened *o, int fd) {
  if (fd != o->first + o->count) close_all(o);
  if (o->count == 0) o->first = fd;
  if (++o->count == AT_ONCE) close_all(o);
}

/* The first of the templates of package.path by which a module's file can be opened, where Lua would look for it. Sets the descriptor
** and the template's size; NULL: there is none. */
static const char *open_source(const char *templates, const char *name, int *fd, size_t *size, Opened *o) {
  char path[PATH_MOST + 1];
  for (const char *at = templates; *at != '\0';) {
    *size = strcspn(at, ";");
    if (*size > 0) {
      if (!expand(path, at, *size, name)) return NULL;
      *fd = open(path, O_RDONLY | O_CLOEXEC);
      if (*fd < 0 && errno == EMFILE && o->count > 0) {
        close_all(o);
        *fd = open(path, O_RDONLY | O_CLOEXEC);
      }
      if (*fd >= 0) return at;
    }
    at += *size + (at[*size] == ';');
  }
  return NULL;
}

/* The template by which a module's source is found, if it is what was compiled, else NULL. */
static const char *fitting(const char *templates, const Module *m, size_t *size, Opened *o) {
  int fd;
  const char *template = open_source(templates, m->name, &fd, size, o);
  if (template == NULL) return NULL;
  bool fits = is_source(m, fd);
  close_later(o, fd);
  return fits ? template : NULL;
}

static const Module *module_of(const char *name) {
  size_t low = 0, high = module_count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = strcmp(name, module_list[middle].name);
    if (order == 0) return &module_list[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

/* ---- is it this Lua's bytecode? ---- */

typedef struct Comparison {
  size_t at;
  bool equal;
} Comparison;

static int compare(lua_State *L, const void *piece, size_t size, void *data) {
  (void)L;
  Comparison *c = data;
  c->equal = c->equal && size <= module_probe_code_size - c->at &&
             memcmp(module_probe_code + c->at, piece, size) == 0;
  c->at += size;
  return !c->equal;
}

/* Does the running Lua make the same bytecode as the one that made ours? Numbers of other sizes, another version, an
** instruction with another number: all show in the bytecode of the probe. */
static bool is_ours(lua_State *L) {
  Comparison c = {.equal = true};
  if (luaL_loadbufferx(L, module_probe, module_probe_size, "=probe", "t") != LUA_OK) {
    lua_pop(L, 1);
    return false;
  }
  lua_dump(L, compare, &c, 0);
  lua_pop(L, 1);
  return c.equal && c.at == module_probe_code_size;
}

/* ---- loading ---- */

/* The dump of a file, put together: the head, the name of the source, the code. */
typedef struct Dump {
  const Module *module;
  const char *path;
  unsigned char size[12]; /* of the name, as a dump has it */
  int part;               /* which one comes next */
} Dump;

/* Writes a size as dumps have it: groups of 7 bits, the last one marked. Returns where it begins in 'to'. */
static size_t pack(unsigned char *to, size_t room, size_t size) {
  size_t at = room;
  to[--at] = (unsigned char)((size & 127) | 128);
  while ((size >>= 7) != 0) to[--at] = (unsigned char)(size & 127);
  return at;
}

static const char *next_part(lua_State *L, void *data, size_t *size) {
  (void)L;
  Dump *d = data;
  size_t length = strlen(d->path) + 1, at;
  switch (d->part++) {
  case 0: *size = module_head_size; return (const char *)module_head;
  case 1:
    at = pack(d->size, sizeof d->size, length + 1);
    *size = sizeof d->size - at;
    return (const char *)d->size + at;
  case 2: *size = 1; return "@";
  case 3: *size = length - 1; return d->path;
  case 4: *size = d->module->size; return (const char *)module_code + d->module->at;
  default: *size = 0; return NULL;
  }
}

/* Pushes package.path, and returns it; NULL: it is no text. The upvalues of the functions below: the table 'package', and name ->
** template of the files that need not be read again. */
static const char *push_templates(lua_State *L) {
  return lua_getfield(L, lua_upvalueindex(1), "path") == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

/* Writes the path of a module's source, if it is what was compiled. */
static bool find_fitting(lua_State *L, const Module *m, char path[PATH_MOST + 1]) {
  size_t size;
  const char *template;
  if (lua_getfield(L, lua_upvalueindex(2), m->name) == LUA_TSTRING) {
    template = lua_tolstring(L, -1, &size);
  } else {
    Opened opened = {0};
    const char *templates = push_templates(L);
    template = templates == NULL ? NULL : fitting(templates, m, &size, &opened);
    close_all(&opened);
  }
  bool found = template != NULL && expand(path, template, size, m->name);
  lua_settop(L, 1);
  return found;
}

/* Has the program its own way to make this module? */
static bool is_preloaded(lua_State *L, const char *name) {
  bool found = lua_getfield(L, lua_upvalueindex(1), "preload") == LUA_TTABLE &&
               (lua_getfield(L, -1, name), lua_replace(L, -2), !lua_isnil(L, -1));
  lua_pop(L, 1);
  return found;
}

/* The searcher: name -> the file as a function, and its path; nothing where Lua shall search by itself. */
static int l_search(lua_State *L) {
  const Module *m = module_of(luaL_checkstring(L, 1));
  if (m == NULL || is_preloaded(L, m->name)) return 0;
  char path[PATH_MOST + 1];
  if (!find_fitting(L, m, path)) return 0;
  Dump d = {.module = m, .path = path};
  int status = lua_load(L, next_part, &d, m->name, "b");
  if (status == LUA_ERRMEM) return lua_error(L);
  if (status != LUA_OK) return 0;
  lua_pushstring(L, path);
  return 2;
}

/* What hold() has found out of a module. */
typedef struct Found {
  bool counts;          /* the caller means it, and it is neither loaded nor held */
  const char *template; /* by which its source is found, in package.path; NULL: it is not what was compiled */
  size_t size;
} Found;

/* Does the name begin as the argument says? */
static bool begins(lua_State *L, int argument, const char *name) {
  size_t size;
  const char *prefix = luaL_checklstring(L, argument, &size);
  return strncmp(name, prefix, size) == 0;
}

/* Notes which modules the caller of hold() means. */
static void note_meant(lua_State *L, int prefixes, Found *found) {
  int top = lua_gettop(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  for (size_t i = 0; i < module_count; i++) {
    const char *name = module_list[i].name;
    bool counts = begins(L, 1, name);
    for (int other = 2; counts && other <= prefixes; other++) counts = !begins(L, other, name);
    found[i] = (Found){.counts = counts && lua_getfield(L, lua_upvalueindex(2), name) == LUA_TNIL &&
                                 lua_getfield(L, top + 1, name) == LUA_TNIL};
    lua_settop(L, top + 1);
  }
  lua_settop(L, top);
}

/* Looks at the sources of these modules. Raises no error, as it has open files. */
static void look(const char *templates, Found *found) {
  Opened opened = {0};
  for (size_t i = 0; i < module_count; i++)
    if (found[i].counts) found[i].template = fitting(templates, &module_list[i], &found[i].size, &opened);
  close_all(&opened);
}

/* hold(prefix, ...) -> the names of files that are not loaded and cannot be held. A file that is held is loaded from
** bytecode even if its source is gone by then, or another one. Only names with the prefix count, and none that begins with
** one of the others. */
static int l_hold(lua_State *L) {
  int prefixes = lua_gettop(L);
  Found *found = lua_newuserdatauv(L, (module_count + 1) * sizeof *found, 0);
  note_meant(L, prefixes, found);
  const char *templates = push_templates(L); /* it stays on the stack, for 'found' points into it */
  if (templates != NULL && lua_toboolean(L, lua_upvalueindex(3))) look(templates, found);
  lua_newtable(L);
  for (size_t i = 0; i < module_count; i++) {
    if (!found[i].counts) continue;
    if (found[i].template != NULL) {
      lua_pushlstring(L, found[i].template, found[i].size);
      lua_setfield(L, lua_upvalueindex(2), module_list[i].name);
    } else {
      lua_pushstring(L, module_list[i].name);
      lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
  }
  return 1;
}

/* Puts the searcher on top of the stack before the others of the table below it. It comes even before the one of
** package.preload (see is_preloaded) and that of luarocks, which would find the source. */
static void put_first(lua_State *L) {
  for (lua_Integer i = (lua_Integer)lua_rawlen(L, -2); i > 0; i--) {
    lua_rawgeti(L, -2, i);
    lua_rawseti(L, -3, i + 1);
  }
  lua_rawseti(L, -2, 1);
}

/* rest(): lets go of the memory that the bytecode read so far is in. It comes back from the file when more is loaded. */
static int l_rest(lua_State *L) {
  (void)L;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)module_code,
            end = first + module_code_size;
  first = (first + page - 1) / page * page;
  end = end / page * page;
  if (first < end) madvise((void *)first, end - first, MADV_DONTNEED); /* a refusal changes nothing */
  return 0;
}

/* A function with the upvalues that push_fitting names, and whether the bytecode is of this Lua. The table 'package' and what
** is held stand at 'package' and above it. */
static void push_function(lua_State *L, lua_CFunction f, int package, bool fits) {
  lua_pushvalue(L, package);
  lua_pushvalue(L, package + 1);
  lua_pushboolean(L, fits);
  lua_pushcclosure(L, f, 3);
}

/* Pushes the table 'package', or an empty one if the host has none that we know. False: it has none. */
static bool push_package(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "package");
  lua_remove(L, -2);
  bool known = lua_istable(L, -1);
  if (known) {
    known = lua_getfield(L, -1, "searchers") == LUA_TTABLE;
    lua_pop(L, 1);
  }
  if (known) return true;
  lua_pop(L, 1);
  lua_newtable(L);
  return false;
}

void modules_open(lua_State *L) {
  bool fits = push_package(L) && is_ours(L);
  int package = lua_gettop(L);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY) == LUA_TNIL) { /* else the core was loaded before */
    lua_pop(L, 1);
    lua_newtable(L);
    if (fits) {
      lua_getfield(L, package, "searchers");
      push_function(L, l_search, package, fits);
      put_first(L);
      lua_pop(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY);
  }
  lua_newtable(L);
  push_function(L, l_hold, package, fits);
  lua_setfield(L, -2, "hold");
  lua_pushcfunction(L, l_rest);
  lua_setfield(L, -2, "rest");
  lua_setfield(L, package - 1, "modules");
  lua_settop(L, package - 1);
}
