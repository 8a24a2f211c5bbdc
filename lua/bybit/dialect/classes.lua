-- What a code can say of the call that got it: the classes, and how rows of codes (dialect/codes) become what is looked
-- up. A row is { code or codes, class, name, meaning, advice }; without advice it has that of its class.
--
--   kind     of the error, where it is not that of the class
--   detail   the exchange's own text adds something: print it
--   reads    the class for calls that only read, where it differs
--   bans     it shuts out the caller's address, not one endpoint
--   flaw     what was asked for was done, but not all of it

local classes = {}

-- Only U may have been executed; only R may be made again as it is.
local CLASSES = {
  A = { kind = "auth", advice = "Check the key, its permissions, its environment and the account." },
  P = { kind = "exchange", advice = "Correct the call." },
  R = { kind = "exchange", advice = "Make the same call again." },
  U = { kind = "exchange", outcome = "unknown", advice = "Look what became of it before repeating it." },
  D = { kind = "exchange", advice = "This copy was refused, but an earlier one may live: look it up." },
  G = { kind = "not_found", advice = "Look up how the order ended: it was filled or cancelled, or never was." },
  N = { kind = "exchange", unchanged = true, advice = "Nothing to do: everything is already as asked." },
  F = { kind = "exchange", advice = "Ask for less, or add funds." },
  S = { kind = "exchange", advice = "Wait for, or change, the state that forbids it." },
}

--- All integers from the first to the last.
function classes.range(first, last)
  local codes = {}
  for code = first, last do codes[#codes + 1] = code end
  return codes
end

--- The lists of all arguments as one.
function classes.all(...)
  local codes = {}
  for _, list in ipairs { ... } do table.move(list, 1, #list, #codes + 1, codes) end
  return codes
end

local function expand(code, class, name, meaning, advice, row)
  local its = CLASSES[class]
  return {
    code = code, class = class, name = name, meaning = meaning, advice = advice or its.advice,
    kind = row.kind or its.kind, outcome = its.outcome or "rejected", retryable = class == "R",
    unchanged = its.unchanged, detail = row.detail, reads = row.reads, bans = row.bans, flaw = row.flaw,
  }
end

--- Makes { by_code, patterns } of a dialect's rows.
---@param parts table[] lists of rows; no code stands twice
---@param patterns table[] { code, text, class, name, meaning, advice }: the first text found in a message refines its code
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
    local pattern = expand(row[1], row[3], row[4], row[5], row[6], { detail = true, kind = row.kind })
    pattern.find = row[2]
    codes.patterns[i] = pattern
  end
  return codes
end

-- Answers without an envelope, by HTTP status. Any other says nothing about what happened.
local STATUS = {
  [400] = { name = "invalid_verb", kind = "http", outcome = "rejected", retryable = false,
    meaning = "the exchange takes GET and POST only", advice = "Correct the call." },
  [401] = { name = "authentication_missing", kind = "auth", outcome = "rejected", retryable = false,
    meaning = "the key is of the wrong kind, or the headers that sign the request are missing",
    advice = "Check the key, and that no proxy takes headers away." },
  [403] = { name = "forbidden", kind = "rate_limit", outcome = "rejected", retryable = false,
    meaning = "the exchange refuses this address: too many requests, or a country that it does not serve",
    bans = true },
  [404] = { name = "route_not_found", kind = "http", outcome = "rejected", retryable = false,
    meaning = "there is no such path, or the account has no such category" },
  [429] = { name = "too_many_requests", kind = "rate_limit", outcome = "rejected", retryable = true,
    meaning = "the exchange protects itself from too many requests", advice = "Wait, longer each time." },
  ["5xx"] = { name = "server_failure", kind = "http", outcome = "unknown", retryable = false,
    meaning = "a server of the exchange failed", advice = "Look what became of it before repeating it." },
}

--- What HTTP statuses say, with the dialect's own advice for some.
---@param advice table<integer, string>
function classes.http(advice)
  local rows = {}
  for status, row in pairs(STATUS) do
    local copy = { advice = advice[status] }
    for k, v in pairs(row) do copy[k] = v end
    rows[status] = copy
  end
  return rows
end

return classes
