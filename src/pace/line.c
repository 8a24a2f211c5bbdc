/*
** The waiting line, see line.h. One timer is set to the first moment at which time alone gives somebody a turn. Whatever
** else makes room, such as the end of a transfer, serves the line at once.
*/
#include "line.h"
#include "value/random.h"

#include <lauxlib.h>
#include <limits.h>
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

/* Makes a text that tells accounts apart without keeping their keys: an HMAC of the key with a random secret. */
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

bool line_join(Line *line, LineClient *client, const Session *session, bool limited) {
  char print[SIGN_TEXT_MAX];
  if (!print_of(line, session->key, print)) return false;
  client->member = limiter_join(&line->limiter, session->url, session->local, print);
  client->account = limited ? client->member : NULL;
  return client->member != NULL;
}

/* ---- the share ---- */

Shared *line_usable(LineClient *client) {
  if (loop_is_virtual(client->line->loop)) return NULL;
  return client->shared.process == loop_process(client->line->loop) ? &client->shared : NULL;
}

/* A share that is lost is tried again, whether or not anybody calls. */
static void watch_share(LineClient *client, double now) {
  double seconds = shared_mends_in(&client->shared, now);
  if (isinf(seconds))
    loop_timer_stop(client->line->loop, &client->mend);
  else if (client->mend.among == NULL)
    loop_timer_start(client->line->loop, &client->mend, fmax(seconds, 1e-3));
}

static void on_mend(LoopTimer *timer) {
  LineClient *client = (LineClient *)((char *)timer - offsetof(LineClient, mend));
  Shared *shared = line_shared(client);
  if (shared == NULL) return;
  double now = line_now(client->line);
  shared_mend(shared, now);
  watch_share(client, now);
  line_serve(client->line);
}

/* Shared.answered */
static void on_answered(Shared *shared) {
  LineClient *client = (LineClient *)((char *)shared - offsetof(LineClient, shared));
  if (line_shared(client) == NULL) return;
  if (client->news != NULL) client->news(client);
  line_serve(client->line);
}

bool line_share(LineClient *client, const char *where, OnLoss on_loss, const char *key, char why[SHARE_WHY]) {
  client->shared = (Shared){.key = key, .on_loss = on_loss, .answered = on_answered};
  client->mend.fire = on_mend;
  return shared_open(&client->shared, where, client->line->loop, line_now(client->line), why);
}

/* Frees the client's share; the lanes' turns in it are over. */
static void leave_share(LineClient *client) {
  if (client->shared.ways == NULL) return;
  bool mine = client->shared.process == loop_process(client->line->loop);
  loop_timer_stop(client->line->loop, &client->mend);
  for (Lane *lane = client->lanes; lane != NULL; lane = lane->sibling)
    shared_drop(&client->shared, &lane->place);
  shared_close(&client->shared, mine, line_now(client->line));
}

void line_learn(LineClient *client, Waiter *waiter, int limit, int left) {
  LimitGroup *group = waiter->lane->group;
  bool shared = waiter->taken.taken;
  limiter_learn(group, limit, shared ? -1 : left, line_now(client->line));
  if (shared && limit > 0 && left <= limit) {
    waiter->taken.limit = limit;
    waiter->taken.left = left;
  }
}

void line_learn_late(LineClient *client, Waiter *waiter, int limit, int left) {
  double now = line_now(client->line);
  const bool shared = waiter->taken.taken && line_shared(client) != NULL;
  limiter_learn(waiter->lane->group, limit, shared ? -1 : left, now);
  if (shared) shared_learn(&client->shared, &waiter->lane->place, limit, left, now);
}

void line_charge(LineClient *client, Waiter *waiter, int more) {
  double now = line_now(client->line);
  limiter_charge(waiter->lane->group, more, now);
  if (waiter->taken.taken && line_shared(client) != NULL)
    shared_charge(&client->shared, &waiter->lane->place, more, now);
}

void line_hold(LineClient *client, LimitGroup *group, double seconds) {
  double now = line_now(client->line);
  limiter_hold(group, seconds, now);
  if (line_shared(client) == NULL) return;
  for (Lane *lane = client->lanes; lane != NULL; lane = lane->sibling)
    if (lane->group == group) shared_hold(&client->shared, &lane->place, seconds, now);
}

void line_shut_changed(LineClient *client) {
  if (client->account != NULL && line_shared(client) != NULL)
    shared_push(&client->shared, client->account, line_now(client->line));
}

/* ---- joining and leaving ---- */

void line_leave(LineClient *client) {
  leave_share(client);
  if (client->member != NULL) limiter_leave(&client->line->limiter, client->member);
  client->member = client->account = NULL;
  while (client->lanes != NULL) {
    Lane *lane = client->lanes;
    client->lanes = lane->sibling;
    free(lane);
  }
}

