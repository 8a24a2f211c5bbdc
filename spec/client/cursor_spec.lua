-- Walks over pages, answer by answer: which request is sent when, and what a failure says.

local bybit = require "bybit"
local server = require "spec.support.scripted_server"
local tasks = require "bybit.tasks"

-- A client whose answers come from a table: cursor ("" for the first page) -> { numbers, next cursor } or an error.
local function scripted(pages)
  local asked = {}
  local client = bybit.client {
    environment = { url = "http://127.0.0.1:1" }, key = "k", secret = "s", deadline = 0.3,
    transport = { start = function(_, request)
      local at = request.url:match "cursor=([^&]*)" or ""
      asked[#asked + 1] = at
      local page, rows = pages[at], {}
      if page.error then return { error = page.error, message = "scripted" } end
      for i, n in ipairs(page[1]) do rows[i] = ('{"orderId":"%d","execId":"x%d"}'):format(n, n) end
      return { status = 200, body = ('{"retCode":0,"retMsg":"OK","result":{"list":[%s],"nextPageCursor":"%s"},"time":1}'):format(
        table.concat(rows, ","), page[2] or "") }
    end },
  }
  return client, asked
end

local PATH = "/v5/position/closed-pnl"

describe("walks over pages", function()
  it("ask for one page at a time, and for the next only when it is needed", function()
    local client, asked = scripted { [""] = { { 1, 2 }, "a" }, a = { { 3, 4 }, "b" }, b = { { 5 } } }
    local step = client:each(PATH, { symbol = "BTCUSD" })
    assert.same({}, asked)
    for i = 1, 3 do assert.equal(tostring(i), step().orderId) end
    assert.same({ "", "a" }, asked)
    for i = 4, 5 do assert.equal(tostring(i), step().orderId) end
    assert.is_nil(step())
    assert.is_nil(step())
    assert.same({ "", "a", "b" }, asked)
  end)

  it("tell for each page its own cursor and the next one", function()
    local client = scripted { [""] = { { 1 }, "a" }, a = { { 2 } } }
    local told = {}
    for page in client:pages(PATH) do told[#told + 1] = { page.cursor or false, page.next_cursor or false } end
    assert.same({ { false, "a" }, { "a", false } }, told)
  end)

  it("leave out elements of earlier pages, and go on after a page without new ones", function()
    local client = scripted { [""] = { { 1, 2 }, "a" }, a = { { 2, 1 }, "b" }, b = { { 2, 3 }, "c" }, c = { {} } }
    local seen = {}
    for row in client:each(PATH) do seen[#seen + 1] = row.orderId end
    assert.same({ "1", "2", "3" }, seen)
  end)

  it("raise the error of a failed page, with the cursor to go on from and the caller's place", function()
    local pages = { [""] = { { 1 }, "a" }, a = { error = "network" } }
    local client, asked = scripted(pages)
    local seen = {}
    local ok, err = pcall(function()
      for row in client:each(PATH) do seen[#seen + 1] = row.orderId end
    end)
    assert.is_false(ok)
    assert.equal("network", err.kind)
    assert.equal("a", err.cursor)
    assert.matches("cursor_spec.lua:%d+$", err.where)
    pages.a = { { 2 } }
    for row in client:each(PATH, { cursor = err.cursor }) do seen[#seen + 1] = row.orderId end
    assert.same({ "1", "2" }, seen)
    assert.equal("a", asked[#asked])

    pages.a = { error = "network" }
    local list
    list, err = client:collect(PATH)
    assert.is_nil(list)
    assert.equal("a", err.cursor)
  end)

  it("ask for no page after `max` elements", function()
    local client, asked = scripted { [""] = { { 1, 2 }, "a" }, a = { { 3, 4 }, "b" } }
    assert.equal(2, #client:collect(PATH, {}, { max = 2 }))
    assert.same({ "" }, asked)
  end)
end)

describe("prefetch", function()
  local site, client

  before_each(function()
    site = server.listen()
    client = bybit.client { environment = { url = site.url } }
  end)

  after_each(function()
    client:close()
    site:close()
    while tasks.step(0) > 0 do site = site end
  end)

  local function page(rows, follows)
    return ('{"retCode":0,"retMsg":"OK","result":{"list":[%s],"nextPageCursor":"%s"},"time":1}'):format(rows, follows)
  end

  it("asks for the next page while the caller handles this one", function()
    local go_on, seen = bybit.cancel_token(), {}
    local walk = bybit.spawn(function()
      for rows in client:pages("/v5/market/tickers", {}, { prefetch = true }) do
        seen[#seen + 1] = rows[1]
        go_on:wait()
      end
    end)
    local connection = site:accept()
    connection:request()
    connection:answer(page('"one"', "a"))
    assert.matches("cursor=a", connection:request().line) -- though the loop has not asked for it
    assert.same({ "one" }, seen)
    connection:answer(page('"two"', ""))
    go_on:cancel()
    server.await(function() return walk.done end)
    assert.same({ "one", "two" }, seen)
    walk:await()
  end)

  it("ends when the loop is left: nothing stays open, and the client works as before", function()
    local left
    local walk = bybit.spawn(function()
      for _ in client:pages("/v5/market/tickers", {}, { prefetch = true }) do -- luacheck: ignore 512
        bybit.sleep(0.05) -- meanwhile the next page is asked for
        break
      end
      left = true
    end)
    local connection = site:accept()
    connection:request()
    connection:answer(page('"one"', "a"))
    connection:request()
    connection:closed() -- the request that nobody wants any more
    server.await(function() return walk.done end)
    assert.is_true(left)
    walk:await()
    local again = bybit.spawn(client.request, client, "GET", "/v5/market/time")
    local fresh = site:accept()
    fresh:request()
    fresh:answer('{"retCode":0,"retMsg":"OK","result":{"timeSecond":"1"},"time":1}')
    assert.equal("1", again:await().timeSecond)
  end)

  it("keeps its error until the page is asked for", function()
    local walk = bybit.spawn(function()
      local step = client:pages("/v5/market/tickers", {}, { prefetch = true, deadline = 0.3, timeout = 0.3 })
      step()
      bybit.sleep(0.5) -- it fails meanwhile
      local ok, err = pcall(step)
      return ok, err
    end)
    local connection = site:accept()
    connection:request()
    connection:answer(page('"one"', "a"))
    connection:request()
    server.await(function() return walk.done end)
    local ok, err = walk:await()
    assert.is_false(ok)
    assert.equal("timeout", err.kind)
    assert.equal("a", err.cursor)
    assert.matches("cursor_spec.lua:%d+$", err.where)
  end)
end)
