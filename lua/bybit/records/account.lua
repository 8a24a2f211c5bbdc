-- V5 documentation, Account, Asset and User: balances, fees, the ledger, keys. init.lua explains the rows.

local records = {}

records.wallet = {
  doc = "A unified account: what all coins are worth together, in USD. These figures mean nothing under isolated margin.",
  shown = { "account_type", "total_equity", "total_available_balance" },
  fields = {
    { "account_type", "accountType", "string", doc = "UNIFIED." },
    { "account_ltv", "accountLTV", "decimal", doc = "Deprecated by the exchange." },
    { "account_initial_margin_rate", "accountIMRate", "decimal", doc = "Initial margin as a part of the margin balance." },
    { "account_maintenance_margin_rate", "accountMMRate", "decimal",
      doc = "Maintenance margin as a part of the margin balance." },
    { "total_equity", "totalEquity", "decimal", doc = "What the account is worth." },
    { "total_wallet_balance", "totalWalletBalance", "decimal", doc = "The same without open profit." },
    { "total_margin_balance", "totalMarginBalance", "decimal", doc = "What margin may be taken from." },
    { "total_available_balance", "totalAvailableBalance", "decimal", doc = "What is not used as margin." },
    { "total_perp_unrealized_pnl", "totalPerpUPL", "decimal", doc = "Open profit of perpetuals and futures." },
    { "total_initial_margin", "totalInitialMargin", "decimal", doc = "Initial margin of positions and orders." },
    { "total_maintenance_margin", "totalMaintenanceMargin", "decimal", doc = "Maintenance margin of positions." },
    { "coins", "coin", "list", of = "balance", doc = "The coins." },
  },
}

records.balance = {
  doc = "A coin of an account.",
  shown = { "coin", "equity", "wallet_balance", "unrealized_pnl", "total_position_initial_margin", "total_order_initial_margin",
    "usd_value" },
  fields = {
    { "coin", "coin", "string", doc = "The coin." },
    { "equity", "equity", "decimal", doc = "The wallet and open profit, less what was borrowed." },
    { "usd_value", "usdValue", "decimal", doc = "Its equity in USD." },
    { "wallet_balance", "walletBalance", "decimal", doc = "What is in the wallet, without open profit." },
    { "free", "free", "decimal", optional = true, doc = "Deprecated by the exchange." },
    { "locked", "locked", "decimal", doc = "Locked by spot orders." },
    { "spot_hedging_quantity", "spotHedgingQty", "decimal", doc = "Used to hedge, under portfolio margin." },
    { "borrow_amount", "borrowAmount", "decimal", doc = "Borrowed in all." },
    { "available_to_borrow", "availableToBorrow", "decimal", doc = "Deprecated by the exchange." },
    { "available_to_withdraw", "availableToWithdraw", "decimal", doc = "Deprecated by the exchange: see get_transferable." },
    { "accrued_interest", "accruedInterest", "decimal", doc = "Interest that is due." },
    { "total_order_initial_margin", "totalOrderIM", "decimal", doc = "Margin held for orders; nil under portfolio margin." },
    { "total_position_initial_margin", "totalPositionIM", "decimal",
      doc = "Initial margin of positions, with the fees to close; nil under portfolio margin." },
    { "total_position_maintenance_margin", "totalPositionMM", "decimal",
      doc = "Maintenance margin of positions; nil under portfolio margin." },
    { "unrealized_pnl", "unrealisedPnl", "decimal", doc = "Open profit." },
    { "total_realized_pnl", "cumRealisedPnl", "decimal", doc = "Realized profit of all time." },
    { "bonus", "bonus", "decimal", doc = "Bonus of the exchange's." },
    { "margin_collateral", "marginCollateral", "boolean", doc = "Can the coin be collateral?" },
    { "collateral_switch", "collateralSwitch", "boolean", doc = "Is it switched on as collateral? It means something only where "
      .. "margin_collateral is true." },
    { "spot_borrow", "spotBorrow", "decimal", doc = "Borrowed for spot." },
    { "collateral_restriction", "colRes", "integer", optional = true, doc = "2: the exchange restricts it as collateral." },
  },
}

