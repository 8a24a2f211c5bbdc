-- Access: paths and verbs, keys, signatures, time windows, rate limits. Codes and texts come from the V5 documentation and from
-- answers of the real exchange.

local auth = require "bybit.paper.auth"
local cjson = require "cjson"
local core = require "bybit.core"
local paper = require "bybit.paper"
local raw = require "spec.support.raw_http"
local wire = require "spec.support.paper_wire"

local SECRET = "paperSecretPaperSecretPaperSecret001"

describe("paper access", function()
  local exchange

  wire.each_test(function(...) exchange = ... end)

  describe("by HTTP", function()
    for _, case in ipairs {
      { "unknown path", "GET", "/v5/no/such", nil, 404, "Not Found" },
      { "another verb than the path's", "GET", "/v5/order/create", nil, 404, "Not Found" },
      { "a verb other than GET and POST", "PUT", "/v5/order/create", "{}", 404, "Not Found" },
      { "a GET with a body", "GET", "/v5/account/info", "{}", 403, nil },
    } do
      it(case[1], function()
        local answer = raw.request(exchange.port, case[2], case[3], { "Content-Type: application/json" }, case[4])
        assert.equal(case[5], answer.status)
        if case[6] then assert.equal(case[6], answer.body) end
      end)
    end

    it("too many requests from an address: 403 with a text, for ten minutes", function()
      local other <close> = assert(paper.start { clock = "manual", limits = { ip = 5 } })
      local function status() return raw.request(other.port, "GET", "/v5/market/time").status end
      for _ = 1, 5 do assert.equal(200, status()) end
      assert.equal(403, status())
      other:advance(599)
      assert.equal(403, status())
      other:advance(1)
      assert.equal(200, status())
    end)

    it("600 requests in 5 seconds are not too many", function()
      local other <close> = assert(paper.start { clock = "manual" })
      local connection <close> = raw.connect(other.port)
      local statuses = {}
      for i = 1, 601 do
        connection:send(raw.text("GET", "/v5/market/time"))
        statuses[i] = connection:answer().status
      end
      assert.equal(200, statuses[600])
      assert.equal(403, statuses[601])
    end)
  end)

  describe("by key", function()
    local other

    before_each(function()
      other = assert(paper.start { clock = "manual", start_time = 1700000000000, keys = {
        { key = "paperKey0123456789", secret = SECRET }, { key = "reader", secret = SECRET, read_only = true },
      } })
    end)
    after_each(function() other:close() end)

    -- Makes a request with these headers instead of the right ones; false leaves one out.
    local function ask(changed, verb, path, body)
      local h = { key = "paperKey0123456789", timestamp = "1700000000000", window = "5000" }
      for k, v in pairs(changed) do h[k] = v end
      local text = (h.timestamp or "") .. (h.key or "") .. (h.window or "") .. (body or "")
      if h.sign == nil then h.sign = core.sign.hmac_sha256(SECRET, text) end
      local lines = {}
      for _, line in ipairs { { "X-BAPI-API-KEY", h.key }, { "X-BAPI-TIMESTAMP", h.timestamp },
        { "X-BAPI-RECV-WINDOW", h.window }, { "X-BAPI-SIGN", h.sign } } do
        if line[2] then lines[#lines + 1] = line[1] .. ": " .. line[2] end
      end
      local answer = raw.request(other.port, verb or "GET", "/v5/" .. (path or "account/info"), lines, body)
      return cjson.decode(answer.body), answer
    end

    it("signed correctly: no error", function()
      assert.equal(0, ask({}).retCode)
      assert.equal(0, ask({ window = false }).retCode) -- 5000 is assumed, and is not part of the signed text
      -- a signature made with openssl(1), as the documentation shows
      assert.equal(0, ask({ sign = "97a360240aef3f29c6160654d161ac159cb30cd6447990907af78cef61e14829" }).retCode)
    end)

    it("no headers", function()
      local done = ask { key = false, timestamp = false, sign = false }
      assert.equal(10001, done.retCode)
      assert.equal("empty value: apiTimestamp[] apiKey[] apiSignature[]", done.retMsg)
    end)

    it("no headers, as documented: HTTP 401, if that is asked for", function()
      local strict <close> = assert(paper.start { auth_status_401 = true })
      assert.equal(401, raw.request(strict.port, "GET", "/v5/account/info").status)
    end)

    it("unknown key", function()
      local done = ask { key = "nobody" }
      assert.equal(10003, done.retCode)
      assert.equal("API key is invalid.", done.retMsg)
    end)

    it("a key that may only read, on a call that trades", function()
      local body = cjson.encode { category = "inverse" }
      local done = ask({ key = "reader" }, "POST", "order/create", body)
      assert.equal(10005, done.retCode)
      assert.equal("Permission denied, please check your API key permissions.", done.retMsg)
      assert.equal(0, ask({ key = "reader" }).retCode)
    end)

    -- server_time - recv_window <= timestamp < server_time + 1000
    for timestamp, accepted in pairs { [-5001] = false, [-5000] = true, [999] = true, [1000] = false } do
      it(("a timestamp %d ms from the exchange's clock: %s"):format(timestamp, accepted and "none" or "refused"), function()
        local sent = ("%d"):format(1700000000000 + timestamp)
        local done = ask { timestamp = sent }
        assert.equal(accepted and 0 or 10002, done.retCode)
        if not accepted then
          assert.equal("invalid request, please check your server timestamp or recv_window param. "
            .. "req_timestamp[" .. sent .. "],server_timestamp[1700000000000],recv_window[5000]", done.retMsg)
        end
      end)
    end

    for window, accepted in pairs { ["1"] = true, ["60000"] = true, ["60001"] = false, ["0"] = false, ["x"] = false } do
      it(("a window of %s: %s"):format(window, accepted and "none" or "refused"), function()
        assert.equal(accepted and 0 or 10002, ask({ window = window }).retCode)
      end)
    end

    it("a wrong signature: the message shows what should have been signed", function()
      local done = ask { sign = ("0"):rep(64) }
      assert.equal(10004, done.retCode)
      assert.equal("error sign! origin_string[1700000000000paperKey01234567895000]", done.retMsg)
    end)

    it("a wrong timestamp is reported before a wrong signature", function()
      assert.equal(10002, ask({ timestamp = "1600000000000", sign = ("0"):rep(64) }).retCode)
    end)

    it("too many requests: 10006, with headers; allowed again when the second has passed", function()
      local code, answer
      for i = 1, 51 do
        local done
        done, answer = ask {}
        code = done.retCode
        assert.equal(i <= 50 and 0 or 10006, code)
        assert.equal("50", answer.headers["x-bapi-limit"])
        assert.equal(tostring(math.max(0, 50 - i)), answer.headers["x-bapi-limit-status"])
        assert.equal(code == 0 and 1700000000000 or 1700000001000, tonumber(answer.headers["x-bapi-limit-reset-timestamp"]))
        if code ~= 0 then assert.equal("Too many visits. Exceeded the API Rate Limit.", done.retMsg) end
      end
      other:advance(1)
      assert.equal(0, ask({ timestamp = "1700000001000" }).retCode)
    end)

    it("every signed answer has its time and a trace id", function()
      local _, answer = ask {}
      assert.equal("1700000000000", answer.headers["timenow"])
      assert.truthy(answer.headers["traceid"]:find "^%x+$")
      assert.equal(32, #answer.headers["traceid"])
      assert.equal("0", answer.headers["ret_code"])
      assert.equal("application/json; charset=utf-8", answer.headers["content-type"])
    end)
  end)

  it("reads timestamp and window as whole numbers, of digits alone", function()
    local function number(text) return text:match "^%d+$" and math.tointeger(tonumber(text)) end
    local now = 1700000000000
    local function plain(timestamp, given)
      local sent, window = number(timestamp), 5000
      if given then window = number(given) end
      return sent ~= nil and window ~= nil and window >= 1 and window <= 60000 and now - window <= sent and sent < now + 1000
    end
    local texts = { "", "0", "00", " 1", "1 ", "-1", "+1", "0x10", "1e13", "1.0", "5000", "1\0", "05000", "60000", "60001", "1",
      "9223372036854775807", "9223372036854775808", "18446744073709551616", ("9"):rep(300), ("0"):rep(300) .. "5000" }
    for _, change in ipairs { -60001, -60000, -5001, -5000, -1, 0, 999, 1000 } do
      texts[#texts + 1] = tostring(now + change)
      texts[#texts + 1] = ("0"):rep(20) .. now + change
    end
    local fine = 0
    for _, timestamp in ipairs(texts) do
      assert.equal(plain(timestamp), auth.in_window(timestamp, nil, now), timestamp)
      for _, window in ipairs(texts) do
        local wanted = plain(timestamp, window)
        assert.equal(wanted, auth.in_window(timestamp, window, now), timestamp .. " " .. window)
        if wanted then fine = fine + 1 end
      end
    end
    assert.is_true(fine > 20)
    assert.is_false(auth.in_window(nil, "5000", now))
  end)

  it("is refused a signature that differs in any one character, or in length", function()
    local entry, text = { secret = SECRET }, "1704067200000key5000{}"
    local right = core.sign.hmac_sha256(SECRET, text)
    assert.is_true(auth.signed_by(entry, text, right))
    for i = 1, #right do
      local other = right:sub(i, i) == "0" and "1" or "0"
      assert.is_false(auth.signed_by(entry, text, right:sub(1, i - 1) .. other .. right:sub(i + 1)), "character " .. i)
      assert.is_false(auth.signed_by(entry, text, right:sub(1, i - 1)), i - 1 .. " characters")
    end
    assert.is_false(auth.signed_by(entry, text, right .. "0"))
  end)
end)
