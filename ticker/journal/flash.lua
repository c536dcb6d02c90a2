-- Requests to make a dispatch a flash, which another person than those who wrote it confirms. Each is two fields of one
-- hash: that of the dispatch's id has until when it may be confirmed and who asked, as in version 0.1; the other has the
-- same time, the revision that is meant, and everybody who wrote since it was asked for.

local FLASHES = KEYS[11]
local MEANT = ':meant' -- ends the name of the other field

-- Asks for the confirmation that a `request` says: until `by`, in milliseconds, of that revision; `writers` are ids
-- with spaces between.
local function ask_for_confirmation(id, request)
  local by, before = string.format('%.0f', request.by), redis.call('HMGET', FLASHES, id, id .. MEANT)
  set_field(FLASHES, id, before[1], by .. ' ' .. request.asker)
  set_field(FLASHES, id .. MEANT, before[2], by .. ' ' .. request.revision .. ' ' .. request.writers)
end

local function withdraw_request(id)
  remove_field(FLASHES, id)
  remove_field(FLASHES, id .. MEANT)
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

-- Returns the request that waits after a correction that does not name the urgency, or nil. Where the words are others
-- now, it still means the earlier revision, and who wrote them cannot confirm them.
local function carried_request(change, known, revision, now)
  local request = find_request(change.id, known.revision)
  if not request or now > request.by then return nil end
  if change.rewrites then
    request.writers = with(request.writers, change.holder)
  elseif request.revision == known.revision then
    request.revision = revision
  end
  return request
end
