-- What a share on a Redis server does there: this script runs inside the server (Lua 5.1), whole or not at all. One call of it
-- takes from all windows or from none, by the server's clock, and tells whether trading is halted.
--
-- ARGV[1] is the act, ARGV[2] the member: a client's connection. A member is alive while it listens to its channel: the server
-- notices the end of a killed process at once.
--
-- KEYS: members  a hash, member -> "pid since host"
--       halt     "number pid moment reason"; missing: trading is not halted
--       limits   a hash: a window's key -> the limit that an answer of the exchange told
--       windows  a hash: a window's key -> "limit span", for people
--       shut     a hash: pauses and bans of the address
--       address  the window of the address; group: the window of the group
-- A window is a sorted set: "member.number" of each request that counts -> when it stops counting, in microseconds. While a
-- request runs, nobody knows its end; it counts for long then, and its end puts that right.

local act, me = ARGV[1], ARGV[2]
local MEMBERS, HALT, LIMITS, WINDOWS, SHUT, ADDRESS, GROUP = unpack(KEYS)
GROUP = GROUP or ""
local NAMES = MEMBERS .. ":leases"
local call = redis.call

if redis.replicate_commands then redis.replicate_commands() end

local RUNS = 120e6 -- us that a request counts whose end is never told
local GRACE = 1e6 -- us in which what a dead member had sent must have arrived
local LEASE = 0.25e6 -- us that a turn may be taken ahead; the client gives it up before that
local AGAIN = 0.1e6 -- us until the window is asked again when a request has to end first
local SOON = 0.02e6 -- the same while members are waited for
local EXPECTED = 2.5e6 -- us that a share which lost members waits for them
local MARGIN = 2000 -- us: the exchange counts in whole milliseconds, and clocks drift
local DAY = 86400

local time = call("TIME")
local now = time[1] * 1e6 + time[2]

local function whole(x)
  return string.format("%.0f", x)
end

local function number(i)
  return tonumber(ARGV[i]) or 0
end

-- Which of the members are alive: a set.
local function alive(members)
  local channels, found = {}, {}
  if #members == 0 then return found, 0 end
  for i, member in ipairs(members) do channels[i] = MEMBERS .. ":" .. member end
  local told, n = call("PUBSUB", "NUMSUB", unpack(channels)), 0
  for i, member in ipairs(members) do
    if tonumber(told[2 * i]) > 0 then
      found[member] = true
      n = n + 1
    end
  end
  return found, n
end

-- How many members live; the others are forgotten.
local function count_members()
  local members = call("HKEYS", MEMBERS)
  local living, n = alive(members)
  for _, member in ipairs(members) do
    if not living[member] then call("HDEL", MEMBERS, member) end
  end
  return n
end

local function clean(window)
  call("ZREMRANGEBYSCORE", window, "-inf", whole(now))
  return call("ZCARD", window)
end

