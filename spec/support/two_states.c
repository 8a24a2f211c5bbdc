/*
** Runs one Lua script in two Lua states on two threads at the same time, for several rounds, and prints what each run
** returned. The script finds its number, 1 or 2, in the global 'number'. usage: two_states script.lua rounds
*/
#include <lauxlib.h>
#include <lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATES = 2 };

typedef struct Run {
  const char *script; /* its file */
  int number;         /* of the thread */
  char said[512];     /* what the script returned, or why it failed */
  int failed;
} Run;

static void *run(void *owner) {
  Run *r = owner;
  lua_State *L = luaL_newstate();
  if (L == NULL) return NULL;
  luaL_openlibs(L);
  lua_pushinteger(L, r->number);
  lua_setglobal(L, "number");
  r->failed = luaL_dofile(L, r->script);
  const char *text = lua_tostring(L, -1);
  strncpy(r->said, text == NULL ? "(no text)" : text, sizeof r->said - 1);
  lua_close(L);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: two_states script.lua rounds\n"), 2;
  int bad = 0;
  for (int round = 0; round < atoi(argv[2]); round++) {
    Run runs[STATES];
    pthread_t threads[STATES];
    for (int i = 0; i < STATES; i++) {
      runs[i] = (Run){.script = argv[1], .number = i + 1, .failed = 1};
      if (pthread_create(&threads[i], NULL, run, &runs[i]) != 0) return perror("pthread_create"), 1;
    }
    for (int i = 0; i < STATES; i++) {
      pthread_join(threads[i], NULL);
      printf("%s\n", runs[i].said);
      bad += runs[i].failed;
    }
  }
  return bad > 0;
}
