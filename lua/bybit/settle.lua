-- Settles a call whose outcome is not known. A placement is sent again under its own client order id, which the exchange
-- takes once; amendments and cancellations are settled by reading the order, trading stops by reading the position.
--
-- The fence: a signed request can no longer be accepted once the exchange's own clock has passed its timestamp, its
-- receive window and a second (V5 documentation, authentication). After that, two sweeps of every place where its order
-- may live, `visibility` apart, that both find nothing, prove that there is none. Before it absence proves nothing.

local core = require "bybit.core"
local objects = require "bybit.objects"
local stops = require "bybit.stops"

local loop = core.loop

local settle = {}

-- How often to look while the fence is ahead (seconds): soon at first, since most orders show at once.
local FIRST, MOST = 0.1, 1

-- Orders that ended by being cancelled; a fill or a refusal is another end.
local CANCELLED = { Cancelled = true, Deactivated = true, PartiallyFilledCanceled = true }

local function visibility(run)
  return loop.is_virtual() and 0 or core.client.table(run.client).visibility
end

-- Nothing was done: proved by what was found or not found after the fence.
local function disproved(run, err, response, proof)
  run.worst = "rejected"
  err.proof = proof
  if proof == "fence" and err.kind ~= "exchange" and err.kind ~= "not_found" then err.retryable = true end
  return run:give_up(err, response)
end

