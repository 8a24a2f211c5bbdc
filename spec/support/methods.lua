-- Shared by the specs of single methods: the smallest call of each method with the bytes that it sends, a client whose
-- transport keeps requests and answers as the spec says, and checks that a method's table of cases has every declared
-- parameter. The bytes here and in spec/methods are written by hand from the exchange's documentation.

local assert = require "luassert"
local bybit = require "bybit"
local core = require "bybit.core"
local endpoints = require "bybit.wire.v5.endpoints"
local percent = require "spec.support.percent"

local methods = {}

local KEY = "paperKey0123456789"

--- An answer without an error.
---@param result? string JSON
function methods.ok(result)
  return ('{"retCode":0,"retMsg":"OK","result":%s,"retExtInfo":{},"time":1700000000000}'):format(result or "{}")
end

--- The text of one of the documentation's examples.
function methods.example(name)
  local file <close> = assert(io.open(("spec/fixtures/v5/%s.response.json"):format(name)))
  return file:read "a"
end

--- The order ids in the documentation's examples of placing, and of amending and cancelling.
methods.PLACED = { client_order_id = "spot-test-postonly" }
methods.AMENDED = { order_id = "c6f055d9-7f21-4079-913d-e6523a9cfffa" }

-- The members of the order that the request names, or of o-1.
local function ids_of(request)
  local text = request.body or request.url
  local function named(key)
    local value = text:match('"' .. key .. '":"([^"]*)"') or text:match("[?&]" .. key .. "=([^&]*)")
    return value and percent.decode(value)
  end
  return ('"orderId":"%s","orderLinkId":"%s"'):format(named "orderId" or "o-1", named "orderLinkId" or "")
end

--- The exchange's answer to an accepted request; a list is empty.
function methods.acknowledged(request)
  return methods.ok(("{%s,\"list\":[]}"):format(ids_of(request)))
end

--- The same, but a list holds the order.
function methods.one(request)
  local order = ids_of(request)
  return methods.ok(('{%s,"list":[{%s}],"nextPageCursor":""}'):format(order, order))
end

