-- Makes endpoints from short declarations. What many endpoints check first (permission, category, symbol, position mode)
-- is checked here, in the exchange's order. An endpoint's own function does the rest.

local answer = require "bybit.paper.answer"
local checks = require "bybit.paper.engine.checks"

local declare = {}

local function own_category(asked)
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
---@param f fun(engine, account, asked, market, context)
---@return bybit.paper.Endpoint
function declare.about_position(limit, f)
  return declare.change {
    limit = limit,
    handle = function(engine, account, asked, context)
      local market, code, message = checks.market(engine, asked)
      if not market then return nil, code, message end
      local index
      index, code, message = checks.position_index(asked)
      if not index then return nil, code, message end
      return f(engine, account, asked, market, context)
    end,
  }
end

-- Category and symbol of a query. True when the category is the simulated one, false for another, nil with a refusal.
local function queried(engine, asked)
  local ours, code, message = checks.category(asked)
  if ours == nil then return nil, code, message end
  if ours and asked.symbol and not engine:market(asked.symbol) then return nil, 10001, "params error: symbol invalid" end
  return ours
end

local function shaped(rows, f)
  local out = {}
  for i, row in ipairs(rows) do out[i] = f(row) end
  return answer.list(out)
end

---A list, page by page where `max` is given. The list of a category that is not simulated is empty, since libraries that
---cover many products load every category at start. `bare`: the answer holds the list alone. `names_symbol`: it holds the
---symbol too.
---@param row { auth: boolean?, bare: boolean?, names_symbol: boolean?, limit: integer?, max: integer?, default: integer?,
---  key: (fun(row): integer)?, rows: (fun(engine, account, asked, place): any[]?, integer?, string?),
---  shape: fun(row): table }
---@return bybit.paper.Endpoint
function declare.list(row)
  local options = row.max and { max = row.max, default = row.default, key = row.key }
  return {
    auth = row.auth ~= false, permission = "read", limit = row.limit,
    handle = function(engine, account, asked, context)
      local ours, code, message = queried(engine, asked)
      if ours == nil then return nil, code, message end
      local rows, place = {}, nil
      if options then
        local size, after, refused = context:position(asked, options)
        if not size then return nil, after, refused end
        place = { room = size + 1, after = after }
      end
      if ours then
        rows, code, message = row.rows(engine, account, asked, place)
        if not rows then return nil, code, message end
      end
      local next_cursor
      if options then
        rows, next_cursor, message = context:page(rows, asked, options)
        if not rows then return nil, next_cursor, message end
      end
      local list = { "list", shaped(rows, row.shape) }
      if row.bare then return answer.object { list } end
      return answer.object { { "category", asked.category }, { "symbol", row.names_symbol and asked.symbol or nil },
        { "nextPageCursor", next_cursor }, list }
    end,
  }
end

---A row for each coin of the markets, or for the one that is asked for.
---@param engine table
---@param asked string? the coin
---@param row fun(coin: string): any
---@return any[]
function declare.of_coins(engine, asked, row)
  local out, seen = {}, {}
  for _, market in ipairs(engine.markets) do
    local coin = market.instrument.base
    if not seen[coin] and (asked or coin) == coin then
      seen[coin] = true
      out[#out + 1] = row(coin)
    end
  end
  return out
end

---A public endpoint about one market.
---@param f fun(engine, market, asked, context)
---@return bybit.paper.Endpoint
function declare.about_market(f)
  return {
    handle = function(engine, _, asked, context)
      local ours, code, message = queried(engine, asked)
      if ours == nil then return nil, code, message end
      local market = ours and engine:market(asked.symbol)
      if not market then return nil, 10001, "params error: symbol invalid" end
      return f(engine, market, asked, context)
    end,
  }
end

return declare
