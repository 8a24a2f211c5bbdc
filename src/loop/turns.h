/*
** Tasks' turns: which task waits for which number, which is ready, and resuming those. A round of turns in which tasks only make
** calls runs no Lua but theirs. A task has a place from its beginning to the end of its coroutine. The Lua layer
** (lua/bybit/tasks/scheduler.lua) knows what a task is; here it is a table, which is handed back when its coroutine has ended.
**
** The loop's user value is a table: at 2 * place - 1 the task, at 2 * place its coroutine.
*/
#ifndef BYBIT_LOOP_TURNS_H
#define BYBIT_LOOP_TURNS_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct TaskPlace {
  lua_State *co;  /* its coroutine; NULL: the place is free */
  int64_t wait;   /* the number that it waits for; 0: none */
  bool outside;   /* it counts in Turns.outside */
  bool in_line;   /* it is ready */
  bool given;     /* the value that it is to be resumed with is on its stack */
  bool cancelled; /* it was cancelled, so that its waits raise */
  int next;       /* of a free place: the next that is free, or 0 */
} TaskPlace;

typedef struct Turns {
  TaskPlace *places; /* 'room' + 1 of them, the first is not used; owned */
  int *line;         /* the places of those that are ready, a ring with 'room' places; owned */
  int room, free;    /* 'free': the first free place, or 0 */
  int first, count;  /* of the ring */
  int batch;         /* how many of those in line have a turn in this round */
  int current;       /* the place of the task that runs; 0: none */
  int outside;       /* tasks whose wait neither a task nor a moment ends: a call, a token */
  bool ended;        /* a task has ended in this round */
  double due;        /* when the Lua layer's next moment comes, by loop_now; INFINITY: there is none */
} Turns;

/* Was the task that runs cancelled? */
bool turns_cancelled(const Turns *t);
void turns_close(Turns *t);
/* Adds its functions to the table of the loop on top of the stack. */
void turns_open(lua_State *L);

#endif
