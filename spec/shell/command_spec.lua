-- What the command says to programs and to people: errors as JSON, hints, looks, completion, the manual page.

local bybit = require "bybit"
local cjson = require "cjson"
local command = require "spec.support.command"
local contains = require "spec.support.contains"
local shell = require "spec.support.shell"

local KEY, SECRET = "paperKey0123456789", "paperSecretPaperSecretPaperSecret001"
local keys = { BYBIT_API_KEY = KEY, BYBIT_API_SECRET = SECRET }

local exchange

setup(function()
  exchange = bybit.paper.start { lag = 0, limits = false, seed = 7, keys = { { key = KEY, secret = SECRET } } }
  exchange:set_price("BTCUSD", 30000)
end)

teardown(function() exchange:close() end)

local function run(line, env)
  return command.run(("--env %s %s"):format(exchange.url, line), { env = env or keys })
end

local has = contains.has

describe("an error of --json", function()
  -- The one line of standard error, and nothing on standard output.
  local function told(line, env)
    local output, errors, status = run(line, env)
    assert.equal("", output)
    assert.truthy(errors:find "^[^\n]+\n$", errors)
    local err = cjson.decode(errors)
    assert.equal(status, err.status)
    return err
  end

  it("is JSON with code and outcome on standard error", function()
    local err = told "cancel_order symbol=BTCUSD order_id=no-such-order --json"
    assert.equal(1, err.status)
    assert.equal(110001, err.code)
    assert.equal("order_not_found", err.name)
    assert.equal("not_found", err.kind)
    assert.equal("rejected", err.outcome)
    assert.equal("cancel_order", err.method)
    assert.is_false(err.retryable)
    has(err.text, "cancel_order BTCUSD: order not found (110001)")
    err = told "request GET /v5/market/tickers symbol=NOPE --json"
    assert.same({ 1, 10001 }, { err.status, err.code })
    err = told("--json get_orders symbol=BTCUSD --all", { BYBIT_API_KEY = KEY, BYBIT_API_SECRET = "another" })
    assert.same({ 1, "auth" }, { err.status, err.kind })
  end)

  it("is JSON of a wrong call and of an exchange that is not there", function()
    for _, line in ipairs { "--json --enw x", "--json place_order symbol=BTCUSD", "get_order --json",
      "--json get_orders limit=ten" } do
      local err = told(line)
      assert.same({ 2, "wrong", "not_sent" }, { err.status, err.kind, err.outcome })
    end
    local _, errors, status = command.run("--json --env http://127.0.0.1:1 place_order symbol=BTCUSD side=Buy type=Market "
      .. "quantity=1 client_order_id=mine-1 deadline=0.3", { env = keys })
    local err = cjson.decode(errors)
    assert.same({ 4, "not_sent", "mine-1" }, { status, err.outcome, err.client_order_id })
  end)

  it("holds neither key nor secret", function()
    local _, errors = run("get_orders symbol=BTCUSD --json", { BYBIT_API_KEY = KEY, BYBIT_API_SECRET = "anotherSecret" })
    assert.equal("auth", cjson.decode(errors).kind)
    assert.is_nil(errors:find("anotherSecret", 1, true))
    assert.is_nil(errors:find(KEY, 1, true))
  end)
end)

describe("bybit request", function()
  it("indents what it prints, and cuts nothing", function()
    local output = run "request GET /v5/market/instruments-info symbol=BTCUSD"
    has(output, '\nlist:\n  [1]:\n    baseCoin = "BTC"\n')
    has(output, '\n    priceFilter = { ')
    for _, id in ipairs { ("x"):rep(36), ("y"):rep(36) } do
      run(("place_order symbol=BTCUSD side=Buy type=Limit quantity=1 price=1000 client_order_id=%s"):format(id))
      has(run "request GET /v5/order/realtime symbol=BTCUSD", id)
    end
    run "cancel_all_orders symbol=BTCUSD"
  end)
end)

describe("a parameter in the form of an option", function()
  for line, hint in pairs {
    ["get_orders symbol=BTCUSD --limit 5"] = "unknown option --limit, a parameter is written limit=5",
    ["get_orders symbol=BTCUSD --limit=5"] = "unknown option --limit, a parameter is written limit=5",
    ["get_orders --symbol BTCUSD"] = "get_orders takes no option --symbol: a parameter is written symbol=BTCUSD",
    ["place_order --client-order-id a-1"] = "unknown option --client-order-id, a parameter is written client_order_id=a-1",
    ["place_order --qty 5"] = "unknown option --qty, a parameter is written quantity=5",
    ["get_orders limit 5"] = "name=value expected, got limit: write limit=5",
    ["get_orders --jsn"] = "unknown option --jsn, did you mean --json?",
  } do
    it("is told how it is written: " .. line, function()
      local _, errors, status = run(line)
      has(errors, hint)
      assert.equal(2, status)
    end)
  end

  it("is not passed over where a command takes no such option", function()
    for _, line in ipairs { "version --port 3", "place_order --open symbol=BTCUSD", "help --seed 1", "check x --all", "--port 1",
      "get_orders symbol=BTCUSD --every 1", "journal x --yes" } do
      local _, errors, status = command.run(line)
      has(errors, "takes no option --")
      assert.equal(2, status, line)
    end
  end)
end)

