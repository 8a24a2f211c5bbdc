-- What is worth knowing before a strategy starts: the key, the account, the clock, the limits.

local core = require "bybit.core"
local errors = require "bybit.errors"

local preflight = {}

local LAPSES_SOON = 14 -- days
local CLOCK_OFF = 1000 -- ms: a local clock this far off is worth a word

---@class bybit.Check
---@field problems string[] what keeps the program from trading, a sentence each
---@field warnings string[] what is not as it should be
---@field clock_offset number how many ms the exchange's clock is ahead of the local one
---@field clock_doubt number by how many ms that may be wrong
---@field read_only? boolean may the key only read?
---@field may_trade? boolean has the key the permissions for orders and positions of contracts?
---@field may_withdraw? boolean has the key the permission to withdraw?
---@field margin_mode? string of the account: ISOLATED_MARGIN, REGULAR_MARGIN or PORTFOLIO_MARGIN
---@field position_mode? integer 0: one-way; nil where no symbol was given, or each side has its own
---@field leverage? bybit.Decimal of the symbol; in hedge mode of the long position
---@field short_leverage? bybit.Decimal in hedge mode: of the short position
---@field taker_fee_rate? bybit.Decimal of the symbol
---@field maker_fee_rate? bybit.Decimal of the symbol
---@field limits table<string, table>? what client:budget() tells

local meta = { __name = "bybit.check" }

function meta.__tostring(report)
  local lines = {}
  local function add(text, ...) lines[#lines + 1] = text:format(...) end
  for _, text in ipairs(report.problems) do add("problem  %s", text) end
  for _, text in ipairs(report.warnings) do add("warning  %s", text) end
  add("clock    %+.0f ms, give or take %.0f", report.clock_offset, report.clock_doubt)
  if report.margin_mode then add("account  %s", report.margin_mode) end
  if report.leverage then
    local short = report.short_leverage and (" long, %s short"):format(report.short_leverage) or ""
    add("symbol   position mode %s, leverage %s%s, fees %s taker, %s maker", report.position_mode or "hedge", report.leverage,
      short, report.taker_fee_rate or "-", report.maker_fee_rate or "-")
  end
  return table.concat(lines, "\n")
end

local function has(list, word)
  for _, w in ipairs(type(list) == "table" and list or {}) do
    if w == word then return true end
  end
  return false
end

-- What the key may do.
local function look_at_key(report, key)
  local permissions = type(key.permissions) == "table" and key.permissions or {}
  report.read_only = key.read_only
  report.may_trade = has(permissions.ContractTrade, "Order") and has(permissions.ContractTrade, "Position")
  report.may_withdraw = has(permissions.Wallet, "Withdraw")
  local problems, warnings = report.problems, report.warnings
  if key.read_only ~= false then problems[#problems + 1] = "the key may only read: every change is refused" end
  if not report.may_trade then
    problems[#problems + 1] = "the key lacks the permissions for orders and positions of contracts (ContractTrade: Order, "
      .. "Position)"
  end
  if report.may_withdraw then warnings[#warnings + 1] = "the key may withdraw: a key for trading should not" end
  if has(key.ips, "*") then warnings[#warnings + 1] = "the key is bound to no address: anybody who has it can use it" end
  local days = key.deadline_days
  if math.type(days) == "integer" and days >= 0 and days < LAPSES_SOON then
    warnings[#warnings + 1] = ("the key lapses in %d days"):format(days)
  end
end

-- How the account and the symbol are set up.
local function look_at_account(report, client, p, category)
  local info, err = client:get_margin_account_info(p {})
  if not info then return nil, err end
  report.margin_mode = info.margin_mode
  if math.type(info.unified_margin_status) == "integer" and info.unified_margin_status < 5
    and category == "inverse" then
    report.problems[#report.problems + 1] = "the account is no unified account 2.0: inverse contracts have a wallet of their own"
  end
  return true
end

local function look_at_symbol(report, client, p, symbol, category)
  local list, err = client:get_positions(p { symbol = symbol, category = category })
  if not list then return nil, err end
  local position = list[1]
  report.position_mode = #list == 1 and position.position_mode or nil
  report.leverage = position and position.leverage
  for _, leg in ipairs(#list > 1 and list or {}) do -- in any order
    if leg.position_mode == 2 then report.short_leverage = leg.leverage else report.leverage = leg.leverage end
  end
  local fees
  fees, err = client:get_fee_rate(p { symbol = symbol, category = category })
  if not fees and err.code ~= 10001 then return nil, err end -- demo has no fees for contracts, and says so with this code
  report.taker_fee_rate = fees and fees[1] and fees[1].taker_fee_rate
  report.maker_fee_rate = fees and fees[1] and fees[1].maker_fee_rate
  return true
end

-- Its own options, and those of each call.
local function options_of(given)
  if given ~= nil and type(given) ~= "table" then errors.raise("check: a table expected, got " .. type(given)) end
  for name in pairs(given or {}) do
    if name ~= "symbol" and name ~= "category" and name ~= "timeout" and name ~= "deadline" and name ~= "cancel" then
      errors.raise(("check: unknown parameter '%s': it takes symbol, category, timeout, deadline, cancel"):format(tostring(name)))
    end
  end
  return given or {}
end

--- Tells before a strategy starts what may keep it from trading: what the key may do, how account and symbol are set up, how far
--- off the clock is, what is left of the limits. It only reads: at most five requests. It prints as a few lines. Without keys it
--- looks at the clock alone.
---@param client table
---@param params? {symbol?: string, category?: "inverse"|"linear", timeout?: number, deadline?: number, cancel?: bybit.Token}
---@return bybit.Check? report
---@return bybit.Error? err
function preflight.check(client, params)
  local given = options_of(params)
  local function p(more)
    more.timeout, more.deadline, more.cancel = given.timeout, given.deadline, given.cancel
    return more
  end
  local clock, err = client:get_server_time(p {})
  if not clock then return nil, err end
  local report = setmetatable({ problems = {}, warnings = {} }, meta)
  report.clock_offset, report.clock_doubt = core.client.clock(client)
  if math.abs(report.clock_offset) > CLOCK_OFF then
    report.warnings[#report.warnings + 1] = ("the local clock is %.1f s off; requests are signed by the exchange's"):format(
      math.abs(report.clock_offset) / 1000)
  end
  if core.client.keyed(client) then
    local key
    key, err = client:get_api_key_info(p {})
    if not key then return nil, err end
    look_at_key(report, key)
    local fine
    fine, err = look_at_account(report, client, p, given.category or core.client.table(client).category)
    if fine and given.symbol ~= nil then fine, err = look_at_symbol(report, client, p, given.symbol, given.category) end
    if not fine then return nil, err end
  else
    report.problems[1] = "the client has no keys: it reaches public endpoints only"
  end
  report.limits = client:budget()
  return report
end

return preflight
