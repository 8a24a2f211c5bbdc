-- Pages of a list. A cursor names the last row of the page before, so new rows do not shift the next page. A cursor
-- belongs to one account, endpoint and set of filters. Its text is percent-encoded already, as the exchange's are. Some
-- clients put it into the query as it is, others encode it once more; both work (V5 documentation, pagination).

local params = require "bybit.paper.params"

local find = string.find

local cursor = {}

-- The filters that a cursor belongs to: all parameters but limit and cursor, by alphabet.
local function filters(asked)
  local names = {}
  for name, value in pairs(asked) do
    if name ~= "limit" and name ~= "cursor" and type(value) == "string" then names[#names + 1] = name end
  end
  table.sort(names)
  for i, name in ipairs(names) do names[i] = name .. "=" .. asked[name] end
  return table.concat(names, "&")
end

local function hex(text)
  return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

-- FNV-1a, 64 bits. It is enough to find a foreign or damaged cursor; it is no secret.
local function digest(text)
  local hash = -3750763034362895579
  for i = 1, #text do hash = (hash ~ text:byte(i)) * 1099511628211 end
  return ("%016x"):format(hash)
end

-- The two texts of the cursor after the row with this key: as issued, and decoded once.
local function texts(scope, key)
  local kind = math.type(key) == "integer" and "i" or "s"
  local row = kind .. hex(tostring(key))
  local tag = digest(scope .. "\0" .. row)
  return ("page_args%%3D%s%%26tag%%3D%s%%26"):format(row, tag), ("page_args=%s&tag=%s&"):format(row, tag)
end

-- The key in a cursor, given in either form; nil when it is not one of ours for this scope.
local function parse(scope, text)
  if text:find("%%") then text = params.unescape(text) end
  local kind, digits = text:match("^page_args=([is])(%x+)&")
  if not kind then return nil end
  local key = digits:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end)
  if kind == "i" then key = math.tointeger(tonumber(key)) end
  if not key then return nil end
  local _, expected = texts(scope, key)
  return text == expected and key or nil
end

---How many rows a page may hold. Nil, code and message when 'limit' is out of range.
---@return integer? size
---@return integer? code
---@return string? message
function cursor.size(asked, options)
  local limit = asked.limit
  if limit == nil then return options.default end
  limit = tostring(limit)
  limit = #limit <= 4 and find(limit, "^%d+$") and math.tointeger(tonumber(limit))
  if limit and limit >= 1 and limit <= options.max then return limit end
  return nil, 10001, "params error: limit invalid"
end

---How many rows a page has, and after which key it begins (nil: with the first row). Nil, code and message when limit or
---cursor is wrong.
---@return integer? size
---@return integer|string? after or the code
---@return string? message
function cursor.position(scope, asked, options)
  local size, code, message = cursor.size(asked, options)
  if not size then return nil, code, message end
  if asked.cursor == nil then return size end
  local after = parse(scope .. "\0" .. filters(asked), tostring(asked.cursor))
  if not after then return nil, 10001, "params error: cursor invalid" end
  return size, after
end

---One page of 'rows', which are sorted by options.key: falling (newest first), or rising with
---options.ascending. Keys are integers or strings, unique in the list.
---@param scope string what the cursor belongs to besides the filters: account and endpoint
---@param rows any[]
---@param asked table<string, any> the request's parameters
---@param options { default: integer, max: integer, key: (fun(row): integer|string), ascending: boolean? }
---@return any[]? page, string|integer cursor "" on the last page; or the error's code
---@return string? message
function cursor.page(scope, rows, asked, options)
  local size, after, message = cursor.position(scope, asked, options)
  if not size then return nil, after, message end
  local from = 1
  if after ~= nil then
    while rows[from] ~= nil do
      local key = options.key(rows[from])
      if math.type(key) ~= math.type(after) then return nil, 10001, "params error: cursor invalid" end
      if options.ascending and key > after or not options.ascending and key < after then break end
      from = from + 1
    end
  end
  local page = table.move(rows, from, math.min(#rows, from + size - 1), 1, {})
  if from + size > #rows then return page, "" end
  return page, (texts(scope .. "\0" .. filters(asked), options.key(page[#page])))
end

return cursor
