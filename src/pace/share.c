/*
** A share's lock, members, windows and halt, see share.h. The lock is only ever tried, with short sleeps in between: who has it
** needs it for less than a microsecond, unless it was stopped or killed inside. A killed one's lock comes to the next who tries.
** Each store leaves what is right or counts too much (share_layout.h), so there is nothing to repair then.
*/
#include "share_parts.h"
#include "wire/sign.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FIRST = 1000, AGAIN = 3 };    /* tries to map the file: at first, and when it was lost */
static const double PATIENCE = 0.1;  /* seconds that the lock is tried for */
static const long NAP = 20000;       /* ns between two tries */
static const double LOOK = 2e-3;     /* seconds between two looks at the file */
static const double BELIEF = 5;      /* seconds between two looks at a file of which nothing was told */
static const double LOOK_PATH = 0.1; /* the same, at what is at its path */
static const double SWEEP = 0.25;    /* seconds between two looks for dead members */
/* Seconds that requests of a dead member count as running: what it had sent arrives in that time. Its sockets are closed, so
** nothing more comes. */
static const double GRACE = 1;
static const double TRY_LOCK = 0.01,
                    TRY_FILE = 1;  /* seconds between two tries to get back a lost lock, a lost file */
static const double HOLD_MOST = 5; /* seconds: windows of a longer span are not held when the share is back */
static const double MARGIN = 2e-3; /* as in limiter.c */

/* What is stored before it is there before what is stored after it, for whoever comes when this process was killed. */
static void in_order(void) {
  atomic_signal_fence(memory_order_seq_cst);
}

/* ---- losing and getting back ---- */

static void lose(Share *s, const char *why, bool gone, double now) {
  if (s->lost == NULL) s->losses++;
  s->lost = s->last_loss = why;
  s->gone = s->gone || gone;
  s->try_at = now + (s->gone ? TRY_FILE : TRY_LOCK);
}

/* Is the mapped file whole, and the one at its path? After it was made shorter, a look at the memory would end the process. */
static const char *what_is_wrong(Share *s, double now) {
  struct stat mine, there;
  if (now >= s->looked_at && now < s->looked_at + LOOK) return NULL;
  bool path = floor(now / LOOK_PATH) != floor(s->looked_at / LOOK_PATH);
  s->looked_at = s->seen_at = now;
  if (fstat(s->map.fd, &mine) != 0 || mine.st_size != (off_t)sizeof(Layout)) return "its file was changed";
  if (mine.st_nlink == 0) return "its file was removed";
  if (!path) return NULL;
  bool same = lstat(s->path, &there) == 0 && there.st_dev == mine.st_dev && there.st_ino == mine.st_ino;
  return same ? NULL : "its file was moved or replaced";
}

void share_vouch(Share *s, double now) {
  if (now >= s->seen_at && now < s->seen_at + BELIEF && !isinf(s->looked_at)) s->looked_at = now;
}

void share_look_again(Share *s) {
  s->looked_at = -INFINITY;
}

uint32_t share_epoch(const Share *s) {
  return s->epoch;
}

bool share_is_there(Share *s, double now) {
  if (s->gone) return false;
  const char *why = what_is_wrong(s, now);
  if (why != NULL) lose(s, why, true, now);
  return why == NULL;
}

