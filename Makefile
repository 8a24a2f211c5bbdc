# Builds, tests and installs. `make help` lists the targets; `make test` and `make demo` bring what they need.
# Variants live side by side, each in a directory of its own: make BUILD=build/clang CC=clang

# The first of these programs that there is.
first_found = $(firstword $(foreach name,$(1),$(shell command -v $(name) 2>/dev/null)) $(firstword $(1)))

LUA         ?= $(notdir $(call first_found,lua5.4 lua54 lua-5.4 lua))
LUA_INCDIR  ?= $(firstword $(patsubst %/lua.h,%,$(wildcard $(foreach root,/usr/include /usr/local/include /opt/homebrew/include, \
                 $(root)/lua5.4/lua.h $(root)/lua54/lua.h $(root)/lua/5.4/lua.h $(root)/lua/lua.h $(root)/lua.h))) /usr/include/lua5.4)
# Lua's library, whatever the system calls it: for the programs in C that embed Lua.
LUA_LIB     ?= $(firstword $(foreach name,lua5.4 lua54 lua-5.4 lua,$(if $(shell echo 'int main(void) { return 0; }' | \
                 $(CC) -x c - -l$(name) -o /dev/null 2>/dev/null && echo found),-l$(name))) -llua)
# Intel's decimal library: arguments by value, no global rounding mode, no global flags.
BID         ?= -lbidgcc000
# zlib, for gzipped files of prices, libwslay, for streams, and hiredis, for a share on a Redis server. Where one is missing, or its
# variable is set to nothing, client and paper exchange are built without it.
ifeq ($(origin ZLIB),undefined)
ZLIB        := $(shell echo 'int main(void) { return zlibVersion() == 0; }' | \
                 $(CC) $(CFLAGS) -include zlib.h -x c - $(LDFLAGS) -lz -o /dev/null 2>/dev/null && echo -lz)
endif
ifeq ($(origin WSLAY),undefined)
WSLAY       := $(shell echo 'int main(void) { return 0; }' | $(CC) $(CFLAGS) -include wslay/wslay.h -x c - -lwslay -o /dev/null \
                 2>/dev/null && echo -lwslay)
endif
ifeq ($(origin HIREDIS),undefined)
HIREDIS     := $(shell echo 'int main(void) { return redisReaderCreate() == 0; }' | $(CC) $(CFLAGS) -include hiredis/hiredis.h \
                 -x c - $(LDFLAGS) -lhiredis -o /dev/null 2>/dev/null && echo -lhiredis)
endif
# The names that programs know libcurl, libwslay and hiredis by: core.so opens them when it first needs them (src/value/library.h).
# Where a name is empty, core.so is linked with the library; so it is where readelf is missing, or the system has other names.
# $(call name_of,-lcurl,curl_version), the latter one of its functions
name_of = $(shell probe=$$(mktemp) && echo 'int $(2)(void); int main(void) { return $(2)(); }' | \
            $(CC) $(CFLAGS) -w -x c - $(LDFLAGS) $(1) -o $$probe 2>/dev/null && readelf -d $$probe 2>/dev/null | \
            sed -n 's/.*(NEEDED).*\[\($(1:-l%=lib%)[^]]*\)\].*/\1/p'; rm -f "$$probe")
ifeq ($(origin LIBCURL),undefined)
LIBCURL     := $(call name_of,-lcurl,curl_version)
endif
ifeq ($(origin LIBWSLAY),undefined)
LIBWSLAY    := $(if $(WSLAY),$(call name_of,$(WSLAY),wslay_frame_send))
endif
ifeq ($(origin LIBHIREDIS),undefined)
LIBHIREDIS  := $(if $(HIREDIS),$(call name_of,$(HIREDIS),redisReaderGetReply))
endif
BUILD       ?= build
CFLAGS      ?= -O2 -g
PREFIX      ?= /usr/local
INST_LIBDIR ?= $(PREFIX)/lib/lua/5.4
INST_LUADIR ?= $(PREFIX)/share/lua/5.4
INST_BINDIR ?= $(PREFIX)/bin
INST_MANDIR ?= $(PREFIX)/share/man/man1
INST_COMPDIR ?= $(PREFIX)/share/bash-completion/completions
INST_ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
INST_FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d

SPEC         ?= spec
DEMO_SECONDS ?= 15
SECONDS      ?= 60

# The checks set these for a build of their own (.ci/checks.mk). SANITIZE: flags of the compiler and the linker. INJECT: flags for
# the client and the journal, not for the paper exchange. PAPER_LDFLAGS: for the paper exchange alone. WRAPPER: the command that
# the specs' interpreter is started by.
SANITIZE ?=
INJECT ?=
PAPER_LDFLAGS ?=
WRAPPER ?=

