-- What methods that read make of the documentation's examples. Each line below says by hand what a member of the answer becomes;
-- the values are those of the example. Every member has to be there, exactly, and nothing else.
--
-- A word is `wire=ours` and a mark: `#` a decimal, `@` an integer, `?` true or false, `!` before these: 0 is no value; `*` any table;
-- `>name` a list of what another mapping says; no mark: a text. A member without a name of ours is not kept. A dot leads into an
-- object; a number is a place in an array.

local bybit = require "bybit"
local cjson = require "cjson"
local methods = require "spec.support.methods"

local MAPS = {
  time = "timeSecond=time_second@ timeNano=time_nano@",
  ticker = [[symbol=symbol lastPrice=last_price# indexPrice=index_price# markPrice=mark_price# prevPrice24h=previous_price_24h#
    price24hPcnt=price_change_24h# highPrice24h=high_price_24h# lowPrice24h=low_price_24h# prevPrice1h=previous_price_1h#
    openInterest=open_interest# openInterestValue=open_interest_value# turnover24h=turnover_24h# volume24h=volume_24h#
    fundingRate=funding_rate# nextFundingTime=next_funding_time@ predictedDeliveryPrice=predicted_delivery_price#
    basisRate=basis_rate# deliveryFeeRate=delivery_fee_rate# deliveryTime=delivery_time!@ ask1Size=ask_quantity#
    bid1Price=bid_price# ask1Price=ask_price# bid1Size=bid_quantity# basis=basis# preOpenPrice=pre_open_price#
    preQty=pre_quantity# curPreListingPhase=auction_phase fundingIntervalHour=funding_interval_hour@
    basisRateYear=basis_rate_year# fundingCap=funding_cap#]],
  instrument = [[symbol=symbol symbolId=symbol_id@ contractType=contract_type status=status baseCoin=base_coin
    quoteCoin=quote_coin launchTime=launch_time@ deliveryTime=delivery_time!@ deliveryFeeRate=delivery_fee_rate#
    priceScale=price_scale@ leverageFilter.minLeverage=min_leverage# leverageFilter.maxLeverage=max_leverage#
    leverageFilter.leverageStep=leverage_step# priceFilter.minPrice=min_price# priceFilter.maxPrice=max_price#
    priceFilter.tickSize=tick_size# lotSizeFilter.maxOrderQty=max_order_quantity#
    lotSizeFilter.minOrderQty=min_order_quantity# lotSizeFilter.qtyStep=quantity_step#
    lotSizeFilter.postOnlyMaxOrderQty=post_only_max_order_quantity#
    lotSizeFilter.maxMktOrderQty=max_market_order_quantity# lotSizeFilter.minNotionalValue=min_notional_value#
    unifiedMarginTrade=unified_margin_trade? fundingInterval=funding_interval@ settleCoin=settle_coin
    copyTrading=copy_trading upperFundingRate=upper_funding_rate# lowerFundingRate=lower_funding_rate#
    isPreListing=is_pre_listing? preListingInfo.curAuctionPhase=auction_phase preListingInfo.phases=auction_phases>phase
    preListingInfo.auctionFeeInfo.auctionFeeRate=auction_fee_rate#
    preListingInfo.auctionFeeInfo.takerFeeRate=auction_taker_fee_rate#
    preListingInfo.auctionFeeInfo.makerFeeRate=auction_maker_fee_rate#
    riskParameters.priceLimitRatioX=price_limit_ratio_x# riskParameters.priceLimitRatioY=price_limit_ratio_y#
    symbolType=symbol_type displayName=display_name isPublicRpi=is_public_rpi? myRpiPermission=my_rpi_permission?]],
  phase = "phase=phase startTime=start_time@ endTime=end_time@",
  book = "s=symbol a=asks>level b=bids>level ts=timestamp@ u=update_id@ seq=cross_sequence@ cts=matched_time@",
  level = "1=price# 2=quantity#",
  rpi_book = "s=symbol a=asks>rpi_level b=bids>rpi_level ts=timestamp@ u=update_id@ seq=cross_sequence@ cts=matched_time@",
  order_check = [[orderId=order_id orderLinkId=client_order_id preImrE4=pre_imr_e4 preMmrE4=pre_mmr_e4 postImrE4=post_imr_e4
    postMmrE4=post_mmr_e4]],
  rpi_level = "1=price# 2=quantity# 3=rpi_quantity#",
  kline = "1=start_time@ 2=open_price# 3=high_price# 4=low_price# 5=close_price# 6=volume# 7=turnover#",
  price_kline = "1=start_time@ 2=open_price# 3=high_price# 4=low_price# 5=close_price#",
  trade = [[execId=trade_id symbol=symbol price=price# size=quantity# side=side time=timestamp@ isBlockTrade=is_block_trade?
    isRPITrade=is_rpi_trade? seq=cross_sequence@]],
  funding = "symbol=symbol fundingRate=funding_rate# fundingRateTimestamp=timestamp@",
  interest = "openInterest=open_interest# singleOpenInterest=single_open_interest# timestamp=timestamp@",
  tier = [[id=risk_id@ symbol=symbol riskLimitValue=risk_limit_value# maintenanceMargin=maintenance_margin#
    initialMargin=initial_margin# isLowestRisk=is_lowest_risk? maxLeverage=max_leverage#
    mmDeduction=maintenance_margin_deduction#]],
  limit = "symbol=symbol buyLmt=buy_limit# sellLmt=sell_limit# ts=timestamp@",
  ratio = "symbol=symbol buyRatio=buy_ratio# sellRatio=sell_ratio# timestamp=timestamp@",
  pool = "coin=coin symbols=symbols balance=balance# value=value#",
  adl = [[coin=coin symbol=symbol balance=balance# maxBalance=max_balance# insurancePnlRatio=insurance_pnl_ratio#
    pnlRatio=pnl_ratio# adlTriggerThreshold=adl_trigger_threshold# adlStopRatio=adl_stop_ratio#]],
  index = "indexName=index_name lastPrice=last_price# updateTime=update_time@ components=components>component",
  component = [[exchange=exchange spotPair=spot_pair equivalentPrice=equivalent_price# multiplier=multiplier# price=price#
    weight=weight#]],
  fee_group = [[groupName=group_name weightingFactor=weighting_factor# symbolsNumbers=symbols_count@ symbols=symbols*
    feeRates.pro=pro_rates>group_rate feeRates.marketMaker=market_maker_rates>group_rate updateTime=update_time@]],
  group_rate = "level=level takerFeeRate=taker_fee_rate# makerFeeRate=maker_fee_rate# makerRebate=maker_rebate#",
  delivery_price = "symbol=symbol deliveryPrice=delivery_price# deliveryTime=delivery_time@",
  status = [[id=id title=title state=state begin=begin_time@ end=end_time@ href=link serviceTypes=service_types* product=product*
    uidSuffix=uid_suffix* maintainType=maintenance_type@ env=environment@]],
  position = [[positionIdx=position_mode@ riskId=risk_id@ riskLimitValue=risk_limit_value# symbol=symbol side=side size=quantity#
    avgPrice=entry_price# positionValue=position_value# tradeMode=trade_mode@ autoAddMargin=auto_add_margin?
    positionStatus=position_status leverage=leverage# breakEvenPrice=break_even_price# positionBalance=position_balance#
    markPrice=mark_price# liqPrice=liquidation_price# bustPrice=bankruptcy_price# positionMM=position_mm#
    positionMMByMp=position_mm_by_mp# positionIM=position_margin# positionIMByMp=position_im_by_mp# tpslMode=tpsl_mode
    takeProfit=take_profit_price!# stopLoss=stop_loss_price!# trailingStop=trailing_stop_price!#
    unrealisedPnl=unrealized_pnl# curRealisedPnl=realized_pnl# cumRealisedPnl=total_realized_pnl# seq=cross_sequence@
    adlRankIndicator=deleverage_indicator@ isReduceOnly=is_reduce_only? mmrSysUpdateTime=
    mmrSysUpdatedTime=maintenance_margin_update_time@
    leverageSysUpdatedTime=leverage_update_time@ sessionAvgPrice=session_avg_price# createdTime=create_time@
    updatedTime=update_time@ openTime=open_time!@]],
  profit = [[symbol=symbol orderType=type leverage=leverage# updatedTime=update_time@ side=side orderId=order_id
    closedPnl=closed_pnl# avgEntryPrice=average_entry_price# qty=quantity# cumEntryValue=entry_value# createdTime=create_time@
    orderPrice=order_price# closedSize=closed_quantity# avgExitPrice=average_exit_price# execType=trade_type
    fillCount=fill_count@ cumExitValue=exit_value#]],
  leverage = "symbol=symbol leverage=leverage# side=side positionIdx=position_mode@",
  -- Copies of other members are not declared: they are kept as texts.
  wallet = [[totalEquity=total_equity# accountIMRate=account_initial_margin_rate# accountIMRateByMp=account_imrate_by_mp
    totalMarginBalance=total_margin_balance# totalInitialMargin=total_initial_margin#
    totalInitialMarginByMp=total_initial_margin_by_mp accountType=account_type
    totalAvailableBalance=total_available_balance# accountMMRate=account_maintenance_margin_rate#
    accountMMRateByMp=account_mmrate_by_mp totalPerpUPL=total_perp_unrealized_pnl#
    totalWalletBalance=total_wallet_balance# accountLTV=account_ltv# totalMaintenanceMargin=total_maintenance_margin#
    totalMaintenanceMarginByMp=total_maintenance_margin_by_mp coin=]],
  balance = [[availableToBorrow=available_to_borrow# bonus=bonus# accruedInterest=accrued_interest#
    availableToWithdraw=available_to_withdraw# totalOrderIM=total_order_initial_margin# equity=equity#
    totalPositionMM=total_position_maintenance_margin# usdValue=usd_value# spotHedgingQty=spot_hedging_quantity#
    unrealisedPnl=unrealized_pnl# collateralSwitch=collateral_switch? borrowAmount=borrow_amount#
    totalPositionIM=total_position_initial_margin# walletBalance=wallet_balance# cumRealisedPnl=total_realized_pnl#
    locked=locked# marginCollateral=margin_collateral? coin=coin spotBorrow=spot_borrow#]],
  info = [[marginMode=margin_mode updatedTime=update_time@ unifiedMarginStatus=unified_margin_status@ dcpStatus=dcp_status
    timeWindow=time_window@ smpGroup=smp_group@ isMasterTrader=is_master_trader? spotHedgingStatus=spot_hedging_status]],
  fee = "symbol=symbol takerFeeRate=taker_fee_rate# makerFeeRate=maker_fee_rate#",
  entry = [[transSubType=sub_type id=id symbol=symbol side=side funding=funding# orderLinkId=client_order_id orderId=order_id
    fee=fee# change=change# cashFlow=cash_flow# transactionTime=timestamp@ type=type feeRate=fee_rate#
    bonusChange=bonus_change# size=position_size# qty=quantity# cashBalance=cash_balance# currency=currency
    category=category tradePrice=price# tradeId=trade_id extraFees=extra_fees]],
  smp = "smpGroup=smp_group@",
  settings = "lpaSpot=lpa_spot? lpaPerp=lpa_perp? smsef=smsef? fmsef=fmsef?",
  collateral = [[availableToBorrow=available_to_borrow# freeBorrowingAmount=free_borrowing_amount#
    freeBorrowAmount=free_borrow_amount# maxBorrowingAmount=max_borrowing_amount# hourlyBorrowRate=hourly_borrow_rate#
    borrowUsageRate=borrow_usage_rate# collateralSwitch=collateral_switch? borrowAmount=borrow_amount# borrowable=borrowable?
    currency=currency otherBorrowAmount=other_borrow_amount# marginCollateral=margin_collateral?
    freeBorrowingLimit=free_borrowing_limit# collateralRatio=collateral_ratio#]],
  dcp = "product=product dcpStatus=status timeWindow=time_window@",
  key = [[id=id note=note apiKey=api_key readOnly=read_only? secret=secret permissions=permissions* ips=ips* type=type@
    deadlineDay=deadline_days@ expiredAt= createdAt= unified=unified@ uta=uta? userID=user_id@
    inviterID=inviter_id@ vipLevel=vip_level mktMakerLevel=market_maker_level affiliateID=affiliate_id@
    rsaPublicKey=rsa_public_key isMaster=is_master? parentUid=parent_uid kycLevel=kyc_level kycRegion=kyc_region
    userIDInt64=user_id_text inviterIDInt64=inviter_id_text affiliateIDInt64=affiliate_id_text]],
  transfer = [[transferId=transfer_id coin=coin amount=amount# fromAccountType=from_account_type toAccountType=to_account_type
    timestamp=timestamp@ status=status]],
  asset = "coin=coin transferBalance=transfer_balance# walletBalance=wallet_balance# bonus=bonus#",
  settlement = [[realisedPnl=realized_pnl# symbol=symbol side=side markPrice=mark_price# size=quantity# createdTime=create_time@
    sessionAvgPrice=session_avg_price#]],
  delivery = [[symbol=symbol side=side deliveryTime=delivery_time@ strike=strike# fee=fee# position=quantity#
    deliveryPrice=delivery_price# deliveryRpl=realized_pnl#]],
}

-- method -> the example, the mapping of its records, and where they are in the result (nil: it is the record)
local CASES = {
  get_server_time = { "market-time", "time" },
  get_ticker = { "market-tickers", "ticker", "list", first = true, params = { symbol = "BTCUSD" } },
  get_tickers = { "market-tickers", "ticker", "list" },
  get_instruments = { "market-instruments-info", "instrument", "list" },
  get_account_instruments = { "account-instruments-info", "instrument", "list" },
  get_order_book = { "market-orderbook", "book", params = { symbol = "BTCUSDT" } },
  get_rpi_orderbook = { "market-rpi-orderbook", "rpi_book", params = { symbol = "BTCUSDT", depth = 50 } },
  get_full_orderbook = { "market-full-orderbook", "book", params = { symbol = "BTCUSDT" } },
  pre_check_order = { "order-pre-check", "order_check", params = { symbol = "BTCUSDT", side = "Buy", type = "Limit", quantity = 1,
    price = 25000, category = "linear" } },
  get_klines = { "market-kline", "kline", "list", params = { symbol = "BTCUSD", interval = "60" } },
  get_mark_price_klines = { "market-mark-price-kline", "price_kline", "list", params = { symbol = "BTCUSDT", interval = "15" } },
  get_index_price_klines = { "market-index-price-kline", "price_kline", "list", params = { symbol = "BTCUSDZ22",
    interval = "1" } },
  get_premium_index_price_klines = { "market-premium-index-price-kline", "price_kline", "list",
    params = { symbol = "BTCUSDT", interval = "D" } },
  get_trade_history = { "market-recent-trade", "trade", "list", params = { symbol = "BTCUSDT" } },
  get_funding_rate_history = { "market-funding-history", "funding", "list", params = { symbol = "ETHPERP" } },
  get_open_interest = { "market-open-interest", "interest", "list", params = { symbol = "BTCUSD", interval = "1d" } },
  get_risk_limit = { "market-risk-limit", "tier", "list" },
  get_order_price_limit = { "market-price-limit", "limit", params = { symbol = "BTCUSDT" } },
  get_long_short_ratio = { "market-account-ratio", "ratio", "list", params = { symbol = "BTCUSDT", period = "1h" } },
  get_insurance = { "market-insurance", "pool", "list", heads = { update_time = 1714003200000 } },
  get_adl_alerts = { "market-adl-alert", "adl", "list", heads = { update_time = 1757733960000 } },
  get_index_price_components = { "market-index-price-components", "index", params = { index_name = "1000BTTUSDT" } },
  get_fee_groups = { "market-fee-group-info", "fee_group", "list" },
  get_delivery_price = { "market-delivery-price", "delivery_price", "list" },
  get_system_status = { "system-status", "status", "list" },
  get_position = { "position-list", "position", "list", first = true, params = { symbol = "BTCUSD" } },
  get_positions = { "position-list", "position", "list" },
  get_closed_profit_loss = { "position-closed-pnl", "profit", "list" },
  get_futures_leverage = { "position-symbol-info", "leverage", "list" },
  get_balance = { "account-wallet-balance", "balance", "list", 1, "coin", first = true, params = { coin = "BTC" } },
  get_balances = { "account-wallet-balance", "balance", "list", 1, "coin", heads = "wallet", heads_at = { "list", 1 } },
  get_margin_account_info = { "account-info", "info" },
  get_fee_rate = { "account-fee-rate", "fee", "list" },
  get_transaction_history = { "account-transaction-log", "entry", "list" },
  get_smp_group = { "account-smp-group", "smp" },
  get_user_setting_config = { "account-user-setting-config", "settings" },
  get_collateral_info = { "account-collateral-info", "collateral", "list" },
  get_disconnect_cancel_all_config = { "account-query-dcp-info", "dcp", "dcpInfos" },
  -- Times that the example has as text, 1970 for "never".
  get_api_key_info = { "user-query-api", "key", also = { create_time = bybit.time "2025-10-13T03:20:45Z" } },
  get_internal_transfers = { "asset-transfer-query-inter-transfer-list", "transfer", "list" },
  get_all_asset_balances = { "asset-transfer-query-account-coins-balance", "asset", "balance", params = { account_type = "FUND" },
    heads = { member_id = "XXXX", account_type = "FUND" } },
  get_settlement_history = { "asset-settlement-record", "settlement", "list" },
  get_delivery_history = { "asset-delivery-record", "delivery", "list" },
}

local plain

-- A value of the wire under a mark.
local function told(value, mark)
  if value == cjson.null or value == "" then return nil end
  if mark:find "^!" then
    if not tostring(value):find "[1-9]" then return nil end
    mark = mark:sub(2)
  end
  if mark == "#" then return { decimal = type(value) == "string" and value or ("%d"):format(value) } end
  if mark == "@" then return math.tointeger(tonumber(value)) end
  if mark == "?" then return value == true or value == 1 end
  local of = mark:match "^>(.*)"
  if not of then return value end
  local list = {}
  for i, row in ipairs(value) do list[i] = plain(row, of) end
  return list
end

-- What a record of the wire becomes; raises for a member that the mapping does not have.
function plain(row, name)
  local out, at = {}, {}
  for wire, ours, mark in MAPS[name]:gmatch "([^%s=]+)=([%l%d_]*)(%S*)" do at[wire] = { ours, mark } end
  local function walk(object, prefix)
    for key, value in pairs(object) do
      local path = prefix .. (math.type(key) == "float" and math.tointeger(key) or key)
      local line = at[path]
      if line and line[1] ~= "" then
        out[line[1]] = told(value, line[2])
      elseif not line then
        assert(type(value) == "table" or value == cjson.null, name .. "." .. path .. " is not mapped")
        if type(value) == "table" then walk(value, path .. ".") end
      end
    end
  end
  walk(row, "")
  return out
end

-- A result in the same form.
local function form(value)
  if type(value) == "userdata" then return { decimal = tostring(value) } end
  if type(value) ~= "table" then return value end
  local out = {}
  for k, v in pairs(value) do out[k] = form(v) end
  return out
end

local function read(name)
  local file <close> = assert(io.open(("spec/fixtures/v5/%s.response.json"):format(name)))
  return cjson.decode((file:read "a")).result
end

-- What is at the end of a path of keys.
local function at(value, path)
  for _, key in ipairs(path) do value = value[key] end
  return value
end

describe("the documentation's example of", function()
  for name, case in pairs(CASES) do
    it(name .. " decodes completely", function()
      local client <close> = methods.client(methods.example(case[1]))
      local result, err, response = client[name](client, case.params or {})
      assert(result, err)
      assert.is_nil(response.undecoded)
      local found, wire = form(result), at(read(case[1]), table.move(case, 3, #case, 1, {}))
      found.next_cursor = nil
      local expected
      if case.first then
        expected = plain(wire[1], case[2])
      elseif #case > 2 then
        expected = {}
        for i, row in ipairs(wire) do expected[i] = plain(row, case[2]) end
        assert.truthy(expected[1])
      else
        expected = plain(wire, case[2])
      end
      local heads = case.heads
      if type(heads) == "string" then heads = plain(at(read(case[1]), case.heads_at), heads) end
      for _, more in ipairs { heads or {}, case.also or {} } do
        for key, value in pairs(more) do expected[key] = value end
      end
      assert.same(expected, found)
    end)
  end

  it("get_transferable becomes a table from coins to amounts", function()
    local client <close> = methods.client(methods.example "account-withdrawal")
    local free = assert(client:get_transferable { coin = "BTC,SOL,ETH,XRP" })
    assert.same({ BTC = { decimal = "4.54549050" }, SOL = { decimal = "33.16713007" }, XRP = { decimal = "10805.54548970" },
      ETH = { decimal = "17.76451865" } }, form(free))
  end)

  it("get_klines becomes a list for each field with columns = true", function()
    local client <close> = methods.client(methods.example "market-kline")
    local columns = assert(client:get_klines { symbol = "BTCUSD", interval = "60", columns = true })
    columns.next_cursor = nil
    local expected = {}
    for i, row in ipairs(read "market-kline".list) do
      for key, value in pairs(plain(row, "kline")) do
        expected[key] = expected[key] or {}
        expected[key][i] = value
      end
    end
    assert.same(expected, form(columns))
  end)

  it("a contract before its listing decodes completely", function()
    local client <close> = methods.client(methods.example "market-instruments-info-prelisting")
    local list = assert(client:get_instruments { status = "PreLaunch" })
    assert.same({ plain(read "market-instruments-info-prelisting".list[1], "instrument") },
      form(setmetatable({ list[1] }, nil)))
    assert.equal("ContinuousTrading", list[1].auction_phases[4].phase)
    assert.is_nil(list[1].auction_phases[4].end_time)
  end)
end)

describe("every method that reads", function()
  it("has an example here", function()
    local endpoints = require "bybit.wire.v5.endpoints"
    for name, row in pairs(endpoints) do
      local old = row.subject == "lists" or name == "get_transferable"
      if not row.internal and row.verb == "GET" and not old then assert.truthy(CASES[name], name) end
    end
  end)
end)