-- What dead members had under way ends soon.
local function bury(window, span)
  local running = call("ZRANGEBYSCORE", window, "(" .. whole(now + span + GRACE + MARGIN), "+inf")
  local members, seen = {}, {}
  for _, entry in ipairs(running) do
    local member = entry:match "^[^.]*"
    if not seen[member] then
      seen[member] = true
      members[#members + 1] = member
    end
  end
  local living, n = alive(members)
  if n == #members then return end
  for _, entry in ipairs(running) do
    if not living[entry:match "^[^.]*"] then call("ZADD", window, whole(now + GRACE + span), entry) end
  end
end

-- us until `more` requests fit into the window; 0: they do.
local function wait_in(window, count, limit, more, span)
  if limit <= 0 then return 0 end
  local over = count + math.min(more, limit) - limit
  if over <= 0 then return 0 end
  bury(window, span)
  local wait = call("ZRANGE", window, over - 1, over - 1, "WITHSCORES")[2] - now
  return wait > span + MARGIN and AGAIN or wait
end

local function put(window, entry, weight, at)
  if weight == 1 then return call("ZADD", window, whole(at), entry) end
  for i = 1, weight do call("ZADD", window, whole(at), entry .. "." .. i) end
end

local function drop(window, entry, weight)
  if weight == 1 then return call("ZREM", window, entry) end
  for i = 1, weight do call("ZREM", window, entry .. "." .. i) end
end

local function keep(window, span)
  call("PEXPIRE", window, whole((span + RUNS) / 1000 + 5000))
end

-- The first requests of a window: people want to see it.
local function note(window, limit, span)
  call("HSET", WINDOWS, window, limit .. " " .. whole(span))
  call("EXPIRE", WINDOWS, DAY)
end

-- The address: { paused for, banned for, next probe in, pause, pause of probes, is one probing }, in us.
local function shut_now()
  local t = call("HMGET", SHUT, "paused", "banned", "probe", "pause", "probe_pause", "prober")
  local prober = t[6] or ""
  if prober ~= "" and not alive({ prober })[prober] then
    prober = ""
    call("HSET", SHUT, "prober", "")
  end
  return math.max((tonumber(t[1]) or 0) - now, 0), math.max((tonumber(t[2]) or 0) - now, 0),
    math.max((tonumber(t[3]) or 0) - now, 0), tonumber(t[4]) or 1e6, tonumber(t[5]) or 1e6, prober
end

-- us until the address lets a request through. An urgent one may be the one that finds out.
local function wait_shut(urgent)
  if call("EXISTS", SHUT) == 0 then return 0, false end
  local paused, banned, probe, _, _, prober = shut_now()
  local wait = math.max(paused, banned)
  if wait == 0 then return 0, false end
  if not urgent then return wait, false end
  if prober ~= "" and prober ~= me then return AGAIN, false end
  return math.min(wait, probe), true
end

local function publish(channel, text)
  call("PUBLISH", HALT .. ":" .. channel, text)
end

local function shut_changed()
  call("EXPIRE", SHUT, 1800)
  return call("HINCRBY", SHUT, "changes", 1)
end

-- What every answer ends with: the halt, the names of leases, how many take part, and pauses and bans if `seen` is an old change.
local function finish(answer, members, seen)
  local told = call("MGET", HALT, NAMES)
  answer[#answer + 1] = told[1]
  answer[#answer + 1] = told[2]
  answer[#answer + 1] = members
  local changes = tonumber(call("HGET", SHUT, "changes") or 0)
  answer[#answer + 1] = changes
  if changes ~= seen then
    local paused, banned, probe, pause, probe_pause, prober = shut_now()
    for _, x in ipairs { paused, banned, probe, pause, probe_pause, prober == "" and 0 or 1 } do
      answer[#answer + 1] = x
    end
  end
  return answer
end

local acts = {}

-- Turns for requests of `weight`: `need` of them, and up to `ahead` more where there is plenty of room. Turns that were taken ahead
-- and have begun count as running. ARGV: first number, weight, need, ahead, urgent, limits and spans of the address and of the
-- group, the user's own limit of the group, seen changes, then the numbers that have begun.
-- -> { turns, us to wait, the told limit, what is left of the group, ... }
function acts.take()
  local first, weight, need, ahead, urgent = number(3), number(4), number(5), number(6), ARGV[7] == "1"
  local address_limit, address_span, limit, span, cap = number(8), number(9), number(10), number(11), number(12)
  for i = 14, #ARGV do
    call("ZADD", ADDRESS, whole(now + RUNS), me .. "." .. ARGV[i])
    if GROUP ~= "" then call("ZADD", GROUP, whole(now + RUNS), me .. "." .. ARGV[i]) end
  end
  local told = GROUP ~= "" and tonumber(call("HGET", LIMITS, GROUP) or 0) or 0
  if cap > 0 then
    limit = told > 0 and math.min(cap, told) or cap
  elseif told > 0 then
    limit = told
  end
  local count = clean(ADDRESS)
  if count == 0 then note(ADDRESS, address_limit, address_span) end
  local wait, probes = wait_shut(urgent)
  wait = math.max(wait, wait_in(ADDRESS, count, address_limit, 1, address_span))
  local room = address_limit > 0 and address_limit - count or math.huge
  local left = -1
  if GROUP ~= "" then
    local mine = clean(GROUP)
    if mine == 0 then note(GROUP, limit, span) end
    wait = math.max(wait, wait_in(GROUP, mine, limit, weight, span), call("PTTL", GROUP .. ":held") * 1000)
    local claimant = call("GET", GROUP .. ":claim")
    if claimant and claimant ~= me then wait = math.max(wait, AGAIN) end
    if not urgent and call("EXISTS", MEMBERS .. ":expected") == 1 then
      if count_members() >= tonumber(call("GET", MEMBERS .. ":expected")) then
        call("DEL", MEMBERS .. ":expected")
      else
        wait = math.max(wait, SOON)
      end
    end
    if wait > 0 and weight > 1 and need > 0 and (not claimant or claimant == me) then
      call("SET", GROUP .. ":claim", me, "PX", whole(wait / 1000 + 1000))
    end
    if limit > 0 then
      room = math.min(room, math.max(math.floor((limit - mine) / weight), weight > limit and 1 or 0))
      left = math.max(limit - mine, 0)
    end
  end
  local members, turns = call("HLEN", MEMBERS), 0
  if wait <= 0 then
    turns = math.min(need, weight > 1 and 1 or room)
    turns = turns + math.max(0, math.min(ahead, math.floor((room - turns) / (2 * math.max(members, 1)))))
    for i = 0, turns - 1 do
      local entry = me .. "." .. whole(first + i)
      put(ADDRESS, entry, 1, now + (i < need and RUNS or LEASE + address_span))
      if GROUP ~= "" then put(GROUP, entry, weight, now + (i < need and RUNS or LEASE + span)) end
    end
    if turns > 0 then
      keep(ADDRESS, address_span)
      if GROUP ~= "" then
        keep(GROUP, span)
        if weight > 1 then call("DEL", GROUP .. ":claim") end
      end
      if probes then
        call("HSET", SHUT, "prober", me)
        shut_changed()
      end
    end
  end
  return finish({ turns, math.ceil(math.max(wait, 0)), told, left - turns * weight }, members, number(13))
end

-- Requests that were begun and have ended, or turns that are given back. ARGV: sent, weight, spans, the told limit and what is left
-- of it (-1: not told), the numbers.
function acts.done()
  local sent, weight, address_span, span, told, left = ARGV[3] == "1", number(4), number(5), number(6), number(7), number(8)
  if GROUP ~= "" and told > 0 then
    call("HSET", LIMITS, GROUP, told)
    call("EXPIRE", LIMITS, DAY)
    if left >= 0 then -- what it counted in addition came from another program with the same key
      for i = clean(GROUP) + 1, told - left do
        call("ZADD", GROUP, whole(now + span + MARGIN), me .. ".x" .. whole(now) .. "." .. i)
      end
    end
  end
  for i = 9, #ARGV do
    local entry = me .. "." .. ARGV[i]
    if sent then
      call("ZADD", ADDRESS, whole(now + address_span + MARGIN), entry)
      if GROUP ~= "" then put(GROUP, entry, weight, now + span + MARGIN) end
    else
      call("ZREM", ADDRESS, entry)
      if GROUP ~= "" then drop(GROUP, entry, weight) end
    end
  end
  keep(ADDRESS, address_span)
  if GROUP ~= "" then keep(GROUP, span) end
  return 0
end

-- The group counts `more`, or nothing of it goes for so many us. ARGV: more, held for, span.
function acts.learn()
  local more, held, span = number(3), number(4), number(5)
  for i = 1, more do call("ZADD", GROUP, whole(now + span + MARGIN), me .. ".x" .. whole(now) .. "." .. i) end
  if more > 0 then keep(GROUP, span) end
  if held > 0 and call("PTTL", GROUP .. ":held") * 1000 < held then
    call("SET", GROUP .. ":held", "1", "PX", whole(math.ceil(held / 1000)))
  end
  return 0
end

-- A window as a member that comes back knows it. ARGV: the member that it was, limit, span, weight and number of each request
-- that runs, "|", how many us ago others ended. GROUP is the window.
function acts.again()
  local was, span, i = ARGV[3], number(5), 6
  note(GROUP, number(4), span)
  for _, entry in ipairs(call("ZRANGE", GROUP, 0, -1)) do
    if was ~= "" and entry:sub(1, #was + 1) == was .. "." then call("ZREM", GROUP, entry) end
  end
  while ARGV[i] and ARGV[i] ~= "|" do
    put(GROUP, me .. "." .. ARGV[i + 1], number(i), now + RUNS)
    i = i + 2
  end
  for k = i + 1, #ARGV do
    call("ZADD", GROUP, whole(now + span + MARGIN - number(k)), me .. ".y" .. k)
  end
  keep(GROUP, span)
  return 0
end

-- A stream is to connect. ARGV: how many may, in a span of so many us; a number. -> us to wait; 0: it may
function acts.connect()
  local most, span = number(3), number(4)
  local count = clean(GROUP)
  if count == 0 then note(GROUP, most, span) end
  if count >= most then
    return math.max(math.ceil(call("ZRANGE", GROUP, count - most, count - most, "WITHSCORES")[2] - now), 1000)
  end
  call("ZADD", GROUP, whole(now + span), me .. ".c" .. ARGV[5])
  keep(GROUP, span)
  return 0
end

local function halt_is_older(mine)
  local back = tonumber(call("GET", HALT .. ":back") or 0)
  return (tonumber(mine:match "^%d+") or 0) <= back
end

local function set_halt(text)
  call("SET", HALT, text, "EX", 30 * DAY)
  publish("news", text)
end

-- ARGV: what is told of the member, the halt that it knows, how many took part when it was here last, seen changes.
function acts.join()
  call("HSET", MEMBERS, me, ARGV[3])
  call("EXPIRE", MEMBERS, 3600)
  if ARGV[4] ~= "" and not call("GET", HALT) and not halt_is_older(ARGV[4]) then set_halt(ARGV[4]) end
  local members, expected = count_members(), number(5)
  if expected > members and (tonumber(call("GET", MEMBERS .. ":expected") or 0) < expected) then
    call("SET", MEMBERS .. ":expected", expected, "PX", whole(EXPECTED / 1000))
  end
  return finish({}, members, number(6))
end

-- ARGV: what is told of the member, seen changes.
function acts.beat()
  call("HSET", MEMBERS, me, ARGV[3])
  for _, key in ipairs { MEMBERS, LIMITS, WINDOWS } do call("EXPIRE", key, DAY) end
  call("EXPIRE", HALT, 30 * DAY)
  return finish({}, count_members(), number(4))
end

function acts.leave()
  return call("HDEL", MEMBERS, me)
end

-- ARGV: "pid moment reason"
function acts.halt()
  set_halt(whole(now) .. " " .. ARGV[3])
  return 1
end

function acts.resume()
  local was = call("GET", HALT)
  call("DEL", HALT)
  call("SET", HALT .. ":back", whole(now), "EX", 30 * DAY)
  publish("news", "")
  return was and 1 or 0
end

-- The address was shut, opened or probed. ARGV: as shut_now tells it; the last: 1 while this member probes.
function acts.shut()
  call("HMSET", SHUT, "paused", whole(now + number(3)), "banned", whole(now + number(4)), "probe", whole(now + number(5)),
    "pause", whole(number(6)), "probe_pause", whole(number(7)), "prober", ARGV[8] == "1" and me or "")
  local changes = shut_changed()
  publish("shut", "")
  return changes
end

-- The lease of an id prefix stands at GROUP: a hash with its holder, a `number` that grows with each holder, a `beat` that grows with
-- each renewal, how long it `lasts`, and for people `until` when and `since` when `who` has it. The server's clock may be set, and what
-- it has kept may be old when it is started anew. So a lease goes to another only when that one has seen, by its own clock, that there
-- was no beat for as long as the lease lasts; and after a new start (`life`) nobody is the holder.
local LEASE_MOST = 10e6 -- us

local FIELDS = { "holder", "number", "beat", "lasts", "until", "since", "who", "life" }

local function lease_now()
  local life = call("INFO", "server"):match "run_id:(%x+)" or ""
  local list, t = call("HMGET", GROUP, unpack(FIELDS)), {}
  for i, name in ipairs(FIELDS) do t[name] = list[i] end
  if t.life ~= life then
    t = { holder = "", number = whole(now), beat = "0", lasts = whole(LEASE_MOST), since = "0", who = "", life = life }
    t["until"] = whole(now + LEASE_MOST)
  end
  return t
end

local function mark_of(t) return t.life .. ":" .. t.number .. ":" .. t.beat end

local function lease_keep(t)
  t.beat = whole(t.beat + 1)
  local words = {}
  for _, name in ipairs(FIELDS) do
    words[#words + 1] = name
    words[#words + 1] = t[name]
  end
  call("HMSET", GROUP, unpack(words))
  call("EXPIRE", GROUP, DAY)
  call("EXPIRE", NAMES, DAY)
end

local function lease_key(name) return MEMBERS:gsub("members$", "lease:") .. name end

-- Names stay for as long as somebody has asked for that lease in a day: nobody else trades under the prefix. All members are told
-- them with their next answer, and a new lease is given later than that. Returns a lease that is in the way: ids of one would be
-- under the other. "": there are LEASES of them.
local LEASES = 32

local function lease_name(name)
  local names = {}
  for other in (call("GET", NAMES) or ""):gmatch "%S+" do
    if other == name then return nil end
    if call("EXISTS", lease_key(other)) == 1 then
      if (name .. "-"):sub(1, #other + 1) == other .. "-" or (other .. "-"):sub(1, #name + 1) == name .. "-" then return other end
      names[#names + 1] = other
    end
  end
  if #names >= LEASES then return "" end
  names[#names + 1] = name
  call("SET", NAMES, table.concat(names, " "), "EX", DAY)
end

-- ARGV: who asks, in words that differ from client to client; in words for people; how long it lasts, in us; the mark that was seen
-- last, and for how many us; ms since 1970. -> { given, number, us until it may be free, since, who, mark }; behind that a lease that is
-- in the way, or "" if there is no room for more
function acts.lease()
  local holder, lasts, mark, watched = ARGV[3], number(5), ARGV[6], number(7)
  local t, other = lease_now(), lease_name(GROUP:match "[^:]*$")
  if other then return { 0, 0, LEASE_MOST, 0, "", mark, other } end
  local given, wait = t.holder == holder, 0
  if not given then
    wait = math.max(t.lasts - (mark == mark_of(t) and watched or 0), 0)
    if wait <= 0 then
      given, t.holder, t.number, t.who, t.since = true, holder, whole(math.max(t.number + 1, now)), ARGV[4], ARGV[8]
    end
  end
  if given then
    t.lasts, t["until"] = whole(lasts), whole(now + lasts)
    lease_keep(t)
  elseif t.beat == "0" then
    lease_keep(t) -- it is new: from here on it can be seen
  end
  return { given and 1 or 0, tonumber(t.number), math.ceil(wait), tonumber(t.since), t.who, mark_of(t) }
end

-- The holder with that number gives it back, for in so many us.
function acts.lease_back()
  local t, rest = lease_now(), number(4)
  if t.number ~= ARGV[3] then return 0 end
  t.lasts, t["until"] = whole(math.min(tonumber(t.lasts), rest)), whole(math.min(tonumber(t["until"]), now + rest))
  lease_keep(t)
  return 1
end

-- All of it, for people, as JSON.
function acts.look()
  local members, windows = {}, {}
  count_members()
  local list = call("HGETALL", MEMBERS)
  for i = 1, #list, 2 do members[#members + 1] = list[i + 1] end
  list = call("HGETALL", WINDOWS)
  for i = 1, #list, 2 do
    local limit, span = list[i + 1]:match "^(%S+) (%S+)$"
    if limit and call("TYPE", list[i]).ok == "zset" then
      windows[#windows + 1] = { key = list[i], limit = tonumber(call("HGET", LIMITS, list[i]) or limit), span = span / 1e6,
        used = clean(list[i]), running = call("ZCOUNT", list[i], "(" .. whole(now + span + MARGIN), "+inf"),
        held = math.max(call("PTTL", list[i] .. ":held"), 0) / 1000 }
    end
  end
  local leases = {}
  for name in (call("GET", NAMES) or ""):gmatch "%S+" do
    local key = lease_key(name)
    local t = call("HMGET", key, "who", "since", "until", "number")
    if t[4] then
      leases[#leases + 1] = { key = key, who = t[1], since = tonumber(t[2]), left = math.max(t[3] - now, 0) / 1e6 }
    end
  end
  return cjson.encode { members = members, windows = windows, leases = leases, halt = call("GET", HALT) or "" }
end

return acts[act]()