WARN_CFLAGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wcast-qual \
               -Wconversion -Wundef -Wvla
BASE_CFLAGS := -std=c11 -D_GNU_SOURCE $(if $(ZLIB),-DBYBIT_ZLIB) $(if $(WSLAY),-DBYBIT_WSLAY) \
               $(if $(HIREDIS),-DBYBIT_HIREDIS) -Isrc -I$(LUA_INCDIR)
OPENED      := $(if $(LIBCURL),-DBYBIT_LIBCURL='"$(LIBCURL)"') $(if $(LIBWSLAY),-DBYBIT_LIBWSLAY='"$(LIBWSLAY)"') \
               $(if $(LIBHIREDIS),-DBYBIT_LIBHIREDIS='"$(LIBHIREDIS)"')
ALL_CFLAGS  := $(BASE_CFLAGS) $(OPENED) $(WARN_CFLAGS) -fPIC -fvisibility=hidden $(CFLAGS) $(SANITIZE)

PAPER_SRC   := $(wildcard src/paper/*.c)
ENGINE_SRC  := $(wildcard src/engine/*.c)
JOURNAL_SRC := $(wildcard src/journal/*.c)
CORE_SRC    := $(filter-out $(PAPER_SRC) $(ENGINE_SRC) $(JOURNAL_SRC),$(wildcard src/*.c src/*/*.c))
CORE_OBJ    := $(CORE_SRC:src/%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/modules/code.o $(BUILD)/obj/pace/script.o
PAPER_OBJ   := $(PAPER_SRC:src/%.c=$(BUILD)/obj/%.o)
# The engine has the decimals and the chance of the core as its own: only what knows no Lua.
ENGINE_OBJ  := $(ENGINE_SRC:src/%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/value/decimal.o $(BUILD)/obj/value/decimal_text.o \
               $(BUILD)/obj/value/random.o
JOURNAL_OBJ := $(JOURNAL_SRC:src/%.c=$(BUILD)/obj/%.o)
CORE        := $(BUILD)/bybit/core.so
JOURNAL     := $(BUILD)/bybit/journal.so
PAPER       := $(if $(PAPER_SRC),$(BUILD)/bybit/paper_server.so $(BUILD)/bybit/paper_engine.so)

# Runs a program with the working tree's Lua files and this variant's shared objects.
IN_TREE = LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='$(BUILD)/?.so;;' LUA='$(LUA)'
# Installs what a target needs from the system, where it is missing: $(NEED) build test
NEED = CC='$(CC)' LUA='$(LUA)' LUA_INCDIR='$(LUA_INCDIR)' BID='$(BID)' sh .ci/deps
# A second make, which finds what was installed by then.
SUBMAKE = $(MAKE) --no-print-directory
# $(call brief,CC)command prints `CC target` in place of the command; make V=1 prints the command.
brief = $(if $(V),,@echo '  $(1) $@'; )

all: $(CORE) $(JOURNAL) $(PAPER) ## builds the client and the paper exchange; the default
client: $(CORE) $(JOURNAL) ## builds the client alone
paper: $(PAPER) ## builds the server of the paper exchange alone

help: ## prints this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile .ci/checks.mk

test: ## runs the specs; SPEC=spec/value takes a folder or a file, JOBS=1 one file at a time
	@$(NEED) build test
	@$(SUBMAKE) all hosts
	@$(IN_TREE) BUILD='$(BUILD)' RUNNER='$(WRAPPER) $(LUA)' JOBS='$(JOBS)' sh spec/support/suite.sh $(SPEC)

lint: ## checks the sources without running them: formats, warnings, sizes, who uses whom
	@$(NEED) build lint
	@$(SUBMAKE) all
	@CC='$(CC)' LUA='$(LUA)' BASE_CFLAGS='$(BASE_CFLAGS)' CORE='$(CORE)' JOURNAL='$(JOURNAL)' PAPER='$(PAPER)' sh .ci/lint

demo: ## runs a market maker on the paper exchange for DEMO_SECONDS=15
	@$(NEED) build
	@$(SUBMAKE) all
	@$(IN_TREE) DEMO_SECONDS='$(DEMO_SECONDS)' $(LUA) examples/market_maker.lua

repl: ## opens a session on paper; ARGS='--env testnet' opens it elsewhere
	@$(NEED) build
	@$(SUBMAKE) all
	@$(IN_TREE) $(LUA) lua/bybit/shell/bybit repl $(ARGS)

types: all ## writes what editors know, lua/bybit/types.lua
	@$(IN_TREE) $(LUA) doc/generate/types.lua lua/bybit/types.lua
	@echo lua/bybit/types.lua

doc: all ## writes the reference and the site, doc/reference and doc/html
	@$(NEED) doc
	@$(IN_TREE) $(LUA) doc/generate/reference.lua doc

deps: ## installs what the build and the specs need from the system
	@$(NEED) build test

clean: ## removes build/
	rm -rf build

# -z nodelete: libcurl's resolver thread may outlive the Lua state that loaded core.so.
# --exclude-libs: the decimal library is a static one; its names stay inside.
$(CORE): $(CORE_OBJ)
	@mkdir -p $(@D)
	$(call brief,LD)$(CC) -shared -Wl,-z,nodelete -Wl,--exclude-libs,ALL $(CFLAGS) $(SANITIZE) -o $@ $(CORE_OBJ) $(LDFLAGS) \
	  $(if $(LIBCURL),,-lcurl) -lcrypto $(ZLIB) $(BID) $(if $(LIBWSLAY),,$(WSLAY)) $(if $(LIBHIREDIS),,$(HIREDIS)) -lm -ldl

# The Lua files as bytecode, which core.so carries (src/modules). The sources are installed as well, and decide. A folder changes
# when a file of it is removed.
$(BUILD)/obj/modules/code.c: src/modules/compile.lua src/modules/probe.lua $(shell find lua/bybit -type d -o -name '*.lua') \
                             $(BUILD)/flags
	@mkdir -p $(@D)
	$(call brief,LUA)$(LUA) src/modules/compile.lua $@.new && mv $@.new $@

# What runs inside a Redis server.
$(BUILD)/obj/pace/script.c: src/pace/embed.lua src/pace/redis_script.lua
	@mkdir -p $(@D)
	$(call brief,LUA)$(LUA) src/pace/embed.lua src/pace/redis_script.lua redis_script $@

$(BUILD)/obj/pace/script.o: $(BUILD)/obj/pace/script.c $(BUILD)/flags
	$(call brief,CC)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/obj/modules/code.o: $(BUILD)/obj/modules/code.c
	$(call brief,CC)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# -z nodelete: what watches forks (src/journal/file.c) may be called when the Lua state that loaded it is gone.
$(JOURNAL): $(JOURNAL_OBJ)
	@mkdir -p $(@D)
	$(call brief,LD)$(CC) -shared -Wl,-z,nodelete $(CFLAGS) $(SANITIZE) -o $@ $(JOURNAL_OBJ) $(LDFLAGS) -lsqlite3 -pthread

$(BUILD)/bybit/paper_server.so: $(PAPER_OBJ)
	@mkdir -p $(@D)
	$(call brief,LD)$(CC) -shared $(CFLAGS) $(SANITIZE) $(PAPER_LDFLAGS) -o $@ $(PAPER_OBJ) $(LDFLAGS) -lmicrohttpd $(WSLAY) -pthread

$(BUILD)/bybit/paper_engine.so: $(ENGINE_OBJ)
	@mkdir -p $(@D)
	$(call brief,LD)$(CC) -shared -Wl,--exclude-libs,ALL $(CFLAGS) $(SANITIZE) $(PAPER_LDFLAGS) -o $@ $(ENGINE_OBJ) $(LDFLAGS) $(BID) -lm

$(BUILD)/obj/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call brief,CC)$(CC) $(ALL_CFLAGS) $(if $(filter $(CORE_SRC) $(JOURNAL_SRC),$<),$(INJECT)) -MMD -MP -c -o $@ $<

# Changes when the compiler, its flags or the Lua of the bytecode do, so that no object of another setting is linked.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo "$(CC) "'$(subst ','\'',$(ALL_CFLAGS)) $(LUA)' | cmp -s - $@ || echo "$(CC) "'$(subst ','\'',$(ALL_CFLAGS)) $(LUA)' >$@

# No file: what depends on it is made each time.
FORCE:

-include $(wildcard $(BUILD)/obj/*.d $(BUILD)/obj/*/*.d)

hosts: $(BUILD)/examples/host $(BUILD)/support/two_states $(BUILD)/support/forks $(BUILD)/support/interrupt.so \
       $(BUILD)/support/authorities.so $(BUILD)/support/no_random.so $(BUILD)/support/asleep.so $(BUILD)/support/share_kill $(BUILD)/support/leases
hosts: ## builds the C programs that the specs run
	@:

# A program in C that embeds Lua. -E: where Lua's library is a static one, the modules find it in the program.
link_program = $(call brief,CC)$(CC) $(BASE_CFLAGS) $(WARN_CFLAGS) $(CFLAGS) $(SANITIZE) -Wl,-E -o $@ $< $(LDFLAGS) $(LUA_LIB) -lm -pthread

$(BUILD)/examples/%: examples/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(link_program)

$(BUILD)/support/%: spec/support/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(link_program)

# Works on a share without Lua.
SHARE_OBJ := $(addprefix $(BUILD)/obj/,pace/share.o pace/share_file.o pace/share_member.o pace/share_lease.o pace/lease.o pace/clock.o pace/shared_file.o pace/shared_lease.o pace/limiter.o \
               value/random.o wire/sign.o)

$(BUILD)/support/share_kill: spec/support/share_kill.c $(SHARE_OBJ) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call brief,CC)$(CC) $(BASE_CFLAGS) $(WARN_CFLAGS) $(CFLAGS) $(SANITIZE) -o $@ $< $(SHARE_OBJ) $(LDFLAGS) -lcrypto -lm -pthread

