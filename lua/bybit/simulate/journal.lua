-- What happened in a simulation, in the order in which it happened: each request with its answer. Two runs of one seed have the same.

local time = require "bybit.text.time"

local journal = {}

local Journal = {}
Journal.__index = Journal

---@param world table
---@param full boolean keep the lines; otherwise only numbers
function journal.new(world, full)
  return setmetatable({ world = world, full = full, events = {}, requests = 0, limited = 0 }, Journal)
end

--- Notes a request and its answer.
---@param verb string
---@param target string path and query
---@param body string?
---@param status integer
---@param answer string the body of the answer
---@param fault table?
function Journal:note(verb, target, body, status, answer, fault)
  self.requests = self.requests + 1
  if answer:find '^{"ret_?[cC]ode":10006,' then self.limited = self.limited + 1 end
  if not self.full then return end
  self.events[#self.events + 1] = { time = self.world:now(), verb = verb, path = target:match "^[^?]*", body = body,
    status = status, code = math.tointeger(tonumber(answer:match '^{"ret_?[cC]ode":(%-?%d+)')), fault = fault }
end

local FAULTS = { "silent", "cut", "delay", "reset", "restart", "overtaken", "late" }

local function line_of(event)
  local fault = ""
  if event.fault then
    local words = {}
    for _, name in ipairs(FAULTS) do words[#words + 1] = event.fault[name] and name or nil end
    fault = "  fault " .. table.concat(words, " ")
  end
  return ("%s  %s %s %s%s%s"):format(time.iso(event.time), event.verb, event.path,
    event.code and "code " .. event.code or "HTTP " .. event.status, event.body and event.body ~= "" and "  " .. event.body or "",
    fault)
end

--- The lines of what happened.
---@return string[]
function Journal:lines()
  local lines = {}
  for i, event in ipairs(self.events) do lines[i] = line_of(event) end
  return lines
end

return journal
