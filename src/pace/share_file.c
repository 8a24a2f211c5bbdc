/*
** The file of a share: it is opened, checked and mapped here. Nothing in it is believed before it was looked at. Each process
** that uses the file has a lock on it that the system takes back when the process ends (fcntl, OFD). The one that can have it
** alone knows that nobody uses the file: it makes the file, or looks through what an earlier use left. A file that is not ours
** is never written to.
*/
#include "share_parts.h"
#include "value/random.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static const double LEASE_KEPT = 3600; /* seconds that a lease which is over keeps its place */

enum {
  PAUSE = 1000000,      /* ns between two tries */
  SIZE = sizeof(Layout) /* bytes of a file */
};

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static bool
refuse(char why[SHARE_WHY], const char *format, ...) {
  va_list list;
  va_start(list, format);
  vsnprintf(why, SHARE_WHY, format, list); /* NOLINT: the list was started in the line before */
  va_end(list);
  return false;
}

static bool refuse_errno(char why[SHARE_WHY], const char *what) {
  return refuse(why, "%s: %s", what, strerror(errno)); /* NOLINT: one thread, as all of Lua */
}

/* ---- where it lies ---- */

/* A page of a file on another machine is not shared with the processes there, and a lock neither. */
static bool is_far(int fd) {
  static const unsigned long far[] = {0x6969,     0x517B,     0xFE534D42, 0xFF534D42, 0x00C36400, 0x5346414F,
                                      0x73757245, 0x01021997, 0x65735546, 0x564C,     0x7461636F, 0x01161970,
                                      0x0BD00BD0, 0x6B414653, 0x786F4256, 0x20030528, 0xAAD7AAEA, 0x47504653};
  /* NFS, SMB, SMB2, CIFS, Ceph, AFS, Coda, 9P, FUSE, NCP, OCFS2, GFS2, Lustre, kAFS, vboxsf, OrangeFS, PanFS, GPFS */
  struct statfs fs;
  if (fstatfs(fd, &fs) != 0) return true;
  for (size_t i = 0; i < sizeof far / sizeof *far; i++)
    if (((unsigned long)fs.f_type & 0xFFFFFFFFUL) == far[i]) return true;
  return false;
}

/* Can somebody else put another file in its place? */
static bool is_open_folder(const char *path) {
  struct stat st;
  const char *slash = strrchr(path, '/');
  char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
  bool open = folder == NULL || stat(folder, &st) != 0 ||
              ((st.st_mode & S_IWOTH) != 0 && (st.st_mode & S_ISVTX) == 0);
  free(folder);
  return open;
}

static bool check_file(int fd, const char *path, char why[SHARE_WHY]) {
  struct stat st;
  if (fstat(fd, &st) != 0) return refuse_errno(why, "cannot be looked at");
  if (!S_ISREG(st.st_mode)) return refuse(why, "is no file");
  if (st.st_uid != geteuid()) return refuse(why, "belongs to another user");
  if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return refuse(why, "others can use it: chmod 600 takes that back");
  if (is_open_folder(path)) return refuse(why, "everybody can replace it: its folder is writable for all");
  if (is_far(fd))
    return refuse(why,
                  "lies on a network file system, or one that may be: take a local one, such as /dev/shm");
  return true;
}

/* Is the file still the one at the path? */
static bool is_at(int fd, const char *path) {
  struct stat mine, there;
  return fstat(fd, &mine) == 0 && lstat(path, &there) == 0 && mine.st_dev == there.st_dev &&
         mine.st_ino == there.st_ino;
}

/* ---- the "in use" lock ---- */

static bool set_lock(int fd, short type) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_len = 1};
  return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

/* ---- what is in it ---- */

bool share_make_lock(Layout *y) {
  pthread_mutexattr_t a;
  if (pthread_mutexattr_init(&a) != 0) return false;
  bool made = pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED) == 0 &&
              pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST) == 0;
  memset(&y->lock, 0, sizeof y->lock);
  made = made && pthread_mutex_init(&y->lock, &a) == 0;
  pthread_mutexattr_destroy(&a);
  return made;
}

static bool is_moment(double t, double now) {
  return isfinite(t) && t >= 0 && t <= now + LIMITER_HOLD_MOST;
}

static double sane(double t, double now) {
  return is_moment(t, now) ? t : now + LIMITER_HOLD_MOST;
}

