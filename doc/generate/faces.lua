-- Pages about what is not a function of the module: the command, the session, the checker, strict, assert, adapters, and the
-- endpoints and faults of the paper exchange. Their examples are run too.

local functions = require "functions"
local page = require "page"
local paths = require "paths"
local run = require "run"
local surface = require "surface"

local emit, row, heading, paragraph = page.emit, page.row, page.heading, page.paragraph

local faces = {}

---------------------------------------------------------------------------------------------------------------
-- The command and the session.

local COMMANDS = {
  "bybit place_order symbol=BTCUSD side=Buy type=Limit quantity=100 price=29000 client_order_id=mine-1",
  "bybit get_open_orders_real_time symbol=BTCUSD",
  "bybit cancel_order symbol=BTCUSD client_order_id=mine-1 --json",
  "bybit place_order symbol=BTCUSD qty=100",
  "bybit request GET /v5/account/fee-rate symbol=BTCUSD --json",
}

local function shell_of(shown, prompt)
  local lines = {}
  for _, pair in ipairs(shown) do
    lines[#lines + 1] = ("%s%s\n%s"):format(prompt, pair[1], pair[2])
  end
  return table.concat(lines)
end

local function command_page()
  local words = require(paths.modules.command).words
  page.write({ file = "command", title = "The command line", group = "Reference" }, function()
    page.code(shell_of(run.commands(COMMANDS), "$ "), "text")
    paragraph("The command `bybit` makes each method a word of the shell. [The guide](../shell.md) begins at the beginning.")
    heading "Commands"
    page.head("Command", "What it does")
    for _, c in ipairs(words.commands) do row(("`%s`"):format(c[1]), c[2]) end
    heading "Options"
    page.head("Option", "Meaning")
    for _, o in ipairs(words.options) do
      row(page.anchor("option-" .. o[1], ("`--%s%s`"):format(o[1], o[2] and " " .. o[2] or "")), o[3])
    end
    heading "Exit status"
    page.head("Status", "Meaning")
    for _, s in ipairs(words.statuses) do row(s[2], s[3]) end
    heading "Environment variables"
    page.head("Variable", "Meaning")
    row("`BYBIT_API_KEY`, `BYBIT_API_SECRET`", "the key and its secret, unless `--credentials` names a file")
    row("`BYBIT_ENVIRONMENT`", "the environment that `--env env` takes; `mainnet` also needs `BYBIT_MAINNET=yes`")
    row("`BYBIT_HISTORY`", "the file of a session's history, in place of `~/.bybit_history`")
  end)
end

local SESSION = {
  'decimal "30000.5" * 100',
  'place_order { side = "Buy", type = "Limit", quantity = 100, price = 29000, client_order_id = "mine-1" }',
  "get_open_orders_real_time()",
  'cancel_order { client_order_id = "mine-1" }',
  "_.client_order_id",
  'symbol "ETHUSD"',
  'place_order { side = "Buy", qty = 100 }',
}

local function session_page()
  page.write({ file = "session", title = "The session (REPL)", group = "Reference" }, function()
    page.code(shell_of(run.session(SESSION), "> "), "text")
    paragraph("`bybit`, or `make repl`, opens a session. [The guide](../shell.md#the-session) tells how it reads lines.")
    heading "What help() says"
    page.code(run.session { "help()" }[1][2], "text")
  end)
end

---------------------------------------------------------------------------------------------------------------
-- Checks before and while a program runs.

local CHECKED = [[
local bybit = require "bybit"
local client <close> = bybit.client { environment = "paper", timeout = 5000 }
local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = "x" })
if order.price == 30000 then print(order.stauts) end
if order.status == "Canceled" then print(bybit.codes.order_not_fond) end
client:place_order { symbol = "BTCUSD", side = "buy", qty = 100 }
client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100 }
client.cancel_all_orders { symbol = "BTCUSD" }
local ticker = assert(client:request("GET", "/v5/market/tickers", { symbol = "BTCUSD" })).list[1]
print(("%.2f"):format(order.price), ticker.lastPrice * 2, bybit.decimal(0.1 + 0.2))
local sum, seen, pages = 0, {}, {}
for trade in client:each("get_user_trades", { symbol = "BTCUSD" }) do sum = sum + trade.fee end
table.insert(pages, assert(client:get_orders { symbol = "BTCUSD" }))
seen[order.price] = true
total = 1]]

