/*
** luaopen_bybit_paper_server: the paper exchange's thread, which has a Lua state of its own and serves HTTP. The rules of
** the exchange are Lua in that state (bybit.paper.host). This file starts and ends the thread, gives it a clock, and
** carries commands across. A command and its answer are texts; the caller waits for the answer, so there is one command at
** a time. Only the thread touches its Lua state. Only the caller's side starts and joins the thread.
*/
#include "heap.h"
#include "http.h"
#include "socket_calls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <lualib.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SERVER "bybit.paper.server"

typedef enum Phase {
  BOOTING, /* the thread is making its Lua state */
  IDLE,    /* the thread serves; the caller may send a command */
  ASKED,   /* 'text' is a command that waits for the thread */
  LEAVING, /* the caller wants the thread to end */
  ENDED    /* the thread has ended; when it could not start, 'text' says why */
} Phase;

typedef struct Server {
  pthread_mutex_t lock;   /* guards phase, text, size, failed */
  pthread_cond_t changed; /* signalled when 'phase' changes */
  Phase phase;
  char *text;  /* owned: the command while ASKED, then its answer */
  size_t size; /* bytes of 'text' */
  bool failed; /* the answer is an error message */

  pthread_t thread;
  bool started;           /* 'thread' runs and must be joined */
  int listener;           /* the listening socket, until paper_http_new takes it; -1: none */
  int wake, timer, epoll; /* an eventfd for a changed phase, a timerfd for ticks, what waits for both */
  /* Owned: package.path, package.cpath and the host's settings, for the thread's Lua state. */
  char *path, *cpath, *boot;
  size_t boot_size;
  int64_t epoch; /* nanoseconds since 1970 at the zero of CLOCK_BOOTTIME */

  lua_State *L;    /* only the thread uses this and what follows */
  PaperHeap *heap; /* the memory of 'L' */
  bool crowded;    /* 'L' has so much memory that garbage may not be as much again */
  PaperHttp *http; /* NULL until it is set up */
} Server;

/* The userdata "bybit.paper.server". */
typedef struct Handle {
  Server *server; /* owned; NULL: closed */
} Handle;

/* Their addresses are keys of the registry in the thread's Lua state, for the functions of bybit.paper.host. */
static const char on_request_key, on_command_key, on_tick_key;

/* ---- the thread ---- */

static int64_t nanoseconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* clock() -> nanoseconds since 1970. It never goes back, and it counts while the machine sleeps. */
static int l_clock(lua_State *L) {
  const Server *s = lua_touserdata(L, lua_upvalueindex(1));
  lua_pushinteger(L, s->epoch + nanoseconds(CLOCK_BOOTTIME));
  return 1;
}

/* A field of the fault on top of the stack as a number: 0 when it is absent or negative. */
static unsigned fault_number(lua_State *L, const char *name) {
  lua_getfield(L, -1, name);
  lua_Integer n = luaL_optinteger(L, -1, 0);
  lua_pop(L, 1);
  return n < 0 ? 0 : n > INT_MAX ? INT_MAX : (unsigned)n;
}

/* Is a field of the fault on top of the stack true? */
static bool fault_flag(lua_State *L, const char *name) {
  lua_getfield(L, -1, name);
  bool on = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return on;
}

/* Takes the fault on top of the stack, a table or nil, and leaves it there. */
static void take_fault(lua_State *L, PaperReply *reply) {
  if (!lua_istable(L, -1)) return;
  PaperFault fault = {
      .delay_ms = fault_number(L, "delay"),
      .overtaken = fault_number(L, "overtaken"),
      .silent = fault_flag(L, "silent"),
      .cut = fault_flag(L, "cut"),
      .at = fault_number(L, "at"),
      .reset = fault_flag(L, "reset"),
      .restart = fault_flag(L, "restart"),
  };
  paper_reply_fault(reply, &fault);
}

