-- The options of bybit.client, as data: a row each, in the order of the reference. client.lua checks them; help, editor
-- types and reference come from the same rows.
--
-- Of a row: name; type (of Lua), one_of (allowed values), min and max with unit, pattern with most (characters) and
-- wanted (in words); or types (in LuaCATS form) for what client.lua checks itself; required; default (as the reference
-- shows it); doc.

local function seconds(default, doc)
  return { type = "number", min = 0.001, max = 600, unit = "seconds", default = default, doc = doc }
end

-- A row: `name` and the fields of `rule`.
local function row(name, rule)
  rule[1] = name
  return rule
end

return {
  row("environment", { required = true, types = 'bybit.environment|bybit.paper.Exchange|{ url: string }',
    doc = 'Where to trade: "paper" (an exchange that the client starts and owns), "testnet", "demo", "mainnet" or a '
      .. 'regional name; an exchange of bybit.paper.start, whose keys are used when none are given; {url = ...}; or '
      .. '"env": what BYBIT_ENVIRONMENT says, where real money wants BYBIT_MAINNET=yes as well.' }),
  row("key", { type = "string", doc = "The API key; goes with `secret` or `private_key`. Without keys only public "
    .. "endpoints can be reached." }),
  row("secret", { type = "string", doc = "The secret of an HMAC key." }),
  row("private_key", { type = "string", doc = "The private key of an RSA key, as PEM text." }),
  row("credentials", { types = '"env"|{ file: string }',
    doc = 'In place of `key`: "env" reads BYBIT_API_KEY and BYBIT_API_SECRET; {file = path} a JSON file with key, '
      .. 'secret and environment, refused when others can read it or its environment is another.' }),
  row("category", { one_of = { "inverse" }, default = '"inverse"', doc = "The kind of contracts." }),
  row("api", { one_of = { "v5", "v2" }, default = '"v5"', doc = "The wire. The exchange has retired v2: it works on the "
    .. "paper exchange and on {url = ...} only." }),
  row("receive_window", { type = "integer", min = 100, max = 60000, unit = "milliseconds", default = "5000",
    doc = "How long after its timestamp the exchange may still accept a request." }),
  row("timeout", seconds("10", "For one attempt.")),
  row("connect_timeout", seconds("5", "For making a connection, inside `timeout`.")),
  row("deadline", seconds("30", "For a whole call: its turn, attempts, recovery.")),
  row("connections", { type = "integer", min = 1, max = 256, default = "16", doc = "How many may be open." }),
  row("in_flight", { type = "integer", min = 1, max = 1000, default = "32",
    doc = "How many requests may be on their way; the rest wait in line, unsigned. Over HTTP/1.1 no more than "
      .. "`connections`." }),
  row("rate", { types = '"wait"|"fail"|false|table<string, number>', default = '"wait"',
    doc = 'What happens to a call that is ahead of the rate limits: "wait" for its turn, "fail" with kind `rate_limit` and '
      .. "`retry_after`, false: no limits here; or a table of limits in place of the exchange's own, in requests a second "
      .. 'by rate group: {["order/create"] = 20}, and `ip`: requests in 5 seconds.' }),
  row("max_body", { type = "integer", min = 1024, max = 1 << 30, unit = "bytes", default = "16 MiB",
    doc = "The largest answer that is read; a larger one is an error, kind `too_large`." }),
  row("http", { one_of = { "1.1", "2" }, default = '"1.1"', doc = "The version of HTTP." }),
  row("gzip", { type = "boolean", default = "false", doc = "Ask for compressed answers." }),
  row("confirm", { type = "boolean", default = "false",
    doc = "Read the full order or position back after each call that changes something, and return that." }),
  row("id_prefix", { type = "string", pattern = "^[%w_%-]+$", most = 16, wanted = "1 to 16 of A-Z a-z 0-9 - _",
    doc = "How the client order ids that the client makes begin." }),
  row("required", { types = "table<string, string[]>",
    doc = 'Parameters that become required for this client: {place_order = {"stop_loss_price"}}, so that a misspelt '
      .. "variable (nil) cannot place a naked order." }),
  row("journal", { types = "string|{ path: string, sync: boolean? }",
    doc = "A file of intents, written before each order is sent, so that a crash leaves nothing unknown: see "
      .. "client:reconcile. {path =, sync = true} survives a power cut too. One process per journal." }),
  row("visibility", { type = "number", min = 0, max = 600, unit = "seconds", default = "5",
    doc = "How long the exchange may take to show an order: between the two looks that prove that there is none." }),
  row("log", { types = "userdata|fun(event: bybit.LogEvent)",
    doc = "io.stderr, or another open file: one line per call; or a function that hears an event of each call (time, "
      .. "level, method, symbol, client_order_id, attempt, status, duration, outcome, error), and with level `debug` of "
      .. "each request that is only part of one. What it raises is dropped." }),
  row("proxy", { type = "string", doc = "A proxy, as curl writes it: `http://host:port`. Never used for loopback." }),
  row("ca_file", { type = "string", doc = "A file of certificates to trust (PEM) in place of the system's." }),
  row("referer", { type = "string", pattern = "^%g+$", most = 64, wanted = "1 to 64 printable characters",
    doc = "A broker id." }),
  row("seed", { type = "integer", doc = "For tests: ids and jitter drawn from it, so that a run can be repeated." }),
  row("transport", { types = "table", doc = "For tests: what sends requests in place of HTTP." }),
}
