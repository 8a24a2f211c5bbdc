/*
** What frames take: a link (src/wire/link.h) that counts its messages, and drops them. Beside the bare read it tells what the frames
** of a stream cost, before anybody looks into one. A contender as bare_read.c is.
** usage: frames PORT CA_FILE PIPE
*/
#include "loop/loop.h"
#include "wire/http.h"
#include "wire/link.h"

#include "timing.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

int luaopen_bybit_core(lua_State *L);

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "frames: %s\n", what);
  exit(1);
}

static void on_open(void *owner) {
  (void)owner;
}

static void on_message(void *owner, const char *text, size_t size) {
  (void)text, (void)size;
  ++*(long long *)owner;
}

static void on_ended(void *owner) {
  (void)owner;
  fail("the stream has ended");
}

static void step(lua_State *L) {
  if (!loop_block(L, loop_get(L), 1)) fail(lua_tostring(L, -1));
}

int main(int argc, char **argv) {
  char url[64];
  const char *why;
  long long taken = 0;
  int count;
  Random random;
  if (argc < 4) fail("usage: frames PORT CA_FILE PIPE");
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  luaL_requiref(L, "bybit.core", luaopen_bybit_core, 0);
  random_system(&random);
  snprintf(url, sizeof url, "https://127.0.0.1:%s", argv[1]);
  Http *http = http_new(loop_get(L), &(HttpOptions){.ca_file = argv[2]}, &why);
  if (http == NULL) fail(why);
  const LinkOptions options = {.url = url, .local = true, .timeout = 5, .max = 1 << 20, .random = &random};
  const LinkEvents events = {.open = on_open, .message = on_message, .ended = on_ended, .owner = &taken};
  Link *link = link_new(http, loop_get(L), &options, &events, &why);
  if (link == NULL) fail(why);
  while (!link_is_open(link)) step(L);
  FILE *pipe = fopen(argv[3], "w");
  if (pipe == NULL) fail(argv[3]);
  while (scanf("%d", &count) == 1 && count > 0) {
    const long long stop = taken + count;
    const Timing from = timing_now();
    fprintf(pipe, "%d\n", count);
    fflush(pipe);
    while (taken < stop) step(L);
    timing_tell(from, count);
  }
  link_free(link);
  http_free(http);
  lua_close(L);
  return 0;
}
