-- What a loop of client:follow begins with: what it knows already, by a bookmark or a moment, and its topics.

local asked = require "bybit.stream.asked"
local bookmark = require "bybit.stream.follow.bookmark"
local core = require "bybit.core"
local errors = require "bybit.errors"
local later = require "bybit.later"
local ledger = require "bybit.stream.follow.ledger"
local time = require "bybit.text.time"
local topics = require "bybit.stream.topics"

local sightings = later.module "bybit.stream.sightings"

local begin = {}

local WORDS = { "execution", "order", "position", "wallet" }
local KINDS = { execution = "trade", order = "order", position = "position", wallet = "wallet" }

local function fail(text, ...)
  errors.raise("follow: " .. text:format(...))
end

-- What the loop begins with: the ledger, and whether anything is known; nil: from now on.
function begin.since(self, since)
  if since == nil then return nil end
  if type(since) == "string" and bookmark.is(since) then
    local read, why = bookmark.read(since, self.account, self.scope)
    if not read then fail("'since': this bookmark cannot be used: %s", why) end
    self.marks = true
    return ledger.new(read.moment, read.ids, true)
  end
  local moment = math.type(since) == "integer" and since or type(since) == "string" and time.parse(since)
  if not moment or moment < 1000000000000 or moment > 9999999999999 then
    fail("'since': a bookmark, or a moment as ISO text or in ms, expected, got %s",
      type(since) == "string" and ("'%s'"):format(since:sub(1, 60)) or tostring(since))
  end
  return ledger.new(moment, {}, false)
end

-- Subscribes to the topics of the account. Nil where this client has no streams.
function begin.subscribe(self, t)
  local o = self.options
  if not asked.has_streams(t) then
    if o.record then fail "'record': this client has no streams" end
    return nil
  end
  for i, word in ipairs(WORDS) do
    local row = topics.row(word)
    self.topics[i] = { word = word, kind = KINDS[word], row = row, name = row.wire, private = true, policy = row.policy,
      sights = row.sights, url = asked.url(t) }
  end
  sightings.offer(self.client)
  return core.client.subscribe(self.client, { topics = self.topics, most = o.queue, cancel = o.cancel, heartbeat = o.heartbeat,
    patience = o.patience, record = asked.recorder("follow", self.client, o.record, self.topics) })
end

return begin