/* Looks through a window of a file that nobody uses. What cannot be is taken for a window that is full. */
static void mend_window(SharedWindow *w, double now) {
  uint32_t count = w->tail - w->head;
  bool right = count <= SHARE_MOMENTS && isfinite(w->span) && w->span > 0 && w->span <= LIMITER_HOLD_MOST;
  for (uint32_t i = 0; right && i < count; i++) {
    double t = w->ended[(w->head + i) % SHARE_MOMENTS];
    right = isfinite(t) && t >= 0 && t <= now;
  }
  if (!right) {
    if (!(isfinite(w->span) && w->span > 0 && w->span <= LIMITER_HOLD_MOST)) w->span = LIMITER_HOLD_MOST;
    w->head = w->tail = 0;
    w->held_until = fmax(sane(w->held_until, now), now + w->span);
  }
  w->held_until = sane(w->held_until, now);
  w->used_at = fmin(sane(w->used_at, now), now);
  w->claimant = 0;
  LimitShut *shut = &w->shut;
  shut->paused_until = sane(shut->paused_until, now);
  shut->banned_until = sane(shut->banned_until, now);
  shut->probe_at = sane(shut->probe_at, now);
  shut->pause = isfinite(shut->pause) ? fmin(fmax(shut->pause, 1), LIMITER_HOLD_MOST) : 1;
  shut->probe_pause = isfinite(shut->probe_pause) ? fmin(fmax(shut->probe_pause, 1), LIMITER_HOLD_MOST) : 1;
  shut->prober = 0;
  w->name[SHARE_NAME - 1] = '\0';
}

/* Keeps the leases of a file that nobody uses, but those whose time is long over. What cannot be is taken for one that was just
** given. */
static void mend_leases(Layout *y, double now) {
  uint32_t kept = 0, count = y->leases;
  for (uint32_t i = 0; i < SHARE_LEASES && i < count; i++) {
    LeaseRecord r = y->lease[i];
    r.name[LEASE_NAME - 1] = '\0';
    if (!(r.until <= now + LEASE_MOST)) r.until = now + LEASE_MOST;
    if (r.name[0] != '\0' && r.until > now - LEASE_KEPT) y->lease[kept++] = r;
  }
  y->leases = kept;
  if (!(y->blank_until <= now + LEASE_MOST)) y->blank_until = now + LEASE_MOST;
}

/* Takes over what an earlier use left: halts stay for ever, windows, members and leases for this run of the system. */
static bool adopt(Layout *y, double now) {
  char boot[SHARE_BOOT];
  share_boot(boot);
  if (memcmp(boot, y->boot, SHARE_BOOT) != 0) {
    memset(y->window, 0, sizeof y->window);
    memset(y->member, 0, sizeof y->member);
    y->leases = 0;
    y->blank_until =
        LEASE_MOST; /* moments count from the start of the system; whoever had one ended before */
    y->top = 0;
    memcpy(y->boot, boot, SHARE_BOOT);
  }
  y->spaces = share_spaces();
  y->swept_at = 0;
  if (y->top > SHARE_MEMBERS) y->top = SHARE_MEMBERS;
  for (int i = 0; i < SHARE_MEMBERS; i++) {
    SharedMember *m = &y->member[i];
    if (m->state == MEMBER_NONE) continue;
    m->state = MEMBER_GONE; /* nobody uses the file */
    m->gone_at = now;
  }
  for (int i = 0; i < SHARE_WINDOWS; i++)
    if (y->window[i].generation != 0) mend_window(&y->window[i], now);
  mend_leases(y, now);
  y->live = 0;
  return share_make_lock(y);
}

/* Makes a file of what has nothing in it. */
static bool make(Layout *y, double now) {
  Random random;
  random_system(&random);
  y->version = SHARE_VERSION;
  y->size = SIZE + sizeof(pthread_mutex_t);
  y->spaces = share_spaces();
  share_boot(y->boot);
  y->blank_until = now + LEASE_MOST;
  if (!random_bytes(&random, y->salt, sizeof y->salt) || !random_bits(&random, &y->lease_numbers) ||
      !share_make_lock(y))
    return false;
  atomic_signal_fence(memory_order_seq_cst);
  __atomic_store_n(&y->magic, SHARE_MAGIC, __ATOMIC_RELEASE);
  return true;
}

