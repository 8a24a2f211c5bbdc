/*
** Tells a share that its file is still the one that it was, without a look at it: the system says when it is changed, moved or removed
** (inotify), and the loop hears that whenever it waits. So orders that are far apart need no look each. Where the system has no room
** for that, the file is looked at as before.
*/
#include "share_notice.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

struct ShareNotice {
  LoopWatch watch;
  Loop *loop;
  int fd, file;     /* of inotify; 'file': what is watched, -1: nothing */
  uint32_t epoch;   /* the share's when that was begun */
  bool changed;     /* something has happened to the file */
  long long waited; /* how often the loop had waited when that was last looked at */
};

static const uint32_t CHANGES = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF;

static void on_ready(LoopWatch *watch, int events) {
  ShareNotice *n = (ShareNotice *)((char *)watch - offsetof(ShareNotice, watch));
  char told[4096];
  (void)events;
  while (read(n->fd, told, sizeof told) > 0) continue;
  n->changed = true;
}

ShareNotice *share_notice_open(Loop *loop) {
  ShareNotice *n = calloc(1, sizeof *n);
  if (n == NULL) return NULL;
  *n = (ShareNotice){.watch = {.ready = on_ready}, .loop = loop, .file = -1};
  n->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (n->fd >= 0 && loop_watch(loop, &n->watch, n->fd, LOOP_READ)) return n;
  if (n->fd >= 0) close(n->fd);
  free(n);
  return NULL;
}

void share_notice_close(ShareNotice *n) {
  if (n == NULL) return;
  loop_unwatch(n->loop, &n->watch);
  share_notice_forget(n);
}

void share_notice_forget(ShareNotice *n) {
  if (n == NULL) return;
  close(n->fd);
  free(n);
}

/* Watches the file that is mapped now. It is looked at once more behind that, since it may have been replaced before. */
static void follow(ShareNotice *n, Share *s) {
  if (n->file >= 0) inotify_rm_watch(n->fd, n->file);
  n->file = inotify_add_watch(n->fd, share_path(s), CHANGES);
  n->epoch = share_epoch(s);
  share_look_again(s);
}

void share_notice_vouch(ShareNotice *n, Share *s, double now) {
  if (n == NULL) return;
  const long long waits = loop_waits(n->loop);
  if (n->epoch != share_epoch(s))
    follow(n, s);
  else if (n->changed)
    share_look_again(s);
  else if (n->file >= 0 && waits != n->waited)
    share_vouch(s, now);
  n->changed = false;
  n->waited = waits;
}
