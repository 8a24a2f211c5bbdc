-- What methods that are several requests share, whatever the dialect.

local walk = {}

local OPTIONS = { "receive_window", "timeout", "connect_timeout", "deadline", "cancel", "raw", "extra", "confirm" }

--- The parameters of an inner request: those of `fields`, and the call's own options.
function walk.inner(p, fields)
  for _, name in ipairs(OPTIONS) do fields[name] = p[name] end
  return fields
end

--- Adds what earlier requests of the same call cost to the response of the last one.
function walk.add_up(response, before)
  if not before then return end
  for _, key in ipairs { "requests", "attempts", "duration" } do response[key] = response[key] + before[key] end
end

--- The end of a walk: no cursor, the same one again, or nothing on the page.
function walk.ended(page, at)
  return #page == 0 or not page.next_cursor or page.next_cursor == at
end

--- Keeps the records of a list whose client order id has the prefix; all of them without one.
function walk.keep_prefix(list, prefix)
  if not prefix then return list end
  local n, start = 0, prefix .. "-"
  for i = 1, #list do
    local record = list[i]
    list[i] = nil
    if (rawget(record, "client_order_id") or ""):sub(1, #start) == start then
      n = n + 1
      list[n] = record
    end
  end
  return list
end

return walk
