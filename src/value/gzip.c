/*
** core.gzip() -> what inflates a gzip file piece by piece. Files of prices come so. Each piece of output is bounded, however well
** the input was packed. Only this file knows zlib; where it was not there when the module was built, core.gzip() returns nil and says
** so.
*/
#include "gzip.h"

#include <lauxlib.h>
#include <stdbool.h>

#ifdef BYBIT_ZLIB
#define ZLIB_CONST /* its input is not changed */
#include <zlib.h>

#define GZIP "bybit.gzip"

enum {
  PIECE = 65536,       /* bytes of output at a time */
  GZIP_ONLY = 16 + 15, /* zlib's number for: gzip with its header, and any window */
};

typedef struct Gzip {
  z_stream z;  /* its input is the string in user value 1 */
  bool open;   /* z is owned */
  bool inside; /* a member has begun and not ended */
} Gzip;

static Gzip *check(lua_State *L) {
  Gzip *g = luaL_checkudata(L, 1, GZIP);
  luaL_argcheck(L, g->open, 1, "it is closed");
  return g;
}

static int l_close(lua_State *L) {
  Gzip *g = luaL_checkudata(L, 1, GZIP);
  if (g->open) inflateEnd(&g->z);
  g->open = false;
  return 0;
}

static int l_gzip(lua_State *L) {
  Gzip *g = lua_newuserdatauv(L, sizeof *g, 1);
  *g = (Gzip){0};
  luaL_setmetatable(L, GZIP);
  if (inflateInit2(&g->z, GZIP_ONLY) != Z_OK) return luaL_error(L, "not enough memory");
  g->open = true;
  return 1;
}

/* Inflates a piece into the buffer. NULL, or what is wrong. A file may have several members, one after the other. */
static const char *inflate_piece(Gzip *g, unsigned char *out, unsigned *size) {
  g->z.next_out = out;
  g->z.avail_out = PIECE;
  int status = Z_OK;
  while (status == Z_OK && g->z.avail_out > 0 && g->z.avail_in > 0) {
    g->inside = true;
    status = inflate(&g->z, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
      g->inside = false;
      status = inflateReset(&g->z);
    }
  }
  *size = PIECE - g->z.avail_out;
  if (status == Z_OK || status == Z_BUF_ERROR) return NULL;
  if (status == Z_MEM_ERROR) return "not enough memory";
  return g->z.msg != NULL ? g->z.msg : "damaged";
}

/* inflate([input]) -> a piece of text, and whether there may be more of this input: then inflate() gives it, and only after that
** comes the next input. Nil and a message when it is no gzip, or damaged. */
static int l_inflate(lua_State *L) {
  Gzip *g = check(L);
  size_t size;
  if (!lua_isnoneornil(L, 2)) {
    const char *input = luaL_checklstring(L, 2, &size);
    luaL_argcheck(L, g->z.avail_in == 0, 2, "the input before is not used up");
    luaL_argcheck(L, size <= 1 << 24, 2, "too long");
    lua_settop(L, 2);
    lua_setiuservalue(L, 1, 1);
    g->z.next_in = (const Bytef *)input;
    g->z.avail_in = (uInt)size;
  }
  luaL_Buffer b;
  unsigned made;
  char *out = luaL_buffinitsize(L, &b, PIECE);
  const char *why = inflate_piece(g, (unsigned char *)out, &made);
  luaL_pushresultsize(&b, made);
  if (why != NULL) {
    lua_pushnil(L);
    lua_pushstring(L, why);
    return 2;
  }
  lua_pushboolean(L, g->z.avail_in > 0 || made == PIECE);
  return 2;
}

/* inside() -> is it in the middle of a member? At the end of a file: it is cut short. */
static int l_inside(lua_State *L) {
  lua_pushboolean(L, check(L)->inside);
  return 1;
}

void gzip_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"inflate", l_inflate}, {"inside", l_inside}, {"close", l_close}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", l_close}, {"__close", l_close}, {NULL, NULL}};
  luaL_newmetatable(L, GZIP);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, l_gzip);
  lua_setfield(L, -2, "gzip");
}

#else

static int l_gzip(lua_State *L) {
  lua_pushnil(L);
  lua_pushliteral(L, "this module was built without zlib: unpack the file first (gzip -d), or install zlib "
                     "and build it again");
  return 2;
}

void gzip_open(lua_State *L) {
  lua_pushcfunction(L, l_gzip);
  lua_setfield(L, -2, "gzip");
}

#endif
