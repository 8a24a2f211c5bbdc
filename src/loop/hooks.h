/*
** Debug hooks. Ctrl-C reaches a Lua program through one: the signal handler sets a hook on the main thread, and the hook
** raises in whatever Lua runs there next. Two things must hold. The error must reach the user, not a pcall of ours. And
** it must not break into code that finds out the outcome of a call, as the user would then not learn it.
*/
#ifndef BYBIT_HOOKS_H
#define BYBIT_HOOKS_H

#include <lua.h>
#include <stdbool.h>

/* What is known of the hooks of a Lua state; alive as long as the state. Pushes nothing. */
typedef struct Hooks Hooks;
Hooks *hooks_get(lua_State *L);

/* Adds 'hooks' (below, protect) to the module table on top of the stack. */
void hooks_open(lua_State *L);

/* Was a new hook set on the main thread since hooks_run ran last? Never raises. */
bool hooks_new(Hooks *h);
/* The same, but only when L is the main thread: would such a hook run in what L runs next? */
bool hooks_due(lua_State *L);
/* Runs the hooks of this thread and of the main thread. False: one raised, and its error is on the stack. */
bool hooks_run(lua_State *L);
/* Takes an error off the stack. A hook raises it later on the main thread, at the next instruction there or at the end of
** the next wait. For an interrupt that was caught in code that must finish. Needs no memory. */
void hooks_post(lua_State *L);
/* lua_pcall for code of ours. '*struck' becomes true when the call failed and a hook raised during it: then the error is
** an interrupt and must not be swallowed. The function cannot yield. Returns a status of Lua's. */
int hooks_pcall(lua_State *L, int args, int results, bool *struck);
/* Calls a function that an interrupt must not break. The function stands on the stack below its 'args' arguments; its
** results take their place, above a coroutine, and their number is returned. The function runs in a new coroutine, and
** signal handlers set hooks only on the main thread; so Ctrl-C is seen only when a wait ends. Raises what the function
** raises. When L is not the main thread, nothing needs protection: it does nothing and returns -1. */
int hooks_shelter(lua_State *L, int args);
/* Calls a function the same way, drops its results, and takes function and arguments off the stack. The function cannot
** yield. Its errors are dropped too, but an error that a hook raised is posted with hooks_post. Works on any thread. */
void hooks_quiet(lua_State *L, int args);

#endif
