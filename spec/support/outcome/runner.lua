-- Runs a program: its tasks, the world's events, and the lives of its clients. A life ends when its client is closed, or it
-- dies in the middle of its work. Then the journal is copied as it is at that moment, the client is dropped, its later
-- statements do not count, and the next life opens the copy.

local bybit = require "bybit"
local cjson = require "cjson"
local core = require "bybit.core"
local acts = require "spec.support.outcome.acts"
local hand = require "spec.support.outcome.hand"
local ledger = require "spec.support.outcome.ledger"
local network = require "spec.support.outcome.network"
local streams = require "spec.support.outcome.streams"
local torn = require "spec.support.outcome.torn"
local world = require "spec.support.outcome.world"

local loop = core.loop
local runner = {}

local LONGEST = 4000 -- true seconds: the longest run of a program

local Run = {}
Run.__index = Run

---------------------------------------------------------------------------------------------------------------
-- Journals.

local PARTS = { "", "-wal" } -- files of a database

local function copy_file(from, to)
  local source = io.open(from, "rb")
  if not source then return end
  local target = assert(io.open(to, "wb"))
  target:write(source:read "a")
  source:close()
  target:close()
end

function Run:new_path()
  self.paths = self.paths or {}
  local path = os.tmpname()
  os.remove(path)
  self.paths[#self.paths + 1] = path
  return path
end

function Run:copy_journal(path)
  local to = self:new_path()
  for _, part in ipairs(PARTS) do copy_file(path .. part, to .. part) end
  return to
end

function Run:remove_journals()
  for _, path in ipairs(self.paths or {}) do
    for _, part in ipairs { "", "-wal", "-shm", "-journal", ".lock" } do os.remove(path .. part) end
  end
end

---------------------------------------------------------------------------------------------------------------
-- Lives.

function Run:new_life(path)
  local life = { number = #self.lives + 1, began = loop.now(), path = path }
  self.lives[life.number], self.life = life, life
  life.client = bybit.client(self:client_options(life))
  if self.streams then self.streams:attach(life) end
  return life
end

function Run:client_options(life)
  local p = self.program
  local category = not p.names_category and world.TERRAINS[p.terrain].category or nil
  return { environment = { url = "http://127.0.0.1:1" }, key = world.KEY, secret = world.SECRET, api = p.api, category = category,
    seed = p.seed * 100 + life.number, rate = false, timeout = p.timeout, connect_timeout = p.timeout / 2,
    deadline = p.deadline, receive_window = p.window, id_prefix = "me", journal = life.path,
    transport = self.network:transport(life), visibility = math.max(p.lag / 1000, 0.5) }
end

-- Stops a step's call.
local stop = {}

function stop.close(self)
  self.broken, self.life.closed = "close", loop.now()
  self.life.client:close()
end

function stop.interrupt(self)
  self.broken = "interrupt"
  error("interrupted!", 0)
end

function stop.death(self)
  self.broken = "death"
  self.life.died = loop.now()
  self.next_path = self:copy_journal(self.life.path)
  self.life.dead = true
  for i = 1, 4 do
    local t = torn.try(self:copy_journal(self.next_path), self:client_options(self.life), self.program.seed * 10 + i)
    if t then table.insert(self.torn, { torn = t, life = self.life, at = loop.now(), number = self.ledger:next_number() }) end
  end
  error("dead", 0)
end

-- Makes the call as its step says: stopped at some moment in some way.
function Run:make(step, params)
  local how = step and step.stop and step.stop.how
  if not how then return function(f) pcall(f) end end
  local function at(call, g)
    self.world:after(step.stop.after, function()
      if not call.ended and not self.broken then
        call.stopped = how
        g()
      end
    end)
  end
  if how == "token" then
    params.cancel = bybit.cancel_token()
    return function(f, call)
      at(call, function() params.cancel:cancel() end)
      pcall(f)
    end
  elseif how == "task" then
    return function(f, call)
      local task = bybit.spawn(f)
      task.awaited = true
      at(call, function() task:cancel() end)
      bybit.all { task }
    end
  elseif how == "within" then
    return function(f, call)
      call.stopped = "within"
      pcall(bybit.within, step.stop.after, f)
    end
  end
  return function(f, call)
    at(call, function() stop[how](self) end)
    pcall(f)
  end
end

--- Makes a call under a key, as `step` says (nil: undisturbed).
function Run:call(key, method, params, step)
  if loop.now() > LONGEST then error("the program does not end", 0) end
  local make = self:make(step, params)
  return self.ledger:call(self.life, key, method, params, function(f, call)
    if call.kind == "place" then table.insert(self.placed, call) end
    if step and step.hand then
      self.world:after(step.hand.after, function()
        local order = self.world:find(params.order_id or params.stop_order_id, ledger.link(call))
        hand.act(self.world, step.hand.act, core.random(step.hand.seed), order, params)
      end)
    end
    make(f, call)
  end)
end

--- Makes a batch, as Run:call makes a call; options that only stop it stand beside its elements.
function Run:batch(key, method, list, options, step)
  if loop.now() > LONGEST then error("the program does not end", 0) end
  local make = self:make(step, options)
  return self.ledger:batch(self.life, key, method, list, options, function(f, whole)
    for _, call in ipairs(whole.elements) do
      if call.kind == "place" then table.insert(self.placed, call) end
    end
    if step and step.hand then
      self.world:after(step.hand.after, function()
        local p = list[1]
        local order = self.world:find(p.order_id or p.stop_order_id, ledger.link(whole.elements[1]))
        hand.act(self.world, step.hand.act, core.random(step.hand.seed), order, p)
      end)
    end
    make(f, whole)
  end)
end

--- The calls of this life whose outcome is open.
function Run:open_calls()
  local list = {}
  for _, call in ipairs(self.ledger.calls) do
    local first, last = call.told[1], ledger.last(call)
    if call.life == self.life and first and first.says == "unknown" and last.says == "unknown" then list[#list + 1] = call end
  end
  return list
end

-- Notes what a client lists as unsettled.
function Run:unsettled()
  local life = self.life
  local ok, list = pcall(life.client.unsettled, life.client)
  return ok and list or nil, not ok and list or nil
end

-- Runs a call that only reads as its step says: stopped at some moment in some way.
function Run:read(step, options, f)
  local make = self:make(step, options)
  local said
  local stopped = {}
  make(function()
    said = table.pack(f())
    stopped.ended = true
    if not said[1] then error(said[2], 0) end
  end, stopped)
  return said
end

--- Resolves a call.
function Run:resolve(call, key, options, step)
  self:read(step, options, function() return self.ledger:resolve(call, key, options) end)
end

function Run:reconcile(key, options, step)
  local life, began = self.life, loop.now()
  local before, first_number = self:unsettled(), self.ledger:next_number()
  local said = self:read(step, options, function()
    return self.ledger:reading(key, function() return life.client:reconcile(options) end)
  end)
  if life.dead or life.closed or not said then return end
  local ok, report, err = said[1], said[2], said[3]
  self.ledger:take_report({ life = life, key = key, began = began, at = loop.now(), ok = ok,
    report = ok and report or nil, err = ok and err or not ok and report or nil, before = before or {},
    after = self:unsettled() or {}, first_number = first_number, symbol = options.symbol, calls = #self.ledger.calls })
end

---------------------------------------------------------------------------------------------------------------
-- The run.

local event = {}

function event.hand(self, e) hand.act(self.world, e.what, core.random(e.seed)) end
function event.clock(self, e) self.world:shift(e.ms) end

function event.outage(self, e)
  self.network.outage = e.kind
  self.world:after(e.span, function() self.network.outage = nil end)
end

-- The remaining steps of each task.
local function queues_of(program)
  local queues = {}
  for i = 1, program.tasks do queues[i] = { next = 1 } end
  for _, step in ipairs(program.steps) do table.insert(queues[step.task], step) end
  return queues
end

function Run:work(queue)
  while queue[queue.next] and not self.broken do
    local step = queue[queue.next]
    queue.next = queue.next + 1
    acts.perform(self, step)
  end
end

-- Every task runs until all are done, or something ends them early.
function Run:epoch(queues)
  if self.program.climate.blocking then return self:work(queues[1]) end
  bybit.run(function()
    local list = {}
    for i, queue in ipairs(queues) do
      list[i] = bybit.spawn(function() self:work(queue) end)
      list[i].awaited = true
    end
    for _, task in ipairs(bybit.all(list)) do
      if task.failed and not self.broken then error(task.traceback or task.err, 0) end
    end
  end)
end

local function left(queues)
  for _, queue in ipairs(queues) do
    if queue[queue.next] then return true end
  end
  return false
end

-- Handles an epoch that ended early.
function Run:go_on()
  local how = self.broken
  self.broken = nil
  if how == "interrupt" then return end
  pcall(self.life.client.close, self.life.client)
  self:new_life(how == "death" and self.next_path or self.life.path)
  if how ~= "close" then self:reconcile(("life%d"):format(self.life.number), { deadline = 60 }) end
end

function Run:play()
  local p = self.program
  for _, e in ipairs(p.events) do self.world:after(e.at, function() event[e.act](self, e) end) end
  self:new_life(p.climate.journal and self:new_path() or nil)
  -- a position to protect and to reduce
  local rough, odd = self.network.rough, self.network.odd
  self.network.rough, self.network.odd = 0, 0
  acts.begin(self)
  self.network.rough, self.network.odd = rough, odd
  local queues = queues_of(p)
  while left(queues) do
    local ok, why = pcall(self.epoch, self, queues)
    if not ok and not self.broken then error(why, 0) end
    if self.broken then self:go_on() end
  end
  self:calm()
end

-- The end of a run: copies on their way arrive, no copy can come any more, and open intents are settled.
function Run:calm()
  self.network:calm()
  -- a request that was signed by a clock hours ahead, or by an unknown clock, may be accepted for ten minutes
  self.world:pass(700)
  self.calm_at = loop.now()
  self:reconcile("end", { deadline = 60 })
  for _, call in ipairs(self.ledger.calls) do
    local first = call.told[1]
    if call.life == self.life and first and first.says == "unknown" and ledger.last(call).says ~= "dismissed" then
      self.ledger:resolve(call, "end", { deadline = 60 })
    end
  end
  self.last_unsettled, self.last_raised = self:unsettled()
  if self.life.path then self:read_journal(self.life.path) end
end

-- The journal at the end, with its client closed.
function Run:read_journal(path)
  self.life.client:close()
  local journal <close>, why = require("bybit.journal").read(path)
  if not journal then error("the journal cannot be read: " .. why, 0) end
  self.rows = journal:select {}
  for _, row in ipairs(self.rows) do row.params = row.params and cjson.decode(row.params) or {} end
end

--- Runs a program. The run holds world, network, ledger and lives; `broke`: an error that came from no call.
function runner.play(program)
  local self = setmetatable({ program = program, lives = {}, orders = {}, placed = {}, transfers = {}, torn = {} }, Run)
  self.world = world.start { seed = program.seed, terrain = program.terrain, skew = program.skew, lag = program.lag,
    forget = program.forget, shift = program.shift }
  self.network = network.new(self.world, { seed = program.seed, rough = program.rough, odd = program.odd,
    without = program.without })
  if program.streams then self.streams = streams.new(self.world, program.seed) end
  self.ledger = ledger.new(self.world, self.network)
  local ok, why = xpcall(self.play, debug.traceback, self)
  if not ok then self.broke = why end
  for _, life in ipairs(self.lives) do
    if life.client then pcall(life.client.close, life.client) end
  end
  self.world:close()
  self:remove_journals()
  return self
end

return runner