describe("bybit watch", function()
  it("looks again and again, and a failed look is shown", function()
    local output, errors, status = run "watch get_open_orders_real_time symbol=BTCUSD --times 3 --every 0.01"
    assert.equal("", errors)
    assert.equal(0, status)
    assert.equal(("get_open_orders_real_time, every 0.01 s; Ctrl-C ends it\n(none)\n"):rep(3), output)
    output = run "watch get_open_orders_real_time symbol=BTCUSD --times 2 --every 0.01 --json"
    assert.equal("[]\n[]\n", output)
    output = run "watch --times 1"
    has(output, "BTCUSD  last 30000")
    has(output, "\nposition  ")
    output, errors, status = command.run("--env http://127.0.0.1:1 watch get_orders symbol=BTCUSD deadline=0.1 --times 2 "
      .. "--every 0.01", { env = keys })
    assert.equal("", errors)
    assert.equal(2, select(2, output:gsub("get_orders BTCUSD: network", "")))
    assert.equal(0, status)
  end)

  it("draws in one place on a terminal, until Ctrl-C", function()
    local outputs, status = command.type(("--env %s watch get_open_orders_real_time symbol=BTCUSD --every 0.01"):format(
      exchange.url), { { "(none)\27[K\r\n\27[J", "" },
      { "\27[2A\rget_open_orders_real_time, every 0.01 s; Ctrl-C ends it\27[K\r\n(none)\27[K\r\n\27[J", "\3" } }, { env = keys })
    assert.equal("0", status, table.concat(outputs))
  end)

  it("watches only what reads", function()
    for line, message in pairs {
      ["watch place_order symbol=BTCUSD"] = "a method that reads expected, got place_order, which changes something",
      ["watch get_ordrs symbol=BTCUSD"] = "a method that reads expected, got get_ordrs, did you mean 'get_orders'?",
      ["watch create_order symbol=BTCUSD"] = "a method that reads expected, got create_order\n",
      ["watch get_oders"] = "did you mean 'get_orders'?", ["watch get_orders symbol=BTCUSD --every none"] = "a number above 0",
      ["watch get_orders qty=1"] = "unknown parameter 'qty'" } do
      local _, errors, status = run(line)
      has(errors, message)
      assert.equal(2, status)
    end
  end)
end)

