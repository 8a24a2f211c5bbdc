-- What a session shows at a glance of endpoints that have no method: read with client:request, and told under our names. An
-- endpoint that gets a row leaves this file.

local glance = {}

local function first(client, path, params, options)
  local result, err = client:request("GET", path, params, options)
  return result and result.list and result.list[1], err, result ~= nil
end

--- Prices of a contract, as texts.
---@param client table
---@param symbol string
---@param options? table of client:request
---@return { last_price: string, bid_price: string, ask_price: string, mark_price: string }? nil without err: no such contract
---@return bybit.Error? err
function glance.ticker(client, symbol, options)
  local t, err = first(client, "/v5/market/tickers", { symbol = symbol }, options)
  if not t then return nil, err end
  return { last_price = t.lastPrice, bid_price = t.bid1Price, ask_price = t.ask1Price, mark_price = t.markPrice }
end

--- A contract: its steps, as texts, and its coin.
---@return { tick_size: string, quantity_step: string, settle_coin: string }?
---@return bybit.Error? err
---@return boolean answered
function glance.instrument(client, symbol, options)
  local i, err, answered = first(client, "/v5/market/instruments-info", { symbol = symbol }, options)
  if not i then return nil, err, answered end
  return { tick_size = i.priceFilter.tickSize, quantity_step = i.lotSizeFilter.qtyStep, settle_coin = i.settleCoin }, nil, true
end

--- The wallet of a coin, as texts.
---@return { wallet_balance: string, equity: string }? nil without err: the account has no such coin
---@return bybit.Error? err
function glance.wallet(client, coin, options)
  local w, err = first(client, "/v5/account/wallet-balance", { accountType = "UNIFIED", coin = coin }, options)
  local c = w and w.coin and w.coin[1]
  if not c then return nil, err end
  return { wallet_balance = c.walletBalance, equity = c.equity }
end

--- The position of a contract, as texts.
---@return table? position
---@return bybit.Error? err
function glance.position(client, symbol, options)
  local p, err = first(client, "/v5/position/list", { symbol = symbol }, options)
  if not p then return nil, err end
  return { side = p.side, quantity = p.size, entry_price = p.avgPrice, unrealized_pnl = p.unrealisedPnl,
    liquidation_price = p.liqPrice, take_profit_price = p.takeProfit, stop_loss_price = p.stopLoss }
end

return glance
