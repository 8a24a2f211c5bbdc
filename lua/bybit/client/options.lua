-- The options of bybit.client, as data: a row each, in the order of the reference. client/check.lua checks options by their rows;
-- editor types and the reference are made from them.
--
-- What the fields of a row say:
--
--   [1]        the name
--   type       the type in Lua
--   one_of     the values that are allowed
--   min, max   the range; `unit`: in what
--   pattern    a pattern that a text must match; `most`: how many characters it may have; `wanted`: both of them in words
--   types      the type in LuaCATS form, where client/check.lua checks the value itself
--   required   the option must be given
--   default    the value when none is given; it stands nowhere else
--   fields     the defaults of the fields of a table
--   hint       what a message adds that proposes the option
--   doc        what the option is for

local function seconds(default, doc)
  return { type = "number", min = 0.001, max = 600, unit = "seconds", default = default, doc = doc }
end

-- A row: `name` and the fields of `rule`.
local function row(name, rule)
  rule[1] = name
  return rule
end

-- The defaults of the fields of `journal`.
local JOURNAL = { sync = false, keep = 30 }

-- The defaults of the fields of `share`.
local SHARE = { on_loss = "divide" }

return {
  row("environment", { required = true, hint = ', such as environment = "testnet", or environment = { url = ... }',
    types = 'bybit.environment|bybit.paper.Exchange|{ url: string }',
    doc = 'Where to trade: "paper" (an exchange that the client starts and owns), "testnet", "demo", "mainnet" or a '
      .. 'regional name; an exchange of bybit.paper.start, whose keys are used when none are given; {url = ...}; or '
      .. '"env": what BYBIT_ENVIRONMENT says, where real money wants BYBIT_MAINNET=yes as well.' }),
  row("key", { type = "string", doc = "The API key; give `secret` or `private_key` with it. Without keys a client reaches public "
    .. "endpoints only." }),
  row("secret", { type = "string", doc = "The secret of an HMAC key." }),
  row("private_key", { type = "string", doc = "The private key of an RSA key, as PEM text." }),
  row("credentials", { types = '"env"|{ file: string }',
    doc = 'In place of `key`: "env" reads BYBIT_API_KEY and BYBIT_API_SECRET, and takes the secret out of the environment, so '
      .. 'that programs started later do not get it; {file = path} a JSON file with key, secret and environment, refused when '
      .. 'others can read it or its environment is another. For {url = ...} the environment is that address, the name of its '
      .. 'host ("mainnet"), or "paper" on this machine.' }),
  row("category", { one_of = { "inverse", "linear" }, default = "inverse",
    doc = "The kind of contracts: inverse ones, or linear ones (USDT and USDC). A call may name another with a parameter of "
      .. "this name. The v2 wire has inverse ones only." }),
  row("api", { one_of = { "v5", "v2" }, default = "v5", doc = "The wire. The exchange has retired v2: it works on the "
    .. "paper exchange and on {url = ...} only." }),
  row("receive_window", { type = "integer", min = 100, max = 60000, unit = "milliseconds", default = 5000,
    doc = "How old a request may be when the exchange acts on it. It is signed for the best guess of the exchange's clock, "
      .. "less what is not known of that clock (mostly half a round trip). So a window shorter than a round trip is refused." }),
  row("timeout", seconds(10, "How long one attempt may take.")),
  row("connect_timeout", seconds(5, "How long making a connection may take; part of `timeout`.")),
  row("deadline", seconds(30, "How long a whole call may take: waiting for its turn, attempts, recovery.")),
  row("connections", { type = "integer", min = 1, max = 256, default = 16, doc = "How many connections may be open." }),
  row("in_flight", { type = "integer", min = 1, max = 1000, default = 32,
    doc = "How many requests may be under way; others wait in line, and are signed when their turn comes. Over HTTP/1.1 there "
      .. "are no more than `connections`." }),
  row("reserved", { type = "integer", min = 0, max = 1000,
    doc = "How many requests of `in_flight` are kept for calls that take risk away (cancels, reduce-only orders, stops that "
      .. "bound a loss), so that slow answers to other calls do not delay them. By default a quarter, and at least one if there "
      .. "are two. Over HTTP/2 a quarter of `connections` is kept too; beside a single connection, a second one." }),
  row("rate", { types = '"wait"|"fail"|false|table<string, number>', default = "wait",
    doc = 'What happens to a call that would break a rate limit: "wait": it waits for its turn. "fail": it fails with kind '
      .. "`rate_limit` and `retry_after`. false: the client counts no limits. A table: limits in place of the exchange's own, "
      .. 'in requests a second by rate group, such as {["order/create"] = 20}; `ip` is in requests in 5 seconds.' }),
  row("max_body", { type = "integer", min = 1024, max = 1 << 30, unit = "bytes", default = 16 << 20,
    doc = "The largest answer that is read; a larger one is an error of kind `too_large`." }),
  row("http", { one_of = { "1.1", "2" }, default = "1.1", doc = "The version of HTTP." }),
  row("gzip", { type = "boolean", default = false, doc = "Ask for compressed answers." }),
  row("confirm", { type = "boolean", default = false,
    doc = "After each call that changes something, read the full order or position back and return that." }),
  row("id_prefix", { type = "string", pattern = "^[%w_%-]+$", most = 16, wanted = "1 to 16 of A-Z a-z 0-9 - _",
    doc = "What the client order ids that the client makes begin with." }),
  row("required", { types = "table<string, string[]>",
    doc = 'Parameters that become required for this client. With {place_order = {"stop_loss_price"}} a misspelt variable, '
      .. "which is nil, cannot place an order without a stop loss." }),
  row("guard", { types = "bybit.GuardRails",
    doc = "Guard rails: limits of your own, which are checked exactly before anything is sent that adds risk. A refusal has kind "
      .. "`guard`; nothing was sent then. See the guide on guard rails." }),
  row("journal", { types = "string|{ path: string, sync: boolean?, keep: number? }", fields = JOURNAL,
    doc = ("A SQLite database. The client writes what a call is about to change into it before the request leaves, so that a "
      .. "program can find out after a crash what became of its calls: see client:reconcile. With {path = ..., sync = true} the "
      .. "journal survives a power cut too. What has ended is kept for `keep` days (%d). A journal is for one process, and for "
      .. "one exchange, account and api."):format(JOURNAL.keep) }),
  row("share", { types = 'string|{ path: string, on_loss: "divide"|"halt"|"alone"|nil, lease: string? }', fields = SHARE,
    doc = ("What all processes share which trade with the same keys: rate limits, bans, and client:halt hold for all of them "
      .. "together. A file, for the processes of this machine: it is made when it is not there; take a place in memory, such as "
      .. "/dev/shm. Or the URL of a Redis server, for several machines: redis://user:password@host:6379/0, rediss:// for TLS, "
      .. "unix:///path. `on_loss` is what happens when the file is gone or its lock cannot be had, or the server is away (%s): "
      .. "divide: each process keeps its part of every limit; halt: it adds no risk; alone: it goes on as if it were alone. "
      .. "`lease` is an id prefix under which only one client at a time adds risk: see client:await_lease. See the guide on "
      .. "several processes.")
      :format(SHARE.on_loss) }),
  row("check_instruments", { type = "boolean", default = false,
    doc = "Before an order or a stop is sent, it is checked by the contract's steps and limits, which are read when they are "
      .. "first needed. What the exchange would refuse raises. See client:instrument." }),
  row("visibility", { type = "number", min = 0, max = 600, unit = "seconds", default = 5,
    doc = "How long the exchange may take to show in its lists what it did. An order of unknown outcome is declared absent "
      .. "after two searches, this long apart, the first of which begins this long after the exchange can no longer accept the "
      .. "order. A change is judged this long after the exchange can no longer accept it." }),
  row("streams", { type = "boolean", default = true,
    doc = "May the client connect to the exchange's streams? Without them client:follow polls, and client:stream and "
      .. "client:order_book raise." }),
  row("log", { types = "userdata|fun(event: bybit.LogEvent)",
    doc = "io.stderr, or another open file, which gets one line per call. Or a function, which is called with an event for "
      .. "each call (time, level, method, symbol, client_order_id, attempt, status, duration, outcome, error), and with one of "
      .. "level `debug` for each request that is only part of a call. An error that it raises is dropped." }),
  row("proxy", { type = "string", doc = "A proxy, as curl writes it: `http://host:port`. Never used for loopback." }),
  row("ca_file", { type = "string", doc = "A file of certificates (PEM) that are trusted in place of the system's, also of a "
    .. "proxy. The file has to be there." }),
  row("referer", { type = "string", pattern = "^%g+$", most = 64, wanted = "1 to 64 printable characters",
    doc = "A broker id." }),
  row("seed", { type = "integer", doc = "Ids and random waits are drawn from it, so that a run can be repeated. For tests." }),
  row("transport", { types = "table", doc = "Sends requests in place of HTTP. For tests." }),
}