static double steady(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Tries the lock, once or for a while. NULL, or why it cannot be had. */
static const char *take_lock(Layout *y, bool patient) {
  double began = 0;
  for (;;) {
    int r = pthread_mutex_trylock(&y->lock);
    if (r == 0) return NULL;
    if (r == EOWNERDEAD) {
      if (pthread_mutex_consistent(&y->lock) != 0) return "its lock is broken";
      y->recovered++;
      return NULL;
    }
    if (r != EBUSY) return "its lock is broken";
    if (began == 0) began = steady();
    if (!patient || steady() > began + PATIENCE)
      return "its lock cannot be had: a process that has it was stopped";
    nanosleep(&(struct timespec){.tv_nsec = NAP}, NULL);
  }
}

static uint32_t add_owed(SharedWindow *w, int member, uint16_t unsent, uint16_t sent, double now);

/* Writes what has ended while the share was lost. */
static void pay(Share *s, double now) {
  for (int i = 0; i < SHARE_WINDOWS; i++)
    add_owed(&s->map.layout->window[i], s->member, s->owed[0][i], s->owed[1][i], now);
  memset(s->owed, 0, sizeof s->owed);
  s->owes = false;
}

/* The lock was taken: is there still what was mapped? */
static bool admit(Share *s, double now) {
  Layout *y = s->map.layout;
  if (y->magic != SHARE_MAGIC || (s->member >= 0 && y->member[s->member].state != MEMBER_LIVE)) {
    pthread_mutex_unlock(&y->lock);
    lose(s, "its file was overwritten", true, now);
    return false;
  }
  if (y->live > 0 && y->live <= SHARE_MEMBERS) s->parts = (int)y->live;
  if (s->owes) pay(s, now);
  return true;
}

/* Nothing is sent for a span in the windows that this member has used: what it sent while the share was lost is counted
** nowhere. */
static void hold_used(Share *s, double now) {
  for (int i = 0; i < SHARE_WINDOWS; i++) {
    SharedWindow *w = &s->map.layout->window[i];
    if (s->used[i] && w->generation != 0 && w->span <= HOLD_MOST)
      w->held_until = fmax(w->held_until, now + w->span + MARGIN);
  }
}

static void back(Share *s, double now) {
  s->lost = NULL;
  s->gone = false;
  s->returns++;
  s->returned_at = s->missed ? now : -INFINITY;
  s->missed = false;
}

/* Maps what is at the path now. A halt of the lost file holds in the new one too: nobody has taken it back. */
static bool open_again(Share *s, double now) {
  char why[SHARE_WHY];
  Mapping map;
  const bool halted = (s->halt & 1) != 0;
  const SharedHalt halt = s->kept;
  if (!share_map(s->path, s->use, AGAIN, now, &map, why)) return false;
  share_unmap(&s->map);
  s->map = map;
  s->member = -1;
  s->epoch++;
  memset(s->owed, 0, sizeof s->owed);
  memset(s->used, 0, sizeof s->used);
  s->owes = false;
  if (s->use == SHARE_JOIN && !share_join(s, now, why)) return false;
  s->looked_at = -INFINITY;
  s->gone = false;
  if (halted && share_halted(s, now) == 0) share_halt(s, halt.reason, halt.at, now);
  return true;
}

/* Gets a lost share back, with its lock, if it is time to try. */
static bool get_back(Share *s, double now) {
  if (now < s->try_at) return false;
  s->try_at = now + (s->gone ? TRY_FILE : TRY_LOCK);
  if (s->gone && !open_again(s, now)) return false;
  if (!share_is_there(s, now) || take_lock(s->map.layout, false) != NULL) return false;
  if (!admit(s, now)) return false;
  if (s->missed) hold_used(s, now);
  back(s, now);
  return true;
}

bool share_enter(Share *s, double now) {
  if (s->lost != NULL) return get_back(s, now);
  if (!share_is_there(s, now)) return false;
  const char *why = take_lock(s->map.layout, true);
  if (why == NULL) return admit(s, now);
  lose(s, why, false, now);
  return false;
}

void share_leave(Share *s) {
  in_order();
  pthread_mutex_unlock(&s->map.layout->lock);
}

const char *share_lost(const Share *s) {
  return s->lost;
}

int share_parts(const Share *s) {
  return s->parts;
}

double share_mends_in(const Share *s, double now) {
  if (s->lost != NULL) return fmax(s->try_at - now, 0);
  return s->owes ? TRY_LOCK : INFINITY;
}

void share_mend(Share *s, double now) {
  if ((s->lost != NULL || s->owes) && share_enter(s, now)) share_leave(s);
}

void share_miss(Share *s) {
  s->missed = true;
}

/* ---- members ---- */

static void count_members(Layout *y) {
  uint32_t live = 0, top = 0;
  for (uint32_t i = 0; i < SHARE_MEMBERS; i++) {
    live += y->member[i].state == MEMBER_LIVE;
    if (y->member[i].state != MEMBER_NONE) top = i + 1;
  }
  y->live = live;
  y->top = top;
}

/* Requests of the member's end: they count from now on. If this process is killed before the last store they count twice. */
static uint32_t add_owed(SharedWindow *w, int member, uint16_t unsent, uint16_t sent, double now) {
  uint32_t running = w->running[member], ended = (uint32_t)unsent + sent;
  if (w->generation == 0 || ended == 0 || running == 0) return 0;
  if (ended > running) ended = running;
  for (uint32_t i = 0; i < sent && i < ended; i++) share_push(w, now);
  in_order();
  w->running[member] = (uint16_t)(running - ended);
  return ended;
}

/* Frees the places of members who have been gone for long enough: what they had under way has ended by now. */
static void bury(Layout *y, double now) {
  bool any = false;
  for (int m = 0; m < SHARE_MEMBERS; m++) {
    SharedMember *member = &y->member[m];
    if (member->state != MEMBER_GONE || (now < member->gone_at + GRACE && now >= member->gone_at)) continue;
    for (int i = 0; i < SHARE_WINDOWS; i++) {
      SharedWindow *w = &y->window[i];
      add_owed(w, m, 0, w->running[m], now);
      if (w->shut.prober == m + 1) w->shut.prober = 0;
      w->running[m] = 0;
    }
    in_order();
    member->state = MEMBER_NONE;
    any = true;
  }
  if (any) count_members(y);
}

bool share_join(Share *s, double now, char why[SHARE_WHY]) {
  Layout *y = s->map.layout;
  const char *wrong = take_lock(y, true);
  struct timespec wall;
  if (wrong != NULL) {
    snprintf(why, SHARE_WHY, "%s", wrong);
    return false;
  }
  bury(y, now);
  s->member = -1;
  for (int i = 0; s->member < 0 && i < SHARE_MEMBERS; i++)
    if (y->member[i].state == MEMBER_NONE) s->member = i;
  if (s->member >= 0) {
    SharedMember *m = &y->member[s->member];
    clock_gettime(CLOCK_REALTIME, &wall);
    share_self(&m->pid, &m->started);
    m->joined_at = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
    in_order();
    m->state = MEMBER_LIVE;
    count_members(y);
    s->parts = (int)y->live;
  } else
    snprintf(why, SHARE_WHY, "has no room for more than %d clients", SHARE_MEMBERS);
  share_leave(s);
  return s->member >= 0;
}

void share_quit(Share *s, double now) {
  if (s->member < 0 || s->gone || !share_is_there(s, now)) return;
  Layout *y = s->map.layout;
  SharedMember *m = &y->member[s->member];
  if (take_lock(y, true) !=
      NULL) { /* two stores of what only this process writes; the next sweep does the rest */
    m->gone_at = now;
    in_order();
    m->state = MEMBER_GONE;
    return;
  }
  if (s->owes) pay(s, now);
  bool busy = false;
  for (int i = 0; i < SHARE_WINDOWS; i++) busy = busy || y->window[i].running[s->member] > 0;
  m->gone_at = now;
  in_order();
  m->state = busy ? MEMBER_GONE : MEMBER_NONE;
  count_members(y);
  share_leave(s);
  s->member = -1;
}

bool share_sweep(Share *s, double now) {
  Layout *y = s->map.layout;
  SharedMember seen[SHARE_MEMBERS];
  bool dead[SHARE_MEMBERS] = {false};
  if (now >= y->swept_at && now < y->swept_at + SWEEP) return true;
  y->swept_at = now;
  bury(y, now);
  memcpy(seen, y->member, sizeof seen);
  share_leave(s);
  for (int i = 0; i < SHARE_MEMBERS; i++)
    dead[i] = seen[i].state == MEMBER_LIVE && i != s->member && share_is_dead(seen[i].pid, seen[i].started);
  if (!share_enter(s, now)) return false;
  bool any = false;
  for (int i = 0; i < SHARE_MEMBERS; i++) {
    SharedMember *m = &y->member[i];
    if (!dead[i] || m->state != MEMBER_LIVE || m->pid != seen[i].pid || m->started != seen[i].started)
      continue;
    m->gone_at = now;
    in_order();
    m->state = MEMBER_GONE;
    any = true;
  }
  if (any) count_members(y);
  return true;
}

int share_member(const Share *s) {
  return s->member;
}

/* ---- windows ---- */

/* The start of an HMAC with the file's salt, 'size' bytes as hex. False: no memory. */
static bool digest(const Layout *y, const char *text, size_t size, char *hex) {
  const char *why;
  char all[SIGN_TEXT_MAX];
  const SignPart part = {text, strlen(text)};
  Signer *signer = signer_hmac(y->salt, sizeof y->salt, &why);
  size_t made = signer == NULL ? 0 : signer_sign(signer, &part, 1, all);
  signer_free(signer);
  if (made < size) return false;
  memcpy(hex, all, size);
  return true;
}

bool share_print(Share *s, const char *key, char print[17]) {
  print[0] = print[16] = '\0';
  return key == NULL || digest(s->map.layout, key, 16, print);
}

int share_running(const Share *s, const SharedWindow *w) {
  uint32_t sum = 0, top = s->map.layout->top;
  for (uint32_t i = 0; i < top && i < SHARE_MEMBERS; i++) sum += w->running[i];
  return (int)sum;
}

/* Does nothing in it count any more? */
static bool is_idle(const Share *s, const SharedWindow *w, double now) {
  double until =
      fmax(fmax(w->used_at + w->span + 1, w->held_until), fmax(w->shut.paused_until, w->shut.banned_until));
  return until < now && share_running(s, w) == 0;
}

/* A place for a new window: a free one, or the one that has been idle for longest. NULL: all are in use. */
static SharedWindow *find_place(const Share *s, double now) {
  SharedWindow *best = NULL;
  for (int i = 0; i < SHARE_WINDOWS; i++) {
    SharedWindow *w = &s->map.layout->window[i];
    if (w->generation == 0) return w;
    if ((best == NULL || w->used_at < best->used_at) && is_idle(s, w, now)) best = w;
  }
  return best;
}

static SharedWindow *make_window(Share *s, const char *name, const char *id, double span, double now) {
  Layout *y = s->map.layout;
  SharedWindow *w = find_place(s, now);
  if (w == NULL) return NULL;
  w->generation = 0;
  in_order();
  w->head = w->tail = 0;
  w->announced = w->limit = 0;
  w->claimant = 0;
  w->held_until = 0;
  w->span = span;
  w->used_at = now;
  w->shut = (LimitShut){.pause = 1, .probe_pause = 1};
  memset(w->running, 0, sizeof w->running);
  memcpy(w->id, id, SHARE_ID);
  snprintf(w->name, sizeof w->name, "%s", name);
  in_order();
  if (++y->generations == 0) y->generations = 1;
  w->generation = y->generations;
  if (now < s->returned_at + span && span <= HOLD_MOST) w->held_until = s->returned_at + span + MARGIN;
  return w;
}

SharedWindow *share_known(Share *s, const SharePlace *place) {
  if (place->epoch != s->epoch || place->index >= SHARE_WINDOWS) return NULL;
  SharedWindow *w = &s->map.layout->window[place->index];
  return w->generation == place->generation ? w : NULL;
}

/* The window with the name; NULL: there is none, or no memory for its 'id'; "" then. */
static SharedWindow *find_window(Layout *y, const char *name, char id[SHARE_ID]) {
  id[0] = '\0';
  if (!digest(y, name, SHARE_ID, id)) return NULL;
  for (int i = 0; i < SHARE_WINDOWS; i++)
    if (y->window[i].generation != 0 && memcmp(y->window[i].id, id, SHARE_ID) == 0) return &y->window[i];
  return NULL;
}

SharedWindow *share_find(Share *s, const char *name) {
  char id[SHARE_ID];
  return find_window(s->map.layout, name, id);
}

SharedWindow *share_window(Share *s, SharePlace *place, const char *name, double span, double now) {
  Layout *y = s->map.layout;
  SharedWindow *found = share_known(s, place);
  char id[SHARE_ID];
  if (found != NULL) return found;
  found = find_window(y, name, id);
  if (found == NULL && id[0] != '\0') found = make_window(s, name, id, span, now);
  if (found == NULL) return NULL;
  place->epoch = s->epoch;
  place->index = (uint32_t)(found - y->window);
  place->generation = found->generation;
  return found;
}

void share_push(SharedWindow *w, double now) {
  uint32_t count = w->tail - w->head;
  if (count >= SHARE_MOMENTS) { /* more than any limit allows: nothing goes before all of it has left */
    w->held_until = fmax(w->held_until, now + w->span + MARGIN);
    return;
  }
  double last = count == 0 ? now : w->ended[(w->tail - 1) % SHARE_MOMENTS];
  w->ended[w->tail % SHARE_MOMENTS] =
      fmax(now, last); /* the moments are in order, and clocks are read before the lock is had */
  in_order();
  w->tail++;
}

void share_drop(SharedWindow *w, size_t n) {
  w->head += (uint32_t)n;
}

void share_run(Share *s, SharedWindow *w, int n, double now) {
  w->used_at = now;
  if (w->running[s->member] <= UINT16_MAX - n) w->running[s->member] = (uint16_t)(w->running[s->member] + n);
  s->used[w - s->map.layout->window] = true;
}

void share_end(Share *s, SharedWindow *w, int n, bool sent, double now) {
  w->used_at = now;
  add_owed(w, s->member, sent ? 0 : (uint16_t)n, sent ? (uint16_t)n : 0, now);
}

void share_owe(Share *s, const SharePlace *place, int n, bool sent) {
  if (place->epoch != s->epoch || place->index >= SHARE_WINDOWS) return;
  s->owed[sent][place->index] = (uint16_t)(s->owed[sent][place->index] + n);
  s->owes = true;
}

void share_shut_changed(Share *s) {
  atomic_fetch_add_explicit(&s->map.layout->shut_changes, 1, memory_order_release);
}

uint32_t share_shut_changes(const Share *s) {
  return s->gone ? 0 : atomic_load_explicit(&s->map.layout->shut_changes, memory_order_acquire);
}

/* ---- the halt ---- */

static SharedHalt *halt_of(Layout *y, uint64_t word) {
  return &y->halts[(word >> 1) & 1];
}

uint64_t share_halted(Share *s, double now) {
  if (share_is_there(s, now)) {
    uint64_t word = atomic_load_explicit(&s->map.layout->halt, memory_order_acquire);
    if (word != s->halt) s->kept = *halt_of(s->map.layout, word);
    s->halt = word;
  }
  return (s->halt & 1) != 0 ? s->halt : 0; /* of a lost share: as it was */
}

/* Puts the next word of the halt in place of 'word', which becomes what it is now. */
static bool change_halt(Layout *y, uint64_t *word, bool halted) {
  uint64_t next = (((*word >> 1) + 1) << 1) | (halted ? 1 : 0);
  return atomic_compare_exchange_strong_explicit(&y->halt, word, next, memory_order_acq_rel,
                                                 memory_order_acquire);
}

bool share_halt(Share *s, const char *reason, int64_t wall, double now) {
  if (!share_is_there(s, now)) return false;
  Layout *y = s->map.layout;
  SharedHalt halt = {.at = wall, .pid = (int32_t)getpid()};
  uint64_t word = atomic_load_explicit(&y->halt, memory_order_acquire);
  snprintf(halt.reason, sizeof halt.reason, "%s", reason);
  do *halt_of(y, word + 2) = halt;
  while (!change_halt(y, &word, true));
  share_halted(s, now);
  return true;
}

bool share_resume(Share *s, double now) {
  if (!share_is_there(s, now)) return false;
  uint64_t word = atomic_load_explicit(&s->map.layout->halt, memory_order_acquire);
  while ((word & 1) != 0 && !change_halt(s->map.layout, &word, false)) {
  }
  share_halted(s, now); /* what is known of it now holds when the share is lost */
  return true;
}

void share_halt_words(Share *s, char reason[SHARE_REASON], int *pid, int64_t *at) {
  size_t n = strnlen(s->kept.reason, SHARE_REASON - 1);
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)s->kept.reason[i];
    reason[i] = c < 0x20 || c == 0x7F ? '?' : s->kept.reason[i];
  }
  reason[n] = '\0';
  *pid = s->kept.pid;
  *at = s->kept.at;
}

