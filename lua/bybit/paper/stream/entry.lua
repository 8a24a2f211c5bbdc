-- Orders over a stream (V5 documentation, websocket/trade/guideline): the same endpoints, limits and codes as over HTTP, in
-- another envelope. The login authorises; each message has its own timestamp and window.

local answer = require "bybit.paper.answer"
local faults = require "bybit.paper.faults"

local entry = {}

local PATHS = {
  ["order.create"] = "/v5/order/create", ["order.amend"] = "/v5/order/amend", ["order.cancel"] = "/v5/order/cancel",
  ["order.create-batch"] = "/v5/order/create-batch", ["order.amend-batch"] = "/v5/order/amend-batch",
  ["order.cancel-batch"] = "/v5/order/cancel-batch",
}

-- Faults whose answer goes out as it is: of frames, stream_late and stream_reorder say that they are late.
local WHOLE = { delay = true, reorder = true, element = true }

local ID_MAX, IDS_KEPT = 36, 10000

-- Was this id used on the connection before? Notes it.
local function used(c, id)
  if c.ids[id] then return true end
  c.ids[id] = true
  c.ids[#c.ids + 1] = id
  if #c.ids > IDS_KEPT then c.ids[table.remove(c.ids, 1)] = nil end
  return false
end

local function header_of(parts, now)
  if not parts.reset then return answer.object { { "Timenow", tostring(now) } } end
  return answer.object {
    { "X-Bapi-Limit", tostring(parts.limit) }, { "X-Bapi-Limit-Status", tostring(parts.left) },
    { "X-Bapi-Limit-Reset-Timestamp", tostring(parts.reset) }, { "Timenow", tostring(now) },
  }
end

-- Checks what stands around the order. Returns path and order; nil, code and message.
local function read(c, asked)
  local path = PATHS[asked.op]
  if not path then return nil, 10404, "op type is not found" end
  if not c.login then return nil, 10005, "Request not authorized" end
  local id = asked.reqId
  if id ~= nil and (type(id) ~= "string" or #id > ID_MAX) then return nil, 10001, "reqId invalid" end
  if id and used(c, id) then return nil, 20006, "Duplicate reqId" end
  local header, args = asked.header, asked.args
  if type(header) ~= "table" or type(header["X-BAPI-TIMESTAMP"]) ~= "string" then
    return nil, 10001, "X-BAPI-TIMESTAMP is missing in header"
  end
  if type(args) ~= "table" or #args ~= 1 or type(args[1]) ~= "table" then return nil, 10001, "args: one object expected" end
  return path, args[1]
end

-- What a fault leaves of a request: its parts; nil: no answer goes out.
local function disturb(streams, c, rule, parts)
  local code, message = faults.code(rule)
  if code then return { code = code, message = message } end
  local kind = rule.kind
  if WHOLE[kind] then return parts end
  if kind == "reset" or kind == "restart" or kind == "cut" then
    streams.sockets.cut(c.id, kind ~= "cut")
    c.silent = true
  end
  return nil
end

--- Serves a request; `reply` sends.
---@param streams table
---@param c table connection
function entry.serve(streams, c, asked, reply)
  local op, now = type(asked.op) == "string" and asked.op or "", streams.now()
  local path, order, message = read(c, asked)
  if not path then return reply(streams, c, asked, order, message, op) end
  local rule, parts = streams.faults:pick("POST", path, now), nil
  if not rule or rule.enters then
    local header = asked.header
    parts = streams.wire:enter(c.login, path, order, header["X-BAPI-TIMESTAMP"], header["X-BAPI-RECV-WINDOW"], rule)
  end
  if rule and rule.late then
    local header = asked.header
    streams.wire:delay(rule, function()
      streams.wire:enter(c.login, path, order, header["X-BAPI-TIMESTAMP"], header["X-BAPI-RECV-WINDOW"])
    end)
  end
  if rule then
    parts = disturb(streams, c, rule, parts)
    if not parts then return streams:flush() end
  end
  streams:flush()
  reply(streams, c, asked, parts.code, parts.message, op, { "data", parts.result or answer.object {} },
    { "retExtInfo", parts.extra or answer.object {} }, { "header", header_of(parts, now) })
end

return entry