local function check_page()
  page.write({ file = "check", title = "bybit check", group = "Reference" }, function()
    page.code(CHECKED)
    paragraph "`bybit check strategy.lua` finds:"
    local found = {}
    for i, f in ipairs(assert(require(paths.modules.check).text(CHECKED))) do
      found[i] = ("strategy.lua:%d:%d: %s"):format(f.line, f.column, f.message)
    end
    page.code(table.concat(found, "\n"), "text")
    emit "`bybit check FILE ...` reads programs and runs nothing of them. It says where a program is wrong, if it knows what"
    emit "a value is; of values that it does not know it says nothing. It needs luacheck. The file `-` is standard input. With"
    emit "`--json` it prints a list of objects with `file`, `line`, `column` and `message`. The exit status is 1 if it found"
    emit "something. It finds:"
    emit ""
    emit "- a name that `bybit` or a part of it does not have, such as `bybit.codes` or `bybit.enums`;"
    emit "- a method that a client or a decimal does not have, a field that a record does not have;"
    emit "- `.` in place of `:` before a method, and `:` in place of `.` before a function of the module;"
    emit "- an unknown option or parameter, and a value that it does not take, such as `timeout = 5000`;"
    emit "- a parameter that is missing, such as the price of a Limit order, and parameters that do not go together;"
    emit "- a comparison with a word or a code that the field never has;"
    emit "- `==` or `~=` between a decimal and a number or a text, which is never true;"
    emit "- a float that is not exact, such as `0.1 + 0.2`, where an exact number is wanted;"
    emit "- a decimal in `%d`, `%f` and the like, in `tonumber`, in functions of `math`, and as a bound of a loop;"
    emit "- a decimal as a table key;"
    emit "- a sum of decimals that starts with a plain number;"
    emit "- `table.insert` of a call, which raises because the call gives three values;"
    emit "- a price or a size of `client:request`, which is a text, compared or reckoned with as a number;"
    emit "- undeclared globals, read or set. In a `_spec.lua` file busted's globals are known."
  end)
end

local STRICT = [[
local declare = require "bybit.strict"
declare "counter"                    -- a global on purpose
counter = 1
local quantity = 100
print(counter, quanity)              -- a misspelt name]]

local function strict_page()
  page.write({ file = "strict", title = "bybit.strict", group = "Reference" }, function()
    page.example(STRICT, run.program(STRICT))
    emit "After `require \"bybit.strict\"` an undeclared global raises where it is read or set, so that a misspelt name cannot"
    emit "be nil unnoticed. It applies to the program's own files: those in the directory of its main script, and below."
    emit "Modules of others, which often ask whether a global exists, are left alone. `require` returns a function that"
    emit "declares globals: `declare(\"a\", \"b\")`."
  end)
end

local ASSERT = [[
local check = require "bybit.assert"
local order = check(client:place_order {
  symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100, confirm = true,
})
check.equal(order.filled_quantity, 100, "filled")
check.between(order.avg_price, 29000, 31000, "price")
print(pcall(check.multiple, "30000.3", "0.5", "price"))]]

local function assert_page()
  page.write({ file = "assert", title = "bybit.assert", group = "Reference" }, function()
    page.example(ASSERT, run.example(ASSERT, "example.lua"))
    emit "`local check = require \"bybit.assert\"`: says in a line what a strategy takes for granted, and raises if it is not so."
    emit "`check(...)` returns a call's result alone, or raises its error. Numbers are decimals, integers or numeric text."
    heading "Functions"
    for _, f in ipairs(surface.functions_of(paths.assert)) do functions.section(f.name, f.args, f.doc) end
  end)
end

---------------------------------------------------------------------------------------------------------------
-- Adapters.

local POLL = [[
local poll = require "bybit.adapter.poll"
-- The host's own: waits until fd is readable, at most so many seconds.
local function wait(fd, seconds)
  os.execute "sleep 0.005"
end
local count = poll.run(wait, function()
  return #assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
end)
print(count)]]

local function adapters_page()
  page.write({ file = "adapters", title = "Adapters", group = "Reference" }, function()
    page.example(POLL, run.example(POLL, "example.lua"))
    emit "An adapter runs tasks inside a loop that the host already has. [The guide](../embedding.md) tells when to use one."
    for _, path in ipairs(paths.adapters) do
      local stem, words, example = path:match "([%w_]+)%.lua$", surface.head_of(path)
      heading("bybit.adapter.%s", stem)
      paragraph("%s", words)
      page.code(example)
      for _, f in ipairs(surface.functions_of(path)) do
        local name = f.name:gsub("^Attached:", "attached:"):gsub("^Source%.", "source:"):gsub("^adapter%.", stem .. ".")
        functions.section(name, f.args, f.doc)
      end
    end
  end)
