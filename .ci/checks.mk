# The checks that take longer than the specs; .ci/run runs them in a row. Included by the Makefile, from the project's root.

# What the sanitizers and valgrind print has names and line numbers with these.
TRACEABLE_CFLAGS = -O1 -g -fno-omit-frame-pointer
ADDRESS_SANITIZER = -fsanitize=address,undefined -fno-sanitize-recover=all
LEAKS_LEFT_OUT = LSAN_OPTIONS=suppressions=spec/support/lsan.supp:print_suppressions=0
# The server stays loaded until the process ends, so that reports at the end still find its functions.
STAYS_LOADED = PAPER_LDFLAGS=-Wl,-z,nodelete

# The options are read per program (see spec/support/asan.lua5.4), so that leaks of openssl(1) and others that a spec starts are
# not ours.
asan: ## runs the specs under the sanitizers of addresses, undefined behavior and leaks; takes SPEC= too
	@$(NEED) build test
	@ASAN_OPTIONS=include_if_exists=spec/support/asan.%b:detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 $(LEAKS_LEFT_OUT) \
	 $(SUBMAKE) test SPEC='$(SPEC)' BUILD=build/asan CC=gcc CFLAGS='$(TRACEABLE_CFLAGS)' SANITIZE='$(ADDRESS_SANITIZER)' $(STAYS_LOADED) \
	   WRAPPER='env LD_PRELOAD=$$$$(gcc -print-file-name=libasan.so)'

# Data races: the paper exchange has a thread of its own, and a program may have a state in each of its threads. The
# interpreter is a copy that loads TSan's runtime by itself. Preloaded, it would come into all that a spec starts, and
# sh(1) dies of it: its first call of those that the runtime takes over is setjmp, which the runtime only knows from a
# first malloc on. Reports of all processes go to files, and none may be there at the end.
TSAN_BUILD = build/tsan
tsan: ## runs the specs under ThreadSanitizer; .ci/run names the specs where threads meet
	@$(NEED) build test tsan
	@rm -rf $(TSAN_BUILD)/reports && mkdir -p $(TSAN_BUILD)/reports
	@patchelf --add-needed "$$(basename "$$(readlink -f "$$(gcc -print-file-name=libtsan.so)")")" \
	   --output $(TSAN_BUILD)/lua "$$(readlink -f "$$(command -v $(LUA))")"
	@bad=0; TSAN_OPTIONS=log_path='$(CURDIR)/$(TSAN_BUILD)/reports/process' \
	 $(SUBMAKE) test SPEC='$(SPEC)' BUILD=$(TSAN_BUILD) LUA='$(CURDIR)/$(TSAN_BUILD)/lua' LUA_INCDIR='$(LUA_INCDIR)' CC=gcc \
	   CFLAGS='$(TRACEABLE_CFLAGS)' SANITIZE=-fsanitize=thread $(STAYS_LOADED) || bad=1; \
	 ! grep -rh . $(TSAN_BUILD)/reports && exit $$bad

VALGRIND_BUILD = build/valgrind
valgrind: ## runs the specs under valgrind: memory, values never set, leaks, descriptors
	@$(NEED) build test valgrind
	@$(SUBMAKE) all hosts BUILD=$(VALGRIND_BUILD) CC=gcc CFLAGS='$(TRACEABLE_CFLAGS)' $(STAYS_LOADED)
	@$(IN_TREE) LUA_CPATH='$(VALGRIND_BUILD)/?.so;;' BUILD='$(VALGRIND_BUILD)' sh .ci/valgrind $(SPEC)

# Memory runs out at the 1st, 2nd, 3rd ... allocation of each step of a client's life.
OOM_BUILD = build/oom
oom: ## lets memory run out at one allocation after the other; FULL=full tries all, for half an hour
	@$(NEED) build test
	@$(SUBMAKE) all $(OOM_BUILD)/torture BUILD=$(OOM_BUILD) CC=gcc CFLAGS='$(TRACEABLE_CFLAGS)' SANITIZE='$(ADDRESS_SANITIZER)' \
	   $(STAYS_LOADED) INJECT='-include spec/torture/inject.h'
	@printf '%s\n' lua core curl openssl sqlite | \
	 $(IN_TREE) LUA_CPATH='$(OOM_BUILD)/?.so;;' ASAN_OPTIONS=allocator_may_return_null=1 $(LEAKS_LEFT_OUT) \
	 xargs -P 5 -I DOMAIN $(OOM_BUILD)/torture spec/torture/oom.lua $(FULL) DOMAIN

$(OOM_BUILD)/torture: spec/torture/oom.c spec/torture/inject.h
	@mkdir -p $(@D)
	$(link_program) -lcurl -lcrypto -lsqlite3

