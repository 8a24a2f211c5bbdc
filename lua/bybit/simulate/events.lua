-- Which requests of a run were struck by a fault, as a list that can be replayed, or replayed in part.

local faults = require "bybit.paper.faults"

local events = {}

---@class bybit.FaultEvent
---@field request integer the how manieth request of the run it strikes
---@field rule bybit.paper.Fault what strikes it
---@field verb string of the request
---@field path string of the request
---@field time integer ms

--- Notes in a list each fault that strikes from now on.
---@param exchange table see inside.lua
---@param rules table[] the faults, as they were given
---@return bybit.FaultEvent[] list
function events.record(exchange, rules)
  local list, injected = {}, exchange.faults
  local before = injected.asked
  function injected.heard(rule, verb, path, now)
    list[#list + 1] = { request = injected.asked - before, rule = rules[rule.number], verb = verb, path = path, time = now }
  end
  return list
end

--- From now on only these faults strike.
---@param exchange table
---@param list bybit.FaultEvent[]
function events.replay(exchange, list)
  local by_request, count, injected = {}, 0, exchange.faults
  local rules = {}
  for i, event in ipairs(list) do
    local rule = {}
    for k, v in pairs(event.rule) do rule[k] = v end
    rule.probability, rule.nth, rule.times, rule.path, rule.verb = nil, nil, nil, nil, nil
    rules[i] = rule
    by_request[event.request] = i
  end
  faults.check(rules)
  injected:set(rules)
  function injected.pick(self, _, _, now)
    count = count + 1
    if self:is_down(now) then return { kind = "restart", executed = false, down = true } end
    self.down_until = nil
    local rule = self.rules[by_request[count]]
    if not rule then return nil end
    self:count(rule.label)
    if rule.kind == "restart" then self.down_until = now + math.floor((rule.seconds or 0) * 1000) end
    return rule
  end
end

--- An event as a line of text.
---@param event bybit.FaultEvent
function events.line(event)
  local words = { event.rule[1] }
  for _, name in ipairs { "status", "code", "seconds" } do
    if event.rule[name] then words[#words + 1] = ("%s %s"):format(name, event.rule[name]) end
  end
  if event.rule.executed then words[#words + 1] = "executed" end
  return ("request %d, %s %s: %s"):format(event.request, event.verb, event.path, table.concat(words, ", "))
end

return events
