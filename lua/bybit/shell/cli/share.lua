-- `bybit share SHARE`, `bybit halt SHARE REASON`, `bybit resume SHARE`: looks at what the processes on a key share (the option
-- `share` of a client: a file, or the URL of a Redis server), stops new risk for all of them, and takes that back. They work beside
-- the processes, and without them.

local bybit = require "bybit"
local core = require "bybit.core"
local grid = require "bybit.text.grid"
local out = require "bybit.shell.out"
local printable = require "bybit.text.printable"
local time = require "bybit.text.time"

local MEMBERS = { { name = "process" }, { name = "since", kind = "time" }, { name = "machine" } }
local WINDOWS = { { name = "limit of" }, { name = "used", kind = "number" }, { name = "of", kind = "number" },
  { name = "in seconds", kind = "number" }, { name = "shut for", kind = "number" } }

local LEASES = { { name = "lease" }, { name = "process" }, { name = "since", kind = "time" },
  { name = "for seconds", kind = "number" } }

local share = {}

local function moment(ms)
  return (time.iso(ms):gsub("T", " "):gsub("Z$", ""))
end

local function table_of(columns, cells)
  local width = core.terminal.size()
  return grid.render(columns, cells, { width = width or math.huge, max = math.huge })
end

-- A number of a server's answer.
local function plain(n)
  local x = tonumber(tostring(n)) or 0
  return math.tointeger(x) or x
end

-- What a server told (src/pace/redis_script.lua), in the form of what is told of a file.
local function of_server(text)
  local told = assert(bybit.json.decode(text))
  local found = { members = {}, windows = {}, leases = {}, recovered = 0 }
  for i, line in ipairs(told.members) do
    local pid, since, machine = tostring(line):match "^(%d+) (%d+) (.*)$"
    found.members[i] = { pid = plain(pid), since = plain(since), machine = machine }
  end
  for i, w in ipairs(told.windows) do
    local limit = plain(w.limit)
    found.windows[i] = { name = tostring(w.key):gsub("^bybit:{[^}]*}:", ""):gsub("^w:", ""), used = plain(w.used),
      running = plain(w.running), limit = limit > 0 and limit or nil, span = plain(w.span), held_for = plain(w.held),
      paused_for = 0, banned_for = 0 }
  end
  for i, l in ipairs(told.leases) do
    found.leases[i] = { name = tostring(l.key):match "([^:]*)$", pid = plain(tostring(l.who):match "^%d+" or 0),
      since = plain(l.since), left = l.who == "" and 0 or plain(l.left), machine = tostring(l.who):match "^%d+ %d+ (.*)$" }
  end
  table.sort(found.leases, function(a, b) return a.name < b.name end)
  table.sort(found.windows, function(a, b) return a.name < b.name end)
  local pid, at, reason = told.halt:match "^%d+ (%d+) (%d+) ?(.*)$"
  if pid then
    found.halted = { pid = plain(pid), at = plain(at), reason = reason }
  elseif told.halt ~= "" then
    found.halted = { pid = 0, at = 0, reason = told.halt }
  end
  return found
end

-- In how many seconds the window lets something through again, as far as a refusal, a pause or a ban says.
local function shut_for(window)
  return math.max(window.held_for, window.paused_for, window.banned_for)
end

local function as_text(found)
  local parts, members, windows, leases = {}, {}, {}, {}
  local halted = found.halted
  parts[1] = halted and ("HALTED by process %d at %s: %s"):format(halted.pid, moment(halted.at), printable(halted.reason))
    or "trading is not halted"
  for i, member in ipairs(found.members) do
    members[i] = { tostring(member.pid), moment(member.since), printable(member.machine or "") }
  end
  for _, window in ipairs(found.windows) do
    local shut = shut_for(window)
    if window.used > 0 or shut > 0 then
      windows[#windows + 1] = { printable(window.name), tostring(window.used), window.limit and tostring(window.limit) or "",
        ("%g"):format(window.span), shut > 0 and ("%.1f"):format(shut) or "" }
    end
  end
  parts[2] = #members == 0 and "nobody uses it" or table_of(MEMBERS, members)
  for i, lease in ipairs(found.leases) do
    local held = lease.left > 0
    leases[i] = { printable(lease.name), held and tostring(lease.pid) or "nobody", held and moment(lease.since) or "",
      held and ("%.1f"):format(lease.left) or "" }
  end
  if #leases > 0 then parts[#parts + 1] = table_of(LEASES, leases) end
  if #windows > 0 then parts[#parts + 1] = table_of(WINDOWS, windows) end
  return table.concat(parts, "\n\n")
end

-- The only share among the words; what cannot be had of it is a wrong call.
local function share_of(command, words, most, wrong)
  if not words[1] or #words > most then
    wrong(("%s: a file or the URL of a server expected: bybit %s"):format(command, share.usage[command]))
  end
  return words[1]
end

share.usage = { share = "share SHARE", halt = "halt SHARE REASON", resume = "resume SHARE" }

-- What was found, and what the share is called. A URL may hold a password, so the core names it.
local function must(path, wrong, found, why)
  if found == nil then wrong(path:find "://" and why or ("the share '%s' %s"):format(path, why)) end
  return found, path:find "://" and why or path
end

---@param words string[] the share
---@param options table --json
---@param wrong fun(message: string)
---@return integer status
function share.share(words, options, wrong)
  local path = share_of("share", words, 1, wrong)
  local found = must(path, wrong, core.share.look(path))
  if type(found) == "string" then found = of_server(found) end
  out.write(options.json and bybit.json.encode(found, { decimals = "string" }) or as_text(found), "\n")
  return 0
end

---@param words string[] the share, and why
function share.halt(words, _, wrong)
  local path = share_of("halt", words, math.huge, wrong)
  local reason = table.concat(words, " ", 2)
  if not reason:find "%g" then wrong "halt: a reason expected: bybit halt SHARE REASON" end
  local _, name = must(path, wrong, core.share.halt(path, reason))
  out.write(("halted: who uses %s sends nothing that adds risk, from the next request on\n"):format(name))
  return 0
end

---@param words string[] the share
function share.resume(words, _, wrong)
  local path = share_of("resume", words, 1, wrong)
  local was = must(path, wrong, core.share.resume(path))
  out.write(was and "resumed\n" or "it was not halted\n")
  return 0
end

return share
