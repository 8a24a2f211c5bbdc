/*
** Looks at a file before a library opens it. Knows no Lua.
*/
#ifndef BYBIT_FILE_H
#define BYBIT_FILE_H

#include <stdbool.h>

/* Is it a regular file that can be read? Never waits: opening a pipe would wait for a writer. */
bool file_is_readable(const char *path);

#endif
