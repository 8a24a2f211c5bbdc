/* Tasks' turns, see turns.h: the functions of core.loop that scheduler.lua is written with. The loop is an upvalue of them. */
#include "turns.h"
#include "loop.h"
#include "loop_parts.h"

#include <lauxlib.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

enum { TASKS = 1 };                 /* the loop's user value: the table of tasks */
static const double LONGEST = 3600; /* seconds of one wait */

static Loop *loop_of(lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(1));
}

bool turns_cancelled(const Turns *t) {
  return t->current != 0 && t->places[t->current].cancelled;
}

void turns_close(Turns *t) {
  free(t->places);
  free(t->line);
  *t = (Turns){.due = INFINITY};
}

/* ---- places ---- */

/* Doubles the places, and the line. False when there is no memory; all is then as before. */
static bool grow(Turns *t) {
  int room = t->room == 0 ? 8 : t->room * 2;
  if (t->room > INT_MAX / 4) return false;
  TaskPlace *places = realloc(t->places, ((size_t)room + 1) * sizeof *places);
  if (places == NULL) return false;
  t->places = places;
  int *line = malloc((size_t)room * sizeof *line);
  if (line == NULL) return false;
  for (int i = 0; i < t->count; i++)
    line[i] = t->line[(t->first + i) % t->room]; /* NOLINT: room 0 means count 0 */
  free(t->line);
  t->line = line;
  t->first = 0;
  for (int i = room; i > t->room; i--) {
    places[i] = (TaskPlace){.next = t->free};
    t->free = i;
  }
  t->room = room;
  return true;
}

/* The place at that argument; NULL when it is free, or no place. */
static TaskPlace *check_place(lua_State *L, int arg) {
  Turns *t = &loop_of(L)->turns;
  lua_Integer place = luaL_checkinteger(L, arg);
  if (place < 1 || place > t->room || t->places[place].co == NULL) return NULL;
  return &t->places[place];
}

/* Puts it in line, unless it is there. */
static void enqueue(Turns *t, TaskPlace *p) {
  if (p->in_line) return;
  int at = t->first + t->count++;
  t->line[at < t->room ? at : at - t->room] = (int)(p - t->places);
  p->in_line = true;
}

/* Ends its wait, if it waits. A number of its own is then over; another's owner drops it, and may have done so already. */
static void leave_wait(Loop *loop, TaskPlace *p) {
  Wait *wait = waits_find(&loop->waits, p->wait);
  if (p->outside) loop->turns.outside--;
  p->outside = false;
  p->wait = 0;
  if (wait == NULL) return;
  wait->task = 0;
  if (wait->own) waits_drop(&loop->waits, wait->number);
}

/* Makes a task that waits ready, with the value at that place of the stack, or none. Its coroutine keeps the value; it is
** suspended, unless somebody else resumed it, who then tells it nothing. */
static void rouse(lua_State *L, Loop *loop, TaskPlace *p, int value) {
  if (!lua_isnoneornil(L, value) && lua_status(p->co) == LUA_YIELD) {
    if (!lua_checkstack(p->co, 1)) luaL_error(L, "too many arguments");
    lua_pushvalue(L, value);
    lua_xmove(L, p->co, 1);
    p->given = true;
  }
  leave_wait(loop, p);
  enqueue(&loop->turns, p);
}

/* Moves the tasks of the woken numbers into the line. */
static void gather(Loop *loop) {
  Wait *wait;
  while (waits_woken(&loop->waits, &wait)) {
    if (wait == NULL) continue;
    int64_t number = wait->number;
    if (wait->task != 0) {
      TaskPlace *p = &loop->turns.places[wait->task];
      leave_wait(loop, p);
      enqueue(&loop->turns, p);
    }
    waits_drop(&loop->waits, number);
  }
}

/* ---- resuming ---- */

/* Can the coroutine never go on? */
static bool is_dead(lua_State *co) {
  lua_Debug ar;
  int status = lua_status(co);
  return status != LUA_YIELD && (status != LUA_OK || (lua_getstack(co, 0, &ar) == 0 && lua_gettop(co) == 0));
}

/* The coroutine was suspended, with 'count' values. It waits for the number behind the loop's mark; otherwise, or when that
** number is over, it goes to the end of the line. */
static void suspended(Loop *loop, TaskPlace *p, int count) {
  Wait *wait = NULL;
  if (count >= 2 && lua_touserdata(p->co, -count) == (const void *)&loop_key)
    wait = waits_find(&loop->waits, lua_tointeger(p->co, 1 - count));
  lua_pop(p->co, count);
  if (wait == NULL) {
    enqueue(&loop->turns, p);
    return;
  }
  wait->task = (int)(p - loop->turns.places);
  p->wait = wait->number;
  p->outside = !wait->own;
  if (p->outside) loop->turns.outside++;
}