/* Runs protected. Stack: request, reply. Calls the host's request function. It returns the status, the body, the header lines as a
** text, and what goes wrong with the answer, or nil. With status 101 a fifth value is the number of the WebSocket that the connection
** becomes. */
static int serve_request(lua_State *L) {
  const PaperRequest *r = lua_touserdata(L, 1);
  PaperReply *reply = lua_touserdata(L, 2);
  size_t size, lines_size;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &on_request_key);
  lua_pushstring(L, r->verb);
  lua_pushstring(L, r->target);
  lua_pushlstring(L, r->body, r->body_size);
  lua_pushstring(L, r->address);
  lua_pushstring(L, r->key); /* NULL pushes nil */
  lua_pushstring(L, r->timestamp);
  lua_pushstring(L, r->sign);
  lua_pushstring(L, r->window);
  lua_pushstring(L, r->socket);
  lua_call(L, 9, 5);
  /* stack: request, reply, status, body, lines, fault, number of the socket */
  lua_insert(L, -2);
  take_fault(L, reply);
  const char *body = luaL_checklstring(L, 4, &size), *lines = luaL_checklstring(L, 5, &lines_size);
  if (lua_isinteger(L, 6))
    paper_reply_socket(reply, lua_tointeger(L, 6));
  else
    paper_reply(reply, (unsigned)luaL_checkinteger(L, 3), body, size);
  if (!paper_reply_lines(reply, lines, lines_size)) return luaL_error(L, "a header line cannot be sent");
  return 0;
}

/* Lua collects garbage when there is as much of it as of what lives. A million orders that rest live: then a quarter has to do. */
static void mind_memory(Server *s) {
  enum { USUAL = 200, TIGHT = 125, MUCH = 256 * 1024 }; /* percent; KB */
  bool crowded = lua_gc(s->L, LUA_GCCOUNT) > MUCH;
  if (crowded != s->crowded) lua_gc(s->L, LUA_GCINC, crowded ? TIGHT : USUAL, 0, 0);
  s->crowded = crowded;
}

/* The handler of http.h. The host turns its own errors into answers. An error that arrives here means that memory ran
** out, or that the host has a bug; the answer is then status 500. */
static void on_request(void *owner, const PaperRequest *request, PaperReply *reply) {
  static const char text[] = "Internal Server Error";
  lua_State *L = ((Server *)owner)->L;
  mind_memory(owner);
  union {
    const PaperRequest *in;
    void *out;
  } pointer = {.in = request};
  lua_pushcfunction(L, serve_request);
  lua_pushlightuserdata(L, pointer.out);
  lua_pushlightuserdata(L, reply);
  if (lua_pcall(L, 2, 0, 0) == LUA_OK) return;
  lua_pop(L, 1);
  paper_reply(reply, 500, text, sizeof text - 1);
}

static void on_message(void *owner, int64_t id, const char *text, size_t size) {
  socket_calls_message(((Server *)owner)->L, id, text, size);
}

static void on_closed(void *owner, int64_t id) {
  socket_calls_closed(((Server *)owner)->L, id);
}

/* Runs protected. Stack: server. Returns the command's answer, a string. */
static int run_command(lua_State *L) {
  const Server *s = lua_touserdata(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &on_command_key);
  lua_pushlstring(L, s->text, s->size);
  lua_call(L, 1, 1);
  luaL_checkstring(L, -1);
  return 1;
}

