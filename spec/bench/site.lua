-- The servers that a bench asks: an exchange of canned answers (canned.c), in a process of its own on the same core as the clients.

local contender = require "spec.bench.contender"

local site = {}

site.KEY, site.SECRET = "benchKey0123456789", "benchSecretBenchSecretBenchSecret001"

--- Whether all processes of a bench run on one core: they inherit that of this one.
---@return boolean
function site.pinned()
  local file <close> = io.open "/proc/self/status"
  return file ~= nil and file:read "a":find "\nCpus_allowed_list:%s*%d+\n" ~= nil
end

local BUILD = os.getenv "BUILD" or "build"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- Removes the white space between tokens, but not in strings (the fixture has no escapes).
local function compact(text)
  return (text:gsub('"[^"]*"', function(s) return (s:gsub("%s", "\0")) end):gsub("%s", ""):gsub("%z", " "))
end

--- A page of orders as the exchange sends it: its own example of order/realtime, with other ids, prices and quantities.
---@param count integer
---@return string
function site.page(count)
  local text = compact(read "spec/fixtures/v5/order-realtime.response.json"):gsub("ETHUSDT", "BTCUSD")
  local before, order, after = text:match '^(.-"list":%[)({.*})(%],"nextPageCursor".*)$'
  local list = {}
  for i = 1, count do
    list[i] = order
      :gsub("fd4300ae%-7847%-404e%-b947%-b46980a4d140", ("fd4300ae-7847-404e-b947-%012x"):format(i * 7919))
      :gsub("test%-000005", ("test-%06d"):format(i))
      :gsub('"1600%.00"', ('"%d.%02d"'):format(1600 + i, i % 100))
      :gsub('"0%.10"', ('"0.%02d"'):format(10 + i % 90))
      :gsub("168473854(%d+)", function(rest) return "168473854" .. (tonumber(rest) + i) % 10000 end)
  end
  return before .. table.concat(list, ",") .. after
end

-- Makes a function that gives the seconds of CPU that a process has used, with all its threads.
local function meter(pid)
  return function()
    local threads <close> = assert(io.popen("cat /proc/" .. pid .. "/task/*/schedstat"))
    local sum = 0
    for line in threads:lines() do sum = sum + math.tointeger(line:match "^%d+") end
    return sum / 1e9
  end
end

--- Starts an exchange. It ends when the first result goes out of scope (a `<close>` variable).
---@param count? integer orders in its list; 50 when left out
---@param pid_file? string it answers when the process with the number in this file waits
---@return table running to be closed
---@return string url
---@return fun(): number spent the seconds of CPU that it has used
function site.start(count, pid_file)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "wb"))
  file:write(site.page(count or 50))
  file:close()
  local run = assert(io.popen(("echo $$; exec %s/bench/canned %s %s"):format(BUILD, path, pid_file or "")))
  local pid, port = assert(run:read("n", "n"))
  assert(port, "canned did not start")
  os.remove(path)
  return run, "http://127.0.0.1:" .. port, meter(pid)
end

-- A port that is free now; others may take it.
local function port() return 20000 + math.random(20000) end

--- Starts a paper exchange without rate limits in a process of its own.
---@return { close: fun(), spent: fun(): number } running spent: the seconds of CPU that it has used
---@return string url
function site.paper()
  local at = port()
  local run = assert(io.popen(("exec %s -e 'require\"bybit.paper\".serve{port=%d, limits=false, "
    .. "keys={{key=%q, secret=%q}}}' >/dev/null 2>&1 & echo $!"):format(os.getenv "LUA" or "lua5.4", at, site.KEY, site.SECRET)))
  local pid = run:read "l"
  run:close()
  return { close = function() os.execute("kill " .. pid) end, spent = meter(pid) }, "http://127.0.0.1:" .. at
end

