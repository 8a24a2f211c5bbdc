-- Memory runs out at the 1st, 2nd, 3rd ... allocation of each step of a client's life, in each of five allocators, either from
-- there on or for one allocation only. Nothing may crash (the host runs under ASan) or leak. A step reports that memory ran
-- out, or succeeds; what it says about an order is true; the client works afterwards.
-- usage: oom spec/torture/oom.lua [full] [domain] [step]

local full, only_domain, only_step = false, nil, nil
for _, word in ipairs { ... } do
  if word == "full" then full = true
  elseif word == "lua" or word == "core" or word == "curl" or word == "openssl"
    or word == "sqlite" then only_domain = word
  else only_step = word end
end

local host = host -- luacheck: ignore 113 (the program's)
local exchange = require("bybit.paper").start { limits = false, lag = 0, seed = 1 }

-- A port on which nothing listens.
local socket = require "socket"
local closed = assert(socket.bind("127.0.0.1", 0))
local _, port = closed:getsockname()
closed:close()

local runs = 0 -- a part of the order ids, since the exchange remembers them

local function open()
  runs = runs + 1
  host.open("spec/torture/scenario.lua", exchange.url, exchange.key, exchange.secret, "http://127.0.0.1:" .. port,
    "oom" .. runs)
end

local function close()
  host.close()
  assert(host.live "lua" == 0, "the Lua state left memory behind")
end

local function must(name)
  local ok, text, more = host.step(name)
  assert(ok and (text == "ok" or text == "nil"), ("%s: %s %s"):format(name, text, more))
end

-- What a step may report when memory ran out. libcurl and OpenSSL sometimes use other words, and retries may use up the deadline.
-- If memory ran out while the answer was read, the order is there, and its repetition is refused as a duplicate.
local MEMORY = { "timeout", "thread failed to start", "not enough memory", "ut of memory", "Could not resolve host: 127.0.0.1",
  "OpenSSL cannot make an HMAC-SHA256", "duplicate client order id" }

local function is_memory(text, more)
  for _, words in ipairs(MEMORY) do
    if text:find(words, 1, true) or more:find(words, 1, true) then return true end
  end
end

local strange, total = {}, 0

local function judge(domain, step, n, once, ok, text, more)
  if ok and (text == "ok" or text == "nil") then return end
  if is_memory(text, more) then return end
  local line = ("%s in %s, %s at %d: %s"):format(step, domain, once and "once" or "from", n, ok and text .. " " .. more or text)
  strange[#strange + 1] = line
end

-- The next allocation to fail: at first every one, then fewer and fewer in the short form.
local function after(n)
  if full or n < 24 then return n + 1 end
  return n + math.max(1, n // 8) + n % 3
end

local FRESH = { load = true, make = true }

local function before(step)
  if step == "load" then return open() end
  if step == "make" then
    open()
    must "load"
  end
end

-- Runs one step with its n-th allocation failing. False: it has no n-th allocation.
local function try(domain, step, n, once)
  before(step)
  local ok, text, more, failed = host.step(step, domain, n, once)
  if failed > 0 then judge(domain, step, n, once, ok, text, more) end
  if FRESH[step] then
    must "load"
    if not ok or step == "load" then must "make" end
    must "check"
    close()
  else
    if step == "first" and not ok then must "make" end
    must "check"
    if step == "place" or step == "first" then must "placed" end
    if step == "journal" then must "journalled" end
    if step == "batch" then must "batched" end
  end
  total = total + (failed > 0 and 1 or 0)
  return failed > 0
end

local STEPS = { "load", "make", "first", "place", "batch", "list", "walk", "journal", "refused", "wrong", "request", "json",
  "decimals", "tasks", "cancelled", "dead" }
if require("bybit.core").stream.available() then STEPS[#STEPS + 1] = "stream" end

local DOMAINS = only_domain and { only_domain } or { "lua", "core", "curl", "openssl", "sqlite" }

for _, domain in ipairs(DOMAINS) do
  for _, step in ipairs(STEPS) do
    if not only_step or step == only_step then
      local done, count = {}, 0
      for _, once in ipairs { false, true } do
        if not FRESH[step] then
          open()
          must "load"
          must "make"
        end
        local n, tried = 1, 0
        while try(domain, step, n, once) do
          n, tried = after(n), tried + 1
        end
        done[#done + 1], count = n, count + tried
        if not FRESH[step] then close() end
      end
      io.write(("%-8s %-10s %5d of %d\n"):format(domain, step, count, done[1] + done[2] - 2))
      io.flush()
    end
  end
end

-- Ends a state, however little memory there is.
for _, domain in ipairs(DOMAINS) do
  local n = 1
  repeat
    open()
    must "load"
    must "make"
    must "check"
    local failed = host.close(domain, n)
    n = after(n)
  until failed == 0
end
assert(host.live "lua" == 0)

exchange:close()
for i = 1, math.min(#strange, 40) do print(strange[i]) end
assert(#strange == 0, #strange .. " answers that do not say that memory ran out")
print(("%d allocations%s failed, each told as such, and the client usable after"):format(total,
  only_domain and " of " .. only_domain or ""))
