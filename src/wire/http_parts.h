/* What a transfer and a client's transport are. Shared by the files http*.c alone. */
#ifndef BYBIT_HTTP_PARTS_H
#define BYBIT_HTTP_PARTS_H

#include "http.h"
#include "libcurl.h"

/* What http_room.c knows of a transfer. */
typedef struct TransferRoom {
  bool at_once; /* as in HttpRequest; only over HTTP/2 */
  bool fresh;   /* libcurl has not looked at it yet */
  bool opening; /* it makes a connection of its own */
  bool settled; /* it is known what that connection takes: which version of HTTP, how many requests at once */
  bool plain;   /* HTTP/1.1 was agreed on for that connection */
  bool busy;    /* no connection had room: it ends with HTTP_BUSY */
} TransferRoom;

/* And of a client's transport. */
typedef struct HttpRoom {
  int unsettled; /* transfers that make a connection which is not settled */
  bool more;     /* there may be more room than before: 'has_room' is to be called */
  bool looked;   /* libcurl has just looked at all that was started */
  LoopTimer settle_timer, look_timer;
  void (*has_room)(void *owner); /* as in HttpOptions */
  void *owner;
} HttpRoom;

/* A socket that libcurl waits for, or a connection's, see http_sockets.c. Http owns it. */
typedef struct Socket {
  LoopWatch watch; /* the first member, as on_socket_ready casts it back */
  Http *http;
  bool opened;                   /* it is in Http.opened, until libcurl closes it */
  bool idle;                     /* libcurl waits for nothing on it */
  struct Socket *before, *after; /* in Http.sockets */
} Socket;

/* What a handle was told for its last request, which the next does not tell it again. 0 is what it has at first. */
typedef struct TransferSet {
  bool post, gzip, local;        /* as in HttpRequest */
  long timeout, connect_timeout; /* ms */
  char target[64];               /* "": another target, or one with a query, which is never kept */
} TransferSet;

struct Transfer {
  Http *http;                 /* NULL: http_free has run, and the owner has still to release it */
  CURL *easy;                 /* owned */
  struct curl_slist *headers; /* an array, owned; the lines that it points to are the caller's */
  size_t header_room;         /* how many it has room for */
  CURLU *origin;              /* scheme, host and port that the handle has; owned; NULL: a whole URL */
  char *origin_text;          /* the same as text; owned */
  TransferSet set;
  void (*done)(void *owner);     /* called when it has ended */
  void *owner;                   /* the argument of 'done'; not ours */
  bool running, finished;        /* libcurl has it; 'result' is complete */
  bool ending;                   /* it is in Http.ended, or was */
  bool oversized, out_of_memory; /* why a callback stopped it */
  bool unwatched;                /* the loop could not watch its socket, so libcurl cannot go on with it */
  bool headed;                   /* the headers of the answer are complete */
  bool pipe;                     /* as in HttpRequest */
  bool open;                     /* of a pipe: it is connected, and libcurl has the handle still */
  int sendings;                  /* how often libcurl was about to send the request */
  CURLcode code;                 /* how it ended, as libcurl says */
  size_t header_bytes;           /* bytes of header lines so far */
  size_t max_body;
  HttpResult result;
  double started;           /* by loop_real_now */
  Transfer *before, *after; /* in Http.used; 'after' also in Http.spare */
  Transfer *next_ended;     /* in Http.ended */
  TransferRoom room;
};

struct Http {
  Loop *loop;
  CURLM *multi;    /* owned */
  LoopTimer timer; /* the one timer that libcurl asks for */
  Socket *sockets; /* all there are; owned */
  Socket **opened; /* by descriptor, those of connections; owned */
  int opened_room;
  Transfer *used;  /* transfers that run, or have ended and are not released yet */
  Transfer *ended; /* transfers that have ended, and whose 'done' was not called yet */
  Transfer *spare; /* transfers to be used again; owned */
  int running_count, spare_count, spare_max;
  bool unwatched;        /* Transfer.unwatched is set in some transfer */
  bool http2;            /* as in HttpOptions */
  char *ca_file, *proxy; /* copies; owned */
  HttpRoom room;
};

enum {
  HTTP_HEADERS_MAX = 64 * 1024
}; /* bytes of all header lines of one answer, with interim answers (1xx) */

/* http.c: ends what libcurl has ended; with 'all' everything, because the multi handle is broken. */
void http_drain(Http *http, bool all);

/* http_sockets.c */
bool sockets_open(Http *http);          /* the multi handle tells what it waits for. False: memory ran out */
void sockets_close(Http *http);         /* after the multi handle is gone */
void socket_opened(Http *http, int fd); /* a connection's socket was opened */
int socket_close(void *http, curl_socket_t fd); /* CURLOPT_CLOSESOCKETFUNCTION, of such a socket */

/* http_transfer.c */
/* A spare transfer, or a new one. NULL when memory runs out. */
Transfer *transfer_get(Http *http);
/* Tells its handle what the request needs. False: memory ran out. */
bool transfer_set(Transfer *t, const HttpRequest *r);
/* Makes it a spare one, or frees it. Neither here nor in its handle is anything left of its request that is secret, or that
** the next request could send. */
void transfer_put(Transfer *t);
void transfer_free(Transfer *t);

/* http_pipe.c */
/* Tells its handle to connect and no more. False: memory ran out. */
bool pipe_set(Transfer *t, const HttpRequest *r);
void pipe_close(Transfer *t); /* closes the connection; does nothing when it is not open */

/* http_room.c */
void room_open(Http *http, const HttpOptions *options);
void room_close(Http *http);
bool room_set_fixed(Transfer *t); /* what its handle needs once. False: memory ran out */
bool room_set_request(Transfer *t, const HttpRequest *r);  /* what it needs for each request. The same */
void room_starts(Transfer *t, const HttpRequest *request); /* libcurl has it from now on */
void room_opens(Transfer *t);                              /* it makes a connection of its own */
void room_stands(Transfer *t);                             /* its request is about to be sent */
void room_settles(Transfer *t);                            /* its answer begins, or it has ended */
Transfer **room_end_held_back(Http *http,
                              Transfer **end); /* appends what libcurl holds back to the list of the ended */
void room_tell(Http *http);                    /* calls 'has_room', where there is a reason */

#endif
