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

void sign_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"hmac_sha256", l_hmac},      {"rsa_sha256", l_rsa},
                                       {"rsa_verify", l_rsa_verify}, {"sha1", l_sha1},
                                       {"equal", l_equal},           {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "sign");
}