/* Runs protected. Stack: server. Loads bybit.paper.host into the Lua state and starts it, with its ticks. */
static int run_boot(lua_State *L) {
  Server *s = lua_touserdata(L, 1);
  luaL_openlibs(L);
  lua_getglobal(L, LUA_LOADLIBNAME);
  lua_pushstring(L, s->path);
  lua_setfield(L, -2, "path");
  lua_pushstring(L, s->cpath);
  lua_setfield(L, -2, "cpath");
  lua_getglobal(L, "require");
  lua_pushliteral(L, "bybit.paper.host");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "start");
  lua_pushlstring(L, s->boot, s->boot_size);
  lua_pushlightuserdata(L, s);
  lua_pushcclosure(L, l_clock, 1);
  socket_calls_push(L, &s->http);
  lua_call(L, 3, 6);
  /* stack: ..., on request, on command, on tick, milliseconds between ticks (0: none), on message, on closed */
  socket_calls_keep(L);
  struct itimerspec every = {0};
  lua_Integer ms = luaL_checkinteger(L, -1);
  every.it_interval.tv_sec = every.it_value.tv_sec = (time_t)(ms / 1000);
  every.it_interval.tv_nsec = every.it_value.tv_nsec = (long)(ms % 1000) * 1000000;
  timerfd_settime(s->timer, 0, &every, NULL);
  lua_pop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &on_tick_key);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &on_command_key);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &on_request_key);
  lua_pushliteral(L, "");
  return 1;
}

/* Pops the answer or error on top of the thread's stack and keeps a copy in 'text'. */
static void set_answer(Server *s, bool failed) {
  static const char none[] = "an error without a message";
  size_t size = sizeof none - 1;
  const char *answer = lua_type(s->L, -1) == LUA_TSTRING ? lua_tolstring(s->L, -1, &size) : none;
  char *copy = malloc(size + 1);
  if (copy != NULL) memcpy(copy, answer, size);
  free(s->text);
  s->text = copy;
  s->size = copy != NULL ? size : 0;
  s->failed = failed || copy == NULL;
  lua_pop(s->L, 1);
}

/* Calls 'f' protected, and keeps what it returns or raises in 'text'. False when it raised. */
static bool call_answer(Server *s, lua_CFunction f) {
  lua_pushcfunction(s->L, f);
  lua_pushlightuserdata(s->L, s);
  bool ok = lua_pcall(s->L, 1, 1, 0) == LUA_OK;
  set_answer(s, !ok);
  return ok;
}

/* Changes the phase and tells the caller. */
static void set_phase(Server *s, Phase phase) {
  pthread_mutex_lock(&s->lock);
  s->phase = phase;
  pthread_cond_broadcast(&s->changed);
  pthread_mutex_unlock(&s->lock);
}

/* Calls the host's tick. The host reports its own errors. An error that arrives here means that memory ran out; the next
** tick may work again. */
static void tick(Server *s) {
  lua_rawgetp(s->L, LUA_REGISTRYINDEX, &on_tick_key);
  if (lua_pcall(s->L, 0, 0, 0) != LUA_OK) lua_pop(s->L, 1);
}

/* Runs a command when there is one. The caller waits meanwhile, so the thread may use 'text' without the lock. False when
** the thread has to end. */
static bool serve_command(Server *s) {
  pthread_mutex_lock(&s->lock);
  Phase phase = s->phase;
  pthread_mutex_unlock(&s->lock);
  if (phase == ASKED) {
    call_answer(s, run_command);
    set_phase(s, IDLE);
  }
  return phase != LEAVING;
}

/* Reads an eventfd or timerfd empty. False when there was nothing to read. */
static bool drain(int fd) {
  uint64_t count;
  return read(fd, &count, sizeof count) == (ssize_t)sizeof count;
}

static bool watch(Server *s, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Serves requests, ticks and commands until the caller wants the thread to end. */
static void serve(Server *s) {
  enum { EVENTS = 8 }; /* more than there are descriptors */
  struct epoll_event events[EVENTS];
  bool asked;
  do {
    int count = epoll_wait(s->epoll, events, EVENTS, paper_http_timeout(s->http));
    bool comes = asked = false;
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == s->timer && drain(s->timer)) tick(s);
      if (fd == s->wake) asked = drain(s->wake);
      if (paper_http_comes(s->http, fd)) comes = true;
    }
    paper_http_run(s->http, comes);
  } while (!asked || serve_command(s));
}

