-- A bookmark of client:follow as text: where a program goes on that was ended. It says from which moment on history has to be read,
-- and which trades since that moment were delivered, in short forms. A checksum tells one that was cut or changed.
--
--   bybit1.ACCOUNT.SCOPE.MOMENT.IDS.CHECK

local core = require "bybit.core"

local sha1 = core.sign.sha1

local bookmark = {}

local SHORT = 8       -- characters of a short form: 48 bits of a hash
bookmark.MOST = 1800  -- trades in one, so that it stays under 16 KB

--- The short form of a trade's id.
---@param id string
---@return string
function bookmark.short(id)
  return sha1(id):sub(1, SHORT)
end

local short = bookmark.short

--- Writes one.
---@param account string a fingerprint
---@param scope string what is followed
---@param moment integer ms
---@param ids string[] short forms
---@param count integer how many of them
---@return string
function bookmark.write(account, scope, moment, ids, count)
  local text = ("bybit1.%s.%s.%d.%s"):format(account, short(scope), moment,
    table.concat(ids, "", 1, math.min(count, bookmark.MOST)))
  return text .. "." .. short(text)
end

--- Is this meant as a bookmark?
---@param text string
function bookmark.is(text)
  return text:find "^bybit%d+%." ~= nil
end

--- Reads one. Nil and why it cannot be used.
---@param text string
---@param account string whose it has to be
---@param scope string what it has to be about
---@return { moment: integer, ids: string[] }?
---@return string? why
function bookmark.read(text, account, scope)
  if not text:find "^bybit1%." then return nil, "another version of bybit wrote it" end
  local body, check = text:match "^(.*)%.([^.]*)$"
  local of, about, moment, ids = (body or ""):match "^bybit1%.(%x+)%.([^.]+)%.(%d+)%.([%w+/]*)$"
  if not of or check ~= short(body) or #ids % SHORT ~= 0 or not math.tointeger(tonumber(moment)) then
    return nil, "it is damaged: it was cut off, or changed"
  end
  if of ~= account then return nil, "it belongs to another key, or another exchange" end
  if about ~= short(scope) then return nil, "it was written by a loop over other contracts" end
  local list = {}
  for i = 1, #ids, SHORT do list[#list + 1] = ids:sub(i, i + SHORT - 1) end
  return { moment = math.tointeger(tonumber(moment)), ids = list }
end

return bookmark
