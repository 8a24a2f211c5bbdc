-- Shared by the specs of the journal: temporary paths, files as bytes, and the sqlite3 command.

local journals = {}

--- A path without a file. `done(f)` is busted's finally.
function journals.path(done)
  local name = os.tmpname()
  os.remove(name)
  done(function()
    for _, tail in ipairs { "", "-wal", "-shm" } do os.remove(name .. tail) end
  end)
  return name
end

function journals.bytes(name)
  local file <close> = assert(io.open(name, "rb"))
  return file:read "a"
end

function journals.write(name, bytes)
  local file <close> = assert(io.open(name, "wb"))
  file:write(bytes)
end

--- Runs SQL with the command, as a user would, and returns its output.
function journals.sql(name, text)
  local run <close> = assert(io.popen(("sqlite3 '%s' \"%s\" 2>&1"):format(name, text)))
  return (run:read "a":gsub("\n$", ""))
end

function journals.mode(name)
  local stat <close> = assert(io.popen(("stat -c %%a '%s'"):format(name)))
  return stat:read "l"
end

--- Opens a journal for writing, as a client would; `change`: options that differ.
function journals.open(name, change)
  local options = { path = name, exchange = "http://127.0.0.1:1", account = "a", api = "v5", keep = 30, now = 1700000000000 }
  for k, v in pairs(change or {}) do options[k] = v end
  return require("bybit.journal").open(options)
end

--- Adds that many old intents, every 50000th of them open, to a closed journal.
function journals.fill(name, count)
  journals.sql(name, ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO intents(time, "
    .. "method, row, kind, symbol, client_order_id, made, params, first, fence, window, outcome, ended) "
    .. "SELECT 1700000000000, 'place_order', 'place_order', 'place', 'BTCUSD', printf('%%08d', i) || hex(randomblob(8)), 1, "
    .. "json_object('symbol', 'BTCUSD', 'side', 'Buy', 'type', 'Limit', 'quantity', 100, 'price', '30000.50'), "
    .. "1700000000000, 1700000006000, 5000, iif(i %% 50000 = 0, NULL, 'done'), 1700000000010 FROM n"):format(count))
end

--- A complete intent, with some fields changed.
function journals.intent(change)
  local intent = { time = 1700000000000, method = "place_order", row = "place_order", kind = "place", symbol = "BTCUSD",
    client_order_id = "id-1", made = true, params = '{"symbol":"BTCUSD"}', first = 1699999999000, fence = 1700000006000,
    window = 5000 }
  for k, v in pairs(change or {}) do intent[k] = v end
  return intent
end

return journals
