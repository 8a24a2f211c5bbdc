-- Makes endpoints from short declarations. What many endpoints check first (permission, category, symbol, position mode)
-- is checked here, in the exchange's order. An endpoint's own function does the rest.

local answer = require "bybit.paper.answer"
local checks = require "bybit.paper.engine.checks"

local declare = {}

local function own_category(asked)
  local category = asked.category
  if category == "inverse" or category == "linear" then return true end
  local ours, code, message = checks.category(asked)
  if ours == nil then return nil, code, message end
  if not ours then return nil, 10001, "params error: category is not simulated" end
  return true
end

---An endpoint that changes something in the simulated category.
---@param row { limit: integer?, batch: boolean?, handle: fun(engine, account, asked, context) }
---@return bybit.paper.Endpoint
function declare.change(row)
  return {
    auth = true, permission = "trade", limit = row.limit, batch = row.batch,
    handle = function(engine, account, asked, context)
      local ok, code, message = own_category(asked)
      if not ok then return nil, code, message end
      return row.handle(engine, account, asked, context)
    end,
  }
end

---The same for an endpoint about one symbol. Its function gets the symbol's market too.
---@param limit integer?
---@param f fun(engine, account, asked, market)
---@return bybit.paper.Endpoint
function declare.about_symbol(limit, f)
  return declare.change {
    limit = limit,
    handle = function(engine, account, asked)
      local market, code, message = checks.market(engine, asked)
      if not market then return nil, code, message end
      return f(engine, account, asked, market)
    end,
  }
end

---The same for an endpoint about one position, whose index its function gets too.
---@param limit integer?
---@param f fun(engine, account, asked, market, index: integer)
---@return bybit.paper.Endpoint
function declare.about_position(limit, f)
  return declare.about_symbol(limit, function(engine, account, asked, market)
    local index, code, message = checks.position_index(asked, nil, market.instrument, nil, account)
    if not index then return nil, code, message end
    return f(engine, account, asked, market, index)
  end)
end

-- Category and symbol of a query: the category when it is simulated, false for another, nil with a refusal. `default` is the
-- category where the exchange has one.
local function queried(engine, asked, default)
  if asked.category == nil then asked.category = default end
  local ours, code, message = checks.category(asked)
  if not ours then return ours, code, message end
  if asked.symbol then
    local market
    market, code, message = checks.market(engine, asked)
    if not market then return nil, code, message end
  end
  return ours
end

-- Does a linear query say whose rows it wants? One of these must be there, or the id of an order.
local function narrowed(asked, wanted)
  if asked.orderId or asked.orderLinkId then return true end
  for _, name in ipairs(wanted) do
    if asked[name] ~= nil then return true end
  end
  return nil, 10001, "Missing some parameters that must be filled in, " .. table.concat(wanted, " or ")
end

local function shaped(rows, f)
  local out = {}
  for i, row in ipairs(rows) do out[i] = f(row) end
  return answer.list(out)
end

---A list, page by page where `max` is given. The list of a category that is not simulated is empty, since libraries that
---cover many products load every category at start. `bare`: the answer holds the list alone. `names_symbol`: it holds the
---symbol too. `narrow`: a linear query must have one of these.
---@param row { auth: boolean?, bare: boolean?, names_symbol: boolean?, narrow: string[]?, limit: integer?, max: integer?,
---  default: integer?, key: (fun(row): integer)?, rows: (fun(engine, account, asked, place): any[]?, integer?, string?),
---  shape: fun(row): table }
---@return bybit.paper.Endpoint
function declare.list(row)
  local options = row.max and { max = row.max, default = row.default, key = row.key }
  return {
    auth = row.auth ~= false, permission = "read", limit = row.limit,
    handle = function(engine, account, asked, context)
      local ours, code, message = queried(engine, asked)
      if ours == nil then return nil, code, message end
      if row.narrow and ours == "linear" then
        local ok
        ok, code, message = narrowed(asked, row.narrow)
        if not ok then return nil, code, message end
      end
      local rows, place, size = {}, nil, nil
      if options then
        local after, refused
        size, after, refused = context:position(asked, options)
        if not size then return nil, after, refused end
        place = { room = size + 1, after = after }
      end
      if ours then
        rows, code, message = row.rows(engine, account, asked, place)
        if not rows then return nil, code, message end
      end
      local next_cursor
      if options then
        rows, next_cursor, message = context:page(rows, asked, options, size)
        if not rows then return nil, next_cursor, message end
      end
      local list = { "list", shaped(rows, row.shape) }
      if row.bare then return answer.object { list } end
      return answer.object { { "category", asked.category }, { "symbol", row.names_symbol and asked.symbol or nil },
        { "nextPageCursor", next_cursor }, list }
    end,
  }
end

---A row for each coin in which markets settle, or for the one that is asked for.
---@param engine table
---@param asked string? the coin
---@param row fun(coin: string): any
---@return any[]
function declare.of_coins(engine, asked, row)
  local out, seen = {}, {}
  for _, market in ipairs(engine.markets) do
    local coin = market.instrument.settle
    if not seen[coin] and (asked or coin) == coin then
      seen[coin] = true
      out[#out + 1] = row(coin)
    end
  end
  return out
end

---A public endpoint about one market.
---@param f fun(engine, market, asked, context)
---@param default "linear"? the category where none is given
---@return bybit.paper.Endpoint
function declare.about_market(f, default)
  return {
    handle = function(engine, _, asked, context)
      local ours, code, message = queried(engine, asked, default)
      if ours == nil then return nil, code, message end
      local market = ours and asked.symbol and engine:market(asked.symbol)
      if not market then return nil, 10001, "params error: symbol invalid" end
      return f(engine, market, asked, context)
    end,
  }
end

return declare
