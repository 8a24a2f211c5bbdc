LUA ?= lua5.4
LUA_INCDIR ?= /usr/include/lua5.4
BUILD ?= build
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wcast-qual -Wconversion -Wundef -Wvla
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE $(WARN) -fPIC -fvisibility=hidden -I$(LUA_INCDIR) $(CFLAGS)
PAPER_OBJ = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(wildcard src/paper_*.c))
CORE_OBJ = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(filter-out src/paper_%.c,$(wildcard src/*.c)))

all: $(BUILD)/bybit/core.so $(if $(wildcard src/paper_server.c),$(BUILD)/bybit/paper_server.so)
$(BUILD)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -c -o $@ $<
$(BUILD)/bybit/core.so: $(CORE_OBJ)
	@mkdir -p $(@D)
	$(CC) -shared -Wl,-z,nodelete $(CFLAGS) -o $@ $^ $(LDFLAGS) -lcurl -lcrypto -lbidgcc000 -lm
$(BUILD)/bybit/paper_server.so: $(PAPER_OBJ)
	@mkdir -p $(@D)
	$(CC) -shared $(CFLAGS) -o $@ $^ $(LDFLAGS) -lmicrohttpd -pthread
-include $(wildcard $(BUILD)/obj/*.d)
clean:
	rm -rf build
.PHONY: all clean
