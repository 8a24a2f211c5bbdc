-- Where a client's address leads, as libcurl reads it: what is this machine, what is real money, and what a file of
-- credentials may be for.

local bybit = require "bybit"
local core = require "bybit.core"

-- A client of an address, with nothing behind it; nil and the message when it is refused.
local function client_of(url, more)
  local options = { environment = { url = url }, transport = { start = function() error "nothing is sent here" end } }
  for k, v in pairs(more or {}) do options[k] = v end
  local ok, client = pcall(bybit.client, options)
  if not ok then return nil, client end
  finally(function() client:close() end)
  return client
end

local function is_real(url)
  local client, message = client_of(url)
  return core.client.table(assert(client, message)).real
end

describe("an address", function()
  it("of this machine may be plain http, however libcurl spells it", function()
    for url, wanted in pairs {
      ["http://127.0.0.1:8080/"] = "http://127.0.0.1:8080",
      ["http://127.255.255.254"] = "http://127.255.255.254",
      ["http://127.1:81"] = "http://127.0.0.1:81",
      ["http://0x7f.0.0.1"] = "http://127.0.0.1",
      ["http://2130706433:82"] = "http://127.0.0.1:82",
      ["HTTP://LocalHost:80"] = "http://localhost",
      ["http://[::1]:83"] = "http://[::1]:83",
      ["http://[0:0:0:0:0:0:0:1]"] = "http://[::1]",
    } do
      local client, message = client_of(url)
      assert.is_not_nil(client, message)
      assert.equal(("bybit.client (%s)"):format(wanted), tostring(client))
    end
  end)

  it("that only looks like this machine is elsewhere", function()
    for _, host in ipairs { "127.0.0.256", "127.0.0.0.1", "127.1.1.1.example.com", "127.x", "127.0.0.999", "127.-1",
      "localhost.example.com", "localhost6", "127.0.0.1.example.com", "[::2]", "[::ffff:10.0.0.1]", "128.0.0.1", "1.127",
      "0x80.0.0.1", "2147483649" } do
      local client, message = client_of("http://" .. host)
      assert.is_nil(client, host)
      assert.truthy(message:find("plain http reaches this machine only", 1, true), message)
      assert.is_false(core.url("https://" .. host).loopback, host)
    end
  end)

  it("has one spelling, so that what is one place is one", function()
    for _, url in ipairs { "https://api.bybit.com", "https://api.bybit.com/", "HTTPS://API.Bybit.COM:443//",
      "https://api.bybit.com.", "https://api.bybit.co%6d" } do
      assert.same({ url = "https://api.bybit.com", host = "api.bybit.com", https = true, loopback = false }, core.url(url))
    end
    assert.equal("https://gate.example.com:8443/bybit", core.url("https://gate.example.com:8443/x/../bybit/").url)
  end)

  it("is refused with a user, a query, a fragment, another scheme, or what no host has", function()
    for _, url in ipairs { "https://u:p@api.bybit.com", "https://api.bybit.com?x=1", "https://api.bybit.com#x", "ftp://127.0.0.1",
      "api.bybit.com", "https://", "https://a b.example", "https://api.bybit.com:99999", "file:///etc/passwd", "",
      "https://api.bybit.com\0.example", "https://api.bybit.com%00.example", "https://api.b\xc3\xbdbit.com",
      "https://api.bybit.com%2F.example" } do
      local client, message = client_of(url)
      assert.is_nil(client, url)
      assert.truthy(message:find("a url such as 'https://api.bybit.com' expected", 1, true), message)
    end
  end)
end)

