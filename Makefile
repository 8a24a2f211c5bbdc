# Everything that is done with this project: `make demo` and `make test` bring what they need, build and run.
# Variants live side by side, each in a directory of its own: make BUILD=build/clang CC=clang

first = $(firstword $(foreach name,$(1),$(shell command -v $(name) 2>/dev/null)) $(firstword $(1)))

LUA         ?= $(notdir $(call first,lua5.4 lua54 lua-5.4 lua))
PREFIX      ?= /usr/local
INST_LIBDIR ?= $(PREFIX)/lib/lua/5.4
INST_LUADIR ?= $(PREFIX)/share/lua/5.4
INST_BINDIR ?= $(PREFIX)/bin
LUA_INCDIR  ?= $(firstword $(patsubst %/lua.h,%,$(wildcard $(foreach root,/usr/include /usr/local/include /opt/homebrew/include, \
                 $(root)/lua5.4/lua.h $(root)/lua54/lua.h $(root)/lua/5.4/lua.h $(root)/lua/lua.h $(root)/lua.h))) /usr/include/lua5.4)
BUILD       ?= build
CFLAGS      ?= -O2 -g
# Intel's decimal library: arguments by value, no global rounding mode, no global flags.
BID         ?= -lbidgcc000

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wcast-qual \
        -Wconversion -Wundef -Wvla
BASE := -std=c11 -D_GNU_SOURCE -I$(LUA_INCDIR)
ALL_CFLAGS := $(BASE) $(WARN) -fPIC -fvisibility=hidden $(CFLAGS) $(SANITIZE)

