/*
** See redact.h. A signature made with RSA is base64, whose '+', '/' and '=' are written otherwise in JSON and in URLs:
** a secret is looked for run by run of the characters that nobody rewrites, long runs only, so that words stay.
*/
#include "redact.h"

#include <ctype.h>
#include <lauxlib.h>
#include <string.h>

enum { RUN_MIN = 12 }; /* characters; shorter runs of a longer secret tell nothing */

static size_t run_length(const char *text) {
  size_t n = 0;
  while (isalnum((unsigned char)text[n]) || text[n] == '-' || text[n] == '_') n++;
  return n;
}

/* Replaces the string on top by one without 'run'. */
static void strike(lua_State *L, const char *run, size_t length) {
  size_t size;
  const char *text = lua_tolstring(L, -1, &size), *end = text + size, *found;
  if (length == 0 || memmem(text, size, run, length) == NULL) return;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  while ((found = memmem(text, (size_t)(end - text), run, length)) != NULL) {
    luaL_addlstring(&b, text, (size_t)(found - text));
    luaL_addstring(&b, "***");
    text = found + length;
  }
  luaL_addlstring(&b, text, (size_t)(end - text));
  luaL_pushresult(&b);
  lua_remove(L, -2);
}

static void strike_secret(lua_State *L, const char *secret) {
  size_t size = strlen(secret);
  strike(L, secret, size);
  for (const char *at = secret; at < secret + size; at++) {
    size_t run = run_length(at);
    if (run >= RUN_MIN && run < size) strike(L, at, run);
    at += run;
  }
}

/* Strikes what stands in brackets after 'word' out of the string on top: the exchange's own way of echoing. */
static void strike_brackets(lua_State *L, const char *word) {
  size_t size, length = strlen(word);
  const char *text = lua_tolstring(L, -1, &size), *end = text + size, *found;
  if (memmem(text, size, word, length) == NULL) return;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  while ((found = memmem(text, (size_t)(end - text), word, length)) != NULL) {
    found += length;
    luaL_addlstring(&b, text, (size_t)(found - text));
    luaL_addstring(&b, "***");
    const char *stop = memchr(found, ']', (size_t)(end - found));
    text = stop == NULL ? end : stop;
  }
  luaL_addlstring(&b, text, (size_t)(end - text));
  luaL_pushresult(&b);
  lua_remove(L, -2);
}

void redact_push(lua_State *L, const char *text, size_t size, const char *const secrets[], size_t count) {
  luaL_checkstack(L, 4, "redact");
  lua_pushlstring(L, text, size);
  for (size_t i = 0; i < count; i++)
    if (secrets[i] != NULL) strike_secret(L, secrets[i]);
  strike_brackets(L, "origin_string[");
  strike_brackets(L, "sign_string[");
}
