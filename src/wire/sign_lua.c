/*
** core.sign: signatures of a text, for the Lua layer and for users. An invalid key is a wrong call, so it raises; the
** message holds nothing of the key.
*/
#include "sign.h"
#include "sign_lua.h"

#include <lauxlib.h>
#include <string.h>

/* The string at 'arg'. A number raises: a key or text that is a number is a mistake. */
static SignPart check_text(lua_State *L, int arg) {
  SignPart part;
  luaL_checktype(L, arg, LUA_TSTRING);
  part.data = lua_tolstring(L, arg, &part.size);
  return part;
}

/* Signs the string at 2 and pushes the signature. It frees the signer before anything can raise. A signer of NULL raises
** 'why'. */
static int sign_with(lua_State *L, Signer *signer, const char *why) {
  if (signer == NULL) return luaL_error(L, "sign: %s", why);
  SignPart part;
  part.data = lua_tolstring(L, 2, &part.size);
  char text[SIGN_TEXT_MAX];
  size_t size = signer_sign(signer, &part, 1, text);
  signer_free(signer);
  if (size == 0) return luaL_error(L, "sign: OpenSSL failed");
  lua_pushlstring(L, text, size);
  return 1;
}

/* hmac_sha256(key, text) -> hex */
static int l_hmac(lua_State *L) {
  const char *why;
  SignPart key = check_text(L, 1);
  check_text(L, 2);
  Signer *signer = signer_hmac(key.data, key.size, &why);
  return sign_with(L, signer, why);
}

/* rsa_sha256(private key in PEM, text) -> base64 */
static int l_rsa(lua_State *L) {
  const char *why;
  SignPart pem = check_text(L, 1);
  check_text(L, 2);
  Signer *signer = signer_rsa(pem.data, pem.size, &why);
  return sign_with(L, signer, why);
}

/* rsa_verify(public key in PEM, text, base64) -> boolean; false for a key or base64 that cannot be read too */
static int l_rsa_verify(lua_State *L) {
  SignPart pem = check_text(L, 1), text = check_text(L, 2), signature = check_text(L, 3);
  bool whole = strlen(signature.data) == signature.size; /* a zero byte would end it early */
  lua_pushboolean(L, whole && sign_verify_rsa(pem.data, pem.size, &text, 1, signature.data));
  return 1;
}

/* sha1(text) -> base64 */
static int l_sha1(lua_State *L) {
  SignPart part = check_text(L, 1);
  char text[SIGN_SHA1_TEXT];
  if (!sign_sha1(part.data, part.size, text)) return luaL_error(L, "sign: OpenSSL failed");
  lua_pushstring(L, text);
  return 1;
}

/* equal(a, b) -> boolean; the time it takes does not tell where they differ */
static int l_equal(lua_State *L) {
  SignPart a = check_text(L, 1), b = check_text(L, 2);
  lua_pushboolean(L, a.size == b.size && sign_equal(a.data, b.data, a.size));
  return 1;
}

/* ---- a secret that many texts are checked with ---- */

#define KEYED "bybit.keyed"

typedef struct Keyed {
  Signer *signer; /* owned; NULL: there is none yet */
} Keyed;

static int l_keyed_free(lua_State *L) {
  Keyed *keyed = lua_touserdata(L, 1);
  signer_free(keyed->signer);
  keyed->signer = NULL;
  return 0;
}

/* key:signed(signature, text...) -> boolean: is that the HMAC-SHA256 of the texts, joined, in hex? The time it takes does not tell
** where it is wrong. */
static int l_keyed_signed(lua_State *L) {
  enum { PARTS = 4 };
  const Keyed *keyed = luaL_checkudata(L, 1, KEYED);
  SignPart signature = check_text(L, 2), parts[PARTS];
  int count = lua_gettop(L) - 2;
  char text[SIGN_TEXT_MAX];
  luaL_argcheck(L, count <= PARTS, 3, "too many texts");
  for (int i = 0; i < count; i++) parts[i] = check_text(L, i + 3);
  size_t size = signer_sign(keyed->signer, parts, (size_t)count, text);
  if (size == 0) return luaL_error(L, "sign: OpenSSL failed");
  lua_pushboolean(L, signature.size == size && sign_equal(signature.data, text, size));
  return 1;
}

/* Pushes the metatable of keys; it is made the first time. */
static void push_keyed_meta(lua_State *L) {
  if (!luaL_newmetatable(L, KEYED)) return;
  lua_pushcfunction(L, l_keyed_free);
  lua_setfield(L, -2, "__gc");
  lua_newtable(L);
  lua_pushcfunction(L, l_keyed_signed);
  lua_setfield(L, -2, "signed");
  lua_setfield(L, -2, "__index");
}

/* keyed(secret) -> a key, whose `signed` checks signatures */
static int l_keyed(lua_State *L) {
  const char *why;
  SignPart secret = check_text(L, 1);
  push_keyed_meta(L);
  Keyed *keyed = lua_newuserdatauv(L, sizeof *keyed, 0);
  keyed->signer = NULL;
  lua_insert(L, -2);
  lua_setmetatable(L, -2); /* from here on it owns what it gets */
  keyed->signer = signer_hmac(secret.data, secret.size, &why);
  return keyed->signer != NULL ? 1 : luaL_error(L, "sign: %s", why);
}

void sign_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"hmac_sha256", l_hmac},
                                       {"rsa_sha256", l_rsa},
                                       {"rsa_verify", l_rsa_verify},
                                       {"sha1", l_sha1},
                                       {"equal", l_equal},
                                       {"keyed", l_keyed},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "sign");
}