/* Is the mapped file a share that this build knows? */
static bool check_layout(const Layout *y, char why[SHARE_WHY]) {
  if (__atomic_load_n(&y->magic, __ATOMIC_ACQUIRE) != SHARE_MAGIC) return refuse(why, "is no share of bybit");
  if (y->version != SHARE_VERSION)
    return refuse(
        why, "was made by another version of bybit (layout %u, here %d): stop what uses it and remove it",
        (unsigned)y->version, SHARE_VERSION);
  if (y->size != SIZE + sizeof(pthread_mutex_t))
    return refuse(why, "was made by another build of bybit: stop what uses it and remove it");
  return true;
}

static bool map_file(Mapping *map, char why[SHARE_WHY]) {
  void *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, map->fd, 0);
  if (memory == MAP_FAILED) return refuse_errno(why, "cannot be mapped");
  map->layout = memory;
  return true;
}

/* Nobody else uses the file. */
static bool open_alone(Mapping *map, ShareUse use, double now, char why[SHARE_WHY]) {
  struct stat st;
  if (fstat(map->fd, &st) != 0) return refuse_errno(why, "cannot be looked at");
  if (st.st_size == 0 && use == SHARE_VISIT) return refuse(why, "is empty");
  if (st.st_size != 0 && st.st_size != SIZE)
    return refuse(why, "is no share of bybit, or was damaged: it has %lld bytes in place of %lld",
                  (long long)st.st_size, (long long)SIZE);
  if (st.st_size == 0) { /* all of it now, so that no store fails later for want of room */
    int error = posix_fallocate(map->fd, 0, SIZE);
    if (error != 0) return refuse(why, "cannot be made: %s", strerror(error)); /* NOLINT: one thread */
  }
  if (!map_file(map, why)) return false;
  Layout *y = map->layout;
  bool fresh = y->magic == 0 && y->version == 0; /* also when its maker was killed */
  if (!fresh && !check_layout(y, why)) return false;
  if (!(fresh ? make(y, now) : adopt(y, now)))
    return refuse(why, "cannot be made: no lock, or no random bytes");
  return set_lock(map->fd, F_RDLCK) || refuse_errno(why, "cannot be locked");
}

/* Others use the file. '*again': its maker was killed, or is not ready. */
static bool open_beside(Mapping *map, char why[SHARE_WHY], bool *again) {
  struct stat st;
  *again = false;
  if (fstat(map->fd, &st) != 0) return refuse_errno(why, "cannot be looked at");
  *again = st.st_size == 0;
  if (*again) return refuse(why, "is being made");
  if (st.st_size != SIZE)
    return refuse(why, "is no share of bybit, or was damaged: it has %lld bytes in place of %lld",
                  (long long)st.st_size, (long long)SIZE);
  if (!map_file(map, why)) return false;
  Layout *y = map->layout;
  *again = __atomic_load_n(&y->magic, __ATOMIC_ACQUIRE) == 0 && y->version == 0;
  if (!check_layout(y, why)) return false;
  if (y->spaces != share_spaces())
    return refuse(why, "is used by processes of another PID or time namespace (another container)");
  return true;
}

void share_unmap(Mapping *map) {
  if (map->layout != NULL) munmap(map->layout, SIZE);
  if (map->fd >= 0) close(map->fd);
  *map = (Mapping){.fd = -1};
}

bool share_map(const char *path, ShareUse use, int tries, double now, Mapping *map, char why[SHARE_WHY]) {
  int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | (use == SHARE_JOIN ? O_CREAT : 0);
  for (int i = 0; i < tries; i++) {
    bool again = true;
    *map = (Mapping){.fd = open(path, flags, S_IRUSR | S_IWUSR)};
    if (map->fd < 0 && errno == ELOOP) return refuse(why, "is a symbolic link");
    if (map->fd < 0) return refuse_errno(why, "cannot be opened");
    bool right = check_file(map->fd, path, why);
    if (!right)
      again = false;
    else if (set_lock(map->fd, F_WRLCK)) {
      again = !is_at(map->fd, path);
      if (!again && open_alone(map, use, now, why)) return true;
    } else if (set_lock(map->fd, F_RDLCK) && is_at(map->fd, path)) {
      if (open_beside(map, why, &again)) return true;
    } else
      refuse(why, "is being made or replaced by another process that does not get on");
    share_unmap(map);
    if (!again) return false;
    if (i + 1 < tries) nanosleep(&(struct timespec){.tv_nsec = PAUSE}, NULL);
  }
  return false;
}
