/*
** Kills a process at every instruction of what it does with a share (src/pace/share.h): a child is run step by step, and killed
** after one more step each time. Then the share must be usable at once, must never count less than what the child was allowed
** to send, and must forget the child when its time is over. Prints "steps N, inside N": how often a child was killed, and how often
** while it had the lock.
**
** usage: share_kill SCENARIO PATH STRIDE: take, join, halt or lease; at every STRIDE-th instruction
**        share_kill hold PATH 1: takes the lock of the share at PATH, prints "held", and waits to be killed
*/
#include "pace/share_layout.h"
#include "pace/share_notice.h"
#include "pace/share_parts.h"
#include "pace/shared.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  LIMIT = 4,
  CHILD = 1, /* who asks for a lease */
  OTHER = 2,
  KNOWN = 20 /* seconds after which a new share gives leases */
};

/* What a child tells while it runs, in memory that outlives it. */
typedef struct Told {
  volatile int taken; /* requests that it was allowed to send */
  volatile enum { RUNS, HALTED, RESUMING, RESUMED } halt;
  volatile uint64_t lease; /* the number of the lease that it holds; 0: none, or it gives it back */
} Told;

static Told *told;
static const char *scenario, *path;
static Limiter limiter;
static LimitAccount *account;
static LimitGroup *group;

/* Nobody vouches for the file here. */
void share_notice_vouch(ShareNotice *n, Share *s, double now) {
  (void)n, (void)s, (void)now;
}

ShareNotice *share_notice_open(Loop *loop) {
  (void)loop;
  return NULL;
}

void share_notice_close(ShareNotice *n) {
  (void)n;
}

void share_notice_forget(ShareNotice *n) {
  (void)n;
}

static _Noreturn void fail(const char *what, long step) {
  fprintf(stderr, "%s, step %ld: %s\n", scenario, step, what);
  _exit(1);
}

static Share *open_at(double now) {
  char why[SHARE_WHY];
  Share *s = share_open(path, SHARE_JOIN, now, why);
  if (s == NULL) fprintf(stderr, "%s\n", why);
  return s;
}

/* What the child does, from the moment at which it is run step by step. */
static void act(Shared *x, const SharedAsk *ask, double now) {
  SharedTurn turn = {0};
  if (strcmp(scenario, "lease") == 0) {
    Lease l;
    char why[SHARE_WHY];
    lease_open(&l, "mm1", CHILD, LEASE_WINDOW, 0);
    shared_file.lease_open(x, &l, now, why);
    shared_file.lease_ask(x, &l, 1, now + KNOWN);
    told->lease = l.held ? l.number : 0;
    told->lease = 0;
    shared_file.lease_back(x, &l, now + KNOWN);
  } else if (strcmp(scenario, "join") == 0) {
    Share *s = open_at(now);
    if (s != NULL) share_free(s, now);
  } else if (strcmp(scenario, "halt") == 0) {
    share_halt(x->share, "the reason", 1, now);
    told->halt = HALTED;
    told->halt = RESUMING;
    share_resume(x->share, now);
    told->halt = RESUMED;
  } else {
    if (shared_file.take(x, ask, now, &turn) == 0) told->taken = told->taken + 1;
    shared_file.end(x, &turn, ask->place, true, now);
  }
}

static _Noreturn void child(double now) {
  Shared x = {.ways = &shared_file, .share = open_at(now), .key = "key"};
  SharePlace place = {0};
  const SharedAsk ask = {.account = account, .group = group, .place = &place, .weight = 1, .waiting = 1};
  SharedTurn turn = {0};
  if (x.share == NULL) _exit(2);
  shared_file.take(&x, &ask, now, &turn); /* finds the windows */
  shared_file.end(&x, &turn, &place, false, now);
  if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(3);
  raise(SIGSTOP);
  act(&x, &ask, now);
  _exit(0);
}

/* Runs a child for so many steps, then kills it. False: it had ended by then. */
static bool run_for(long steps, double now) {
  int status;
  memset(told, 0, sizeof *told);
  pid_t pid = fork();
  if (pid == 0) child(now);
  if (pid < 0 || waitpid(pid, &status, 0) != pid) fail("cannot fork", steps);
  if (WIFEXITED(status))
    fail(WEXITSTATUS(status) == 3 ? "cannot trace" : "the child cannot open the share", steps);
  for (long i = 0; i < steps; i++) {
    if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0 || waitpid(pid, &status, 0) != pid)
      fail("cannot step", steps);
    if (WIFEXITED(status)) return false;
    if (WIFSIGNALED(status)) fail("the child crashed", steps);
  }
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  return true;
}