# Eight processes on one key at the paper exchange, for a minute each time: no refusal, and 95 % of the rate used.
share: ## runs processes on one share for SECONDS=60, kills some, stops the server: how much they use
	@$(NEED) build test
	@$(SUBMAKE) all hosts
	@$(IN_TREE) BUILD='$(BUILD)' SHARE_SECONDS='$(SECONDS)' $(LUA) spec/support/run.lua spec/e2e/share_spec.lua

soak: ## runs a strategy's load for SECONDS=60; memory and descriptors must stay level
	@$(NEED) build test
	@$(SUBMAKE) all
	@$(IN_TREE) SECONDS='$(SECONDS)' $(LUA) spec/torture/soak.lua

prove: ## simulates a market maker with every fault, SEEDS=10000: no order left, none twice; FIRST=1
	@$(NEED) build
	@$(SUBMAKE) all
	@$(IN_TREE) SEEDS='$(or $(SEEDS),10000)' FIRST='$(or $(FIRST),1)' $(LUA) examples/proved_maker.lua

FILLS ?= 1000000
SEED  ?= 1

follow: ## follows FILLS=1000000 fills through faults (SEED=1), KILLED=50000 of them by one that is killed
	@$(NEED) build test
	@$(SUBMAKE) all
	@$(IN_TREE) $(LUA) spec/torture/follow.lua $(FILLS) $(SEED) $(KILLED)

DELTAS ?= 1000000

book: ## keeps order books through DELTAS=1000000 changes and faults (SEED=1): they equal the exchange's
	@$(NEED) build test
	@$(SUBMAKE) all
	@$(IN_TREE) $(LUA) spec/torture/book.lua $(DELTAS) $(SEED)

