-- Signatures, compared with RFC 4231, with openssl(1), and with the exchange's rules for the signed text.

local sign = require("bybit.core").sign

local function unhex(text)
  return (text:gsub("%s", ""):gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end))
end

describe("HMAC-SHA256", function()
  -- RFC 4231, test cases 1 to 4, 6 and 7 (5 is truncated).
  local cases = {
    { unhex(("0b"):rep(20)), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
    { "Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
    { unhex(("aa"):rep(20)), unhex(("dd"):rep(50)),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
    { unhex "0102030405060708090a0b0c0d0e0f10111213141516171819", unhex(("cd"):rep(50)),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
    { unhex(("aa"):rep(131)), "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
    { unhex(("aa"):rep(131)), "This is a test using a larger than block-size key and a larger than block-size data. "
      .. "The key needs to be hashed before being used by the HMAC algorithm.",
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
  }
  for i, case in ipairs(cases) do
    it("agrees with RFC 4231, vector " .. i, function()
      assert.equal(case[3], sign.hmac_sha256(case[1], case[2]))
    end)
  end

  -- The signed text: timestamp, key, receive window, then the query of a GET or the body of a POST (V5 documentation,
  -- guide, authentication). The signatures come from openssl(1).
  local key, secret = "paperKey0123456789", "paperSecretPaperSecretPaperSecret001"
  local vectors = {
    { "1700000000000" .. key .. "5000category=inverse&symbol=BTCUSD&limit=50",
      "3ab058de86833a2497838eb357d538e34ca4112f8eba478630785b770f538f5d" },
    { "1700000000000" .. key .. "5000category=inverse&symbol=BTCUSD&cursor="
      .. "page_args%3Dfd4300ae-7847-404e-b947-b46980a4d140%26symbol%3D6%26",
      "1ac7a0b74354968c631f98a12664db79ef05a7a442b16a60bfd3512e353cf8fb" },
    { "1700000000000" .. key .. "5000category=inverse&symbol=BTCUSD&cursor="
      .. "page_args%253Dfd4300ae-7847-404e-b947-b46980a4d140%2526symbol%253D6%2526",
      "5bb1e9bde3750672f53516143960b8cb8c3572395a9d7ceca780ff69bb0a3fc4" },
    { "1700000000123" .. key .. '10000{"category":"inverse","symbol":"BTCUSD","side":"Buy","orderType":"Limit",'
      .. '"qty":"100","price":"30000.5","timeInForce":"GTC","orderLinkId":"paper-0001"}',
      "904ba45c0250d300a064c5699d4562b983ed588f612ab3fa93ca6f76dfa0adc8" },
    { "1700000000000" .. key .. "5000", "97a360240aef3f29c6160654d161ac159cb30cd6447990907af78cef61e14829" },
    { "GET/realtime1700000010000", "d58ec58c3e505f58cd29697842066ddef498a536ebdcad231a39c262f911c495" },
  }
  for i, vector in ipairs(vectors) do
    it("agrees with openssl on the exchange's signed text, " .. i, function()
      assert.equal(vector[2], sign.hmac_sha256(secret, vector[1]))
    end)
  end

  it("checks signatures with a secret that is kept, of a text in up to four pieces", function()
    local kept = sign.keyed(secret)
    for _ = 1, 2 do -- a key that was used once is as good as a new one
      for _, vector in ipairs(vectors) do
        local text = vector[1]
        assert.is_true(kept:signed(vector[2], text))
        assert.is_true(kept:signed(vector[2], text:sub(1, 3), "", text:sub(4, 7), text:sub(8)))
        assert.is_false(kept:signed(vector[2], text, "0"))
        assert.is_false(kept:signed(vector[2], text:sub(2)))
        assert.is_false(kept:signed(vector[2]:upper(), text))
        assert.is_false(kept:signed(vector[2]:sub(1, 63), text))
        assert.is_false(kept:signed(vector[2] .. "0", text))
        assert.is_false(kept:signed(vector[2]:sub(1, 63) .. (vector[2]:sub(64) == "0" and "1" or "0"), text))
      end
    end
    for i, case in ipairs(cases) do
      assert.is_true(sign.keyed(case[1]):signed(case[3], case[2]), "RFC 4231, vector " .. i)
    end
    assert.has_error(function() sign.keyed "" end, "sign: the secret is empty")
    assert.falsy(tostring(kept):find(secret, 1, true))
  end)

  it("signs the empty text, and zero bytes", function()
    assert.equal("f9e66e179b6747ae54108f82f8ade8b3c25d76fd30afde6c395822c530196169", sign.hmac_sha256("secret\0", ""))
    assert.equal("f56bb1afd0b825a4c5d060797f55e33c86dd76681292de95e0c3c008b522e0a6", sign.hmac_sha256("k\0ey", "te\0xt"))
  end)

  it("refuses a secret that is not a text, and never shows it", function()
    assert.has_error(function() sign.hmac_sha256("", "text") end, "sign: the secret is empty")
    assert.has_error(function() sign.hmac_sha256("key", {}) end)
    assert.has_error(function() sign.hmac_sha256(nil, "text") end)
    assert.has_error(function() sign.hmac_sha256(12345, "text") end)
    assert.has_error(function() sign.hmac_sha256("key", 12345) end)
  end)
end)

describe("RSA-SHA256", function()
  local dir

  local function sh(command)
    local run = assert(io.popen("cd " .. dir .. " && { " .. command .. "; } 2>/dev/null"))
    local text = run:read "a"
    run:close()
    return text
  end

  local function read(name)
    local file <close> = assert(io.open(dir .. "/" .. name, "rb"))
    return file:read "a"
  end

  setup(function()
    local temporary = io.popen "mktemp -d"
    dir = temporary:read "l"
    temporary:close()
    for _, bits in ipairs { 2048, 3072, 4096 } do
      sh(("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:%d -out %d.pem; "
        .. "openssl rsa -in %d.pem -traditional -out %d.pkcs1; openssl rsa -in %d.pem -pubout -out %d.pub")
        :format(bits, bits, bits, bits, bits, bits))
    end
    sh "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out small.pem"
    sh "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem"
    sh "openssl rsa -in 2048.pem -aes128 -passout pass:x -out locked.pem"
  end)

  teardown(function() os.execute("rm -r " .. dir) end)

  local text = "1700000000000paperKey01234567895000category=inverse&symbol=BTCUSD&limit=50"

  for _, bits in ipairs { 2048, 3072, 4096 } do
    it(("of %d bits agrees with openssl, PKCS#8 and PKCS#1"):format(bits), function()
      local wanted = sh(("printf '%%s' '%s' | openssl dgst -sha256 -sign %d.pem | base64 -w0"):format(text, bits))
      assert.is_true(#wanted > 300)
      assert.equal(wanted, sign.rsa_sha256(read(bits .. ".pem"), text))
      assert.equal(wanted, sign.rsa_sha256(read(bits .. ".pkcs1"), text))
    end)

    it(("of %d bits is verified, and a changed one is not"):format(bits), function()
      local public, signature = read(bits .. ".pub"), sign.rsa_sha256(read(bits .. ".pem"), text)
      assert.is_true(sign.rsa_verify(public, text, signature))
      assert.is_false(sign.rsa_verify(public, text .. " ", signature))
      assert.is_false(sign.rsa_verify(public, text, (signature:gsub("^.", function(c) return c == "A" and "B" or "A" end))))
      assert.is_false(sign.rsa_verify(public, text, signature:sub(1, -5)))
      assert.is_false(sign.rsa_verify(public, text, "not base64!!"))
      assert.is_false(sign.rsa_verify(public, text, ""))
      assert.is_false(sign.rsa_verify(public, text, signature .. "\0"))
      assert.is_false(sign.rsa_verify(public, text, " " .. signature:sub(1, -2)))
      assert.is_false(sign.rsa_verify(public, text, signature .. "    "))
      assert.is_false(sign.rsa_verify("no key", text, signature))
    end)
  end

  it("is accepted only as strict base64 (RFC 4648): no line breaks, unused bits zero, full padding", function()
    local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for bits, padding in pairs { [2048] = "==", [3072] = "", [4096] = "=" } do
      local public, signature = read(bits .. ".pub"), sign.rsa_sha256(read(bits .. ".pem"), text)
      local body = signature:sub(1, #signature - #padding)
      assert.equal(body .. padding, signature)
      assert.is_true(sign.rsa_verify(public, text, signature))
      local wrong = { body .. "====", body .. "A===", signature .. "=", signature .. "\n", "\n" .. signature, "====" .. signature,
        signature .. "AAAA", signature .. "====", signature:sub(1, 64) .. "\n" .. signature:sub(65),
        signature:sub(1, 64) .. "    " .. signature:sub(65), signature .. signature, signature:sub(5) }
      if padding ~= "" then
        table.move({ body, body .. ("A"):rep(#padding), body .. (" "):rep(#padding), body .. padding:sub(2) }, 1, 4, #wrong + 1,
          wrong)
        local last = alphabet:find(body:sub(-1), 1, true) -- 4 or 2 of its bits are unused
        for more = 1, (#padding == 2 and 16 or 4) - 1 do
          wrong[#wrong + 1] = body:sub(1, -2) .. alphabet:sub(last + more, last + more) .. padding
        end
      end
      for _, spelling in ipairs(wrong) do assert.is_false(sign.rsa_verify(public, text, spelling), spelling) end
    end
    assert.is_false(sign.rsa_verify(read "2048.pub", text, ("A"):rep(1396)))
    assert.is_false(sign.rsa_verify(read "2048.pub", text, ("A"):rep(4000)))
  end)

  it("refuses a text that is not a key, without showing any of it", function()
    for name, why in pairs { ["small.pem"] = "an RSA key of 2048 to 8192 bits is needed", ["ec.pem"] = "not an RSA key",
      ["locked.pem"] = "not a key in PEM without a passphrase", ["2048.pub"] = "not a key in PEM without a passphrase" } do
      assert.has_error(function() sign.rsa_sha256(read(name), text) end, "sign: " .. why)
    end
    assert.has_error(function() sign.rsa_sha256("garbage", text) end, "sign: not a key in PEM without a passphrase")
  end)
end)

describe("equal", function()
  it("compares texts", function()
    assert.is_true(sign.equal("abc", "abc"))
    assert.is_true(sign.equal("", ""))
    assert.is_false(sign.equal("abc", "abd"))
    assert.is_false(sign.equal("abc", "ab"))
  end)
end)
