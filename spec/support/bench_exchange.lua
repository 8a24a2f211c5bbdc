-- A paper exchange in a process of its own, so that its work does not count in a benchmark.

local bench_exchange = {}

bench_exchange.KEY, bench_exchange.SECRET = "paperKey0123456789", "paperSecretPaperSecretPaperSecret001"

--- Starts one without rate limits, which ends with the scope that holds the first result.
---@return table running to be closed
---@return string url
function bench_exchange.start()
  local port = 20000 + math.random(20000)
  local serve = ("exec %s -e 'require\"bybit.paper\".serve{port=%d, limits=false, "
    .. "keys={{key=%q, secret=%q}}}' >/dev/null 2>&1 & echo $!"):format(os.getenv "LUA" or "lua5.4", port,
    bench_exchange.KEY, bench_exchange.SECRET)
  local run <close> = assert(io.popen(serve))
  local pid = run:read "l"
  return setmetatable({}, { __close = function() os.execute("kill " .. pid) end }), "http://127.0.0.1:" .. port
end

return bench_exchange
