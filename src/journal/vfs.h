/* The SQLite VFS (its access to files) for a journal that is open for writing, see vfs.c. */
#ifndef BYBIT_JOURNAL_VFS_H
#define BYBIT_JOURNAL_VFS_H

#include <sqlite3.h>
#include <stdbool.h>

#define VFS_NAME "bybit-journal"

/* The errno of the last write that failed in this thread; 0 when none has failed since the last call of this. */
int vfs_error(void);
void vfs_register(void); /* makes VFS_NAME known to SQLite, once per process */

#endif
