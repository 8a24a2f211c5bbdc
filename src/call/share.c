/*
** What the Lua layer asks of a client's share (pace/shared.h): its halt, and what is known of it. A function here does nothing for
** a client without a share, or whose time is virtual.
*/
#include "parts.h"

#include <lauxlib.h>

/* The share of the client at 1; NULL: it has none that this process may use. */
static Shared *share_of(lua_State *L, Client **client) {
  *client = luaL_checkudata(L, 1, CLIENT);
  return (*client)->closed ? NULL : line_shared(&(*client)->line);
}

/* There is no share that this process may use. Returns nothing; or false, if the client has one, as in a forked child: others cannot
** be told. */
static int untold(lua_State *L, const Client *client) {
  if (client->line.shared.ways == NULL) return 0;
  lua_pushboolean(L, 0);
  return 1;
}

/* halt_all(client, reason) -> true: all who use the share are halted; false: it is lost, so they cannot be told; nil: there is no
** share */
static int l_halt_all(lua_State *L) {
  Client *client;
  Shared *share = share_of(L, &client);
  const char *reason = luaL_checkstring(L, 2);
  if (share == NULL) return untold(L, client);
  bool told = shared_halt(share, reason, loop_wall(client->loop), loop_now(client->loop));
  client_halted(client); /* ends the calls that wait */
  lua_pushboolean(L, told);
  return 1;
}

/* resume_all(client) -> the same for taking the halt back */
static int l_resume_all(lua_State *L) {
  Client *client;
  Shared *share = share_of(L, &client);
  if (share == NULL) return untold(L, client);
  lua_pushboolean(L, shared_resume(share, loop_now(client->loop)));
  return 1;
}

/* told(client) -> true: the others know of the last halt or resume; false: they do not; nil: they have not answered yet */
static int l_told(lua_State *L) {
  Client *client;
  const Shared *share = share_of(L, &client);
  int told = share == NULL ? 0 : shared_told(share);
  if (told < 0) return 0;
  lua_pushboolean(L, told);
  return 1;
}

/* share(client) -> {path, members, waits, losses, returns, lost, recovered, joined, asked, ahead}; nothing for a client without a share */
static int l_share(lua_State *L) {
  Client *client;
  Shared *share = share_of(L, &client);
  if (share == NULL) return 0;
  const SharedState state = shared_state(share, loop_now(client->loop));
  lua_createtable(L, 0, 10);
  lua_pushstring(L, share->name);
  lua_setfield(L, -2, "path");
  lua_pushinteger(L, state.members);
  lua_setfield(L, -2, "members");
  lua_pushinteger(L, share->waits);
  lua_setfield(L, -2, "waits");
  lua_pushinteger(L, state.losses);
  lua_setfield(L, -2, "losses");
  lua_pushinteger(L, state.returns);
  lua_setfield(L, -2, "returns");
  lua_pushinteger(L, (lua_Integer)state.recovered);
  lua_setfield(L, -2, "recovered");
  lua_pushboolean(L, !state.never);
  lua_setfield(L, -2, "joined");
  lua_pushinteger(L, state.asked);
  lua_setfield(L, -2, "asked");
  lua_pushinteger(L, state.ahead);
  lua_setfield(L, -2, "ahead");
  lua_pushstring(L, state.lost);
  lua_setfield(L, -2, "lost");
  return 1;
}

void client_share_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"halt_all", l_halt_all},
                                       {"resume_all", l_resume_all},
                                       {"told", l_told},
                                       {"share", l_share},
                                       {NULL, NULL}};
  lua_getfield(L, -1, "client");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
  client_lease_functions(L);
}