-- Looks with `look` until it decides. It gives a decision (a function of no arguments that returns the call's results),
-- or false and the exchange's time of a sweep that found nothing done, or nil when it could not see. Past the fence two
-- such sweeps, `visibility` apart, decide by `absent`. Nil: time ran out.
local function watch(run, look, absent)
  local clear, wait = nil, FIRST
  while true do
    local decision, time = look()
    if decision then return decision end
    local pause = wait
    wait = math.min(wait * 2, MOST)
    if decision == false and run.fence and time and time > run.fence then
      if clear and loop.now() - clear >= visibility(run) then return absent end
      clear = clear or loop.now()
      pause = math.max(visibility(run) - (loop.now() - clear), 0)
      if pause == 0 then goto again end
    elseif decision == false and run.fence and time then
      pause = math.min(math.max((run.fence - time) / 1000 + 0.05, 0.05), wait)
    end
    if not run:sleep(pause) then return nil end
    ::again::
    if run:left() <= 0 then return nil end
  end
end

-- Sends again until an answer says something: `judge(err, response, code)` gives a decision, or nil to go on. Without
-- anything to send (the sending is over) the decision is nil at once.
local function send_until(run, judge)
  local tries = 0
  while run.send and run:left() > 0 do
    local ok, a, response, code = run:again()
    if ok then return function() return a, nil, response end end
    if a.kind == "timeout" and run.unsent then return nil end -- time ran out first: what was said before is worth more
    if run.cancelled or a.kind == "closed" then return function() return run:give_up(a, response) end end
    local decision = judge(a, response, code)
    if decision then return decision end
    tries = tries + 1
    run:goes_on(a, response)
    if not run:sleep(math.max(a.retry_after or 0, run:backoff(tries))) then
      return function() return run:give_up(a, response) end
    end
  end
end

-- May the same request be sent once more after this answer? The exchange did not take it, or it is not known.
local function goes_on(err)
  return err.outcome ~= "rejected" or err.retryable
end

---------------------------------------------------------------------------------------------------------------
-- Placements.

local function seen(run, err, response)
  return function()
    local order, time = run:find()
    if not order then return order, time end
    if not run:agrees(order) then -- the id was taken before this call
      return function() return disproved(run, err, response) end
    end
    return function() return run:acknowledge(order), nil, response end
  end
end

-- Is the order there, or proved not to be?
local function look_for(run, err, response)
  return watch(run, seen(run, err, response), function() return disproved(run, err, response, "fence") end)
end

-- The exchange says that the id is taken: an earlier attempt lives, or somebody else's order does.
local function taken(run, err, response)
  local look = seen(run, err, response)
  local decision = watch(run, function()
    local found = look()
    return found or nil -- what is taken cannot be absent: it shows sooner or later
  end)
  if decision then return decision end
  if not run.made_id or run.cancelled then return nil end
  -- Nobody else can have made that id, so the order lives; it only does not show yet.
  return function()
    response.unconfirmed = run:missing()
    return setmetatable({ client_order_id = run.made_id }, objects.metatable(run.row.result.record)), nil, response
  end
end

local after = {}

function after.place(run, err, response)
  local decision
  if run.send and rawget(run.params, "resend") ~= false then
    decision = send_until(run, function(e, r, code)
      err, response = e, r
      if code and code.class == "D" then return taken(run, e, r) or function() return run:give_up(e, r) end end
      -- A refusal of this copy says nothing of the first.
      if not goes_on(e) then return look_for(run, e, r) or function() return run:give_up(e, r) end end
    end)
  else
    decision = look_for(run, err, response)
  end
  if decision then return decision() end
  return run:give_up(err, response)
end

---------------------------------------------------------------------------------------------------------------
-- Amendments and cancellations: `state(order)` says whether the order is as asked (true), has ended otherwise (nil), or
-- may still become so (false); "unclear" where the order cannot tell.

local function by_order(run, err, response, state)
  local refused
  local function look()
    local order, time = run:find()
    if not order then return order, time end -- nil: it could not be asked
    local as_asked = state(order)
    if as_asked == "unclear" then
      if order:is_done() then return function() return run:give_up(err, response) end end
      return nil, time
    end
    if as_asked then return function() return run:acknowledge(order), nil, response end end
    if as_asked == nil then
      local ended = run:missing(("the order has ended: %s"):format(order.status))
      ended.attempts, ended.elapsed = err.attempts, err.elapsed
      return function() return disproved(run, ended, response, "read") end
    end
    if run.send and not refused then return nil, time end
    return false, time
  end
  local function resend()
    return send_until(run, function(e, r)
      err, response = e, r
      if e.unchanged then return function() return run:acknowledge { order_id = run:order_id(),
        client_order_id = run.params.client_order_id }, nil, r end end
      if goes_on(e) then return nil end
      refused = true -- not now; but an earlier copy may still come, or have been taken
      return watch(run, look, function() return disproved(run, e, r, "fence") end)
        or function() return run:give_up(e, r) end
    end)
  end
  local decision = look()
  if not decision and run.send then decision = resend() end
  if not decision and not run.send then
    decision = watch(run, look, function() return disproved(run, err, response, "fence") end)
  end
  if decision then return decision() end
  return run:give_up(err, response)
end

function after.amend(run, err, response)
  return by_order(run, err, response, function(order)
    if run:applied(order) then return true end
    if run:altered(order) then return "unclear" end
    if order:is_done() then return nil end
    return false
  end)
end

function after.cancel(run, err, response)
  return by_order(run, err, response, function(order)
    if CANCELLED[order.status] then return true end
    if order:is_done() then return nil end
    return false
  end)
end

---------------------------------------------------------------------------------------------------------------
-- Cancelling all is harmless to repeat; what the repetition cancels is its result.

function after.all(run, err, response)
  local decision = send_until(run, function(e, r)
    err, response = e, r
    if not goes_on(e) then return function() return run:give_up(e, r) end end
  end)
  if not decision and not run.send then
    decision = watch(run, function()
      local page, why, r = run.class.dialect.open_orders(run.call, run.client, run:reading {
        symbol = run.params.symbol }, run:conditional())
      if not page then return nil, why end
      if #page == 0 then return function() return page, nil, response end end
      return false, r.time
    end, function() return disproved(run, err, response, "fence") end)
  end
  if decision then return decision() end
  return run:give_up(err, response)
end

---------------------------------------------------------------------------------------------------------------
-- Trading stops.

-- In Partial mode each call adds: it is never sent again, but looked for among the stop orders.
local function parts(run, err, response)
  local decision = watch(run, function()
    local added, time = stops.added(run)
    if added then return function() return run:stopped(), nil, response end end
    return added, time
  end, function() return disproved(run, err, response, "fence") end)
  if decision then return decision() end
  return run:give_up(err, response)
end

-- For the whole position: setting the same again changes nothing. Where the mode is a setting of the account, the position
-- tells it.
local function whole_position(run, err, response)
  local mode, by_account = nil, run.class.dialect.account_mode
  local function look()
    local position, why, r = run:position()
    if not position then return nil, why end
    mode = rawget(position, "tpsl_mode")
    if run:applied(position) then return function() return run:stopped(position), nil, response end end
    return false, r.time
  end
  -- Past the fence: the position does not show it, but it may have closed since.
  local function absent(e, r)
    return function()
      local set
      repeat set = stops.was_set(run) until set ~= nil or not run:sleep(MOST)
      if set == true then return run:stopped(), nil, r end
      if set == false then return disproved(run, e, r, "fence") end
      return run:give_up(e, r)
    end
  end
  local decision = look()
  if not decision and by_account then
    while not decision and mode == nil and run:sleep(FIRST) do decision = look() end
    if not decision and mode == "Partial" then
      run.partial = true
      return parts(run, err, response)
    end
    if not decision and mode == nil then return run:give_up(err, response) end
  end
  decision = decision or send_until(run, function(e, r)
    err, response = e, r
    if e.unchanged then return function() return run:stopped(), nil, r end end
    if not goes_on(e) then
      return watch(run, look, absent(e, r)) or function() return run:give_up(e, r) end
    end
  end)
  if not decision and not run.send then decision = watch(run, look, absent(err, response)) end
  if decision then return decision() end
  return run:give_up(err, response)
end

function after.stop(run, err, response)
  return stops.while_open(run, stops.adds(run.params) and parts or whole_position, err, response)
end

--- Goes on after an attempt of unknown outcome. Returns what the call gives.
---@param run bybit.Run
---@param err bybit.Error the last attempt's
---@param response table
---@param code table? the row of the error's code
function settle.after(run, err, response, code)
  local said = code and code.flaw and err.message
  local result, why, last = after[run.row.settle](run, err, response)
  if result and said then last.flaw = said end
  return result, why, last
end

return settle
