/*
** Included before every source file of the core when it is built for `make oom`. The core's own allocations then call
** functions of the host program (oom.c), which lets a chosen one fail.
*/
#ifndef BYBIT_INJECT_H
#define BYBIT_INJECT_H

#include <stdlib.h>
#include <string.h>

void *torture_malloc(size_t size);
void *torture_calloc(size_t count, size_t size);
void *torture_realloc(void *old, size_t size);
char *torture_strdup(const char *text);

#undef strdup
#define malloc  torture_malloc
#define calloc  torture_calloc
#define realloc torture_realloc
#define strdup  torture_strdup

#endif
