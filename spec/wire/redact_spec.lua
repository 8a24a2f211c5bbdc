-- The redaction's quick look: most texts hold no secret, and are left as they are without being gone through. It must never miss
-- a text that the whole pass would change. Random texts are made of what the whole pass knows: copies of secrets, in part, in any
-- case, with characters escaped in each of the ways of JSON, URLs and HTML, and what the exchange says that it signed.

local redact = require("bybit.core").redact

local KEY = "kQ7vTz2RmXb9LwP4sd"
local HEX = "3ab058de86833a2497838eb357d538e34ca4112f8eba478630785b770f538f5d"
-- A signature of an RSA key has '+', '/' and '=', and runs without them that are long, short, or just long enough.
local RSA = "Zx81Lk0pQw+Rt/YuIoPasDfGhJk1/aBcDeFgHiJkL+0123456789ab/CdEfGhIjKlM+Nn==a-b_c-d_e-f_g="
local SHORT = "Ab3+Cd4/Ef5+Gh6="

local SETS = { { HEX, KEY }, { RSA, KEY }, { KEY }, { SHORT, KEY }, { SHORT }, { "tooshrt" }, {} }

-- Ways to write a character.
local WRITE = {
  function(c) return c end,
  function(c) return c:upper() end,
  function(c) return c:lower() end,
  function(c) return ("%%%02x"):format(c:byte()) end,
  function(c) return ("%%%02X"):format(c:byte()) end,
  function(c) return ("\\u%04x"):format(c:byte()) end,
  function(c) return ("\\x%02X"):format(c:byte()) end,
  function(c) return c:find "[%w]" and c or "\\" .. c end,
  function(c) return ("&#%d;"):format(c:byte()) end,
  function(c) return ("&#x%x;"):format(c:byte()) end,
  function(c) return ("&#%07d"):format(c:byte()) end,
}

local function written(text, escapes)
  return (text:gsub(".", function(c)
    if math.random() >= escapes then return c end
    return WRITE[math.random(#WRITE)](c)
  end))
end

local FILLER = { '{"retCode":0,"retMsg":"OK","result":{"list":[', "x-bapi-limit: 10\r\n", "a", "3ab0", "kQ7v", "%", "\\",
  "&", "&#", "\\u00", "%3", "[", "]", '"', "sign_string[", "origin_string[", "n_string[", "_string[", "Sign_String[", "***", "\0",
  "\255", " ", "3AB058DE86833A2497838EB357D538E3", "aBcDeFgHiJkL", "0123456789a", "\n" }

local function piece(secrets)
  local chance = math.random()
  if #secrets == 0 or chance < 0.5 then return FILLER[math.random(#FILLER)] end
  local secret = secrets[math.random(#secrets)]
  if chance < 0.7 then -- a part
    local from = math.random(#secret)
    secret = secret:sub(from, math.random(from, #secret))
  end
  if chance > 0.9 then secret = math.random() < 0.5 and secret:upper() or secret:lower() end
  return written(secret, math.random() < 0.5 and 0 or math.random() * math.random())
end

describe("the redaction's quick look", function()
  local seed = tonumber(os.getenv "SEED") or os.time()

  it("misses nothing that the whole pass strikes", function()
    math.randomseed(seed)
    local struck, left = 0, 0
    for n = 1, 30000 do
      local secrets, parts = SETS[math.random(#SETS)], {}
      for i = 1, math.random(0, 5) do parts[i] = piece(secrets) end
      local text = table.concat(parts)
      local whole = redact(text, secrets, true)
      if redact(text, secrets) ~= whole then error(("SEED=%d, text %d: %q"):format(seed, n, text)) end
      if whole == text then left = left + 1 else struck = struck + 1 end
    end
    assert.truthy(struck > 3000 and left > 3000, ("%d struck, %d left"):format(struck, left))
  end)

  it("finds a copy at every place of a text, however long", function()
    for _, set in ipairs { { HEX, KEY }, { RSA, KEY }, { SHORT } } do
      for _, secret in ipairs(set) do
        for before = 0, 70 do
          local text = ("x"):rep(before) .. secret .. ("y"):rep(before % 7)
          assert.is_nil(redact(text, set):find(secret, 1, true), before)
        end
      end
    end
    local long = ('{"orderId":"0a9fd4ab-ae9c-4c94-9c1b-2f1be8a2c3d4"},'):rep(2000)
    assert.equal(long, redact(long, { HEX, KEY }))
    assert.equal(long .. "***" .. long, redact(long .. HEX:upper() .. long, { HEX, KEY }))
  end)

  it("knows each way of writing a secret", function()
    for i, write in ipairs(WRITE) do
      for _, secret in ipairs { HEX, KEY } do
        local all = secret:gsub(".", write)
        assert.equal("<***>", redact("<" .. all .. ">", { secret }), "all characters, way " .. i)
        local at = #secret // 2
        local one = secret:sub(1, at) .. write(secret:sub(at + 1, at + 1)) .. secret:sub(at + 2)
        if not one:find "^%w+$" or one == secret then -- one letter alone in another case is no escape
          assert.equal("<***>", redact("<" .. one .. ">", { secret }), "one, way " .. i)
        end
      end
    end
  end)

  it("strikes long runs of a signature in base64, and leaves short ones", function()
    assert.equal("*** *** Rt ***", redact("aBcDeFgHiJkL 0123456789ab Rt YuIoPasDfGhJk1", { RSA }))
    assert.equal("0123456789a Zx81Lk0pQw", redact("0123456789a Zx81Lk0pQw", { RSA }))
  end)

  it("strikes what the exchange says that it signed or expected", function()
    assert.equal('"sign_string[***]"', redact('"sign_string[1700000000000abc]"', { HEX, KEY }))
    assert.equal('[1] origin_string[***', redact("[1] origin_string[170000", {}))
    assert.equal("a_string[abcd]", redact("a_string[abcd]", { HEX, KEY }))
  end)

  -- With more runs than the quick look holds, the whole pass runs.
  it("takes secrets with any number of runs", function()
    local runs = {}
    for i = 1, 150 do runs[i] = ("Run%03dOfSecret"):format(i) end
    local secret = table.concat(runs, "+")
    assert.equal("a *** b", redact("a Run150OfSecret b", { secret, KEY }))
    assert.equal("a *** b", redact("a " .. KEY .. " b", { secret, KEY }))
  end)

  it("does not depend on what the locale takes for letters", function()
    local before = os.setlocale(nil, "ctype")
    for _, name in ipairs { "C", "tr_TR.ISO-8859-9", "tr_TR.UTF-8", "C.UTF-8" } do
      if os.setlocale(name, "ctype") then
        assert.equal("***", redact(("initialisation1"):upper(), { "initialisation1" }), name)
      end
    end
    os.setlocale(before, "ctype")
  end)
end)