describe("real money", function()
  it("is told by the host, not by the name", function()
    for name, row in pairs(require "bybit.client.environments") do
      local client <close> = bybit.client { environment = name }
      assert.equal(row.real or false, core.client.table(client).real, name)
      assert.equal(row.real or false, is_real(row.url), row.url)
    end
    for _, url in ipairs { "https://API.BYBIT.COM", "https://api.bybit.com:443/", "https://api.bybit.com.",
      "https://api.bybit.com:8443" } do
      assert.is_true(is_real(url), url)
    end
    assert.is_false(is_real "https://API-testnet.bybit.com.")
    assert.is_false(is_real "http://127.0.0.1:1")
    assert.is_false(is_real "https://localhost:1")
  end)

  it("may be behind every host that nobody knows", function()
    assert.is_true(is_real "https://gateway.example.com")
    assert.is_true(is_real "https://api-testnet.bybit.com.example.com")
    assert.is_true(is_real "https://127.0.0.256")
  end)

  it("has no v2 any more, whatever its address is called", function()
    local client, message = client_of("https://API.bybit.com:443", { api = "v2" })
    assert.is_nil(client)
    assert.truthy(message:find("the exchange has retired it", 1, true), message)
    assert.is_not_nil(client_of("http://127.0.0.1:1", { api = "v2" }))
  end)
end)

describe("a file of credentials", function()
  local function with_file(environment, more)
    local path = os.tmpname()
    local file <close> = assert(io.open(path, "w"))
    file:write(('{"key":"k","secret":"theSecretItself","environment":"%s"}'):format(environment))
    file:close()
    os.execute("chmod 600 " .. path)
    local options = { credentials = { file = path } }
    for k, v in pairs(more) do options[k] = v end
    local ok, client = pcall(bybit.client, options)
    os.remove(path)
    if ok then client:close() end
    return ok, tostring(client)
  end

  it("is for an address under its name, or as an address", function()
    for _, api in ipairs { "v5", "v2" } do
      for environment, url in pairs {
        ["http://127.0.0.1:1"] = "http://127.0.0.1:1",
        ["HTTP://127.1:1/"] = "http://127.0.0.1:1",
        paper = "http://localhost:1",
        ["https://gate.example.com:8443"] = "https://GATE.example.com:8443",
      } do
        local ok, message = with_file(environment, { environment = { url = url }, api = api })
        assert.is_true(ok, message)
      end
    end
    for environment, url in pairs {
      mainnet = "https://api.bybit.com",
      testnet = "https://api-testnet.bybit.com:443",
      ["https://api.bybit.com/"] = "https://api.bybit.com",
    } do
      local ok, message = with_file(environment, { environment = { url = url } })
      assert.is_true(ok, message)
    end
    assert.is_true(with_file("https://api-demo.bybit.com", { environment = "demo" }))
  end)

  it("meets no other address", function()
    for environment, url in pairs {
      testnet = "https://api.bybit.com",
      mainnet = "https://api.bybit.com.example.com",
      paper = "https://gate.example.com",
      demo = "http://127.0.0.1:1",
      ["http://127.0.0.1:2"] = "http://127.0.0.1:1",
      ["http://127.0.0.1"] = "http://127.0.0.1:1",
      ["mainnet https://gate.example.com"] = "https://gate.example.com",
      ["net"] = "https://api.bybit.com",
      [""] = "https://api.bybit.com",
      [" "] = "https://api.bybit.com",
    } do
      local ok, message = with_file(environment, { environment = { url = url } })
      assert.is_false(ok, environment .. " for " .. url)
      assert.truthy(message:find("is for another environment; here it is one of ", 1, true), message)
      assert.truthy(message:find(url, 1, true), message)
      assert.is_nil(message:find("Secret", 1, true))
    end
  end)

  it("that is a pipe is refused at once", function()
    local path = os.tmpname()
    os.remove(path)
    assert(os.execute("mkfifo -m 600 " .. path))
    finally(function() os.remove(path) end)
    for name, options in pairs {
      ["is not a regular file"] = { credentials = { file = path } },
      ["option 'ca_file': a file of certificates that can be read expected"] = { ca_file = path },
    } do
      options.environment = "testnet"
      local ok, message = pcall(bybit.client, options)
      assert.is_false(ok)
      assert.truthy(message:find(name, 1, true), message)
    end
  end)
end)