records.margin_account_info = {
  doc = "How an account is set up.",
  shown = { "margin_mode", "unified_margin_status", "update_time" },
  fields = {
    { "margin_mode", "marginMode", "enum", enum = "margin_mode", doc = "How its positions are margined." },
    { "update_time", "updatedTime", "time", doc = "When it was last changed." },
    { "unified_margin_status", "unifiedMarginStatus", "integer",
      doc = "5 or 6: unified account 2.0. 3 or 4: 1.0, where inverse contracts have a wallet of their own. 1: not unified." },
    { "dcp_status", "dcpStatus", "string", doc = "Retired by the exchange." },
    { "time_window", "timeWindow", "integer", doc = "Retired by the exchange." },
    { "smp_group", "smpGroup", "integer", doc = "Retired by the exchange: see get_smp_group." },
    { "is_master_trader", "isMasterTrader", "boolean", doc = "Do others copy its trades?" },
    { "spot_hedging_status", "spotHedgingStatus", "string", doc = "ON or OFF: are spot balances used to hedge?" },
  },
}

records.fee_rate = {
  doc = "The fees of the account for a contract.",
  shown = { "symbol", "taker_fee_rate", "maker_fee_rate" },
  fields = {
    { "symbol", "symbol", "string", doc = "The contract." },
    { "base_coin", "baseCoin", "string", optional = true, doc = "Options only." },
    { "taker_fee_rate", "takerFeeRate", "decimal", doc = "The fee of a trade that takes from the book, as a part of its value." },
    { "maker_fee_rate", "makerFeeRate", "decimal", doc = "The fee of a trade that rested in the book; below 0 it is a rebate." },
  },
}

records.transaction = {
  doc = "A line of the account's ledger. change = cash_flow + funding - fee. Lines may share an id: it is unique with type and "
    .. "trade_id.",
  shown = { "timestamp", "type", "symbol", "side", "quantity", "price", "change", "cash_balance", "currency" },
  fields = {
    { "sub_type", "transSubType", "string", doc = "movePosition; nil: nothing special." },
    { "id", "id", "string", doc = "The exchange's id." },
    { "symbol", "symbol", "string", doc = "The contract; nil of transfers." },
    { "side", "side", "enum", enum = "side", empty = { "None" },
      doc = "Of a trade: the order's. Of a settlement: the position's, Buy if it is long. Otherwise nil." },
    { "funding", "funding", "decimal",
      doc = "Above 0 it was received, below 0 paid: the opposite of fee in get_user_trades. Nil: none." },
    { "client_order_id", "orderLinkId", "string", doc = "Your own id of the order." },
    { "order_id", "orderId", "string", doc = "The order; of a settlement an id that is no order's." },
    { "fee", "fee", "decimal", doc = "Above 0 it was paid, below 0 received." },
    { "change", "change", "decimal", doc = "By how much the wallet changed." },
    { "cash_flow", "cashFlow", "decimal", doc = "Realized profit before fees; or what was transferred." },
    { "timestamp", "transactionTime", "time", doc = "When." },
    { "type", "type", "enum", enum = "transaction_type", doc = "What it was." },
    { "fee_rate", "feeRate", "decimal", doc = "The rate of the fee; of a settlement of the funding, as the holder sees it." },
    { "bonus_change", "bonusChange", "decimal", doc = "Bonus that was used; it is not part of change." },
    { "position_size", "size", "decimal", doc = "The position after it; below 0 it is short." },
    { "quantity", "qty", "decimal", doc = "Contracts of 1 USD, of linear contracts base coin; without direction." },
    { "cash_balance", "cashBalance", "decimal", doc = "The wallet after it." },
    { "currency", "currency", "string", doc = "The coin of the wallet." },
    { "category", "category", "string", doc = "Kind of contract." },
    { "price", "tradePrice", "decimal", doc = "The price of the trade; of a settlement the mark price." },
    { "trade_id", "tradeId", "string", doc = "The execution, as in get_user_trades." },
    { "extra_fees", "extraFees", "string", optional = true, doc = "Taxes and the like, where the account's site has them." },
    { "display_type", "displayType", "string", optional = true, doc = "Not documented." },
  },
}

records.transferable = {
  doc = "What may leave the account.",
  shown = { "available_withdrawal" },
  fields = {
    { "available_withdrawal", "availableWithdrawal", "decimal", doc = "Of the first coin that was asked for." },
    { "by_coin", "availableWithdrawalMap", "map", doc = "By coin." },
  },
}

records.smp_group = {
  doc = "The group of accounts whose orders do not trade with each other.",
  shown = { "smp_group" },
  fields = { { "smp_group", "smpGroup", "integer", doc = "The group; 0: none." } },
}

