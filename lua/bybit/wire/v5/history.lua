-- Histories of the V5 wire: lists that a request reads at most seven days of. A walk goes back in time, window by window, and
-- through the pages of each.

local walk = require "bybit.wire.walk"

local history = {}

history.WINDOW = 7 * 86400000 -- ms: the longest time that a request may span (V5 documentation, order/history)

---------------------------------------------------------------------------------------------------------------
-- A place in a history: `h<start>,<end>,<empty>:` and the exchange's cursor. The walk ends at the moment start; end is the end of
-- the window that is read now; empty is how many empty pages came right before. Each of them may be left out, and so may the
-- exchange's cursor.

--- Reads a place; nil if it is none.
---@param text string
---@return table? place
function history.read(text)
  local from, to, more, rest = text:match "^h(%d*),(%d*),?(%d?):(.*)$"
  if not from then return nil end
  return { phase = "closed", from = math.tointeger(tonumber(from)), to = math.tointeger(tonumber(to)),
    empty = tonumber(more) or 0, at = rest ~= "" and rest or nil }
end

--- The cursor of a method that leads to a place.
function history.cursor(method, from, to, at, empty)
  return walk.cursor(method, ("h%s,%s%s:%s"):format(from or "", to or "", empty and empty > 0 and "," .. empty or "", at or ""))
end

--- Where the history begins for these parameters. Without start_time it is the exchange's default window.
function history.start(client, p)
  local now = p.start_time and not p.end_time and math.max(client:now(), p.start_time)
  return { phase = "closed", from = p.start_time, to = now or p.end_time, empty = 0 }
end

--- One page of a history, newest first. Windows follow each other back in time. The edge of two windows is asked for twice, so
--- that no record on it is missed.
---@param call function
---@param client userdata
---@param method string
---@param row string the internal row that reads a page
---@param at table the place
---@param params table of the request; the times and the cursor are filled in
---@return table? page
---@return bybit.Error? err
---@return bybit.Response? response
function history.page(call, client, method, row, at, params)
  local start, stop = at.from, at.to
  if start and stop - start > history.WINDOW then start = stop - history.WINDOW end
  params.cursor, params.start_time, params.end_time = at.at, start, stop
  local page, err, response = call(client, row, params)
  if not page then return nil, err, response end
  local follows, why, empty = walk.after(page, at.at, at.empty)
  if why then
    return nil, walk.astray(method, params, why, history.cursor(method, at.from, stop, page.next_cursor), response), response
  end
  if follows then
    page.next_cursor = history.cursor(method, at.from, stop, follows, empty)
  else
    page.next_cursor = start and start > at.from and history.cursor(method, at.from, start) or nil
  end
  return page, nil, response
end

return history