/* Frees the place. Pushes the task. */
static void leave(lua_State *L, Turns *t, int place) {
  lua_getiuservalue(L, lua_upvalueindex(1), TASKS);
  lua_rawgeti(L, -1, 2 * (lua_Integer)place - 1);
  for (int i = 0; i < 2; i++) {
    lua_pushnil(L);
    lua_rawseti(L, -3, 2 * (lua_Integer)place - i);
  }
  lua_remove(L, -2);
  t->places[place] = (TaskPlace){.next = t->free};
  t->free = place;
  t->ended = true;
}

/* Resumes the first in line. Returns 0, or when its coroutine has ended the number of values that it pushed: the task; false when
** the coroutine was closed, true when it has returned, or nil and its error. */
static int resume_first(lua_State *L, Loop *loop) {
  Turns *t = &loop->turns;
  int place = t->line[t->first], before = t->current, count = 0;
  if (++t->first == t->room) t->first = 0;
  t->count--;
  lua_State *co = t->places[place].co;
  bool given = t->places[place].given && lua_gettop(co) > 0;
  t->places[place].in_line = t->places[place].given = false;
  if (is_dead(co)) {
    leave(L, t, place);
    lua_pushboolean(L, 0);
    return 2;
  }
  const void *yields = loop->yields;
  loop->yields = co;
  t->current = place;
  int status = lua_resume(co, L, given ? 1 : 0, &count);
  loop->yields = yields;
  t->current = before;
  if (status == LUA_YIELD) {
    suspended(loop, &t->places[place], count);
    return 0;
  }
  if (status != LUA_OK && !is_dead(co)) { /* it runs already: it is resumed later */
    lua_pop(co, 1);
    enqueue(t, &t->places[place]);
    return 0;
  }
  leave(
      L, t,
      place); /* the stack does not keep the coroutine, but nothing collects garbage before its error is moved */
  if (status == LUA_OK) {
    lua_pushboolean(L, 1);
    return 2;
  }
  lua_pushnil(L);
  lua_xmove(co, L, 1);
  return 3;
}

/* May the next round begin without the Lua layer? Not when it has to look whether what it waits for has come, or whether every
** task waits for another, or when time is virtual. */
static bool goes_on(const Loop *loop) {
  const Turns *t = &loop->turns;
  return !t->ended && !loop->virtual && (t->count > 0 || t->outside > 0);
}

/* Begins the next round. False: as loop_block. */
static bool next_round(lua_State *L, Loop *loop) {
  Turns *t = &loop->turns;
  double seconds = 0;
  gather(loop);
  if (t->count == 0) seconds = t->due == INFINITY ? LONGEST : fmin(fmax(t->due - loop_now(loop), 0), LONGEST);
  if (!loop_step(L, loop, seconds)) return false;
  gather(loop);
  t->batch = t->count;
  return true;
}

/* ---- the Lua face ---- */

/* Has the coroutine not begun? */
static bool is_new(lua_State *co) {
  lua_Debug ar;
  return lua_status(co) == LUA_OK && lua_getstack(co, 0, &ar) == 0 && lua_gettop(co) > 0;
}

/* begin(task, coroutine, value) -> the task's place: puts it in line, to be resumed with this value for the first time */
static int l_begin(lua_State *L) {
  Turns *t = &loop_of(L)->turns;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_State *co = lua_tothread(L, 2);
  luaL_argexpected(L, co != NULL && is_new(co), 2, "new coroutine");
  lua_settop(L, 3);
  if ((t->free == 0 && !grow(t)) || !lua_checkstack(co, 1)) return luaL_error(L, "not enough memory");
  int place = t->free;
  lua_getiuservalue(L, lua_upvalueindex(1), TASKS);
  for (int i = 1; i <= 2; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, 4, 2 * (lua_Integer)place - 2 + i);
  }
  lua_settop(L, 3);
  lua_xmove(L, co, 1);
  t->free = t->places[place].next;
  t->places[place] = (TaskPlace){.co = co, .given = true};
  enqueue(t, &t->places[place]);
  lua_pushinteger(L, place);
  return 1;
}

/* wait_new([own]) -> a number to wait by. own: tasks and moments wake it, nothing else; it is over when a wait for it has ended */
static int l_wait_new(lua_State *L) {
  int64_t number = waits_new(&loop_of(L)->waits, lua_toboolean(L, 1));
  if (number == 0) return luaL_error(L, "not enough memory");
  lua_pushinteger(L, number);
  return 1;
}

