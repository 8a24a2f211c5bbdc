/*
** See line.h. One timer is set to the first moment at which somebody's turn can come by the passing of time; all else
** that makes room (a transfer that ends) serves the line at once.
*/
#include "line.h"
#include "random.h"
#include "sign.h"
#include "url.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char KEY; /* its address is the line's key in the registry */

double line_now(Line *line) {
  if (line->era != loop_era(line->loop)) {
    line->era = loop_era(line->loop);
    limiter_forget(&line->limiter);
  }
  return loop_now(line->loop);
}

/* Text by which accounts are told apart without keeping their keys. */
static bool print_of(const Line *line, const char *key, char print[SIGN_TEXT_MAX]) {
  print[0] = '\0';
  if (key == NULL) return true;
  const char *why;
  Signer *signer = signer_hmac(line->salt, sizeof line->salt, &why);
  if (signer == NULL) return false;
  const SignPart part = {key, strlen(key)};
  size_t size = signer_sign(signer, &part, 1, print);
  signer_free(signer);
  return size > 0;
}

bool line_join(Line *line, LineClient *client, const char *url, const char *key) {
  char print[SIGN_TEXT_MAX];
  if (!print_of(line, key, print)) return false;
  client->account = limiter_join(&line->limiter, url, url_is_loopback(url), print);
  return client->account != NULL;
}

void line_leave(LineClient *client) {
  if (client->account != NULL) limiter_leave(&client->line->limiter, client->account);
  client->account = NULL;
  while (client->lanes != NULL) {
    Lane *lane = client->lanes;
    client->lanes = lane->sibling;
    free(lane);
  }
}

/* ---- entering and leaving ---- */

static Lane *find_lane(LineClient *client, LimitGroup *group, Priority priority) {
  for (Lane *lane = client->lanes; lane != NULL; lane = lane->sibling)
    if (lane->group == group && lane->priority == priority) return lane;
  Lane *lane = calloc(1, sizeof *lane);
  if (lane == NULL) return NULL;
  *lane = (Lane){.client = client, .group = group, .priority = priority, .sibling = client->lanes};
  client->lanes = lane;
  return lane;
}

static void lane_fills(Line *line, Lane *lane) {
  lane->before = NULL;
  lane->next = line->busy;
  if (lane->next != NULL) lane->next->before = lane;
  line->busy = lane;
}

static void lane_empties(Line *line, Lane *lane) {
  if (lane->before == NULL)
    line->busy = lane->next;
  else
    lane->before->next = lane->next;
  if (lane->next != NULL) lane->next->before = lane->before;
  lane->before = lane->next = NULL;
}

bool line_enter(LineClient *client, Waiter *waiter, LimitGroup *group, Priority priority) {
  Line *line = client->line;
  Lane *lane = find_lane(client, group, priority);
  if (lane == NULL) return false;
  if (lane->first == NULL) lane_fills(line, lane);
  waiter->lane = lane;
  waiter->turn = ++line->turns;
  waiter->next = NULL;
  waiter->before = lane->last;
  if (lane->last == NULL)
    lane->first = waiter;
  else
    lane->last->next = waiter;
  lane->last = waiter;
  return true;
}

void line_exit(Waiter *waiter) {
  Lane *lane = waiter->lane;
  if (lane == NULL) return;
  if (waiter->before == NULL)
    lane->first = waiter->next;
  else
    waiter->before->next = waiter->next;
  if (waiter->next == NULL)
    lane->last = waiter->before;
  else
    waiter->next->before = waiter->before;
  waiter->before = waiter->next = NULL;
  waiter->lane = NULL;
  if (lane->first == NULL) lane_empties(lane->client->line, lane);
}

/* ---- whose turn it is ---- */

static bool goes_before(const Lane *a, const Lane *b) {
  if (b == NULL || a->priority != b->priority) return b == NULL || a->priority < b->priority;
  return a->first->turn < b->first->turn; /* NOLINT: lanes in the list hold somebody */
}

static double wait_of(const Lane *lane, double now) {
  const LineClient *client = lane->client;
  if (client->in_flight >= client->in_flight_max) return INFINITY;
  return client->account == NULL ? 0 : limiter_wait(client->account, lane->group, now);
}

/* Refuses those of the lane who would not wait for a limit; everyone, while the address is closed to us. */
static void refuse(Lane *lane, double seconds, double now) {
  LineClient *client = lane->client;
  if (client->account == NULL || client->in_flight >= client->in_flight_max) return;
  bool all = limiter_banned(client->account, now) > 0;
  Waiter *next;
  for (Waiter *w = lane->first; w != NULL; w = next) {
    next = w->next;
    if (!all && !w->impatient) continue;
    line_exit(w);
    client->refuse(w, seconds);
  }
}

/* The lane whose first may go now, or NULL; then '*wait' tells in how many seconds there will be one, as far as time
** alone decides. Refuses those on its way who would not wait for a limit. */
static Lane *next_lane(Line *line, double now, double *wait) {
  Lane *best = NULL, *next;
  *wait = INFINITY;
  for (Lane *lane = line->busy; lane != NULL; lane = next) {
    next = lane->next;
    double seconds = wait_of(lane, now);
    if (seconds > 0)
      refuse(lane, seconds, now);
    else if (goes_before(lane, best))
      best = lane;
    if (lane->first != NULL) *wait = fmin(*wait, seconds);
  }
  return best;
}

void line_serve(Line *line) {
  double now = line_now(line), wait;
  Lane *lane;
  while ((lane = next_lane(line, now, &wait)) != NULL) {
    LineClient *client = lane->client;
    Waiter *waiter = lane->first;
    if (client->account != NULL && !limiter_take(client->account, lane->group)) {
      wait = 1; /* no memory: perhaps there is some later */
      break;
    }
    client->in_flight++;
    line_exit(waiter);
    client->go(waiter);
  }
  if (isinf(wait))
    loop_timer_stop(line->loop, &line->timer);
  else
    loop_later(line->loop, &line->timer, wait);
}

void line_done(LineClient *client, LimitGroup *group, bool sent) {
  client->in_flight--;
  if (client->account != NULL) limiter_end(client->account, group, line_now(client->line), sent);
}

/* ---- the line of a state ---- */

static void on_timer(LoopTimer *timer) {
  line_serve((Line *)((char *)timer - offsetof(Line, timer)));
}

static int line_close(lua_State *L) {
  Line *line = lua_touserdata(L, 1);
  loop_timer_stop(line->loop, &line->timer);
  limiter_free(&line->limiter);
  return 0;
}

Line *line_get(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY) == LUA_TUSERDATA) {
    Line *found = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return found;
  }
  lua_pop(L, 1);
  Loop *loop = loop_get(L);
  Random random;
  random_system(&random);
  Line *line = lua_newuserdatauv(L, sizeof *line, 0);
  memset(line, 0, sizeof *line);
  line->loop = loop;
  line->era = loop_era(loop);
  line->timer.fire = on_timer;
  if (!random_bytes(&random, line->salt, sizeof line->salt))
    luaL_error(L, "the system gives no random bytes");
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, line_close);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2); /* from here on __gc owns what the limiter will hold */
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY);
  return line;
}