/* ---- entering and leaving ---- */

/* The client's lane for group and priority, made when it is new. NULL when memory runs out. */
static bool is_urgent(const Lane *lane) {
  return lane->priority == PRIORITY_CANCEL;
}

static Lane *find_lane(LineClient *client, LimitGroup *group, Priority priority) {
  for (Lane *lane = client->lanes; lane != NULL; lane = lane->sibling)
    if (lane->group == group && lane->priority == priority) return lane;
  Lane *lane = calloc(1, sizeof *lane);
  if (lane == NULL) return NULL;
  *lane = (Lane){.client = client, .group = group, .priority = priority, .sibling = client->lanes};
  client->lanes = lane;
  return lane;
}

/* The first one waits in the lane: adds it to the busy ones. */
static void lane_fills(Line *line, Lane *lane) {
  lane->before = NULL;
  lane->next = line->busy;
  if (lane->next != NULL) lane->next->before = lane;
  line->busy = lane;
}

/* Nobody waits in the lane any more: removes it from the busy ones. */
static void lane_empties(Line *line, Lane *lane) {
  if (lane->before == NULL)
    line->busy = lane->next;
  else
    lane->before->next = lane->next;
  if (lane->next != NULL) lane->next->before = lane->before;
  lane->before = lane->next = NULL;
}

/* Puts the waiter into its lane, right behind 'before' (NULL: at the front). */
static void insert(Waiter *waiter, Waiter *before) {
  Lane *lane = waiter->lane;
  if (lane->first == NULL) lane_fills(lane->client->line, lane);
  waiter->waits = true;
  waiter->before = before;
  waiter->next = before == NULL ? lane->first : before->next;
  if (before == NULL)
    lane->first = waiter;
  else
    before->next = waiter;
  if (waiter->next == NULL)
    lane->last = waiter;
  else
    waiter->next->before = waiter;
}

bool line_enter(LineClient *client, Waiter *waiter, LimitGroup *group, Priority priority) {
  Lane *lane = find_lane(client, group, priority);
  if (lane == NULL) return false;
  waiter->lane = lane;
  waiter->urgent = is_urgent(lane);
  waiter->turn = ++client->line->turns;
  insert(waiter, lane->last);
  return true;
}

void line_exit(Waiter *waiter) {
  Lane *lane = waiter->lane;
  if (!waiter->waits) return;
  if (waiter->before == NULL)
    lane->first = waiter->next;
  else
    waiter->before->next = waiter->next;
  if (waiter->next == NULL)
    lane->last = waiter->before;
  else
    waiter->next->before = waiter->before;
  waiter->before = waiter->next = NULL;
  waiter->waits = false;
  if (lane->first == NULL) lane_empties(lane->client->line, lane);
}

/* The waiter's request has ended: it counts in the share until a span from now on, if it was 'sent'. */
static void end_shared(LineClient *client, const Waiter *waiter, bool sent, double now) {
  if (!waiter->taken.taken || line_shared(client) == NULL) return;
  shared_end(&client->shared, &waiter->taken, &waiter->lane->place, sent, now);
  watch_share(client, now);
}

/* ---- whose turn it is ---- */

/* Does the first of lane 'a' go before the first of lane 'b' (NULL: nobody)? */
static bool goes_before(const Lane *a, const Lane *b) {
  if (b == NULL || a->priority != b->priority) return b == NULL || a->priority < b->priority;
  return a->first->turn < b->first->turn; /* NOLINT: somebody waits in each busy lane */
}

/* Has the client so much in flight that one of the lane has to wait for that? */
static bool is_full(const Lane *lane) {
  const LineClient *client = lane->client;
  if (client->in_flight >= client->in_flight_max || client->in_flight >= client->room) return true;
  return !is_urgent(lane) && (client->normal >= client->normal_max || client->normal >= client->normal_room);
}

static double wait_of(const Lane *lane, double now) {
  LineClient *client = lane->client;
  if (is_full(lane) || lane->place.asking) return INFINITY;
  if (client->account == NULL) return 0;
  double wait = limiter_wait(client->account, lane->group, lane->first->weight, is_urgent(lane),
                             shared_parts(&client->shared, now), now);
  return lane->later > now ? fmax(wait, lane->later - now) : wait;
}

/* Takes in what other processes were told of pauses and bans. */
static void hear_shut(LineClient *client, double now) {
  if (client->account != NULL && line_shared(client) != NULL)
    shared_pull(&client->shared, client->account, now);
}

