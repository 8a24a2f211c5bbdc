-- Tables that raise for a name that they do not have, and say which is meant. A nil would go unnoticed, since nil equals nil.

local nearest = require "bybit.later".module "bybit.text.nearest"

local known = {}

local function keys(...)
  local names = {}
  for _, list in ipairs { ... } do
    for name in pairs(list) do names[#names + 1] = name end
  end
  return names
end

--- Lets a table raise when it is asked for a name that it does not have. A name that begins with `_` is nil, since debuggers and
--- other tools look for such in any table.
---@param what string how the table is called in messages
---@param t table
---@param options? { hint: (fun(key: any): string?), absent: table<string, true>, lazy: table<string, function> } hint: the end
--- of a message that knows better than a near name; absent: names that may be nil; lazy: what makes a value on first use
---@return table t
function known.only(what, t, options)
  local o = options or {}
  local absent, lazy = o.absent or {}, o.lazy or {}
  local function hint(key)
    return o.hint and o.hint(key) or nearest.hint(key, keys(t, absent, lazy))
  end
  return setmetatable(t, {
    lazy = lazy, -- for code that lists all fields
    __hint = hint,
    __index = function(_, key)
      if lazy[key] then
        t[key] = lazy[key]()
        return t[key]
      end
      if absent[key] or type(key) == "string" and key:find "^_" then return nil end
      error(("%s has no '%s'%s"):format(what, tostring(key), hint(key)), 2)
    end,
  })
end

return known
