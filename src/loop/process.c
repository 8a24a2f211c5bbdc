/* See process.h. Memory that a child of vfork shares would mislead, but such a child runs no Lua. */
#include "process.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

void process_open(Process *p) {
  p->kept = NULL;
#ifdef MADV_WIPEONFORK
  void *page = mmap(NULL, sizeof *p->kept, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return;
  if (madvise(page, sizeof *p->kept, MADV_WIPEONFORK) == 0)
    p->kept = page;
  else
    munmap(page, sizeof *p->kept);
#endif
}

void process_close(Process *p) {
  if (p->kept != NULL) munmap(p->kept, sizeof *p->kept);
  p->kept = NULL;
}

pid_t process_id(const Process *p) {
  if (p->kept == NULL) return getpid();
  if (*p->kept == 0) *p->kept = getpid();
  return *p->kept;
}