/* ---- a share's life ---- */

ShareCounts share_counts(const Share *s) {
  return (ShareCounts){s->losses, s->returns};
}

uint32_t share_recovered(const Share *s) {
  return s->gone ? 0 : s->map.layout->recovered;
}

const char *share_last_loss(const Share *s) {
  return s->last_loss;
}

const char *share_path(const Share *s) {
  return s->path;
}

pid_t share_process(const Share *s) {
  return s->process;
}

Share *share_open(const char *path, ShareUse use, double now, char why[SHARE_WHY]) {
  Share *s = calloc(1, sizeof *s);
  char *copy = strdup(path);
  if (s == NULL || copy == NULL) {
    free(s);
    free(copy);
    snprintf(why, SHARE_WHY, "not enough memory");
    return NULL;
  }
  *s = (Share){.map = {.fd = -1},
               .path = copy,
               .use = use,
               .process = getpid(),
               .member = -1,
               .epoch = 1,
               .looked_at = -INFINITY,
               .returned_at = -INFINITY,
               .parts = 1};
  if (share_map(path, use, FIRST, now, &s->map, why) && (use == SHARE_VISIT || share_join(s, now, why))) {
    share_halted(s, now);
    return s;
  }
  share_forget(s);
  return NULL;
}

void share_forget(Share *s) {
  if (s == NULL) return;
  share_unmap(&s->map);
  free(s->path);
  free(s);
}

void share_free(Share *s, double now) {
  if (s == NULL) return;
  share_quit(s, now);
  share_forget(s);
}
