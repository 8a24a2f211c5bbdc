-- Writes the end of a message about a wrong call: what would have been right. It is asked only when a call is about to raise.

local categories = require "bybit.wire.categories"
local enums = require "bybit.records.enums"
local later = require "bybit.later"
local nearest = require "bybit.text.nearest"
local rows = require "bybit.wire.rows"
local synonyms = require "bybit.text.synonyms"
local time = require "bybit.text.time"

local hints = {}

local function params_of(method)
  local row = rows.declared(method)
  return row and row.params or {}
end

-- The wires, and their names in messages.
local WIRES = { { "v5", "V5" }, { "v2", "v2" } }

local function endpoints_of(api)
  return later.load(("bybit.wire.%s.endpoints"):format(api))
end

local function add(list, name)
  list[#list + 1] = name
end

-- Calls see(plain word, our name) for each name that a parameter has, ours and those on the wires.
local function each_word(params, see)
  for _, p in ipairs(params) do
    for _, word in pairs { p[1], p[2] or nil, p.also, p.v2, p.v5 } do see(synonyms.plain(word), p[1]) end
  end
end

-- Adds the names of those parameters that have this name, or this name on a wire.
local function add_declared(list, params, plain)
  each_word(params, function(word, name)
    if word == plain and list[#list] ~= name then add(list, name) end
  end)
end

local indexes = setmetatable({}, { __mode = "k" }) -- endpoints -> { count of methods, words = { [plain word] = our names } }

-- Our names for each word that some method of a wire declares, in the order of the methods. It is made anew when a method was added.
local function index_of(endpoints)
  local methods, index = rows.methods(endpoints), indexes[endpoints]
  if index and index.count == #methods then return index.words end
  local words, seen = {}, {}
  for _, method in ipairs(methods) do
    each_word(endpoints[method].params, function(word, name)
      words[word], seen[word] = words[word] or {}, seen[word] or {}
      if not seen[word][name] then add(words[word], name) end
      seen[word][name] = true
    end)
  end
  indexes[endpoints] = { count = #methods, words = words }
  return words
end

-- Our names that the word may stand for, the likeliest first: what the method declares, then what other clients say, then what
-- other methods declare.
local function meanings(method, key)
  local list, plain = {}, synonyms.plain(key)
  add_declared(list, params_of(method), plain)
  for _, wire in ipairs(WIRES) do
    local row = endpoints_of(wire[1])[method]
    add_declared(list, row and row.params or {}, plain)
  end
  for _, name in ipairs(synonyms.of("parameters", key)) do add(list, name) end
  for _, wire in ipairs(WIRES) do
    for _, name in ipairs(index_of(endpoints_of(wire[1]))[plain] or {}) do add(list, name) end
  end
  return list
end

-- The name under which `names` has one of the meanings; where an order is changed, `quantity` is `new_quantity`.
local function first_in(list, names)
  for _, name in ipairs(list) do
    for _, word in ipairs { name, "new_" .. name } do
      if names[word] then return word end
    end
  end
end

-- What was given, under both names where a parameter has two.
local function all_given(method, given)
  local all = {}
  for name in pairs(given or {}) do all[name] = true end
  for _, p in ipairs(params_of(method)) do
    if p.also and (all[p[1]] or all[p.also]) then all[p[1]], all[p.also] = true, true end
  end
  return all
end

-- The words for a parameter that the method has on the other wire only.
local function on_other_wire(method, list)
  for _, wire in ipairs(WIRES) do
    local row = endpoints_of(wire[1])[method]
    for _, p in ipairs(row and row.params or {}) do
      for _, name in ipairs(list) do
        if p[1] == name then return (": it exists on the %s wire only (api = \"%s\")"):format(wire[2], wire[1]) end
      end
    end
  end
end

-- How much one method is like another. Nil: what the one takes tells nothing of the other.
local function likeness(row, other)
  if (row.changes or false) ~= (other.changes or false) or (row.cancels or false) ~= (other.cancels or false) then
    return nil
  end
  local same = (row.conditional or false) == (other.conditional or false) and 1 or 0
  if not row.changes then
    local record, others = row.result or {}, other.result or {}
    return same + ((record.list or record.first) == (others.list or others.first) and 2 or 0)
  end
  return same + (row.settle == other.settle and 4 or other.settle == "stop" and 2 or 0)
end

-- The words for a parameter that another method takes: the one that is most like this one.
local function elsewhere(method, key, list)
  local _, api = rows.declared(method)
  local endpoints = endpoints_of(api or "v5")
  local row, found, as, most = endpoints[method], nil, nil, -1
  for _, other in ipairs(row and rows.methods(endpoints) or {}) do
    local like = other ~= method and likeness(row, endpoints[other])
    if like and like > most then
      local names = {}
      for _, p in ipairs(endpoints[other].params) do
        names[p[1]] = true
        if p.also then names[p.also] = true end
      end
      local name = first_in({ key }, names) or first_in(list, names)
      if name then found, as, most = other, name, like end
    end
  end
  if not found then return nil end
  return as == key and found .. " takes it" or ("%s takes it as '%s'"):format(found, as)
end

local words = {}

-- A word that is known is never taken for a misspelt one. What was given is not proposed: the message says that it is there.
function words.parameter(method, key, names, given)
  local other = on_other_wire(method, { key })
  if other then return other end
  local list, all, free = meanings(method, key), {}, {}
  given = all_given(method, given)
  local here = first_in(list, names)
  if here then return (": here it is '%s'%s"):format(here, given[here] and ", which is given already" or "") end
  for name in pairs(names) do
    all[#all + 1] = name
    if not given[name] then free[#free + 1] = name end
  end
  table.sort(all)
  other = on_other_wire(method, list)
  if other then return other end
  if #list == 0 then
    local near = nearest.hint(key, free)
    if near == "" then near = nearest.hint(key, all, "'%s', which is given already") end
    if near ~= "" then return near end
  end
  return (": %s"):format(elsewhere(method, key, list) or "it takes " .. table.concat(all, ", "))
end

local function enum_of(method, name)
  for _, p in ipairs(params_of(method)) do
    if p[1] == name then return enums[p.enum] end
  end
end

-- Those words of an enum that `accepted` has, in the order of the enum.
local function words_of(enum, accepted)
  local list = {}
  for _, part in ipairs { enum.values, enum.v2 or {} } do
    for _, word in ipairs(part) do
      if accepted[word] ~= nil then list[#list + 1] = word end
    end
  end
  return list
end

local ONLY = "; it exists on the %s wire only (api = \"%s\")"

local function contains(list, value)
  for _, v in ipairs(list) do
    if v == value then return true end
  end
  return false
end

-- The word of an enum that is meant, whatever the case and the signs between.
local function meaning(enum, word, accepted)
  local plain = synonyms.plain(word)
  local function is(other) return synonyms.plain(other) == plain end
  for _, value in ipairs(enum.values) do
    if is(value) and (accepted == nil or accepted[value] ~= nil) then return value end
  end
  local found
  for other, value in pairs(enum.hints or {}) do
    if is(other) and (accepted == nil or accepted[value] ~= nil) and (not found or value < found) then found = value end
  end
  return found
end

-- The words for a value that another parameter of the method takes: `type = "PostOnly"`.
local function of_another(method, name, word)
  if tonumber(word) then return nil end
  for _, p in ipairs(params_of(method)) do
    local enum = p[3] == "enum" and p[1] ~= name and enums[p.enum]
    local right = enum and meaning(enum, word)
    if right and enum ~= enum_of(method, name) then return ("; perhaps %s = '%s'?"):format(p[1], right) end
  end
end

-- What a message adds for this word; nil if there is nothing.
local function note_of(enum, word, method, parameter)
  local names, plain = {}, synonyms.plain(word)
  for _, p in ipairs(params_of(method)) do names[p[1]] = true end
  for _, note in ipairs(enum.notes or {}) do
    if synonyms.is_in(note[1], plain) and note.of == parameter and not names[note.lacks or ""] then return note end
  end
end

function words.enum(method, value, name, accepted)
  local enum = enum_of(method, name)
  if not enum then return "" end
  local list = words_of(enum, accepted)
  local text = (": one of '%s'"):format(table.concat(list, "', '"))
  local word = (type(value) == "string" or math.type(value) == "integer") and tostring(value)
  if not word then return text end
  local right = enum.hints and accepted[enum.hints[word]] ~= nil and enum.hints[word]
  if not right and contains(enum.values, word) and select(2, rows.declared(method)) == "v2" then return text
    .. ONLY:format("V5", "v5") end
  if not right and contains(enum.v2 or {}, word) then return text .. ONLY:format("v2", "v2") end
  local note = note_of(enum, word, method, name)
  if note and note.instead then return ("%s; %s"):format(text, note[2]) end
  right = right or meaning(enum, word, accepted)
  if right and note then return ("%s; here it is '%s', %s"):format(text, right, note[2]) end
  if right then return ("%s; here it is '%s'"):format(text, right) end
  local other = of_another(method, name, word)
  if other then return text .. other end
  right = nearest.word(word, list)
  return right and ("%s; here it is '%s'"):format(text, right) or text
end

-- What inverse contracts are called where others end in the coin or the kind: BTCUSDT, XBTUSD, BTC-PERPETUAL.
local function inverse(plain)
  local base = plain:gsub("^XBT", "BTC"):gsub("(.)PERP$", "%1"):gsub("(.)PERPETUAL$", "%1"):gsub("(.)USD[TC]?$", "%1")
  return base .. "USD"
end

-- A name that only another kind of contract has.
local function is_other_kind(plain)
  return plain:find "^XBT" or plain:find "USD[TC]$" or plain:find ".PERP$" or plain:find ".PERPETUAL$"
end

-- What linear contracts are called where others say XBTUSD, BTC-PERPETUAL, BTCUSDT.P.
local function linear(text)
  local plain = text:upper():gsub(":.*$", "")
  if categories.of(plain) == "linear" then return plain end
  plain = plain:gsub("[^A-Z0-9]", ""):gsub("^XBT", "BTC"):gsub("PERPETUAL$", "PERP")
  plain = plain:gsub("USDCPERP$", "PERP"):gsub("USDT?PERP$", "USDT"):gsub("USD$", "USDT")
  return plain
end

-- The symbol of a kind that a text may stand for.
local function symbol_of(category, text)
  if category == "linear" then return linear(text) end
  local plain = text:upper():gsub(":.*$", ""):gsub("[^A-Z0-9]", "")
  return is_other_kind(plain) and inverse(plain) or plain
end

-- `category`: of the call; nil: it can name none.
function words.symbol(_, text, category)
  local wanted = category or "inverse"
  local plain, kind, more = symbol_of(wanted, text), categories.of(text), ""
  if kind and kind ~= wanted then
    if category then more = (": category = '%s' is for it"):format(kind) end
    if categories.of(plain) ~= wanted then return more end
  end
  return #plain >= 2 and plain ~= text and ("%s; perhaps '%s'?"):format(more, plain) or more
end

function words.time(_, text)
  return time.parse(text)
end

--- The end of a message about a name that is no parameter of any of the methods in question.
---@param name any
---@param names table<string, any> the names of the parameters
---@return string
function hints.known(name, names)
  local here, list = type(name) == "string" and first_in(meanings(nil, name), names), {}
  if here then return (": here it is '%s'"):format(here) end
  for known in pairs(names) do add(list, known) end
  return nearest.hint(name, list)
end

--- What may be wrong with parameters that the exchange refused without saying which; nil if all look right.
---@param params table
---@param category? string the kind of contracts that the call was about
---@return string?
function hints.refused(params, category)
  local symbol = rawget(params, "symbol")
  if type(symbol) ~= "string" then return nil end
  local kind, wanted = categories.of(symbol), category or "inverse"
  local other = kind and kind ~= wanted
  if not other and not (wanted == "inverse" and is_other_kind(symbol)) then return nil end
  return ("%s is no %s contract: try '%s'%s"):format(symbol, wanted, symbol_of(wanted, symbol),
    other and category and (", or category = '%s'"):format(kind) or "")
end

--- The function that the C core calls; see schema_push_hints.
function hints.word(what, ...)
  return words[what](...)
end

-- How a request to a path is written: by a client of a wire, or on the command line.
local REQUESTS = {
  v5 = ': here it is client:request("%s", "%s", { ... })',
  v2 = ': on the V5 wire (api = "v5") it is client:request("%s", "%s", { ... })',
  command = ": here it is bybit request %s %s name=value ...",
}

--- The end of a message about a method that does not exist.
---@param name string
---@param methods string[]
---@param face? "v5"|"v2"|"command" the wire of the client, or the command line; V5 if it is left out
---@return string
function hints.method(name, methods, face)
  local known = {}
  for _, method in ipairs(methods) do known[method] = true end
  local others = synonyms.of("methods", name) -- first: another client's word may look like a method of ours that does something else
  for _, method in ipairs(others) do
    if known[method] then return (": here it is '%s'"):format(method) end
  end
  for _, method in ipairs { name, table.unpack(others) } do
    if face == "v2" and rows.method(endpoints_of "v5", method) then
      return (": on the V5 wire (api = \"v5\") it is '%s'"):format(method)
    end
  end
  for _, method in ipairs(methods) do
    if synonyms.plain(method) == synonyms.plain(name) then return (": here it is '%s'"):format(method) end
  end
  local verb, path = synonyms.path(name)
  if path then return REQUESTS[face or "v5"]:format(verb, path) end
  return nearest.hint(name, methods)
end

return hints