records.user_settings = {
  doc = "Settings of an account.",
  shown = { "lpa_spot", "lpa_perp" },
  fields = {
    { "lpa_spot", "lpaSpot", "boolean", doc = "Is a spot order beyond the price limit moved to it?" },
    { "lpa_perp", "lpaPerp", "boolean",
      doc = "Is an order beyond the price limit refused? False: its price is moved to the limit." },
    { "delta_enable", "deltaEnable", "boolean", optional = true, doc = "Is delta neutral mode on?" },
    { "smsef", "smsef", "boolean", doc = "Are spot fees paid in MNT?" },
    { "fmsef", "fmsef", "boolean", doc = "Are fees of contracts paid in MNT?" },
  },
}

records.collateral = {
  doc = "A coin as collateral, and what can be borrowed of it.",
  shown = { "currency", "margin_collateral", "collateral_switch", "borrow_amount", "hourly_borrow_rate" },
  fields = {
    { "currency", "currency", "string", doc = "The coin." },
    { "hourly_borrow_rate", "hourlyBorrowRate", "decimal", doc = "Interest of an hour, as a fraction." },
    { "max_borrowing_amount", "maxBorrowingAmount", "decimal", doc = "The most that can be borrowed." },
    { "free_borrowing_limit", "freeBorrowingLimit", "decimal", doc = "How much can be borrowed without interest." },
    { "free_borrow_amount", "freeBorrowAmount", "decimal", doc = "How much is borrowed without interest." },
    { "free_borrowing_amount", "freeBorrowingAmount", "decimal", doc = "Retired by the exchange." },
    { "borrow_amount", "borrowAmount", "decimal", doc = "How much is borrowed." },
    { "other_borrow_amount", "otherBorrowAmount", "decimal", doc = "How much other accounts of the user have borrowed." },
    { "available_to_borrow", "availableToBorrow", "decimal", doc = "How much can still be borrowed." },
    { "borrow_usage_rate", "borrowUsageRate", "decimal", doc = "Which part of it is borrowed: 0.5 is half." },
    { "borrowable", "borrowable", "boolean", doc = "Can it be borrowed?" },
    { "margin_collateral", "marginCollateral", "boolean", doc = "Can it be collateral?" },
    { "collateral_switch", "collateralSwitch", "boolean", doc = "Is it switched on as collateral?" },
    { "collateral_ratio", "collateralRatio", "decimal", doc = "Wrong since February 2025: the ratio goes by tiers." },
  },
}

records.disconnect_cancel = {
  doc = "What is cancelled when a connection is lost.",
  shown = { "product", "status", "time_window" },
  fields = {
    { "product", "product", "string", doc = "SPOT, DERIVATIVES or OPTIONS." },
    { "status", "dcpStatus", "string", doc = "ON." },
    { "time_window", "timeWindow", "integer", doc = "After how many seconds." },
  },
}

records.api_key_info = {
  doc = "An API key, and the account that it is of.",
  shown = { "id", "note", "read_only", "type", "deadline_days", "vip_level" },
  fields = {
    { "id", "id", "string", doc = "The key's number." },
    { "note", "note", "string", doc = "The name that the user gave it." },
    { "api_key", "apiKey", "string", doc = "The key: struck out, as in every answer." },
    { "read_only", "readOnly", "boolean", doc = "True: every call that changes something is refused, whatever the permissions." },
    { "secret", "secret", "string", doc = "Always nil." },
    { "permissions", "permissions", "table",
      doc = "By name, lists of words: ContractTrade has Order and Position where the key may "
      .. "trade contracts, Wallet has Withdraw where it may withdraw." },
    { "ips", "ips", "table", doc = "The addresses that it may be used from; * : any." },
    { "type", "type", "integer", doc = "1: personal. 2: of an application of somebody else." },
    { "deadline_days", "deadlineDay", "integer",
      doc = "After how many days it lapses; below 0: it does not, being bound to an address." },
    { "expire_time", "expiredAt", "time", zero_empty = true, doc = "When it lapses; nil: it does not." },
    { "create_time", "createdAt", "time", doc = "When it was made." },
    { "unified", "unified", "integer", doc = "Retired by the exchange: see uta." },
    { "uta", "uta", "boolean", doc = "Is it of a unified account?" },
    { "user_id", "userID", "integer", doc = "The account." },
    { "inviter_id", "inviterID", "integer", doc = "Who invited it; 0: nobody." },
    { "vip_level", "vipLevel", "string", doc = "No VIP, VIP-1 ... PRO-6." },
    { "market_maker_level", "mktMakerLevel", "string", doc = "The level as market maker; 0: none." },
    { "affiliate_id", "affiliateID", "integer", doc = "The affiliate; 0: none." },
    { "rsa_public_key", "rsaPublicKey", "string", doc = "The public key of an RSA key; nil of others." },
    { "is_master", "isMaster", "boolean", doc = "Is it of a main account? False: of a sub-account." },
    { "parent_uid", "parentUid", "string", doc = "The main account of a sub-account; 0: it is one." },
    { "kyc_level", "kycLevel", "string", doc = "How far the user is identified." },
    { "kyc_region", "kycRegion", "string", doc = "The user's country." },
    { "user_id_text", "userIDInt64", "string", optional = true, doc = "To be ignored: 0 in the documentation." },
    { "inviter_id_text", "inviterIDInt64", "string", optional = true, doc = "To be ignored." },
    { "affiliate_id_text", "affiliateIDInt64", "string", optional = true, doc = "To be ignored." },
  },
}