end

---------------------------------------------------------------------------------------------------------------
-- The paper exchange's endpoints and faults.

local ENDPOINT = [[
local public <close> = bybit.client { environment = { url = exchange.url } }   -- without keys
local book = assert(public:request("GET", "/v5/market/orderbook", { symbol = "BTCUSD", limit = 1 }))
print(book.s, book.b[1][1], book.a[1][1])]]

local function rate(e)
  if not e.row.limit then return "" end
  return ("%d/%s"):format(e.row.limit, e.path:find "^/v2/" and "min" or "s")
end

local function endpoints_page()
  local method_of = {}
  for _, method in ipairs(surface.methods) do
    for _, declared in pairs(method.rows) do
      local route = declared.verb .. " " .. declared.path
      method_of[route] = method_of[route] or {}
      table.insert(method_of[route], ("[%s](%s.md)"):format(method.name, method.name))
    end
  end
  page.write({ file = "endpoints", title = "Endpoints of the paper exchange", group = "Reference" }, function()
    page.example(ENDPOINT, run.example(ENDPOINT, "example.lua"))
    emit "Every endpoint that the paper exchange answers. An endpoint without a key is public. Limits are the exchange's own,"
    emit "per account (on v2 also per symbol)."
    for _, version in ipairs { "v5", "v3", "v2" } do
      heading(version)
      page.head("Endpoint", "Meaning", "Key", "Limit", "Methods that use it")
      for _, e in ipairs(surface.endpoints()) do
        if e.path:find("^/" .. version .. "/") then
          local route = e.verb .. " " .. e.path
          row(page.anchor(route:lower():gsub("^(%u*) /", "%1-"):gsub("[^%w]+", "-"), ("`%s`"):format(route)), e.doc,
            e.row.auth and e.row.permission or "", rate(e), table.concat(method_of[route] or {}, ", "))
        end
      end
    end
  end)
end

local FAULT = [[
exchange:faults { { "lost_answer", path = "order/create", nth = 1 }, seed = 1 }
local ack, err, response = client:place_order {
  symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000,
}
-- The order has arrived; the client found it again and did not place it twice.
print(ack ~= nil, err, response.requests)
print(exchange:fault_counts().lost_answer)]]

local function class(name)
  for _, c in ipairs(surface.classes) do
    if c.name == name then return c end
  end
end

local function faults_page()
  page.write({ file = "faults", title = "Faults of the paper exchange", group = "Reference" }, function()
    page.example(FAULT, run.example(FAULT, "example.lua"))
    emit "`exchange:faults(rules)`, or the option `faults` of `bybit.paper.start`, makes things go wrong on purpose. A rule is a"
    emit "table: the kind first, then fields. Of the rules about a request, the first one that strikes counts."
    heading "Kinds"
    page.head("Kind", "What happens", "Fields of its own")
    for _, kind in ipairs(surface.sorted(surface.faults.kinds)) do
      local k = surface.faults.kinds[kind]
      local fields = surface.sorted(k.fields or {})
      if k.either then table.insert(fields, 1, "executed") end
      row(page.anchor(kind, ("`%s`"):format(kind)), assert(k.doc, kind .. ": say what it does, in doc"), page.list(fields))
    end
    heading "Fields of a rule"
    page.head("Field", "Type", "Meaning")
    for _, f in ipairs(class "bybit.paper.Fault".fields) do
      local name = f.name:gsub("%?$", "")
      assert(f.text ~= "", ("bybit.paper.Fault.%s: say what it is, in its @field line"):format(name))
      if name ~= "[1]" then row(page.anchor("field-" .. name, ("`%s`"):format(name)), f.type, f.text) end
    end
    heading "Beside the rules"
    page.head("Field", "Meaning")
    row("`seed`", "Draws which requests `probability` strikes. The exchange's seed by default.")
    row("`lag`", "Milliseconds before what was acknowledged shows in queries.")
    row("`skew`", "Milliseconds by which the exchange's clock is ahead.")
    row("`forget`", "Seconds after which order/realtime forgets a closed order.")
  end)
end

function faces.write()
  command_page()
  session_page()
  check_page()
  strict_page()
  assert_page()
  adapters_page()
  endpoints_page()
  faults_page()
end

return faces