describe("completion", function()
  local function of(words)
    local list = {}
    for word in command.run("complete " .. words):gmatch "[^\n]+" do list[#list + 1] = word end
    return list
  end

  it("knows commands, methods, parameters, words and options", function()
    assert.same({ "place_conditional_order", "place_multiple_orders", "place_order" }, of "place")
    assert.same({ "quantity=", "side=", "symbol=", "type=" }, of "place_order ''") -- what has to be given comes first
    assert.same({ "quantity=", "type=" }, of "place_order side=Buy symbol=BTCUSD ''")
    assert.same({ "price=" }, of "place_order pric")
    assert.same({ "side=Buy", "side=Sell" }, of "place_order side=")
    assert.same({ "reduce_only=true" }, of "place_order reduce_only=t")
    assert.same({ "symbol=BTCPERP", "symbol=BTCUSD", "symbol=BTCUSDT" }, of "--env testnet place_order symbol=B")
    assert.same({ "testnet" }, of "--env testn")
    assert.same({ "--env", "--every" }, of "get_orders --e")
    assert.same({ "get_user_setting_config", "get_user_trades" }, of "watch get_u")
    assert.same({ "bash" }, of "completion b")
    assert.same({}, of "place_order nothing=")
    assert.same({}, of "check ''")
  end)

  it("works in bash", function()
    local pipe = assert(io.popen [[bash -c '
      bybit() { "${LUA:-lua5.4}" lua/bybit/shell/bybit "$@"; }
      source <(bybit completion bash)
      try() { COMP_LINE="$1" COMP_POINT=${#1}; _bybit; echo "${COMPREPLY[@]}"; }
      try "bybit place_o"; try "bybit place_order side="; try "bybit place_order side=B"; try "bybit get_orders --js"
      try "bybit place_order side=Buy symbol=BTCUSD quan"
      complete -p bybit' 2>&1]])
    local output = pipe:read "a"
    pipe:close()
    assert.equal("place_order\nBuy Sell\nBuy\n--json\nquantity=\ncomplete -o default -F _bybit bybit\n", output)
  end)

  -- The command as the shells below find it; what they run at last is printed, not run.
  local BYBIT = [[#!/bin/sh
if [ "$1" = complete ]; then exec "${LUA:-lua5.4}" lua/bybit/shell/bybit "$@"; fi
printf '%s|' ran "$@" end
]]

  -- A folder with that command and another file, for a shell that is installed; nil where it is not.
  local function folder_for(program, name, text)
    if not select(2, shell.run("command -v " .. program)) then return nil end
    local folder = shell.capture("mktemp -d"):match "[^\n]+"
    for path, words in pairs { bybit = BYBIT, [name] = text } do
      local file <close> = assert(io.open(folder .. "/" .. path, "w"))
      file:write(words)
    end
    shell.capture(("chmod +x %s/bybit"):format(folder))
    return folder
  end

  -- Sourced, as the guide says, or loaded by zsh from a folder of its functions.
  for how, line in pairs { sourced = "source <(${LUA:-lua5.4} lua/bybit/shell/bybit completion zsh)",
    ["in zsh's folders"] = "" } do
    it("works in zsh, " .. how, function()
      local folder = folder_for("zsh", ".zshrc",
        ("PS1='P> '\nfpath=($ZDOTDIR $fpath)\nautoload -U compinit\ncompinit -u -D\n%s\n"):format(line))
      if not folder then return pending "zsh is not installed" end
      if line == "" then shell.capture(("${LUA:-lua5.4} lua/bybit/shell/bybit completion zsh >%s/_bybit"):format(folder)) end
      local outputs = command.type("-d -i", {
        { "P> ", "bybit place_o\tsi\tB\tsymbol=B\tred\tt\t--js\t\n" },
        { "|end|", "bybit --en\ttestn\tcheck rockspec/bybit-p\t\n" }, -- files, where the command has no words
        { "|end|", "exit\n" },
      }, { command = "zsh", env = { ZDOTDIR = folder, PATH = folder .. ":" .. os.getenv "PATH", TERM = "dumb" } })
      shell.capture("rm -r " .. folder)
      local ran = {}
      for text in table.concat(outputs):gmatch "ran|(.-)|end|" do ran[#ran + 1] = text end
      assert.same({ "place_order|side=Buy|symbol=BTCUSD|reduce_only=true|--json",
        "--env|testnet|check|rockspec/bybit-paper-scm-1.rockspec" }, ran)
    end)
  end

  it("works in fish", function()
    local folder = folder_for("fish", "try.fish", [[
      set -q LUA; or set LUA lua5.4
      $LUA lua/bybit/shell/bybit completion fish | source
      for line in "place_o" "place_order " "place_order side=" "place_order side=B" "get_orders --js" "--env testn" \
          "check rockspec/bybit-p" "--credentials rockspec/bybit-p" "place_order rockspec/bybit-p" "journal READ"
        echo "$line:" (complete -C "bybit $line")
      end]])
    if not folder then return pending "fish is not installed" end
    local output = shell.capture(("HOME=%s PATH=%s:$PATH fish --no-config %s/try.fish"):format(folder, folder, folder))
    shell.capture("rm -r " .. folder)
    assert.equal([[
place_o: place_order
place_order : quantity= side= symbol= type=
place_order side=: side=Buy side=Sell
place_order side=B: side=Buy
get_orders --js: --json
--env testn: testnet
check rockspec/bybit-p: rockspec/bybit-paper-scm-1.rockspec
--credentials rockspec/bybit-p: rockspec/bybit-paper-scm-1.rockspec
place_order rockspec/bybit-p:
journal READ: README.md
]], output)
  end)

  it("has a script for each shell that it names", function()
    for _, name in ipairs { "bash", "zsh", "fish" } do
      local output, _, status = command.run("completion " .. name)
      assert.equal(0, status)
      has(output, "complete")
    end
    local _, errors, status = command.run "completion tcsh"
    has(errors, "bash, zsh or fish expected")
    assert.equal(2, status)
  end)
end)

describe("the manual page", function()
  it("has every command, option, method and status, in the language of man", function()
    local output, _, status = command.run "man"
    assert.equal(0, status)
    assert.equal('.TH BYBIT 1 "" "bybit ' .. bybit.version:gsub("%-", "\\-") .. '"', output:match "^[^\n]+")
    local words = require("bybit.shell.cli").words
    for _, list in ipairs { words.commands, words.options } do
      for _, row in ipairs(list) do has(output, (row[3] or row[2]):gsub("\\", "\\e"):gsub("%-", "\\-")) end
    end
    for _, name in ipairs(require("bybit.shell.help").methods(require "bybit.wire.v5")) do
      has(output, "\n.B " .. name .. "\n")
    end
    for line in output:gmatch "[^\n]+" do
      if line:find "^%." then assert.truthy(line:find "^%.[A-Z][A-Z]?[ \n]?", line) end
    end
  end)
end)

describe("a command on paper", function()
  it("says that what it changed is gone, and what would have kept it", function()
    local PLACE = "place_order symbol=BTCUSD side=Buy type=Market quantity=1"
    local _, errors, status = command.run(PLACE)
    assert.equal(0, status)
    has(errors, "this paper exchange ended with its command; `bybit paper` serves one that stays")
    for _, line in ipairs { PLACE .. " --json", "get_orders symbol=BTCUSD" } do
      assert.equal("", (select(2, command.run(line))))
    end
    assert.equal("", (select(2, run(PLACE))))
    has(command.run "help", "serves a paper exchange that lives on")
  end)
end)
