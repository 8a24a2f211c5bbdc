-- A run in words: the (shortened) program, and moment by moment what its calls asked for, which copies were sent and arrived,
-- what another program did, and every statement. It is printed when a statement was false.

local ledger = require "spec.support.outcome.ledger"

local describe = {}

local function params_text(params)
  local parts = {}
  for k, v in pairs(params) do
    if k ~= "cancel" then parts[#parts + 1] = ("%s=%s"):format(k, tostring(v)) end
  end
  table.sort(parts)
  return table.concat(parts, ", ")
end

--- A call in words.
function describe.call(call)
  return ("#%d %s{%s}"):format(call.number, call.method, params_text(call.params))
end

--- A statement about a call, in words.
function describe.said(s)
  local text = s.says
  if s.final then text = text .. ", final" end
  if s.raised then text = text .. ", raised" end
  if s.result then
    local id = type(s.result) == "table" and (rawget(s.result, "client_order_id") or rawget(s.result, "order_id"))
    return ("%s: %s%s"):format(s.by, text, id and (" " .. tostring(id)) or "")
  end
  local err = s.err
  local proof = type(err) == "table" and rawget(err, "proof")
  return ("%s: %s%s (%s)"):format(s.by, text, proof and (", proof " .. proof) or "", tostring(err))
end

local function order_text(change)
  local o, now = change.order, change.now
  return ("%s %s %s %s qty %s price %s%s %s"):format(change.what, o.link or o.stop_order_type or "-", o.side, o.id:sub(1, 8),
    tostring(now.qty), tostring(now.price), now.trigger_price and (" trigger %s"):format(tostring(now.trigger_price)) or "",
    now.status)
end

local function cause_text(cause)
  return type(cause) == "table" and ("copy %d of %s"):format(cause.number, cause.call and "#" .. tostring(cause.call.number)
    or "nobody") or tostring(cause)
end

local function short_path(copy)
  return copy.path:gsub("^/v5/", ""):gsub("^/v2/private/", "")
end

-- Lines with their moments.
local function lines_of(run)
  local lines = {}
  local function add(at, text, ...)
    lines[#lines + 1] = { at = at, n = #lines, text = text:format(...) }
  end
  for _, call in ipairs(run.ledger.calls) do
    add(call.began, "call %s  [step %s, life %d]", describe.call(call), call.key, call.life.number)
    for _, s in ipairs(call.told) do add(s.at, "  #%d said by %s", call.number, describe.said(s)) end
    if call.stopped then add(call.ended or call.began, "  #%d was stopped: %s", call.number, call.stopped) end
  end
  for _, copy in ipairs(run.network.copies) do
    local name = ("copy %d %s%s"):format(copy.number, short_path(copy), copy.call and copy.call.number
      and " of #" .. copy.call.number or "")
    local trouble = copy.fate or copy.changed
    if copy.verb == "POST" or trouble then
      add(copy.left, "    %s leaves, stamp %+.3f s%s%s", name, (copy.stamp - run.world:server(copy.left)) / 1000,
        trouble and ": " .. trouble or "", trouble and (" (%s)"):format(copy.key) or "")
    end
    if copy.arrived and copy.verb == "POST" then add(copy.arrived, "    %s arrives: %s", name, tostring(copy.code)) end
  end
  for _, change in ipairs(run.world.log) do
    add(change.at, "      %s by %s", order_text(change), cause_text(change.cause))
  end
  for _, r in ipairs(run.ledger.reports) do
    add(r.began, "reconcile %s", r.key)
    if not r.report then add(r.at, "  reconcile %s: %s", r.key, tostring(r.err)) end
    for _, list in ipairs { "settled", "unclear", "unsettled" } do
      for _, entry in ipairs(r.report and r.report[list] or {}) do
        add(r.at, "  reconcile %s: %s %s %s %s", r.key, list, tostring(entry.method), tostring(entry.client_order_id),
          tostring(entry.outcome or rawget(entry, "final") and "final" or ""))
      end
    end
    for _, o in ipairs(r.report and r.report.live or {}) do
      add(r.at, "  reconcile %s: live %s", r.key, tostring(rawget(o, "client_order_id")))
    end
  end
  for _, life in ipairs(run.lives) do
    if life.number > 1 then add(life.began, "life %d begins", life.number) end
  end
  if run.calm_at then add(run.calm_at, "all is quiet") end
  table.sort(lines, function(a, b) return a.at < b.at or a.at == b.at and a.n < b.n end)
  return lines
end

local function program_text(p)
  local lines = { ("program: api %s, skew %d ms, local clock %+d ms, lag %d ms, forget %s, deadline %g s, timeout %g s, "
    .. "window %d ms, tasks %d%s, rough %g, odd %g"):format(p.api, p.skew, p.shift, p.lag, tostring(p.forget), p.deadline,
    p.timeout, p.window, p.tasks, p.climate.blocking and " (blocking)" or "", p.rough, p.odd) }
  for _, step in ipairs(p.steps) do
    lines[#lines + 1] = ("  step %d of task %d: %s%s%s%s"):format(step.id, step.task, step.act,
      step.confirm and ", confirm" or "", step.stop and (", stopped by %s after %.3f s"):format(step.stop.how, step.stop.after)
      or "", step.hand and (", another hand after %.3f s: %s"):format(step.hand.after, step.hand.act) or "")
  end
  for _, e in ipairs(p.events) do
    lines[#lines + 1] = ("  at %.3f s: %s %s"):format(e.at, e.act, tostring(e.what or e.ms or e.kind))
  end
  return lines
end

--- A run in words.
function describe.run(run)
  local out = program_text(run.program)
  for _, line in ipairs(lines_of(run)) do out[#out + 1] = ("%9.3f  %s"):format(line.at, line.text) end
  return table.concat(out, "\n")
end

--- The state of a call at the end, in one line.
function describe.standing(call)
  local last = ledger.last(call)
  return ("%s said %s"):format(describe.call(call), last and describe.said(last) or "nothing")
end

return describe