LEASE_OBJ := $(addprefix $(BUILD)/obj/,pace/lease.o pace/clock.o pace/redis_lease.o pace/script.o value/random.o)
LEASE_SRC := spec/torture/lease.c spec/torture/lease_server.c

$(BUILD)/support/leases: $(LEASE_SRC) spec/torture/lease_server.h $(LEASE_OBJ) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call brief,CC)$(CC) $(BASE_CFLAGS) $(WARN_CFLAGS) $(CFLAGS) $(SANITIZE) -Wl,-E -o $@ $(LEASE_SRC) $(LEASE_OBJ) $(LDFLAGS) $(LUA_LIB) -lm

# A module of the specs' own.
$(BUILD)/support/%.so: spec/support/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call brief,LD)$(CC) $(ALL_CFLAGS) -shared -Wl,-z,nodelete -o $@ $< $(LDFLAGS)

# $(call install_part,SHARED OBJECTS,WHICH): the objects and those of the Lua files, which are found, not listed. Two parts, as
# the rocks are: the paper exchange can be left out where one only trades.
install_part = install -d '$(DESTDIR)$(INST_LIBDIR)/bybit' && install -m 755 $(1) '$(DESTDIR)$(INST_LIBDIR)/bybit' && \
  cd lua && find bybit -name '*.lua' $(2) | while read -r file; do \
  install -D -m 644 "$$file" '$(DESTDIR)$(INST_LUADIR)'/"$$file" || exit 1; done