# Each line of what settles outcomes runs in a spec that drives the paper exchange. No branch is left that never ran.
COVERED_FILES ?= $(patsubst lua/bybit/%.lua,%,$(wildcard lua/bybit/outcome/*.lua)) wire/limits
COVERING_SPECS ?= $(filter-out %/host_spec.lua %/share_spec.lua %/reads_spec.lua,$(wildcard spec/e2e/*_spec.lua)) $(wildcard spec/wire/v2/*_spec.lua) \
                  spec/journal/intents_spec.lua spec/call/log_spec.lua spec/wire/foreign_answers_spec.lua \
                  $(filter-out %/records_spec.lua %/stopped_spec.lua %/recovery_spec.lua,$(wildcard spec/outcome/*_spec.lua))
coverage: ## lists lines of lua/bybit/outcome that no spec on the paper exchange ran; fails if there are any
	@$(NEED) build test
	@$(SUBMAKE) all
	@rm -rf $(BUILD)/coverage && mkdir -p $(BUILD)/coverage
	@$(IN_TREE) SEED=1 CASES=100 COVERED='$(COVERED_FILES)' COVERAGE=$(BUILD)/coverage BUILD='$(BUILD)' \
	 RUNNER='$(LUA) -l spec.support.coverage' JOBS='$(JOBS)' sh spec/support/suite.sh $(COVERING_SPECS)
	@COVERED='$(COVERED_FILES)' LUAC='$(patsubst lua%,luac%,$(notdir $(LUA)))' $(LUA) spec/support/coverage_report.lua $(BUILD)/coverage/*

# The models (spec/model/outcome.pml, lease.pml) are searched whole; then each rule is left out in turn, and spin has to find the
# mistake that follows.
model: ## checks the models of the rules of outcomes and of the lease with spin; SHORT=1 takes a minute
	@$(NEED) model
	@CC='$(CC)' BUILD='$(BUILD)' sh .ci/model $(if $(SHORT),short)

# The short form is spec/pace/lease_spec.lua. WORLD='drift=0.2' lets the world do what the rules do not allow for.
N ?= 1000000
leases: $(BUILD)/support/leases ## hands a lease of each kind of share over, N=1000000 times; SEED=1
	@for kind in file script; do echo "$$kind:"; $(BUILD)/support/leases $(N) share=$$kind seed=$(or $(SEED),1) $(WORLD) || exit 1; done

# One operator or constant at a time, in the files of a room. SEED=1 draws other places, AT="src/pace/line.c:118-120" takes every
# change of those lines, LIST=1 only prints the changes.
mutants: ## changes the code in one place at a time, and lists changes that no spec notices; ROOM=pace
	@$(NEED) build test
	@ROOM='$(ROOM)' COUNT='$(COUNT)' SEED='$(SEED)' AT='$(AT)' LIST='$(LIST)' BUILD='$(BUILD)' LUA='$(LUA)' \
	 python3 spec/support/mutants.py

# The seeds of libFuzzer are in spec/fuzz/corpus. What it learns stays in build/fuzz; an input that breaks something goes to
# spec/fuzz/crashes: build/fuzz/target/json spec/fuzz/crashes/json-...
FUZZ_TARGETS ?= $(filter-out script,$(basename $(notdir $(wildcard spec/fuzz/*.c)))) answers decode params http
fuzz: ## runs libFuzzer on what reads foreign bytes, each target for SECONDS=60
	@$(NEED) build test fuzz
	@$(SUBMAKE) fuzz-all BUILD=build/fuzz CC=clang CFLAGS='$(TRACEABLE_CFLAGS)' \
	   SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' SECONDS=$(SECONDS)

fuzz-all: $(FUZZ_TARGETS:%=$(BUILD)/target/%)
fuzz-all: ## the second half of fuzz, which calls it with the right compiler and flags
	@mkdir -p spec/fuzz/crashes
	@for target in $(FUZZ_TARGETS); do mkdir -p $(BUILD)/corpus/$$target; \
	  echo "  FUZZ $$target"; \
	  $(IN_TREE) ASAN_OPTIONS=detect_leaks=0 $(BUILD)/target/$$target -max_total_time=$(SECONDS) -max_len=4096 -timeout=20 \
	    -rss_limit_mb=1024 -verbosity=0 -print_final_stats=1 -artifact_prefix=spec/fuzz/crashes/$$target- \
	    $(BUILD)/corpus/$$target spec/fuzz/corpus/$$target >$(BUILD)/$$target.log 2>&1 || \
	    { tail -n 60 $(BUILD)/$$target.log; exit 1; }; \
	  grep number_of_executed_units $(BUILD)/$$target.log; done

link_fuzzer = $(call brief,CC)mkdir -p $(@D) && $(CC) $(BASE_CFLAGS) $(WARN_CFLAGS) $(CFLAGS) \
  -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Wl,-E -o $@ $< $(CORE_OBJ) -lcurl -lcrypto $(ZLIB) $(BID) \
  $(WSLAY) $(HIREDIS) $(LUA_LIB) -lm -pthread

$(BUILD)/target/%: spec/fuzz/%.c $(CORE_OBJ)
	$(link_fuzzer)

$(BUILD)/target/%: spec/fuzz/script.c spec/fuzz/%.lua $(CORE_OBJ)
	$(link_fuzzer) -DTARGET='"$*"'

# Client and server share one core: then a wake-up on another one does not hide what a call costs. CPU=1 takes another core. Neither
# interrupts the other when it wakes up (chrt), so their turns are the same each time.
CPU ?= $(shell sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status 2>/dev/null)
PINNED = $(if $(shell command -v taskset 2>/dev/null),$(CPU:%=taskset -c %) $(if $(shell command -v chrt 2>/dev/null),chrt -b 0))

instructions: all $(BUILD)/bench/canned $(BUILD)/bench/limit $(BUILD)/bench/counted.so
instructions: ## counts instructions and allocations per call, against a baseline; ROWS=list, BASELINE=1
	@$(IN_TREE) BUILD='$(BUILD)' CC='$(CC)' CFLAGS='$(CFLAGS) $(SANITIZE)' ROWS='$(ROWS)' BASELINE='$(BASELINE)' \
	 $(PINNED) $(LUA) spec/bench/instructions.lua

BENCH_PROGRAMS := $(patsubst spec/bench/%.c,$(BUILD)/bench/%,$(filter-out %/counted.c,$(wildcard spec/bench/*.c)))
bench: all $(BENCH_PROGRAMS) $(BUILD)/bench/counted.so ## measures speed, as ratios within one run; ROWS=list, LONG=1, JSON=1
	@$(IN_TREE) BUILD='$(BUILD)' ROWS='$(ROWS)' LONG='$(LONG)' JSON='$(JSON)' $(PINNED) $(LUA) spec/bench/bench.lua

# Other clients for the exchange, at the versions that the specs know.
peers: ## gets the clients of npm that spec/clients and bench run, into build/peers
	@mkdir -p build/peers && npm install --no-audit --no-fund --silent --prefix build/peers bybit-api@4.7.7 ccxt@4.5.84

$(BUILD)/bench/%.so: spec/bench/%.c $(wildcard spec/bench/*.h) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call brief,LD)$(CC) $(ALL_CFLAGS) -shared -Wl,-z,nodelete -o $@ $<

$(BUILD)/bench/%: spec/bench/%.c $(wildcard spec/bench/*.h) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call brief,CC)$(CC) $(BASE_CFLAGS) $(WARN_CFLAGS) $(CFLAGS) -o $@ $< -lcurl -lssl -lcrypto

# What is below Lua, in a program of its own.
$(BUILD)/bench/frames: spec/bench/frames.c $(wildcard spec/bench/*.h) $(CORE_OBJ) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call brief,CC)$(CC) $(BASE_CFLAGS) $(WARN_CFLAGS) $(CFLAGS) -Wl,-E -o $@ $< $(CORE_OBJ) -lcurl -lcrypto $(ZLIB) $(BID) \
	  $(WSLAY) $(HIREDIS) $(LUA_LIB) -lm -pthread

.PHONY: asan tsan valgrind oom soak prove follow book coverage model leases mutants fuzz fuzz-all bench peers instructions share