PAPER_SRC := $(wildcard src/paper_*.c)
CORE_SRC  := $(filter-out $(PAPER_SRC),$(wildcard src/*.c))
CORE_OBJ  := $(CORE_SRC:src/%.c=$(BUILD)/obj/%.o)
PAPER_OBJ := $(PAPER_SRC:src/%.c=$(BUILD)/obj/%.o)
CORE      := $(BUILD)/bybit/core.so
PAPER     := $(if $(PAPER_SRC),$(BUILD)/bybit/paper_server.so)

# What the specs and the demo run under: the working tree's Lua files and this variant's shared objects.
RUN = LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='$(BUILD)/?.so;;' LUA='$(LUA)'
DEPS = CC='$(CC)' LUA='$(LUA)' LUA_INCDIR='$(LUA_INCDIR)' BID='$(BID)' sh .ci/deps
say = $(if $(V),,@echo '  $(1) $@'; )# make V=1 shows whole commands
AGAIN = $(MAKE) --no-print-directory

SPEC         ?= spec
DEMO_SECONDS ?= 15
SECONDS      ?= 60

all: $(CORE) $(PAPER)
client: $(CORE)
paper: $(PAPER)

# The dependencies come first, then a second make that finds them.
test:
	@$(DEPS) build test
	@$(AGAIN) all hosts
	@$(RUN) BUILD='$(BUILD)' $(WRAP) $(LUA) spec/support/run.lua $(SPEC)

demo:
	@$(DEPS) build
	@$(AGAIN) all
	@$(RUN) DEMO_SECONDS='$(DEMO_SECONDS)' $(LUA) examples/market_maker.lua

# A session on paper; make repl ARGS='--env testnet'
repl:
	@$(DEPS) build
	@$(AGAIN) all
	@$(RUN) $(LUA) lua/bybit/cli/bybit repl $(ARGS)

deps:
	@$(DEPS) build test

# -z nodelete: libcurl's resolver thread may outlive the Lua state that loaded core.so.
# --exclude-libs: the decimal library is a static one; its names stay inside.
$(CORE): $(CORE_OBJ)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) -shared -Wl,-z,nodelete -Wl,--exclude-libs,ALL $(CFLAGS) $(SANITIZE) -o $@ $(CORE_OBJ) $(LDFLAGS) -lcurl -lcrypto $(BID) -lm

$(BUILD)/bybit/paper_server.so: $(PAPER_OBJ)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) -shared $(CFLAGS) $(SANITIZE) $(KEEP) -o $@ $(PAPER_OBJ) $(LDFLAGS) -lmicrohttpd -pthread

$(BUILD)/obj/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CFLAGS) $(if $(filter $(CORE_SRC),$<),$(INJECT)) -MMD -MP -c -o $@ $<

# Changes when the compiler or its flags do, so that no object of another setting is linked.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS)' >$@

-include $(wildcard $(BUILD)/obj/*.d)

# Programs in C that embed Lua, which the specs run. Lua's library, whatever the system calls it; where it is a static
# one, the modules find it in the program (-E).
LUA_LIB ?= $(firstword $(foreach name,lua5.4 lua54 lua-5.4 lua,$(if $(shell echo 'int main(void) { return 0; }' | \
             $(CC) -x c - -l$(name) -o /dev/null 2>/dev/null && echo found),-l$(name))) -llua)
hosts: $(BUILD)/examples/host $(BUILD)/support/two_states
	@:
embed = $(call say,CC)$(CC) $(BASE) $(WARN) $(CFLAGS) $(SANITIZE) -Wl,-E -o $@ $< $(LDFLAGS) $(LUA_LIB) -lm -pthread

$(BUILD)/examples/%: examples/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(embed)

$(BUILD)/support/%: spec/support/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(embed)

# AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer. The options are read per program (see
# spec/support/asan.lua5.4), so that leaks of openssl(1) and others that a spec starts are not ours.
asan:
	@$(DEPS) build test
	@ASAN_OPTIONS=include_if_exists=spec/support/asan.%b:detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
	 LSAN_OPTIONS=suppressions=spec/support/lsan.supp:print_suppressions=0 \
	 $(AGAIN) test SPEC='$(SPEC)' BUILD=build/asan CC=gcc CFLAGS='-O1 -g -fno-omit-frame-pointer' \
	   SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all' KEEP=-Wl,-z,nodelete \
	   WRAP='env LD_PRELOAD=$$$$(gcc -print-file-name=libasan.so)'

# Data races: the paper exchange has a thread of its own, and a program may have a state in each of its threads. The
# interpreter is a copy that loads TSan's runtime by itself. Preloaded, it would come into all that a spec starts, and
# sh(1) dies of it: its first call of those that the runtime takes over is setjmp, which the runtime only knows from a
# first malloc on. Reports of all processes go to files, and none may be there at the end.
TSAN = build/tsan
tsan:
	@$(DEPS) build test tsan
	@rm -rf $(TSAN)/reports && mkdir -p $(TSAN)/reports
	@patchelf --add-needed "$$(basename "$$(readlink -f "$$(gcc -print-file-name=libtsan.so)")")" \
	   --output $(TSAN)/lua "$$(readlink -f "$$(command -v $(LUA))")"
	@bad=0; TSAN_OPTIONS=log_path='$(CURDIR)/$(TSAN)/reports/process' \
	 $(AGAIN) test SPEC='$(SPEC)' BUILD=$(TSAN) LUA='$(CURDIR)/$(TSAN)/lua' LUA_INCDIR='$(LUA_INCDIR)' CC=gcc \
	   CFLAGS='-O1 -g -fno-omit-frame-pointer' SANITIZE=-fsanitize=thread KEEP=-Wl,-z,nodelete || bad=1; \
	 ! grep -rh . $(TSAN)/reports && exit $$bad

# Memory and descriptors, as valgrind sees them; SPEC=spec leaves out what makes no sense there.
VALGRIND = build/valgrind
valgrind:
	@$(DEPS) build test valgrind
	@$(AGAIN) all hosts BUILD=$(VALGRIND) CC=gcc CFLAGS='-O1 -g -fno-omit-frame-pointer' KEEP=-Wl,-z,nodelete
	@$(RUN) LUA_CPATH='$(VALGRIND)/?.so;;' BUILD='$(VALGRIND)' sh .ci/valgrind $(SPEC)

# Memory runs out at the 1st, 2nd, 3rd ... allocation of each step of a client's life: FULL=full tries every one.
OOM = build/oom
oom:
	@$(DEPS) build test
	@$(AGAIN) all $(OOM)/torture BUILD=$(OOM) CC=gcc CFLAGS='-O1 -g -fno-omit-frame-pointer' \
	   SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all' KEEP=-Wl,-z,nodelete \
	   INJECT='-include spec/torture/inject.h'
	@$(RUN) LUA_CPATH='$(OOM)/?.so;;' ASAN_OPTIONS=allocator_may_return_null=1 \
	 LSAN_OPTIONS=suppressions=spec/support/lsan.supp:print_suppressions=0 $(OOM)/torture spec/torture/oom.lua $(FULL)

$(OOM)/torture: spec/torture/oom.c spec/torture/inject.h
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(BASE) $(WARN) $(CFLAGS) $(SANITIZE) -Wl,-E -o $@ $< $(LDFLAGS) $(LUA_LIB) -lcurl -lcrypto -lm -pthread

# Each line of what settles outcomes runs in a spec that drives the paper exchange: there is no branch that never ran.
POLICY       ?= recovery settle stops lookup confirm intents reconcile verdict limits
POLICY_SPECS ?= $(wildcard spec/e2e_*_spec.lua spec/v2_*_spec.lua spec/methods/e2e_*_spec.lua) spec/confirm_spec.lua \
                  spec/journal_spec.lua spec/every_outcome_spec.lua
coverage:
	@$(DEPS) build test
	@$(AGAIN) all
	@$(RUN) SEED=1 COVERED='$(POLICY)' LUAC='$(patsubst lua%,luac%,$(notdir $(LUA)))' $(LUA) spec/support/coverage.lua $(POLICY_SPECS)

# A strategy's load on the paper exchange for so long: memory and descriptors have to stay level.
soak:
	@$(DEPS) build test
	@$(AGAIN) all
	@$(RUN) SECONDS='$(SECONDS)' $(LUA) spec/torture/soak.lua

# libFuzzer over what reads foreign bytes, each target for so many seconds from the seeds in spec/fuzz/corpus. What it
# learns stays in build/fuzz; an input that breaks something goes to spec/fuzz/crashes:
# build/fuzz/target/json spec/fuzz/crashes/json-...
FUZZ    ?= $(filter-out script,$(basename $(notdir $(wildcard spec/fuzz/*.c)))) answers params http
fuzz:
	@$(DEPS) build test fuzz
	@$(AGAIN) fuzz-all BUILD=build/fuzz CC=clang CFLAGS='-O1 -g -fno-omit-frame-pointer' \
	   SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' SECONDS=$(SECONDS)

fuzz-all: $(FUZZ:%=$(BUILD)/target/%)
	@mkdir -p spec/fuzz/crashes
	@for target in $(FUZZ); do mkdir -p $(BUILD)/corpus/$$target; \
	  echo "  FUZZ $$target"; \
	  $(RUN) ASAN_OPTIONS=detect_leaks=0 $(BUILD)/target/$$target -max_total_time=$(SECONDS) -max_len=4096 -timeout=20 \
	    -rss_limit_mb=1024 -verbosity=0 -print_final_stats=1 -artifact_prefix=spec/fuzz/crashes/$$target- \
	    $(BUILD)/corpus/$$target spec/fuzz/corpus/$$target >$(BUILD)/$$target.log 2>&1 || \
	    { tail -n 60 $(BUILD)/$$target.log; exit 1; }; \
	  grep number_of_executed_units $(BUILD)/$$target.log; done

fuzzer = $(call say,CC)mkdir -p $(@D) && $(CC) $(BASE) $(WARN) -Isrc $(CFLAGS) -fsanitize=fuzzer,address,undefined \
  -fno-sanitize-recover=all -Wl,-E -o $@ $< $(CORE_OBJ) -lcurl -lcrypto $(BID) $(LUA_LIB) -lm -pthread
$(BUILD)/target/%: spec/fuzz/%.c $(CORE_OBJ)
	$(fuzzer)

$(BUILD)/target/%: spec/fuzz/script.c spec/fuzz/%.lua $(CORE_OBJ)
	$(fuzzer) -DTARGET='"$*"'

lint:
	@$(DEPS) build lint
	@$(AGAIN) all
	@CC='$(CC)' LUA='$(LUA)' BASE='$(BASE)' WARN='$(WARN)' CORE='$(CORE)' PAPER='$(PAPER)' sh .ci/lint

# The Lua programs in spec/bench, and their peers in C.
BENCH := $(patsubst spec/bench/%.c,$(BUILD)/bench/%,$(wildcard spec/bench/*.c))
bench: all $(BENCH)
	@for program in $(sort $(wildcard spec/bench/*.lua)); do $(RUN) BUILD='$(BUILD)' $(LUA) $$program || exit 1; done

$(BUILD)/bench/%: spec/bench/%.c spec/bench/bare.h
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(BASE) $(CFLAGS) -o $@ $< -lcurl -lcrypto

# What editors know, from the declarations; committed, and a spec says when it is stale.
types: all
	@$(RUN) $(LUA) .ci/types.lua lua/bybit/types.lua
	@echo lua/bybit/types.lua

# The reference, a page per subject, from declarations and doc comments: Markdown, and HTML beside it.
doc: all
	@$(DEPS) doc
	@$(RUN) $(LUA) .ci/reference.lua doc

# $(call put,SHARED OBJECT,WHICH): the object and those of the Lua files, which are found, not listed. Two parts, as
# the rocks are: the paper exchange can be left out where one only trades.
put = install -d '$(DESTDIR)$(INST_LIBDIR)/bybit' && install -m 755 $(1) '$(DESTDIR)$(INST_LIBDIR)/bybit' && \
  cd lua && find bybit -name '*.lua' $(2) | while read -r file; do \
  install -D -m 644 "$$file" '$(DESTDIR)$(INST_LUADIR)'/"$$file" || exit 1; done

install: install-client install-paper install-command

install-client: $(CORE)
	$(call put,$(CORE),! -path 'bybit/paper/*')

install-paper: $(PAPER)
	$(call put,$(PAPER),-path 'bybit/paper/*')

# The command, with the interpreter and the paths that it was installed for.
install-command:
	install -d '$(DESTDIR)$(INST_BINDIR)'
	{ echo '#!$(shell command -v $(LUA))'; \
	  echo 'package.path = "$(INST_LUADIR)/?.lua;$(INST_LUADIR)/?/init.lua;" .. package.path'; \
	  echo 'package.cpath = "$(INST_LIBDIR)/?.so;" .. package.cpath'; \
	  tail -n +2 lua/bybit/cli/bybit; } >'$(DESTDIR)$(INST_BINDIR)/bybit'
	chmod 755 '$(DESTDIR)$(INST_BINDIR)/bybit'

clean:
	rm -rf build doc

FORCE:
.PHONY: all client hosts paper test demo deps coverage asan tsan valgrind oom soak fuzz fuzz-all lint bench types doc install \
  install-client install-paper \
  install-command repl clean FORCE
