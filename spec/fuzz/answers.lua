-- Fuzzes answers: the first byte chooses the request, the rest is the answer's body. There is a result, which can be printed,
-- only if another decoder accepts the body as JSON too; otherwise there is an error of a known kind.

local cjson = require "cjson"
local null = require("bybit.core").json.null
local methods = require "spec.fuzz.methods"

local KINDS = { decode = true, exchange = true, not_found = true }

-- Parameters with which every request can be made.
local PARAMS = {
  symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000", base_price = "20000",
  trigger_price = "21000", order_id = "o-1", take_profit_price = "30000", time_in_force = "GTC",
  trigger_direction = "Rising",
}

local function params_of(method)
  local p = {}
  for _, name in ipairs(method.params) do p[name] = PARAMS[name] end
  for _ = 1, 20 do -- parameters that this request does not take are removed, as the error message names them
    methods.transport.body = "{}"
    local ok, err = pcall(method.call, methods.client, p)
    if ok then return p end
    local name = tostring(err):match "parameter '([%w_]+)'" or tostring(err):match "([%w_]+)"
    if p[name] == nil then break end
    p[name] = nil
  end
  return nil
end

local usable = {}
for _, method in ipairs(methods.list) do
  local p = params_of(method)
  if p then usable[#usable + 1] = { method = method, params = p } end
end
assert(#usable >= 20, "the declarations have changed: most requests want other parameters")

local function check(value, depth)
  assert(depth < 200)
  if type(value) == "userdata" and value ~= null then
    local text = tostring(value)
    assert(text:find "^%-?%d+$" or text:find "^%-?%d+%.%d+$", text)
  elseif type(value) == "table" then
    assert(type(tostring(value)) == "string")
    for k, v in next, value do
      assert(k == k)
      check(v, depth + 1)
    end
  else
    assert(math.type(value) ~= "float", "a double")
  end
end

return function(input)
  if #input < 1 then return end
  local chosen = usable[input:byte() % #usable + 1]
  local body = input:sub(2)
  methods.transport.body = body
  local result, facts, response = chosen.method.call(methods.client, chosen.params)
  if result == nil and facts.kind == "confirm" then result = facts.result end -- a success that is passed to the Lua layer
  if result == nil then
    assert(KINDS[facts.kind], facts.kind)
    assert(type(facts.message) == "string" or facts.kind ~= "decode")
  else
    -- an echo of a signed text is struck out before the body is read (src/wire/redact.c)
    if not body:find("_string[", 1, true) then cjson.decode(body) end
    check(result, 0)
    for _, name in ipairs(response and response.undecoded or {}) do assert(type(name) == "string") end
  end
end