/* Makes the Lua state and the server. False on failure; 'text' then holds the error of the Lua side, if it was that. */
static bool set_up(Server *s) {
  if ((s->heap = paper_heap_new()) == NULL) return false;
  if ((s->L = lua_newstate(paper_heap_alloc, s->heap)) == NULL) return false;
  if (!call_answer(s, run_boot)) return false;
  const PaperSocketEvents events = {.message = on_message, .closed = on_closed, .owner = s};
  int listener = s->listener;
  s->listener = -1;
  s->http = paper_http_new(listener, s->epoll, on_request, &events);
  return s->http != NULL && watch(s, s->wake) && watch(s, s->timer);
}

/* The thread. Whatever happens it ends in ENDED, for which the caller waits. */
static void *thread_main(void *argument) {
  Server *s = argument;
  bool ready = set_up(s);
  if (ready) {
    set_phase(s, IDLE);
    serve(s);
  }
  paper_http_free(s->http);
  if (s->L != NULL) lua_close(s->L);
  paper_heap_free(s->heap);
  set_phase(s, ENDED);
  return NULL;
}

/* ---- the caller's side ---- */

/* A socket that listens on loopback; -1 with errno set on failure. '*port' is the port to use, 0 for any, and becomes the
** port in use. */
static int listen_on(lua_Integer *port) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t size = sizeof address;
  int on = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons((uint16_t)*port);
  /* SO_REUSEADDR: the same port can be used again right after a run */
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(fd, (const struct sockaddr *)&address, size) != 0 || listen(fd, 512) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
    int why = errno;
    close(fd);
    errno = why;
    return -1;
  }
  *port = ntohs(address.sin_port);
  return fd;
}

/* False with errno set on failure; server_free closes what was opened. */
static bool open_descriptors(Server *s, lua_Integer *port) {
  s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  s->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (s->wake < 0 || s->timer < 0 || s->epoll < 0) return false;
  return (s->listener = listen_on(port)) >= 0;
}

static void close_fd(int fd) {
  if (fd >= 0) close(fd);
}

static char *copy_bytes(const char *data, size_t size) {
  char *copy = malloc(size + 1);
  if (copy == NULL) return NULL;
  memcpy(copy, data, size);
  copy[size] = '\0';
  return copy;
}

/* A server without a thread and descriptors; NULL when memory runs out. */
static Server *server_new(void) {
  Server *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  if (pthread_mutex_init(&s->lock, NULL) != 0) {
    free(s);
    return NULL;
  }
  if (pthread_cond_init(&s->changed, NULL) != 0) {
    pthread_mutex_destroy(&s->lock);
    free(s);
    return NULL;
  }
  s->listener = s->wake = s->timer = s->epoll = -1;
  s->epoch = nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_BOOTTIME);
  return s;
}

static void wake(const Server *s) {
  uint64_t one = 1;
  ssize_t written = write(s->wake, &one, sizeof one);
  (void)written; /* if the counter is full, the thread wakes anyway */
}

/* Ends and joins the thread if it runs, and frees everything. */
static void server_free(Server *s) {
  if (s->started) {
    pthread_mutex_lock(&s->lock);
    if (s->phase != ENDED) s->phase = LEAVING;
    pthread_mutex_unlock(&s->lock);
    wake(s);
    pthread_join(s->thread, NULL);
  }
  close_fd(s->listener);
  close_fd(s->wake);
  close_fd(s->timer);
  close_fd(s->epoll);
  pthread_cond_destroy(&s->changed);
  pthread_mutex_destroy(&s->lock);
  free(s->path);
  free(s->cpath);
  free(s->boot);
  free(s->text);
  free(s);
}

/* Starts the thread with all signals blocked: signals are for the program's own threads. Returns 0 or an error number. */
static int start_thread(Server *s) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int error = pthread_create(&s->thread, NULL, thread_main, s);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  s->started = error == 0;
  return error;
}

/* Waits until the phase is not 'from' any more, and returns the new one. */
static Phase await_phase(Server *s, Phase from) {
  pthread_mutex_lock(&s->lock);
  while (s->phase == from) pthread_cond_wait(&s->changed, &s->lock);
  Phase phase = s->phase;
  pthread_mutex_unlock(&s->lock);
  return phase;
}