records.transferred = {
  doc = "The answer to a transfer.",
  shown = { "transfer_id", "status" },
  fields = {
    { "transfer_id", "transferId", "string", doc = "Its id." },
    { "status", "status", "enum", enum = "transfer_status", doc = "What became of it." },
  },
}

records.transfer = {
  doc = "A transfer between the wallets of an account.",
  shown = { "timestamp", "coin", "amount", "from_account_type", "to_account_type", "status" },
  fields = {
    { "transfer_id", "transferId", "string", doc = "The id that its maker gave it; any text of those made on the web." },
    { "coin", "coin", "string", doc = "The coin." },
    { "amount", "amount", "decimal", doc = "How much." },
    { "from_account_type", "fromAccountType", "string", doc = "From where: UNIFIED, FUND." },
    { "to_account_type", "toAccountType", "string", doc = "To where: UNIFIED, FUND." },
    { "timestamp", "timestamp", "time", doc = "When." },
    { "status", "status", "enum", enum = "transfer_status", doc = "What became of it." },
  },
}

records.asset_account = {
  doc = "The coins of one kind of account.",
  shown = { "account_type", "member_id" },
  fields = {
    { "account_type", "accountType", "string", doc = "UNIFIED or FUND." },
    { "member_id", "memberId", "string", doc = "The account." },
    { "balances", "balance", "list", of = "asset_balance", doc = "The coins." },
  },
}

records.asset_balance = {
  doc = "A coin of one kind of account.",
  shown = { "coin", "wallet_balance", "transfer_balance" },
  fields = {
    { "coin", "coin", "string", doc = "The coin." },
    { "wallet_balance", "walletBalance", "decimal", doc = "What is in the wallet." },
    { "transfer_balance", "transferBalance", "decimal", doc = "What may be transferred." },
    { "bonus", "bonus", "decimal", doc = "Bonus of the exchange's; nil where it was not asked for." },
  },
}

records.settlement = {
  doc = "A settlement of a session: every eight hours the open profit of a USDC contract is paid out.",
  shown = { "create_time", "symbol", "side", "quantity", "realized_pnl", "mark_price" },
  fields = {
    { "symbol", "symbol", "string", doc = "The contract." },
    { "side", "side", "enum", enum = "side", doc = "Buy if the position was long." },
    { "quantity", "size", "decimal", doc = "The position." },
    { "session_avg_price", "sessionAvgPrice", "decimal", doc = "What the profit is counted from." },
    { "mark_price", "markPrice", "decimal", doc = "The mark price." },
    { "realized_pnl", "realisedPnl", "decimal", doc = "What was paid out; below 0 it was taken." },
    { "create_time", "createdTime", "time", doc = "When." },
  },
}

records.delivery = {
  doc = "The end of a position when its contract expired.",
  shown = { "delivery_time", "symbol", "side", "quantity", "delivery_price", "realized_pnl" },
  fields = {
    { "delivery_time", "deliveryTime", "time", doc = "When." },
    { "symbol", "symbol", "string", doc = "The contract." },
    { "side", "side", "enum", enum = "side", doc = "Buy if the position was long." },
    { "quantity", "position", "decimal", doc = "The position." },
    { "entry_price", "entryPrice", "decimal", optional = true, doc = "Its average price of entry." },
    { "delivery_price", "deliveryPrice", "decimal", doc = "The price of delivery." },
    { "strike", "strike", "decimal", optional = true, doc = "Options only." },
    { "fee", "fee", "decimal", doc = "The fee of delivery." },
    { "realized_pnl", "deliveryRpl", "decimal", doc = "What it won; below 0 it lost." },
  },
}

return records
