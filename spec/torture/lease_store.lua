-- The commands of a Redis server that the lease's part of src/pace/redis_script.lua uses, over tables, as the documentation of Redis
-- describes them. Keys expire by the clock that the simulation gives the server. spec/pace/lease_spec.lua compares worlds over
-- it with the same worlds over a real server.

local source = ... -- of the script

local store, expires = {}, {}
local now, life -- us; the server's run id

local function live(key)
  if expires[key] and expires[key] <= now then store[key], expires[key] = nil, nil end
  return store[key]
end

local function hash(key)
  local t = live(key)
  if not t then
    t = {}
    store[key] = t
  end
  return t
end

local commands = {}

function commands.TIME()
  return { ("%d"):format(now // 1000000), ("%d"):format(now % 1000000) }
end

function commands.INFO() return "# Server\r\nredis_version:7.0.15\r\nrun_id:" .. life .. "\r\n" end

function commands.HMGET(key, ...)
  local t, list = live(key) or {}, {}
  for i, field in ipairs { ... } do list[i] = t[field] or false end
  return list
end

function commands.HMSET(key, ...)
  local t, words = hash(key), { ... }
  for i = 1, #words, 2 do t[words[i]] = tostring(words[i + 1]) end
  return { ok = "OK" }
end

function commands.GET(key) return live(key) or false end

function commands.EXISTS(key) return live(key) and 1 or 0 end

function commands.EXPIRE(key, seconds)
  if not live(key) then return 0 end
  expires[key] = now + math.floor(tonumber(seconds) * 1000000)
  return 1
end

function commands.SET(key, value, ex, seconds)
  assert(ex == "EX")
  store[key] = value
  expires[key] = now + math.floor(tonumber(seconds) * 1000000)
  return { ok = "OK" }
end

function commands.DEL(key)
  local there = live(key)
  store[key], expires[key] = nil, nil
  return there and 1 or 0
end

function commands.COPY(from, to)
  local value = live(from)
  if type(value) == "table" then
    local copy = {}
    for k, v in pairs(value) do copy[k] = v end
    value = copy
  end
  store[to], expires[to] = value, expires[from]
  return 1
end

local environment = setmetatable({ unpack = table.unpack, redis = { call = function(name, ...)
  return (commands[name] or error("the store knows no " .. name))(...)
end } }, { __index = _G })

local scripts = {}

---Runs a script whole.
---@param text string? nil: the lease's
---@return ... the items of its answer; or one number
local function run(text, time, id, keys, arguments)
  now, life = time, id
  text = text or source
  scripts[text] = scripts[text] or assert(load(text, "=script", "t", environment))
  environment.KEYS, environment.ARGV = keys, arguments
  local answer = scripts[text]()
  if type(answer) ~= "table" then return answer end
  return table.unpack(answer)
end

return run, function() store, expires = {}, {} end
