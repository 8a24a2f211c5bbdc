/*
** core.sign: signatures of a text, for the Lua layer and for users. A key that is none is a wrong call and raises,
** with nothing of the key in the message.
*/
#include "sign.h"
#include "sign_lua.h"

#include <lauxlib.h>

/* Signs the string at 2 and pushes the signature; frees the signer before anything can raise. */
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
  size_t size;
  const char *key = luaL_checklstring(L, 1, &size), *why;
  luaL_checkstring(L, 2);
  Signer *signer = signer_hmac(key, size, &why);
  return sign_with(L, signer, why);
}

/* rsa_sha256(private key in PEM, text) -> base64 */
static int l_rsa(lua_State *L) {
  size_t size;
  const char *pem = luaL_checklstring(L, 1, &size), *why;
  luaL_checkstring(L, 2);
  Signer *signer = signer_rsa(pem, size, &why);
  return sign_with(L, signer, why);
}

/* rsa_verify(public key in PEM, text, base64) -> boolean */
static int l_rsa_verify(lua_State *L) {
  size_t pem_size;
  SignPart part;
  const char *pem = luaL_checklstring(L, 1, &pem_size);
  part.data = luaL_checklstring(L, 2, &part.size);
  lua_pushboolean(L, sign_verify_rsa(pem, pem_size, &part, 1, luaL_checkstring(L, 3)));
  return 1;
}

/* equal(a, b): in a time that tells nothing of where they differ */
static int l_equal(lua_State *L) {
  size_t a_size, b_size;
  const char *a = luaL_checklstring(L, 1, &a_size), *b = luaL_checklstring(L, 2, &b_size);
  lua_pushboolean(L, a_size == b_size && sign_equal(a, b, a_size));
  return 1;
}

void sign_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"hmac_sha256", l_hmac},
                                       {"rsa_sha256", l_rsa},
                                       {"rsa_verify", l_rsa_verify},
                                       {"equal", l_equal},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "sign");
}
