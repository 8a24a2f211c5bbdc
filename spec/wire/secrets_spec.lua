-- An attack on the redaction. A server echoes everything that it got, wherever it can. Then every string that Lua can reach is
-- searched for the key, the secret, the signature and the signed text: errors, responses, logs, the client, the registry,
-- upvalues, user values, metatables, stacks; and, from a debug hook, the locals of every function that runs during a call.
--
-- The search must not find this spec's own copies of the secrets: needles are kept reversed, and turned around only when all
-- strings have been collected.

local bybit = require "bybit"
local percent = require "spec.support.percent"
local server = require "spec.support.scripted_server"

local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000", raw = true, deadline = 5 }

local needles -- name -> reversed text

local function remember(name, text) needles[name .. " " .. #needles] = text:reverse() end

-- Random text of which only the caller has copies.
local function random_text(size)
  local file <close> = assert(io.open("/dev/urandom", "rb"))
  return (file:read(size // 2):gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

---------------------------------------------------------------------------------------------------------------
-- Every string that Lua can reach from the roots.

local function visit_stack(co, visit)
  for level = 0, 200 do
    local info
    if co == coroutine.running() then info = debug.getinfo(level, "f") else info = debug.getinfo(co, level, "f") end
    if not info then return end
    visit(info.func)
    for _, step in ipairs { 1, -1 } do -- locals and temporaries, then varargs
      for i = 1, 250 do
        local name, value
        if co == coroutine.running() then
          name, value = debug.getlocal(level, i * step)
        else
          name, value = debug.getlocal(co, level, i * step)
        end
        if not name then break end
        visit(value)
      end
    end
  end
end

-- Values of other modules are left out, since the test runner keeps the whole suite reachable.
local function others()
  local out = { [_G] = true, [package.loaded] = true, [debug.getregistry()] = true, [coroutine.running()] = true }
  for name, value in pairs(package.loaded) do
    if not name:find "^bybit" and type(value) ~= "string" then out[value] = true end
  end
  return out
end

-- The module's Lua files, and all that C keeps in the registry.
local function roots()
  local list = {}
  for name, value in pairs(package.loaded) do
    if name:find "^bybit" then list[#list + 1] = value end
  end
  for key, value in pairs(debug.getregistry()) do
    list[#list + 1] = key
    list[#list + 1] = value
  end
  return list
end

local function reachable(...)
  local strings, seen, left_out, queue = {}, {}, others(), table.pack(...)
  local function visit(value)
    local kind = type(value)
    if kind == "string" then
      strings[value] = true
    elseif kind == "table" or kind == "function" or kind == "userdata" or kind == "thread" then
      if not seen[value] and value ~= seen and value ~= strings and value ~= queue then
        seen[value] = true
        queue.n = queue.n + 1
        queue[queue.n] = value
      end
    end
  end
  local function expand(value)
    local kind = type(value)
    visit(debug.getmetatable(value))
    if kind == "table" then
      for k, v in next, value do
        visit(k)
        visit(v)
      end
    elseif kind == "function" then
      for i = 1, 255 do
        local name, upvalue = debug.getupvalue(value, i)
        if not name then break end
        visit(upvalue)
      end
    elseif kind == "userdata" then
      for i = 1, 8 do visit((debug.getuservalue(value, i))) end
      visit(tostring(value))
      visit(("%s %p"):format(value, value))
    elseif kind == "thread" then
      visit_stack(value, visit)
    end
  end
  local at = 1
  while at <= queue.n do
    local value = queue[at]
    at = at + 1
    if type(value) == "string" then visit(value) elseif value ~= nil and not left_out[value] then expand(value) end
  end
  return strings
end

-- The text with the escapes of JSON, URLs and HTML decoded, in lower case.
local function plainly(text)
  if not text:find "[%%\\&]" then return text:lower() end
  local function character(digits) return string.char(tonumber(digits, 16)) end
  text = text:gsub("\\u00(%x%x)", character):gsub("%%(%x%x)", character):gsub("&#x(%x%x);", character)
  text = text:gsub("&#(%d%d%d?);", function(n) return tonumber(n) < 256 and string.char(tonumber(n)) or nil end)
  return text:gsub('\\(["\\/])', "%1"):lower()
end

-- Fails if a string holds a needle, however it is escaped.
local function search(strings)
  local straight = {}
  for name, reversed in pairs(needles) do straight[name] = reversed:reverse():lower() end
  for text in pairs(strings) do
    local plain = #text >= 16 and plainly(text)
    for name, needle in pairs(plain and straight or {}) do
      if #plain >= #needle and plain:find(needle, 1, true) then
        error(("the %s is in %q"):format(name, text:sub(1, 300)), 2)
      end
    end
  end
end

---------------------------------------------------------------------------------------------------------------
-- The server: echoes.

-- The contents of a request, kept reversed.
local function learn(request)
  local function header(name) return request.headers:match(name:gsub("%-", "%%-") .. ": ([^\r]*)") end
  local key, signature, timestamp = header "X-BAPI-API-KEY", header "X-BAPI-SIGN", header "X-BAPI-TIMESTAMP"
  if signature then
    remember("signature", signature)
    remember("prehash", timestamp .. key .. header "X-BAPI-RECV-WINDOW"
      .. (request.body ~= "" and request.body or request.line:match "%?(%S*)" or ""))
  else
    local parameters = request.body ~= "" and request.body or request.line:match "%?(%S*)" or ""
    remember("signature", assert(parameters:match "sign=(%x+)"))
    remember("parameters", parameters)
  end
end

local function json_text(text)
  return (text:gsub('[\\"/]', "\\%0"):gsub("\r", "\\r"):gsub("\n", "\\n"))
end

-- Every character escaped.
local function each_as(format)
  return function(text)
    return (text:gsub(".", function(c) return format:format(c:byte()) end))
  end
end

-- Everything that came in, as one text.
local function all_of(request) return request.line .. "\n" .. request.headers .. "\n" .. request.body end

-- An envelope that both wires understand.
local function envelope(code, message, result)
  return ('{"retCode":%d,"ret_code":%d,"retMsg":"%s","ret_msg":"%s","result":%s,"time":1700000000000}'):format(code, code,
    message, message, result or "{}")
end

local function signed_text(request)
  local function header(name) return request.headers:match(name:gsub("%-", "%%-") .. ": ([^\r]*)") or "" end
  return header "X-BAPI-TIMESTAMP" .. header "X-BAPI-API-KEY" .. header "X-BAPI-RECV-WINDOW" .. request.body
end

local WORST = "an error that holds the whole request"
local ECHOES = {
  ["the exchange's 10004"] = function(request)
    return envelope(10004, ("error sign! origin_string[%s]"):format(json_text(signed_text(request)))), "", "200 OK"
  end,
  ["an error that holds the whole request"] = function(request)
    return envelope(10003, json_text(all_of(request)), ('{"echo":"%s"}'):format(json_text(all_of(request)))), "", "200 OK"
  end,
  ["an error that holds it as in a URL"] = function(request)
    return envelope(10005, percent.encode(all_of(request))), "", "200 OK"
  end,
  ["an error in which every character is escaped"] = function(request)
    return envelope(10003, each_as "\\u%04x"(all_of(request))), "", "200 OK"
  end,
  ["an error in which every character is percent-encoded"] = function(request)
    return envelope(10003, each_as "%%%02x"(all_of(request))), "", "200 OK"
  end,
  ["an error in which some characters are escaped"] = function(request)
    return envelope(10003, (json_text(all_of(request)):gsub("[%w]", function(c)
      return c:byte() % 3 == 0 and ("\\u%04X"):format(c:byte()) or c:byte() % 7 == 0 and ("%%%02X"):format(c:byte()) or nil
    end))), "", "200 OK"
  end,
  ["an error in capitals"] = function(request)
    return envelope(10003, json_text(all_of(request):upper()):gsub("\\R\\N", " ")), "X-Echo: "
      .. (request.headers:gsub("\r\n", " ")):upper() .. "\r\n", "200 OK"
  end,
  ["an error that holds an answer without one"] = function(request)
    return envelope(10003, json_text(all_of(request)), '{"retCode":0,"x":1}'), "", "200 OK"
  end,
  ["a page of HTML in entities"] = function(request)
    return "<html>" .. each_as "&#%d;"(all_of(request)) .. each_as "&#x%x;"(all_of(request)) .. "</html>",
      "Content-Type: text/html\r\n", "502 Bad Gateway"
  end,
  ["a redirect to where it came from"] = function(request)
    return "", ("Location: https://example.com%s&k=%s\r\n"):format(request.line:match " (%S+) ",
      percent.encode(request.headers:gsub("\r\n", " "))), "302 Found"
  end,
  ["response headers"] = function(request)
    local lines = request.headers:gsub("([^\r\n:]+): ([^\r\n]*)", "X-Echo-%1: <%2>"):gsub("\r?\n$", "")
    return envelope(10003, "no"), lines .. "\r\nX-Body: " .. request.body .. "\r\nX-Line: " .. request.line .. "\r\n", "200 OK"
  end,
  ["a page of a gateway"] = function(request)
    return "<html>" .. all_of(request) .. "</html>", "Content-Type: text/html\r\n", "400 Bad Request"
  end,
  ["JSON that breaks off"] = function(request)
    return '{"retCode":0,"retMsg":"' .. json_text(all_of(request)), "", "200 OK"
  end,
}

---------------------------------------------------------------------------------------------------------------

-- Answers that do not end a call.
local AGAIN = { ["JSON that breaks off"] = true, ["a page of HTML in entities"] = true,
  ["a redirect to where it came from"] = true }

local reversed_pem -- made once, since it is slow

local function private_key()
  if not reversed_pem then
    local run <close> = assert(io.popen "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null")
    reversed_pem = run:read("a"):reverse()
  end
  return reversed_pem:reverse()
end

-- Makes a client. The options, which hold the secrets, are gone when it returns.
local FROM_FILE = "credentials from a file"
local KINDS = {
  ["V5, HMAC"] = function(url, log)
    local key, secret = random_text(18), random_text(36)
    remember("key", key)
    remember("secret", secret)
    return bybit.client { environment = { url = url }, key = key, secret = secret, log = log, rate = false }
  end,
  ["V5, RSA"] = function(url, log)
    local key, pem = random_text(18), private_key()
    remember("key", key)
    for line in pem:gmatch "[^\n]+" do
      if #line == 64 then remember("line of the PEM", line) end
    end
    return bybit.client { environment = { url = url }, key = key, private_key = pem, log = log, rate = false }
  end,
  ["v2"] = function(url, log)
    local key, secret = random_text(18), random_text(36)
    remember("key", key)
    remember("secret", secret)
    return bybit.client { environment = { url = url }, api = "v2", key = key, secret = secret, log = log, rate = false }
  end,
  [FROM_FILE] = function(url, log)
    local key, secret, path = random_text(18), random_text(36), os.tmpname()
    remember("key", key)
    remember("secret", secret)
    local file = assert(io.open(path, "w"))
    file:write(('{"key":"%s","secret":"%s","environment":"paper"}'):format(key, secret))
    file:close()
    os.execute("chmod 600 " .. path)
    local client = bybit.client { environment = { url = url }, credentials = { file = path }, log = log, rate = false }
    os.remove(path)
    return client
  end,
}

-- Makes the call as a task, with a hook in it if it is `watched`, and answers it by `echo`. Returns the call's results, and
-- what the hook saw.
local function exchange(site, client, echo, watched, method, ...)
  local seen, results, words = {}, nil, table.pack(...)
  local function hook()
    for level = 2, 3 do -- what runs and its caller; the others do not change meanwhile
      if not debug.getinfo(level, "l") then return end
      for i = 1, 250 do
        local name, value = debug.getlocal(level, i)
        if not name then break end
        if type(value) == "string" then
          seen[value] = true
        elseif type(value) == "table" then -- a function's arguments
          for k, v in next, value do
            if type(k) == "string" then seen[k] = true end
            if type(v) == "string" then seen[v] = true end
          end
        end
      end
    end
  end
  local call = client[method] -- made before the call, so that its compilation sees no secret
  local task = bybit.spawn(function()
    if echo == ECHOES[WORST] then debug.sethook(hook, "crl", 100) elseif watched then debug.sethook(hook, "cr") end
    results = table.pack(call(client, table.unpack(words, 1, words.n)))
    debug.sethook()
  end)
  local connection = server.await(function()
    bybit.step(0)
    local asked = site:poll()
    assert(asked or not task.done, results and results[2]) -- it ended without a request
    return asked
  end)
  local request = connection:request()
  learn(request)
  local body, headers, status = echo(request)
  connection:answer(body, headers .. "Connection: close\r\n", status)
  server.await(function()
    bybit.step(0)
    return task.done
  end)
  connection.input = ""
  connection:close()
  task:await()
  return results, seen
end

describe("secrets", function()
  before_each(function() needles = {} end)

  for kind, open in pairs(KINDS) do
    for what, echo in pairs(ECHOES) do
      -- A client is the same wherever its credentials came from.
      local test = (kind ~= FROM_FILE or what == WORST) and it or function() end
      test(("of %s stay secret when the server echoes them: %s"):format(kind, what), function()
        local site <close> = server.listen()
        local told = {}
        local client <close> = open(site.url, function(event) told[#told + 1] = event end)
        for _, call in ipairs { { "place_order", ORDER }, { "get_open_order_real_time",
          { symbol = "BTCUSD", client_order_id = "x", raw = true, deadline = 5 } }, { "request" } } do
          local p = {}
          for k, v in pairs(call[2] or { raw = true }) do p[k] = v end
          -- an open outcome would cause more requests: no time for them
          if AGAIN[what] then p.deadline, p.timeout = 0.2, 0.2 end
          local words = call[2] and { p } or { "GET", "/v5/account/info", { x = "y" }, p }
          local results, seen = exchange(site, client, echo, kind == "V5, HMAC", call[1], table.unpack(words))
          assert.is_nil(results[1])
          assert.truthy(bybit.json and results[2].kind)
          seen[tostring(results[2])] = true
          search(seen)
          collectgarbage()
          search(reachable(results, told, client, debug.traceback(), tostring(results[2]), tostring(results[3]),
            table.unpack(roots())))
        end
        assert.is_true(#told > 0)
        -- the search itself works
        local planted = { { ["x"] = next(needles) and select(2, next(needles)):reverse() } }
        assert.is_false((pcall(search, reachable(planted))))
      end)
    end
  end

  it("stay secret when the client cannot be made", function()
    local key, secret = random_text(18), random_text(36)
    remember("key", key)
    remember("secret", secret)
    local messages = {}
    local function try(options)
      local ok, message = pcall(bybit.client, options)
      assert.is_false(ok)
      messages[#messages + 1] = tostring(message)
    end
    try { environment = "testnet", key = key, secret = secret, private_key = secret }
    try { environment = "testnet", key = key .. " ", secret = secret }
    try { environment = "testnet", key = key, private_key = secret }
    try { environment = "testnet", key = { key }, secret = { secret } }
    try { environment = "testnet", key = key, secert = secret }
    try { environment = "testnet", credentials = secret }
    try { environment = "testnet", credentials = { file = "/nowhere" }, secret = secret }
    try { environment = { url = "https://" .. key .. ":" .. secret .. "@api.bybit.com" }, key = key, secret = secret }
    try { environment = { url = "https://api.bybit.com?key=" .. secret }, key = key, secret = secret }
    try { environment = { url = "http://" .. key .. ":" .. secret .. "@example.com" } }
    key, secret = nil, nil -- luacheck: ignore 311
    search(reachable(messages))
  end)

  it("stay secret when the credentials of a file or the environment are wrong", function()
    local key, secret, path = random_text(18), random_text(36), os.tmpname()
    remember("key", key)
    remember("secret", secret)
    finally(function() os.remove(path) end)
    local messages = {}
    for _, text in ipairs {
      ('{"key":"%s","secret":"%s","environment":"mainnet"}'):format(key, secret),
      ('{"key":"%s","secret":"%s"}'):format(key, secret),
      ('{"key":"%s","secret":"%s","private_key":"%s","environment":"testnet"}'):format(key, secret, secret),
      ('{"key":"%s","private_key":"%s","environment":"testnet"}'):format(key, secret),
      ('{"key":"%s","secret":"%s","environment":"testnet"'):format(key, secret),
      ("%s:%s"):format(key, secret),
    } do
      local file <close> = assert(io.open(path, "w"))
      file:write(text)
      file:flush()
      os.execute("chmod 600 " .. path)
      local ok, message = pcall(bybit.client, { environment = "testnet", credentials = { file = path } })
      assert.is_false(ok)
      messages[#messages + 1] = tostring(message)
    end
    search(reachable(messages))
  end)

  it("that would change a request are refused: a line break in a key would add a header", function()
    local path = os.tmpname()
    finally(function() os.remove(path) end)
    for what, escaped in pairs { ["a line feed"] = "\\n", ["two lines"] = "\\r\\nX-Evil: 1", ["a zero"] = "\\u0000x",
      ["a blank"] = " x", ["no ASCII"] = "\\u00e9", nothing = false } do
      local file = assert(io.open(path, "w"))
      file:write(('{"key":"%s","secret":"theSecretItself","environment":"testnet"}'):format(
        escaped and "theKeyItself" .. escaped or ""))
      file:close()
      os.execute("chmod 600 " .. path)
      local ok, message = pcall(bybit.client, { environment = "testnet", credentials = { file = path } })
      assert.is_false(ok, what)
      assert.truthy(message:find("printable characters", 1, true), message)
      assert.is_nil(message:find "Itself")
    end
  end)

  it("cannot come with a broker id that has a line break", function()
    for _, id in ipairs { "", "a\r\nX-Evil: 1", "a\nb", "a\0b", ("x"):rep(65) } do
      local ok, message = pcall(bybit.client, { environment = "testnet", referer = id })
      assert.is_false(ok)
      assert.truthy(message:find("option 'referer': 1 to 64 printable characters expected", 1, true), message)
    end
    bybit.client { environment = "testnet", referer = "Broker-1" }:close()
  end)

  it("are in no result of a successful call", function()
    for kind, open in pairs(KINDS) do
      local site <close> = server.listen()
      local told = {}
      local client <close> = open(site.url, function(event) told[#told + 1] = event end)
      local results, seen = exchange(site, client, function(request)
        local id = request.body:match '"orderLinkId":"([^"]+)"' or request.body:match "order_link_id=([^&]+)"
        return envelope(0, "OK", ('{"orderId":"1","orderLinkId":"%s","order_id":"1","order_link_id":"%s"}'):format(id, id)),
          "", "200 OK"
      end, true, "place_order", ORDER)
      assert.truthy(results[1], kind .. ": " .. tostring(results[2]))
      search(seen)
      search(reachable(results, told, client, client:stats(), client:budget(), table.unpack(roots())))
    end
  end)

  it("are in no journal", function()
    local path = os.tmpname()
    os.remove(path) -- an empty file is not a journal
    finally(function() os.remove(path) end)
    local site <close> = server.listen()
    local key, secret = random_text(18), random_text(36)
    remember("key", key)
    remember("secret", secret)
    local client <close> = bybit.client { environment = { url = site.url }, key = key, secret = secret, journal = path }
    exchange(site, client, ECHOES[WORST], true, "place_order", ORDER)
    client:close() -- now the file holds what was in its write-ahead log
    local file <close> = assert(io.open(path))
    local text = file:read "a"
    assert.truthy(text:find("place_order", 1, true))
    search { [text] = true }
  end)

  it("may be ordinary words, or patterns: only they are struck out", function()
    local scripted = require "spec.support.scripted_exchange"
    for _, case in ipairs {
      { "k", "the key is wrong", "the key is wrong" }, -- too short for a key, so it stays
      { "wrong", "the key is wrong", "the key is wrong" },
      { "%a+.*%a+.*", "the key is wrong", "the key is wrong" },
      { ".........", "the key is wrong", "the key is wrong" },
      { "%a+.*[x].", "no %a+.*[x]. here, no aaaxx here", "no *** here, no aaaxx here" },
      { "-^$()%.[", "no -^$()%.[-^$()%.[ here", "no ****** here" },
      { "%41%42%43%44", "no %41%42%43%44 nor %2541%2542%2543%2544, %", "no *** nor ***, %" },
      { "ABCDEFGH", "%, %4, %41, %ABCDEFGH%, &#x41, &#65;BCDEFGH, \\\\", "%, %4, %41, %***%, &#x41, ***, \\" },
    } do
      local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, key = case[1], secret = "s",
        transport = { start = function() return scripted.answer(10001, "{}", case[2]) end } }
      local _, err = client:place_order(ORDER)
      assert.equal(case[3], err.message)
    end
  end)

  it("that are echoed many times are all struck out, in a time proportional to the size", function()
    local scripted = require "spec.support.scripted_exchange"
    local key, signature = "theKeyItself123456", nil
    local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, key = key, secret = "s", transport = {
      start = function(_, request)
        signature = table.concat(request.headers, "\n"):match "X%-BAPI%-SIGN: (%x+)"
        local echo = key .. signature .. "%74" .. key:sub(2) .. signature:upper() .. "origin_string[" .. key .. "]"
        return scripted.answer(10001, "{}", echo:rep(12 * 1024 * 1024 // #echo))
      end } }
    local _, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1 }
    assert.equal(10001, err.code)
    assert.is_nil(err.message:lower():find(signature, 1, true) or err.message:find(key, 1, true))
  end)

  describe("in memory, if only C has held them,", function()
    local function hex(text) return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end

    local function output_of(command)
      local pipe <close> = assert(io.popen(command))
      return pipe:read "a"
    end

    -- How often the needles (name and bytes) are in the memory of a process with these credentials. In the file they are
    -- far from its start, and they are long, since later allocations overwrite freed memory.
    local function counts(credentials, list)
      local path, words, found = os.tmpname(), {}, {}
      local file = assert(io.open(path, "w"))
      file:write('{"comment":"', ("x"):rep(40000), '",', (bybit.json.encode(credentials):gsub("^{", "")))
      file:close()
      os.execute("chmod 600 " .. path)
      for name, bytes in pairs(list) do -- the middle of each, since freeing overwrites the beginning
        words[#words + 1] = name .. ":" .. hex(bytes:sub(20, -5):reverse())
      end
      for _, when in ipairs { "open", "closed", "unused" } do
        local text = output_of(("%s spec/support/wiped_child.lua %s %s %s"):format(os.getenv "LUA" or "lua5.4", when, path,
          table.concat(words, " ")))
        for name, count in text:gmatch "(%w+)\t(%d+)" do found[when .. " " .. name] = tonumber(count) end
      end
      os.remove(path)
      return found
    end

    if not io.open "/proc/self/mem" then
      pending "this system shows no process its memory"
      return
    end

    it("a key and its secret are wiped when the client closes", function()
      local key, secret = random_text(100), random_text(100)
      local found = counts({ key = key, secret = secret, environment = "paper" }, { key = key, secret = secret })
      assert.is_true(found["open key"] > 0 and found["open secret"] > 0, "nothing can be found this way")
      for _, when in ipairs { "closed", "unused" } do
        assert.equal(0, found[when .. " secret"])
        assert.equal(0, found[when .. " key"])
      end
    end)

    it("an RSA key is wiped too, its text and its numbers", function()
      local pem = private_key()
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write(pem)
      file:close()
      local text = output_of(("openssl rsa -in %s -noout -text 2>/dev/null"):format(path))
      os.remove(path)
      -- the bytes of a number; in memory the last byte is the first
      local function bytes_of(name)
        local digits = text:match(name .. ":\n([%x:%s]+)"):gsub("[:%s]", ""):gsub("^00", "")
        return (digits:gsub("%x%x", function(c) return string.char(tonumber(c, 16)) end):reverse())
      end
      local line = pem:match "\n([^\n]+)\n[^\n]+\n%-"
      local found = counts({ key = random_text(18), private_key = pem, environment = "paper" }, { line = line,
        prime = bytes_of "prime1", exponent = bytes_of "privateExponent" })
      assert.is_true(found["open prime"] > 0 and found["open exponent"] > 0, "nothing can be found this way")
      for _, when in ipairs { "closed", "unused" } do
        assert.same({ 0, 0, 0 }, { found[when .. " prime"], found[when .. " exponent"], found[when .. " line"] })
      end
    end)
  end)

  it("are struck out of an answer that is looked at when the client is closed already", function()
    local key = random_text(18)
    for _, api in ipairs { "v5", "v2" } do
      local client
      client = bybit.client { environment = { url = "http://127.0.0.1:1" }, key = key, secret = "s", api = api, transport = {
        start = function()
          client:close()
          local words = ("API key %s is invalid."):format(key)
          return { status = 200, sent = true, headers = "X-Echo: " .. key .. "\n", message = words, body = bybit.json.encode(
            api == "v5" and { retCode = 10003, retMsg = words } or { ret_code = 10003, ret_msg = words }) }
        end,
        cancel = function() end } }
      local _, err, response = client:cancel_order { symbol = "BTCUSD", order_id = "a-1" }
      assert.truthy(err.message:find "^API key %S+ is invalid%.$")
      for _, text in ipairs { tostring(err), err.message, response.headers["x-echo"] } do
        assert.is_nil(text:find(key, 1, true))
      end
    end
  end)

  it("are gone from the client's memory once it is closed", function()
    local told = {}
    local client = KINDS["V5, HMAC"]("http://127.0.0.1:1", function(event) told[#told + 1] = event end)
    client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, deadline = 0.05 }
    client:close()
    collectgarbage()
    search(reachable(client, told, table.unpack(roots())))
  end)
end)
