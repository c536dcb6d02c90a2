-- Requests to make a dispatch a flash, which another person than those who wrote it confirms. Each is two fields of one
-- hash: that of the dispatch's id has until when it may be confirmed and who asked, as in version 0.1; the other has the
-- same time, the revision that is meant, and everybody who wrote since it was asked for.

local FLASHES = KEYS[11]
local MEANT = ':meant' -- ends the name of the other field

-- Asks for a confirmation until `by`, in milliseconds, of this revision; `writers` are ids with spaces between.
local function ask_for_confirmation(id, by, revision, asker, writers)
  by = string.format('%.0f', by)
  redis.call('HSET', FLASHES, id, by .. ' ' .. asker, id .. MEANT, by .. ' ' .. revision .. ' ' .. writers)
end

local function withdraw_request(id)
  redis.call('HDEL', FLASHES, id, id .. MEANT)
end

-- Returns the request for a dispatch, or nil. One of version 0.1 means `revision`, the current one.
local function find_request(id, revision)
  local asked, meant = unpack(redis.call('HMGET', FLASHES, id, id .. MEANT))
  if not asked then return nil end
  local by, asker = string.match(asked, '^(%d+) (.*)$')
  local request = {by = tonumber(by), asker = asker, revision = revision, writers = asker}
  -- Version 0.1 leaves the other field as it is when it asks again.
  local same, meant_revision, writers = string.match(meant or '', '^(%d+) (%d+) (.*)$')
  if same == by then request.revision, request.writers = tonumber(meant_revision), writers end
  return request
end

-- Returns why a change that confirms a flash is refused, or nil.
local function refuse_confirmation(change, known, now)
  local request = find_request(change.id, known.revision)
  if not request then return {outcome.unasked, ''} end
  if now > request.by then return {outcome.late, ''} end
  if is_among(request.asker .. ' ' .. request.writers, change.holder) then return {outcome.alone, ''} end
  if not change.seen and request.revision ~= known.revision then
    return {outcome.stale, string.format('%d', known.revision)}
  end
  return nil
end

-- Carries a waiting request over a correction that does not name the urgency; returns until when it waits, or nil.
-- Where the words are others now, it still means the earlier revision, and who wrote them cannot confirm them.
local function carry_request(change, known, revision, now)
  local request = find_request(change.id, known.revision)
  if not request or now > request.by then return nil end
  if change.rewrites then
    request.writers = with(request.writers, change.holder)
  elseif request.revision == known.revision then
    request.revision = revision
  end
  ask_for_confirmation(change.id, request.by, request.revision, request.asker, request.writers)
  return request.by
end