/* wake(number [, value]) -> did a task wait for it? Makes that task ready, to be resumed with the value. */
static int l_wake(lua_State *L) {
  Loop *loop = loop_of(L);
  const Wait *wait = waits_find(&loop->waits, luaL_checkinteger(L, 1));
  bool waits = wait != NULL && wait->task != 0;
  if (waits) rouse(L, loop, &loop->turns.places[wait->task], 2);
  lua_pushboolean(L, waits);
  return 1;
}

/* rouse(place [, value]) -> does that task wait? Ends its wait, whatever it waits for, like wake. */
static int l_rouse(lua_State *L) {
  TaskPlace *p = check_place(L, 1);
  bool waits = p != NULL && p->wait != 0;
  if (waits) rouse(L, loop_of(L), p, 2);
  lua_pushboolean(L, waits);
  return 1;
}

/* closed(place): its coroutine is being closed, and has a turn to tell that */
static int l_closed(lua_State *L) {
  TaskPlace *p = check_place(L, 1);
  if (p == NULL) return 0;
  leave_wait(loop_of(L), p);
  enqueue(&loop_of(L)->turns, p);
  return 0;
}

/* is_waited(number) -> does a task wait for it? */
static int l_is_waited(lua_State *L) {
  const Wait *wait = waits_find(&loop_of(L)->waits, luaL_checkinteger(L, 1));
  lua_pushboolean(L, wait != NULL && wait->task != 0);
  return 1;
}

/* cancelled(place, yes): do that task's waits raise? */
static int l_cancelled(lua_State *L) {
  TaskPlace *p = check_place(L, 1);
  if (p != NULL) p->cancelled = lua_toboolean(L, 2);
  return 0;
}

/* current() -> the task that runs, or nil */
static int l_current(lua_State *L) {
  int place = loop_of(L)->turns.current;
  if (place == 0) return 0;
  lua_getiuservalue(L, lua_upvalueindex(1), TASKS);
  lua_rawgeti(L, -1, 2 * (lua_Integer)place - 1);
  return 1;
}

/* task(coroutine): from now on waits may suspend this coroutine, until the task that runs is suspended */
static int l_task(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTHREAD);
  loop_of(L)->yields = lua_tothread(L, 1);
  return 0;
}

/* due([seconds]): when the next moment comes, by now(); without it none does */
static int l_due(lua_State *L) {
  loop_of(L)->turns.due = luaL_optnumber(L, 1, INFINITY);
  return 0;
}

/* gather() -> how many tasks are in line; those of woken numbers come to its end. They have a turn in this round, and those that
** come into line later have one in the next. */
static int l_gather(lua_State *L) {
  Loop *loop = loop_of(L);
  gather(loop);
  loop->turns.batch = loop->turns.count;
  loop->turns.ended = false;
  lua_pushinteger(L, loop->turns.count);
  return 1;
}

/* outside() -> how many tasks wait for what comes from outside of tasks */
static int l_outside(lua_State *L) {
  lua_pushinteger(L, loop_of(L)->turns.outside);
  return 1;
}

/* resume(on [, stop]) -> nothing, or the task whose coroutine has ended, see resume_first. Resumes the tasks of this round; at
** that moment, by now(), the round is over. 'on': goes on with further rounds, until one ended a task or a moment is due. */
static int l_resume(lua_State *L) {
  Loop *loop = loop_of(L);
  Turns *t = &loop->turns;
  bool on = lua_toboolean(L, 1);
  double stop = luaL_optnumber(L, 2, INFINITY);
  while (true) {
    while (t->batch > 0) {
      t->batch--;
      int results = resume_first(L, loop);
      if (results > 0) return results;
      if (stop < INFINITY && loop_now(loop) >= stop) return 0;
    }
    if (!on || !goes_on(loop)) return 0;
    if (!next_round(L, loop)) return lua_error(L);
    if (t->due < INFINITY && loop_now(loop) >= t->due) return 0;
  }
}

void turns_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"begin", l_begin},         {"wait_new", l_wait_new},
                                       {"wake", l_wake},           {"rouse", l_rouse},
                                       {"closed", l_closed},       {"is_waited", l_is_waited},
                                       {"cancelled", l_cancelled}, {"current", l_current},
                                       {"task", l_task},           {"due", l_due},
                                       {"gather", l_gather},       {"outside", l_outside},
                                       {"resume", l_resume},       {NULL, NULL}};
  loop_get(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &loop_key);
  luaL_setfuncs(L, functions, 1);
}
