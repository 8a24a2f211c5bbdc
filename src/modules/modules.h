/*
** The module's Lua files as bytecode inside of core.so, so that a program's start need not compile them. `make` runs
** compile.lua, which writes it. The sources are installed as well, and they decide: the bytecode of a file is used only
** where the running Lua makes the same bytecode, and only if the file is still what was compiled. In any other case Lua
** compiles the source as if there were no bytecode.
*/
#ifndef BYBIT_MODULES_H
#define BYBIT_MODULES_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Module {
  const char *name; /* as require knows it */
  uint64_t source;  /* the digest of the source that was compiled */
  size_t at, size;  /* its part of module_code */
} Module;

/* What compile.lua writes. The dump of a file begins with the head, which is the same for all, and the name of the
** source, which depends on where the file is installed. What comes after it is in module_code. */
extern const Module module_list[]; /* sorted by name; the one after the last has none */
extern const size_t module_count;
extern const unsigned char module_code[];
extern const size_t module_code_size;
extern const unsigned char module_head[];
extern const size_t module_head_size;
/* A program with every instruction of Lua's, and the bytecode that the Lua of compile.lua makes of it. */
extern const char module_probe[];
extern const size_t module_probe_size;
extern const unsigned char module_probe_code[];
extern const size_t module_probe_code_size;

/* Lets require find the bytecode, and adds 'modules' (hold, rest) to the module table on top of the stack. */
void modules_open(lua_State *L);

#endif
