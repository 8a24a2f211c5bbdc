-- What a code says of the call that got it: the classes of codes, and how the rows of codes (v5/codes.lua, v2/codes.lua) become
-- what is looked up. A row is { code or codes, class, name, meaning, advice }; without advice it has that of its class. The
-- other fields of a row say:
--
--   kind     the kind of the error, where it is not that of the class
--   detail   the exchange's own text adds something: it is printed
--   reads    the class for calls that only read, where it differs
--   bans     the exchange shuts out the caller's address, not one endpoint
--   clock    the exchange says that the two clocks differ: the client's is corrected by the answer
--   flaw     what was asked for was done, but not all of it

local classes = {}

-- What the classes mean. Only a call of class "unknown" may have been executed; only one of class "again" may be made again as
-- it is.
local CLASSES = {
  access = { kind = "auth", advice = "Check the key, its permissions, its environment and the account." },
  wrong = { kind = "exchange", advice = "Correct the call." },
  again = { kind = "exchange", advice = "Make the same call again." },
  unknown = { kind = "exchange", outcome = "unknown", advice = "Look what became of it before repeating it." },
  duplicate = { kind = "exchange", advice = "This copy was refused, but an earlier one may live: look it up." },
  gone = { kind = "not_found", advice = "Look up how the order ended: it was filled or cancelled, or never was." },
  unchanged = { kind = "exchange", unchanged = true, advice = "Nothing to do: everything is already as asked." },
  funds = { kind = "exchange", advice = "Ask for less, or add funds." },
  state = { kind = "exchange", advice = "Wait for, or change, the state that forbids it." },
}

--- All integers from the first to the last.
function classes.range(first, last)
  local codes = {}
  for code = first, last do codes[#codes + 1] = code end
  return codes
end

--- One list of the codes of several lists.
function classes.all(...)
  local codes = {}
  for _, list in ipairs { ... } do table.move(list, 1, #list, #codes + 1, codes) end
  return codes
end

local function expand(code, class, name, meaning, advice, row)
  local its = assert(CLASSES[class], class)
  return {
    code = code, class = class, name = name, meaning = meaning, advice = advice or its.advice,
    kind = row.kind or its.kind, outcome = its.outcome or "rejected", retryable = class == "again",
    unchanged = its.unchanged, detail = row.detail, reads = row.reads, bans = row.bans, clock = row.clock,
    flaw = row.flaw,
  }
end

--- Makes { by_code, patterns } of the rows of a wire.
---@param parts table[] lists of rows; no code stands in two rows
---@param patterns table[] { code, text, class, name, meaning, advice }: the first text that is found in a message says more than
--- its code
---@return table codes
function classes.expand(parts, patterns)
  local codes = { by_code = {}, patterns = {} }
  for _, part in ipairs(parts) do
    for _, row in ipairs(part) do
      local list = type(row[1]) == "table" and row[1] or { row[1] }
      for _, code in ipairs(list) do
        assert(not codes.by_code[code], code)
        codes.by_code[code] = expand(code, row[2], row[3], row[4], row[5], row)
      end
    end
  end
  for i, row in ipairs(patterns) do
    local pattern = expand(row[1], row[3], row[4], row[5], row[6], { detail = true, kind = row.kind, clock = row.clock })
    pattern.find = row[2]
    codes.patterns[i] = pattern
  end
  return codes
end

-- What answers without an envelope mean, by HTTP status: rows of { statuses }. A status of 4xx that is here says that the request
-- was not taken up (RFC 9110, 15.5; of 400 to 429 V5 documentation, HTTP status). Any other status says nothing about what
-- happened.
local function refused(statuses, name, meaning, advice, more)
  local row = { statuses = statuses, kind = "http", outcome = "rejected", retryable = false, name = name, meaning = meaning,
    advice = advice }
  for k, v in pairs(more or {}) do row[k] = v end
  return row
end

local ABROAD = "Call from a country that the exchange serves."

local STATUS = {
  refused({ 400 }, "bad_request", "a server refused the request as malformed",
    "Look at the page: a gateway or proxy on the way wrote it."),
  refused({ 401 }, "authentication_missing",
    "the key is of the wrong kind, or the headers that sign the request are missing",
    "Check the key, and that no proxy takes headers away.", { kind = "auth" }),
  -- The page of a 403 tells a country from a rate (src/wire/answer.c): the row "country".
  refused({ 403 }, "forbidden", "the exchange refuses this address, most likely for too many requests from it", nil,
    { kind = "rate_limit", bans = true }),
  refused({ 451, "country" }, "region_not_served", "the exchange does not serve the country of this address", ABROAD,
    { kind = "auth" }),
  refused({ 404, 410 }, "route_not_found", "there is no such path, or the account has no such category",
    "Check url and path."),
  refused({ 405 }, "invalid_verb", "a server does not take this verb for this path", "Check verb, url and path."),
  refused({ 407 }, "proxy_authentication_missing", "the proxy wants a user and a password", "Give them in the option proxy.",
    { kind = "auth" }),
  refused({ 413, 414, 431 }, "request_too_large", "a server does not take a request of this size",
    "Send less: fewer or shorter parameters."),
  refused({ 411, 415, 417, 421, 426 }, "request_not_taken", "a server on the way does not take such a request",
    "Look at the page: a gateway or proxy on the way wrote it."),
  refused({ 429 }, "too_many_requests", "the exchange protects itself from too many requests", "Wait, longer each time.",
    { kind = "rate_limit", retryable = true }),
  { statuses = { "5xx" }, name = "server_failure", kind = "http", outcome = "unknown", retryable = false,
    meaning = "a server of the exchange failed", advice = "Look what became of it before repeating it." },
}

--- What HTTP statuses mean, with the advice that a wire gives for some of them.
---@param advice table<integer, string>
function classes.http(advice)
  local rows = {}
  for _, row in ipairs(STATUS) do
    for _, status in ipairs(row.statuses) do
      local copy = {}
      for k, v in pairs(row) do
        if k ~= "statuses" then copy[k] = v end
      end
      copy.advice = advice[status] or row.advice
      rows[status] = copy
    end
  end
  return rows
end

return classes