--- Starts nginx, which passes on over TLS, with HTTP/1.1 and HTTP/2, what another server answers. Nil where nginx is missing.
---@param canned string that server's address
---@return table? running to be closed
---@return string? url
---@return string? ca_file
function site.tls(canned)
  local found <close> = assert(io.popen "command -v nginx || ls /usr/sbin/nginx 2>/dev/null")
  local program = found:read "l"
  if not program then return nil end
  local certificates = require "spec.support.certificates"
  local dir, at = certificates.make(), port()
  local file <close> = assert(io.open(dir .. "/nginx.conf", "w"))
  file:write((site.NGINX:gsub("DIR", dir):gsub("PORT", at):gsub("CANNED", canned:match "//(.*)")))
  file:close()
  -- The shell waits for a line, or for the end of this process; then it ends nginx.
  local running = contender.start(("sh -c '%s -p %s -c nginx.conf -e stderr & n=$!; read line; kill $n; wait $n; rm -r %s'")
    :format(program, dir, dir))
  assert(os.execute(("for i in 1 2 3 4 5 6 7 8 9 10; do curl -sf -o %s/answer --cacert %s/ca.pem https://127.0.0.1:%d/ && exit; "
    .. "sleep 0.3; done; exit 1"):format(dir, dir, at)), "nginx does not answer")
  return running, "https://127.0.0.1:" .. at, dir .. "/ca.pem"
end

--- A trade, an order, and a change of a book with so many levels, as the exchange's streams push them.
---@param kind "trade"|"order"|"book"
---@return string message
---@return string topic
function site.message(kind)
  local trade = '{"T":1672304486865,"s":"BTCUSD","S":"Buy","v":"552","p":"30100.50","L":"PlusTick",'
    .. '"i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false,"RPI":false,"seq":1783284617}'
  if kind == "trade" then
    return '{"topic":"publicTrade.BTCUSD","type":"snapshot","ts":1672304486868,"data":[' .. trade .. "]}", "publicTrade.BTCUSD"
  end
  local order = site.page(1):match '"list":%[({.*})%]'
  return '{"id":"5923240c6880ab-c59f-420b-9adb-3639adc9dd90","topic":"order","creationTime":1672364262474,"data":[' .. order
    .. "]}", "order"
end

local pushing -- the directory of all pushers

--- Starts a server that pushes a message over TLS (pusher.c).
---@param kind "trade"|"order"
---@param records "each"|"full" a TLS record for each message, or records that are as full as they can be
---@return { port: integer, ca: string, pipe: string, size: integer, close: fun() } server size: bytes of a frame
function site.pusher(kind, records)
  pushing = pushing or { dir = require("spec.support.certificates").make(), count = 0 }
  pushing.count = pushing.count + 1
  local dir, message = pushing.dir, site.message(kind)
  local at = ("%s/%d"):format(dir, pushing.count)
  local file <close> = assert(io.open(at .. ".message", "wb"))
  file:write(message)
  file:close()
  assert(os.execute(("mkfifo -m 600 %s.pipe"):format(at)))
  local run = assert(io.popen(("echo $$; exec %s/bench/pusher %s/right.pem %s/right.key %s.message %s.pipe %s"):format(BUILD, dir,
    dir, at, at, records)))
  local pid = run:read "l"
  local size = #message + (#message < 126 and 2 or 4)
  return { port = assert(run:read "n", "the pusher did not start"), ca = dir .. "/ca.pem", pipe = at .. ".pipe", size = size,
    close = function()
      os.execute("kill " .. pid .. " 2>/dev/null")
      run:close()
    end }
end

--- Removes what the pushers needed.
function site.no_pushers()
  if pushing then os.execute("rm -r " .. pushing.dir) end
  pushing = nil
end

site.NGINX = [[
daemon off; master_process off; worker_processes 1; pid DIR/pid; error_log stderr emerg;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; client_body_temp_path DIR; proxy_temp_path DIR;
  http2_max_concurrent_streams 2000; http2_body_preread_size 128k;
  upstream canned { server CANNED; keepalive 2000; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:PORT ssl http2; ssl_certificate DIR/right.pem; ssl_certificate_key DIR/right.key;
    location / { proxy_pass http://canned; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
]]

return site