# The rooms of lua/bybit that belong to the rock bybit-paper; all else is the client's.
PAPER_ROOMS := paper simulate
paper_room := $(patsubst %,-o -path 'bybit/%/*',$(PAPER_ROOMS))

paper-rooms:
	@echo $(PAPER_ROOMS)

install: install-client install-paper install-command ## installs everything under PREFIX=/usr/local

install-client: $(CORE) $(JOURNAL) ## installs the client alone
	$(call install_part,$(CORE) $(JOURNAL),! '(' -false $(paper_room) ')')

install-paper: $(PAPER) ## installs the paper exchange alone
	$(call install_part,$(PAPER),'(' -false $(paper_room) ')')

# The command, with the interpreter and the paths that it was installed for; its manual page, and its completion in shells.
install-command: $(CORE) ## installs the command `bybit` alone
	install -d '$(DESTDIR)$(INST_BINDIR)'
	{ echo '#!$(shell command -v $(LUA))'; \
	  echo 'package.path = "$(INST_LUADIR)/?.lua;$(INST_LUADIR)/?/init.lua;" .. package.path'; \
	  echo 'package.cpath = "$(INST_LIBDIR)/?.so;" .. package.cpath'; \
	  tail -n +2 lua/bybit/shell/bybit; } >'$(DESTDIR)$(INST_BINDIR)/bybit'
	chmod 755 '$(DESTDIR)$(INST_BINDIR)/bybit'
	install -d '$(DESTDIR)$(INST_MANDIR)' '$(DESTDIR)$(INST_COMPDIR)' '$(DESTDIR)$(INST_ZSHDIR)' '$(DESTDIR)$(INST_FISHDIR)'
	$(IN_TREE) $(LUA) lua/bybit/shell/bybit man >'$(DESTDIR)$(INST_MANDIR)/bybit.1'
	$(IN_TREE) $(LUA) lua/bybit/shell/bybit completion bash >'$(DESTDIR)$(INST_COMPDIR)/bybit'
	$(IN_TREE) $(LUA) lua/bybit/shell/bybit completion zsh >'$(DESTDIR)$(INST_ZSHDIR)/_bybit'
	$(IN_TREE) $(LUA) lua/bybit/shell/bybit completion fish >'$(DESTDIR)$(INST_FISHDIR)/bybit.fish'

# The checks that take long: sanitizers, fuzzing, coverage and their like.
include .ci/checks.mk

.PHONY: all client paper help test lint demo repl types doc deps clean hosts install install-client install-paper install-command