/* Refuses the impatient of the lane; everyone, while the address is closed to us and no probe is under way that they can wait
** for. Waiting for a free connection of the client, or for what the share says, is no reason to refuse. */
static void refuse(Lane *lane, double seconds, double now) {
  LineClient *client = lane->client;
  if (client->account == NULL || is_full(lane) || lane->place.asking) return;
  bool all = limiter_banned(client->account, now) > 0 && !(is_urgent(lane) && isinf(seconds));
  Waiter *next;
  for (Waiter *w = lane->first; w != NULL; w = next) {
    next = w->next;
    if (!all && !w->impatient) continue;
    line_exit(w);
    client->refuse(w, seconds);
  }
}

/* The lane whose first waiter may be sent now. NULL when there is none; '*wait' is then the seconds until there is one, if
** time alone decides, else INFINITY. On its way it refuses the impatient. */
static Lane *next_lane(Line *line, double now, double *wait) {
  Lane *best = NULL, *next;
  *wait = INFINITY;
  for (Lane *lane = line->busy; lane != NULL; lane = next) {
    next = lane->next;
    hear_shut(lane->client, now);
    double seconds = wait_of(lane, now);
    if (seconds > 0)
      refuse(lane, seconds, now);
    else if (goes_before(lane, best))
      best = lane;
    if (lane->first != NULL) *wait = fmin(*wait, seconds);
  }
  return best;
}

/* How many waiters at the front of the lane weigh the same; who counts more than a few need not know. */
static int count_alike(const Lane *lane) {
  enum { FEW = 16 };
  int n = 0;
  for (const Waiter *w = lane->first; w != NULL && n < FEW && w->weight == lane->first->weight; w = w->next)
    n++;
  return n;
}

/* Asks the client's share, last of all, whether the first of the lane may go. False: not now; lane->later says when, or the share has to
** be asked again when it has answered. */
static bool ask_share(Lane *lane, double now) {
  LineClient *client = lane->client;
  Waiter *waiter = lane->first;
  waiter->taken = (SharedTurn){0};
  if (client->account == NULL || line_shared(client) == NULL) return true;
  const SharedAsk ask = {.account = client->account,
                         .group = lane->group,
                         .place = &lane->place,
                         .weight = waiter->weight,
                         .waiting = count_alike(lane),
                         .urgent = is_urgent(lane)};
  double wait = shared_take(&client->shared, &ask, now, &waiter->taken);
  watch_share(client, now);
  if (wait > 0) lane->later = now + wait;
  return wait == 0;
}

/* The limiter of this process counts it, and the share. False: no memory, and nothing is counted. */
static bool take(Lane *lane, double now) {
  LineClient *client = lane->client;
  Waiter *waiter = lane->first;
  waiter->probes = false;
  if (client->account == NULL ||
      limiter_take(client->account, lane->group, waiter->weight, now, &waiter->probes))
    return true;
  end_shared(client, waiter, false, now);
  return false;
}

void line_serve(Line *line) {
  double now = line_now(line), wait;
  Lane *lane;
  while ((lane = next_lane(line, now, &wait)) != NULL) {
    LineClient *client = lane->client;
    Waiter *waiter = lane->first;
    if (!ask_share(lane, now)) continue;
    if (!take(lane, now)) {
      wait = 1; /* no memory: tries again in a second */
      break;
    }
    client->in_flight++;
    client->normal += !waiter->urgent;
    line_exit(waiter);
    client->go(waiter);
  }
  if (isinf(wait))
    loop_timer_stop(line->loop, &line->timer);
  else
    loop_later(line->loop, &line->timer, wait);
}

void line_done(LineClient *client, const Waiter *waiter, bool sent) {
  client->in_flight--;
  client->normal -= !waiter->urgent;
  if (client->in_flight == 0) line_has_room(client);
  if (client->account == NULL) return; /* its lanes may be gone */
  double now = line_now(client->line);
  limiter_end(client->account, waiter->lane->group, waiter->weight, now, sent, waiter->probes);
  end_shared(client, waiter, sent, now);
  if (waiter->probes) line_shut_changed(client);
}

void line_has_room(LineClient *client) {
  client->room = client->normal_room = INT_MAX;
}

void line_return(LineClient *client, Waiter *waiter) {
  line_done(client, waiter, false);
  if (waiter->urgent)
    client->room = client->in_flight;
  else
    client->normal_room = client->normal;
  Waiter *before = waiter->lane->first;
  if (before != NULL && before->turn > waiter->turn) before = NULL;
  while (before != NULL && before->next != NULL && before->next->turn < waiter->turn) before = before->next;
  insert(waiter, before);
}

/* ---- the line of a state ---- */

static void on_timer(LoopTimer *timer) {
  line_serve((Line *)((char *)timer - offsetof(Line, timer)));
}

/* __gc, after that of all clients. */
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
  lua_setmetatable(L, -2); /* from here on __gc frees what the limiter holds */
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY);
  return line;
}
