/* The Lua face of sign.h: core.sign, see sign_lua.c. */
#ifndef BYBIT_SIGN_LUA_H
#define BYBIT_SIGN_LUA_H

#include <lua.h>

/* Adds 'sign' (hmac_sha256, rsa_sha256, rsa_verify, sha1, equal) to the module table on top of the stack. */
void sign_open(lua_State *L);

#endif