/* Requests that count in the group's window at 'now'; -1: there is no window. */
static int counted(Share *s, const SharedWindow *w, double now) {
  int n = share_running(s, w);
  for (uint32_t i = w->head; i != w->tail; i++) n += w->ended[i % SHARE_MOMENTS] + w->span > now;
  return n;
}

/* The sum over all windows that hold requests; each request counts in two. */
static int all_counted(Share *s, double now) {
  int n = 0;
  for (int i = 0; i < SHARE_WINDOWS; i++)
    if (s->map.layout->window[i].generation != 0) n += counted(s, &s->map.layout->window[i], now);
  return n;
}

static void check_halt(Share *s, long step, double now) {
  char reason[SHARE_REASON];
  int pid;
  int64_t at;
  bool halted = share_halted(s, now) != 0;
  if (told->halt == HALTED && !halted) fail("it forgot the halt", step);
  if (told->halt == RESUMED && halted) fail("it forgot that the halt was taken back", step);
  share_halt_words(s, reason, &pid, &at);
  if (halted && strcmp(reason, "the reason") != 0) fail("it garbled the reason", step);
}

/* Another one asks for the lease. */
static void check_lease(Share *s, long step, double now) {
  Shared x = {.ways = &shared_file, .share = s};
  const uint64_t of_child = told->lease;
  Lease l;
  lease_open(&l, "mm1", OTHER, LEASE_WINDOW, 0);
  shared_file.lease_ask(&x, &l, 1, now + KNOWN);
  if (of_child != 0 && l.held) fail("two have the lease", step);
  shared_file.lease_ask(&x, &l, 1, now + KNOWN + LEASE_MOST);
  if (!l.held) fail("nobody gets the lease of the dead", step);
  if (l.number == of_child) fail("a number of a lease was given twice", step);
}

/* After a child was killed. Returns how often a lock was left. */
static int check(Share *s, long step, double now) {
  if (!share_enter(s, now)) fail(share_lost(s), step);
  int recovered = (int)s->map.layout->recovered, n = all_counted(s, now);
  if (n < 2 * told->taken) fail("it forgot a request", step);
  if (n > 4) fail("it counts requests that were never made", step);
  share_leave(s);
  check_halt(s, step, now);
  if (strcmp(scenario, "lease") == 0) check_lease(s, step, now);
  for (int i = 1; i <= 3;
       i++) { /* the dead one is seen, then forgotten, then its requests leave the windows */
    now += 1.1;
    if (!share_enter(s, now) || !share_sweep(s, now)) fail("lost", step);
    share_leave(s);
  }
  now += 6;
  if (!share_enter(s, now)) fail("lost", step);
  if (all_counted(s, now) != 0) fail("it never forgets a request of the dead", step);
  if (s->map.layout->live != 1) fail("it never forgets the dead", step);
  share_leave(s);
  return recovered;
}

/* Takes the lock and keeps it. */
static _Noreturn void hold(void) {
  struct timespec t;
  clock_gettime(CLOCK_BOOTTIME, &t);
  double now = (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
  Share *s = open_at(now);
  if (s == NULL || !share_enter(s, now)) exit(1);
  puts("held");
  fflush(stdout);
  for (;;) pause();
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  scenario = argv[1];
  path = argv[2];
  if (strcmp(scenario, "hold") == 0) hold();
  long stride = strtol(argv[3], NULL, 10), inside = 0, killed = 0;
  told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  account = limiter_join(&limiter, "http://127.0.0.1:1", true, "");
  group = account == NULL ? NULL : limiter_group(account, "order/create", LIMIT);
  if (told == MAP_FAILED || group == NULL) return 2;
  bool more = true;
  for (long step = 0; more; step += stride) {
    unlink(path);
    double now = 1000;
    Share *s = open_at(now);
    if (s == NULL) return 1;
    more = run_for(step, now);
    if (more) inside += check(s, step, now);
    killed += more;
    share_free(s, now);
  }
  unlink(path);
  limiter_free(&limiter);
  printf("steps %ld, inside %ld\n", killed, inside);
  return 0;
}