/* start(port, path, cpath, boot) -> server, port; or nil and a message when the port cannot be opened. Raises what
** bybit.paper.host raised with these settings. */
static int l_start(lua_State *L) {
  size_t path_size, cpath_size, boot_size;
  lua_Integer port = luaL_checkinteger(L, 1);
  const char *path = luaL_checklstring(L, 2, &path_size);
  const char *cpath = luaL_checklstring(L, 3, &cpath_size);
  const char *boot = luaL_checklstring(L, 4, &boot_size);
  luaL_argcheck(L, port >= 0 && port <= 65535, 1, "a port is 0 to 65535");
  Handle *handle = lua_newuserdatauv(L, sizeof *handle, 0);
  handle->server = NULL;
  luaL_setmetatable(L, SERVER);
  Server *s = handle->server = server_new();
  if (s == NULL) return luaL_error(L, "not enough memory");
  s->path = copy_bytes(path, path_size);
  s->cpath = copy_bytes(cpath, cpath_size);
  s->boot = copy_bytes(boot, boot_size);
  s->boot_size = boot_size;
  if (s->path == NULL || s->cpath == NULL || s->boot == NULL) return luaL_error(L, "not enough memory");
  if (!open_descriptors(s, &port)) {
    luaL_pushfail(L);
    lua_pushfstring(L, "cannot listen on 127.0.0.1:%d: %s", (int)port, strerror(errno));
    return 2;
  }
  int error = start_thread(s);
  if (error != 0) return luaL_error(L, "cannot start a thread: %s", strerror(error));
  if (await_phase(s, BOOTING) != IDLE) {
    if (!s->failed || s->text == NULL) return luaL_error(L, "the exchange cannot start");
    lua_pushlstring(L, s->text, s->size);
    return lua_error(L);
  }
  lua_pushinteger(L, port);
  return 2;
}

static Server *check_server(lua_State *L) {
  Handle *handle = luaL_checkudata(L, 1, SERVER);
  luaL_argcheck(L, handle->server != NULL, 1, "the exchange is closed");
  return handle->server;
}

/* server:command(text) -> true and the answer of the host's command function, or false and its error */
static int l_command(lua_State *L) {
  Server *s = check_server(L);
  size_t size;
  const char *text = luaL_checklstring(L, 2, &size);
  char *command = copy_bytes(text, size);
  if (command == NULL) return luaL_error(L, "not enough memory");
  pthread_mutex_lock(&s->lock);
  free(s->text);
  s->text = command;
  s->size = size;
  s->phase = ASKED;
  pthread_mutex_unlock(&s->lock);
  wake(s);
  await_phase(s, ASKED);
  lua_pushboolean(L, !s->failed);
  lua_pushlstring(L, s->text != NULL ? s->text : "", s->size);
  return 2;
}

/* server:close(), __close and __gc: ends the thread. May run twice; raises nothing. */
static int l_close(lua_State *L) {
  Handle *handle = luaL_checkudata(L, 1, SERVER);
  if (handle->server != NULL) server_free(handle->server);
  handle->server = NULL;
  return 0;
}

/* pause(): sleeps until a signal arrives, at most a second. lua5.4 handles Ctrl-C in a debug hook, which runs when the
** caller's Lua code continues. */
static int l_pause(lua_State *L) {
  (void)L;
  poll(NULL, 0, 1000);
  return 0;
}

static const luaL_Reg methods[] = {
    {"command", l_command},
    {"close", l_close},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"start", l_start},
    {"pause", l_pause},
    {NULL, NULL},
};

__attribute__((visibility("default"))) int luaopen_bybit_paper_server(lua_State *L);

int luaopen_bybit_paper_server(lua_State *L) {
  luaL_checkversion(L);
  luaL_newmetatable(L, SERVER);
  lua_pushcfunction(L, l_close);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, l_close);
  lua_setfield(L, -2, "__close");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
