-- Pages of a list of v2: a cursor names the first and the last row of its page, so that `direction` can lead both ways,
-- and every page that is not empty has one, also the last (v2 documentation, get active order). It is base64, which has
-- '/', '+' and '=' in it, so a client that encodes it wrongly fails here.

local cursor = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local SALT = 0x5bf03635 -- makes small numbers look like the exchange's

local function encode(bytes)
  local out = {}
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local n = a << 16 | (b or 0) << 8 | (c or 0)
    local text = {}
    for k = 1, 4 do
      local at = (n >> (24 - 6 * k)) & 63
      text[k] = ALPHABET:sub(at + 1, at + 1)
    end
    if not b then text[3], text[4] = "=", "=" elseif not c then text[4] = "=" end
    out[#out + 1] = table.concat(text)
  end
  return table.concat(out)
end

local function digest(text)
  local hash = -3750763034362895579
  for i = 1, #text do hash = (hash ~ text:byte(i)) * 1099511628211 end
  return hash
end

-- The cursor of the page between two rows of a list that `scope` names.
local function text_of(scope, first, last)
  return encode(string.pack(">I1i8i8i8", 251, first ~ SALT, last ~ SALT, digest(("%s %d %d"):format(scope, first, last))))
end

local VALUES = {}
for i = 1, #ALPHABET do VALUES[ALPHABET:byte(i)] = i - 1 end

local function parse(scope, text)
  local bytes, n, count = {}, 0, 0
  for i = 1, #text do
    local value = VALUES[text:byte(i)]
    if value then
      n, count = n << 6 | value, count + 6
      if count >= 8 then
        count = count - 8
        bytes[#bytes + 1] = string.char((n >> count) & 255)
      end
    end
  end
  local raw = table.concat(bytes)
  if #raw ~= 25 then return nil end
  local _, first, last = string.unpack(">I1i8i8i8", raw)
  first, last = first ~ SALT, last ~ SALT
  return text == text_of(scope, first, last) and first, last
end

--- One page of rows, newest first, whose `row` falls. Page and cursor, or nil, code and message.
---@param scope string what the cursor belongs to
---@param rows any[]
---@param asked { limit: string?, cursor: string?, direction: string? }
---@return any[]? page
---@return string|integer cursor
---@return string? message
function cursor.page(scope, rows, asked)
  local limit = asked.limit == nil and 20 or math.tointeger(tonumber(tostring(asked.limit):match "^%d%d?$"))
  if not limit or limit < 1 or limit > 50 then return nil, 10001, "params error: limit invalid" end
  local direction = asked.direction or "next"
  if direction ~= "next" and direction ~= "prev" then return nil, 10001, "params error: direction invalid" end
  local from = 1
  if asked.cursor then
    local first, last = parse(scope, tostring(asked.cursor))
    if not first then return nil, 10001, "params error: cursor invalid" end
    local edge = direction == "next" and last or first
    while rows[from] and rows[from].row > edge do from = from + 1 end
    if direction == "next" then
      if rows[from] and rows[from].row == edge then from = from + 1 end
    else
      from, limit = math.max(1, from - limit), math.min(limit, from - 1)
    end
  end
  local page = table.move(rows, from, math.min(#rows, from + limit - 1), 1, {})
  if #page == 0 then return page, "" end
  return page, text_of(scope, page[1].row, page[#page].row)
end

return cursor