--- A client that sends nothing: `sent` collects the requests; `answer` is the body of every answer, or a function of (request,
--- its number) that returns a body or a transfer.
---@param answer? string|function
---@param options? table options of the client; `keyless`: it has no keys
---@return table client
---@return table[] sent
function methods.client(answer, options)
  local sent = {}
  local transport = { start = function(_, request)
    sent[#sent + 1] = request
    local body = answer or methods.acknowledged
    if type(body) == "function" then body = body(request, #sent) end
    if type(body) == "table" then return body end
    request.answer = body
    return { status = 200, body = body }
  end }
  local o = { environment = { url = "http://127.0.0.1:1" }, key = KEY, secret = "secret", transport = transport }
  for k, v in pairs(options or {}) do o[k] = v end
  if o.keyless then o.key, o.secret, o.keyless = nil, nil, nil end
  return bybit.client(o), sent
end

--- Verb, path and payload (body or query) of a request.
function methods.parts(request)
  local path, query = request.url:match "^http://127%.0%.0%.1:1(/[^?]*)%??(.*)$"
  return request.verb, path, request.verb == "POST" and request.body or query
end

--- The value of a request's header.
function methods.header(request, name)
  for _, line in ipairs(request.headers) do
    local key, value = line:match "^([^:]+): (.*)$"
    if key == name then return value end
  end
end

---------------------------------------------------------------------------------------------------------------
-- The smallest call of each method: parameters, verb and path, the bytes of its (first) request.

local CREATE, AMEND, CANCEL, CANCEL_ALL = "/v5/order/create", "/v5/order/amend", "/v5/order/cancel",
  "/v5/order/cancel-all"
local REALTIME = "/v5/order/realtime"

methods.least = {
  place_order = { "POST", CREATE,
    { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "30000.5", client_order_id = "a-1" },
    '{"category":"inverse","symbol":"BTCUSD","side":"Buy","orderType":"Limit","qty":"100","price":"30000.5",'
      .. '"timeInForce":"GTC","positionIdx":0,"orderLinkId":"a-1"}' },
  place_conditional_order = { "POST", CREATE,
    { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 16, base_price = 31319, trigger_price = 31320,
      client_order_id = "a-1" },
    '{"category":"inverse","symbol":"BTCUSD","side":"Buy","orderType":"Market","qty":"16","triggerPrice":"31320",'
      .. '"triggerDirection":1,"timeInForce":"IOC","positionIdx":0,"orderLinkId":"a-1"}' },
  modify_order = { "POST", AMEND, { symbol = "BTCUSD", order_id = "o-1", new_price = "30001" },
    '{"category":"inverse","symbol":"BTCUSD","orderId":"o-1","price":"30001"}' },
  modify_conditional_order = { "POST", AMEND,
    { symbol = "BTCUSD", stop_order_id = "o-1", new_trigger_price = "30001" },
    '{"category":"inverse","symbol":"BTCUSD","orderId":"o-1","triggerPrice":"30001"}' },
  cancel_order = { "POST", CANCEL, { symbol = "BTCUSD", order_id = "o-1" },
    '{"category":"inverse","symbol":"BTCUSD","orderId":"o-1"}' },
  cancel_conditional_order = { "POST", CANCEL, { symbol = "BTCUSD", stop_order_id = "o-1" },
    '{"category":"inverse","symbol":"BTCUSD","orderId":"o-1"}' },
  cancel_all_orders = { "POST", CANCEL_ALL, { symbol = "BTCUSD" },
    '{"category":"inverse","orderFilter":"Order","symbol":"BTCUSD"}' },
  cancel_all_conditional_orders = { "POST", CANCEL_ALL, { symbol = "BTCUSD" },
    '{"category":"inverse","orderFilter":"StopOrder","symbol":"BTCUSD"}' },
  get_orders = { "GET", REALTIME, { symbol = "BTCUSD" },
    "category=inverse&symbol=BTCUSD&openOnly=0&orderFilter=Order" },
  get_conditional_orders = { "GET", REALTIME, { symbol = "BTCUSD" },
    "category=inverse&symbol=BTCUSD&openOnly=0&orderFilter=StopOrder" },
  get_open_order_real_time = { "GET", REALTIME, { symbol = "BTCUSD", order_id = "o-1" },
    "category=inverse&symbol=BTCUSD&orderId=o-1" },
  get_open_conditional_order_real_time = { "GET", REALTIME, { symbol = "BTCUSD", stop_order_id = "o-1" },
    "category=inverse&symbol=BTCUSD&orderId=o-1" },
  get_open_orders_real_time = { "GET", REALTIME, { symbol = "BTCUSD" },
    "category=inverse&symbol=BTCUSD&openOnly=0&orderFilter=Order&limit=50" },
  get_open_conditional_orders_real_time = { "GET", REALTIME, { symbol = "BTCUSD" },
    "category=inverse&symbol=BTCUSD&openOnly=0&orderFilter=StopOrder&limit=50" },
  get_user_trades = { "GET", "/v5/execution/list", { symbol = "BTCUSD" }, "category=inverse&symbol=BTCUSD" },
  set_trading_stop = { "POST", "/v5/position/trading-stop", { symbol = "BTCUSD", stop_loss_price = "29000" },
    '{"category":"inverse","symbol":"BTCUSD","stopLoss":"29000","tpslMode":"Full","positionIdx":0}' },
}

--- The methods of the interface, sorted by name.
methods.names = {}
for name in pairs(methods.least) do methods.names[#methods.names + 1] = name end
table.sort(methods.names)

--- The parameters of a method's smallest call, with others (`more`) or without some (`without`, an array of names).
function methods.params(name, more, without)
  local p = {}
  for k, v in pairs(methods.least[name][3]) do p[k] = v end
  for _, k in ipairs(without or {}) do p[k] = nil end
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

---------------------------------------------------------------------------------------------------------------
-- Members of a payload.

-- The members of a flat JSON object or a query, in order: { key, text }.
local function members(payload)
  local list = {}
  if payload:sub(1, 1) == "{" or payload:find '"' then
    for text, key in payload:gmatch '("(%w+)":"?[^,"}]*"?)' do list[#list + 1] = { key, text } end
  else
    for text, key in payload:gmatch "((%w+)=[^&]*)" do list[#list + 1] = { key, text } end
  end
  return list
end

local function joined(list, post)
  local texts = {}
  for i, member in ipairs(list) do texts[i] = member[2] end
  return post and "{" .. table.concat(texts, ",") .. "}" or table.concat(texts, "&")
end

-- The smallest payload with the members of `changed` added or replaced, without the keys of `gone`, in the order of `order` (a
-- payload that has all members).
local function changed_payload(least, changed, gone, order, post)
  local by_key, rank, list = {}, {}, {}
  for _, m in ipairs(members(least)) do by_key[m[1]] = m end
  for _, key in ipairs(gone or {}) do by_key[key] = nil end
  for _, m in ipairs(members(changed)) do by_key[m[1]] = m end
  for i, m in ipairs(members(order)) do rank[m[1]] = i end
  for key, m in pairs(by_key) do
    list[#list + 1] = m
    assert.truthy(rank[key], key .. " is missing among all members")
  end
  table.sort(list, function(a, b) return rank[a[1]] < rank[b[1]] end)
  return joined(list, post)
end

---------------------------------------------------------------------------------------------------------------
-- Cases.

--- The message that a wrong call raises, without the caller's place.
function methods.refusal(client, name, params)
  local ok, err = pcall(client[name], client, params)
  assert.is_false(ok, name .. " was not refused")
  return (tostring(err):gsub("^%S+:%d+: ", ""))
end

local function check_good(name, order, case)
  local client <close>, sent = methods.client(case.answer)
  local verb, path, _, least = table.unpack(methods.least[name])
  local more = { [case.parameter] = case[1] }
  for k, v in pairs(case.with or {}) do more[k] = v end
  local result, err = client[name](client, methods.params(name, more, case.without))
  assert.truthy(result, tostring(err))
  local was_verb, was_path, payload = methods.parts(sent[#sent])
  assert.equal(case.verb or verb, was_verb)
  assert.equal(case.path or path, was_path)
  assert.equal(case.exact or changed_payload(least, case[2], case.gone, order, verb == "POST"), payload)
end

local function check_bad(name, case)
  local client <close>, sent = methods.client(case.answer)
  local more = { [case.parameter] = case[1] }
  for k, v in pairs(case.with or {}) do more[k] = v end
  assert.equal(("%s: %s"):format(name, case[2]),
    methods.refusal(client, name, methods.params(name, more, case.without)))
  assert.equal(0, #sent, "something was sent")
end

local function shown(value)
  if type(value) == "string" then return ("%q"):format(value) end
  return type(value) == "table" and "a table" or tostring(value)
end

-- The case of the category: the request is about linear contracts, and all else is as it was.
local function category_case(name, spec)
  local payload = methods.least[name][4]:gsub("inverse", "linear"):gsub("BTCUSD", "BTCUSDT")
  local other = spec.parameters.order_id or spec.parameters.symbol
  return { { "linear", exact = payload, with = { symbol = "BTCUSDT" }, answer = other and other[1].answer }, bad = {
    { "spot", "parameter 'category': 'spot' is not one of its values: one of 'inverse', 'linear'" } } }
end

--- A list of { title, function }: one for each case of a method's parameters, and one that compares them with the declaration.
---   order        a payload with every member, in the order in which they are sent
---   parameters   by name: an array of { value, members that are sent }, and `bad`, an array of { value, message without
---                the method's name }. A case may have `with` (more parameters), `without` (parameters of the smallest call
---                to leave out), `gone` (members that are then missing), `verb`, `path`, `exact` (the whole payload), `answer`.
function methods.cases(name, spec)
  spec.parameters.category = spec.parameters.category or category_case(name, spec)
  local list = { { "has a case for every parameter, a good value and a bad one", function()
    for _, p in ipairs(endpoints[name].params) do
      for _, key in ipairs { p[1], p.also } do
        local case = spec.parameters[key]
        assert.truthy(case and case[1] and case.bad and case.bad[1], ("%s: no case for '%s'"):format(name, key))
      end
    end
    for key in pairs(spec.parameters) do
      local found = false
      for _, p in ipairs(endpoints[name].params) do found = found or p[1] == key or p.also == key end
      assert.truthy(found, ("%s has no parameter '%s'"):format(name, key))
    end
  end } }
  local names = {}
  for key in pairs(spec.parameters) do names[#names + 1] = key end
  table.sort(names)
  for _, key in ipairs(names) do
    for _, case in ipairs(spec.parameters[key]) do
      case.parameter = key
      list[#list + 1] = { ("sends %s = %s"):format(key, shown(case[1])),
        function() check_good(name, spec.order or methods.least[name][4], case) end }
    end
    for _, case in ipairs(spec.parameters[key].bad) do
      case.parameter = key
      list[#list + 1] = { ("refuses %s = %s"):format(key, shown(case[1])), function() check_bad(name, case) end }
    end
  end
  return list
end

local function check_error(name, code, text, expected)
  local client <close> = methods.client(('{"retCode":%d,"retMsg":"%s","result":{},"time":1}'):format(code, text))
  local result, err = client[name](client, methods.params(name, { deadline = 0.1 }))
  assert.is_nil(result)
  local retryable = expected.retryable or false
  assert.same({ code, expected.kind, expected.name, expected.outcome, retryable, expected.unchanged },
    { err.code, err.kind, err.name, err.outcome, err.retryable, err.unchanged })
  local line, where = tostring(err):match "^(.*); ([^;]*)$"
  assert.equal(expected.line, line)
  assert.truthy(where:find "methods%.lua:%d+$", where)
end

--- Checks the error of an answer with an error code. `expected`: kind, name, outcome, retryable, unchanged and `line`, the
--- printed error without the caller's place.
function methods.check_error(name, code, text, expected)
  methods.in_virtual_time(function() check_error(name, code, text, expected) end)
end

--- Runs f in virtual time: retries go on until the deadline, and no wait takes real time.
function methods.in_virtual_time(f)
  core.loop.virtual(1700000000000)
  local ok, err = pcall(f)
  core.loop.real()
  if not ok then error(err, 0) end
end

--- The case of a list's `id_prefix`: it is not sent, and a text that cannot begin an id is refused.
function methods.prefix_case(exact)
  return { { "mm1", "", exact = exact }, bad = {
    { "my bot", "parameter 'id_prefix': 1 to 36 of A-Z a-z 0-9 - _ expected, got 'my bot' (string)" },
    { "", "parameter 'id_prefix': 1 to 36 of A-Z a-z 0-9 - _ expected, got '' (string)" } } }
end

-- The values that are no symbol, and no coin, with their messages.
local NO_SYMBOL = { "btcusd", "parameter 'symbol': 'btcusd' is not a symbol: upper case letters and digits such as 'BTCUSD'; "
  .. "perhaps 'BTCUSD'?" }
local NO_COIN = { "btc", "parameter '%s': a coin such as 'BTC' expected, got 'btc' (string)" }

--- Adds to the cases of a list those of the parameters that say which contracts it is about: none, a symbol, a coin.
---@param cases table the cases of its other parameters
---@param exact fun(chosen: string): string the payload with "&symbol=ETHUSD", "&settleCoin=ETH" or the like in its place; "": none
---@return table cases
function methods.of_contracts(cases, exact)
  local function coin(name, wire)
    return { { "ETH", exact = exact(("&%s=ETH"):format(wire)), without = { "symbol" } },
      { "BTC", exact = exact(("&symbol=BTCUSD&%s=BTC"):format(wire)) }, bad = { { NO_COIN[1], NO_COIN[2]:format(name) } } }
  end
  cases.symbol = { { "ETHUSD", exact = exact "&symbol=ETHUSD" }, { nil, exact = exact "", without = { "symbol" } },
    bad = { NO_SYMBOL } }
  cases.settle_coin, cases.base_coin = coin("settle_coin", "settleCoin"), coin("base_coin", "baseCoin")
  return cases
end

---------------------------------------------------------------------------------------------------------------
-- Results.

--- Compares a record field by field, in both directions: decimals by their text, other values by value and type.
function methods.same_record(expected, record)
  local function told(value)
    if type(value) == "userdata" then return { decimal = tostring(value) } end
    return math.type(value) == "integer" and { integer = value } or value
  end
  local a, b = {}, {}
  for k, v in pairs(expected) do a[k] = told(v) end
  for k, v in pairs(record) do b[k] = told(v) end
  assert.same(a, b)
end

methods.decimal = core.decimal

return methods
