/*
** The number of this process, without a system call. A process that forks has another one in the child, which clients have to
** notice: so the number is kept in memory that the kernel clears in a child (madvise(2), MADV_WIPEONFORK).
*/
#ifndef BYBIT_PROCESS_H
#define BYBIT_PROCESS_H

#include <sys/types.h>

typedef struct Process {
  pid_t *
      kept; /* a page of its own, 0 while the number is not known; NULL: there is no such memory, so the kernel is asked */
} Process;

void process_open(Process *p);
void process_close(Process *p); /* may be called twice */
pid_t process_id(const Process *p);

#endif
