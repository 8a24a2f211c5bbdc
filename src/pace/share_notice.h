/* Says that a share's file is unchanged, see share_notice.c. */
#ifndef BYBIT_SHARE_NOTICE_H
#define BYBIT_SHARE_NOTICE_H

#include "loop/loop.h"
#include "share.h"

typedef struct ShareNotice ShareNotice;

ShareNotice *share_notice_open(Loop *loop); /* NULL: the system gives none */
void share_notice_close(ShareNotice *n);    /* NULL is allowed, here and below */
void share_notice_forget(ShareNotice *n);   /* in a forked child */
/* To be called before the share is used: it need not look at its file where nothing has happened to that. */
void share_notice_vouch(ShareNotice *n, Share *s, double now);

#endif
