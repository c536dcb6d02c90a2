-- The writer of a feed's log. Atomically: gives a repeated request its first receipt, or gives the next offset, chains
-- the hash, stores the entry and what follows from it, and publishes. It either does all of that or nothing: everything
-- is checked first, and what was written is undone if Redis refuses the rest. Held dispatches are kept here too, and
-- enter the log at their release. It runs behind writes.lua, store.lua, outcomes.lua, time.lua, held.lua, flash.lua
-- and limits.lua, as one script.
--
-- KEYS  as in store.lua; then answered, held, due, flashes, desk, revoked, writers; then the earlier revisions of the
--       dispatch; then the indexes that it enters, then those it leaves (all of one feed, one hash tag)
-- ARGV  one JSON object; append.py makes it. Its members:
--   kind             file | correct | kill | pin | air; of held dispatches: hold | edit | spike
--   channel, sharded where to publish; whether that is a channel of the shard of a cluster
--   by, holder       name of who asks, as JSON; their id
--   key              id of the key that asks; absent where a timer releases a held dispatch
--   random           8 characters that make an id unlike those of any other history
--   entered          how many of the indexes are entered
--   fingerprint, ttl fingerprint of the request, and seconds to remember it; absent without an Idempotency-Key
--   id               the dispatch meant; absent for a new one, and to unpin
--   held             the held dispatch meant; a file entry releases it
--   revision         the revision that the dispatch or held dispatch must have; absent for any
--   own_only         whether only who filed it may change it
--   fields           what the kind carries, as JSON, which is spliced in as it is
--   release_at       when the held dispatch is due, in milliseconds
--   max_…            limits of what the feed and the key may take up; see limits.lua
--   confirm          request: it becomes a flash if another person confirms it within confirm_timeout milliseconds;
--                    give: this is that person; drop: it is no longer to become a flash
--   seen             whether who confirms named the revision; else they mean the one for which it was asked
--   rewrites         whether a correction changes the words, as opposed to how the dispatch is labelled
-- Returns {outcome, detail}; see outcomes.lua. An entry comes with the number of nodes that it was published to.

local ANSWERED = KEYS[8]
local FIRST_INDEX = 16
local change = cjson.decode(ARGV[1])
local kind, id, fields = change.kind, change.id, change.fields

-- A request may have been let in before its key was revoked.
if change.key and redis.call('SISMEMBER', REVOKED, change.key) == 1 then return {outcome.revoked, ''} end

local answered = change.fingerprint and redis.call('GET', ANSWERED)
if answered then
  -- The receipt is true if the log, or the held dispatches, have exactly what it says.
  local space = string.find(answered, ' ', 1, true)
  local receipt = string.sub(answered, space + 1)
  local told = cjson.decode(receipt)
  local done
  if told.position then
    local offset, tag = string.match(told.position, '^(%d+)%-(%x+)$')
    local kept = redis.call('XRANGE', LOG, offset .. '-0', offset .. '-0')
    done = kept[1] and string.sub(kept[1][2][2], 1, #tag) == tag
  else
    done = was_held(told)
  end
  if done then
    if string.sub(answered, 1, space - 1) ~= change.fingerprint then return {outcome.reused, ''} end
    -- A write of its own, so that WAIT on this connection covers the first request's write too.
    redis.call('HDEL', FLASHES, '') -- as below, where the memory is full
    redis.call('HINCRBY', STATE, 'repeats', 1)
    return {outcome.repeated, receipt}
  end
end

-- Remembers the receipt of a request. The first write, so that there is no change without it; if the others are not
-- made and this one is not undone, the record is found to be void.
local function remember(receipt)
  if not change.fingerprint then return end
  redis.call('SET', ANSWERED, change.fingerprint .. ' ' .. receipt, 'EX', change.ttl)
  undo_by('DEL', ANSWERED)
end

local offset, hash, last, closed = unpack(redis.call('HMGET', STATE, 'offset', 'hash', 'at', 'closed'))
if not offset then return {outcome.unopened, ''} end
-- Nothing enters a closed feed. What must be withdrawn can be: a kill reaches its history, and a held dispatch can be
-- spiked, so that it does not wait for the feed to be opened again.
if closed and kind ~= 'kill' and kind ~= 'spike' then return {outcome.closed, closed} end

local now = milliseconds(last)
local at = rfc3339(now)

-- Held dispatches, and the one that is released.

local filer, waiting, writers = change.holder, nil, change.holder
if change.held then
  local refusal
  waiting, refusal = find_held(change)
  if not waiting then return refusal end
  if not change.key and not may_release(change.held) then
    return {outcome.parked, together(function() return park(change.held, 'null', at) end)}
  end
  filer = redis.call('HGET', FILERS, change.held) -- a released dispatch belongs to the key that held it
  writers = with(people_who_wrote(change.held), filer)
end
local full = kind == 'hold' and refuse_hold(change)
if full then return full end
if kind == 'hold' or kind == 'edit' then
  if change.release_at <= now then return {outcome.over, ''} end
  return {outcome.kept, together(function() return hold(change, at, now, waiting, remember) end)}
elseif kind == 'spike' then
  return {outcome.kept, together(function() return spike(change, at, waiting, remember) end)}
end

-- The dispatch that is changed or pinned.

local known
if id then
  local stored = redis.call('HGET', DISPATCHES, id)
  if not stored then return {outcome.absent, ''} end
  known = cjson.decode(stored)
  if change.own_only and redis.call('HGET', FILERS, id) ~= filer then return {outcome.not_owner, ''} end
  if known.status == 'killed' then return {outcome.killed, stored} end
  local refusal = change.confirm == 'give' and refuse_confirmation(change, known, now)
  if refusal then return refusal end
  if change.revision and change.revision ~= known.revision then
    return {outcome.stale, string.format('%d', known.revision)}
  end
end

full = refuse_growth(change, known, FIRST_INDEX)
if full then return full end

-- The entry, and what it leaves in the store.

local before = {offset = offset, hash = hash, at = last}
offset = string.format('%.0f', tonumber(offset) + 1)
local revision, stored, content = nil, nil, nil
local function dispatch(filed)
  return '{"id":"' .. id .. '",' .. fields .. ',"filed":"' .. filed .. '","updated":"' .. at
    .. '","revision":' .. revision .. ',"status":"usable"}'
end
if kind == 'file' then
  revision = 1
  id = base32(now, 10) .. base32(tonumber(offset), 8) .. change.random
  stored = dispatch(at)
  content = '"dispatch":' .. stored
elseif kind == 'correct' then
  revision = known.revision + 1
  stored = dispatch(known.filed)
  content = '"dispatch":' .. stored
elseif kind == 'kill' then -- fields: "reason":"…"
  revision = known.revision + 1
  content = '"id":"' .. id .. '",' .. fields .. ',"filed":"' .. known.filed .. '","revision":' .. revision
  stored = '{"id":"' .. id .. '","filed":"' .. known.filed .. '","updated":"' .. at
    .. '","revision":' .. revision .. ',"status":"killed",' .. fields .. '}'
elseif kind == 'pin' then
  content = '"id":' .. (id and '"' .. id .. '"' or 'null')
elseif kind == 'air' then -- fields: {"on":…}
  stored = fields
  content = '"air":' .. fields
end

local text = '{"kind":"' .. kind .. '","at":"' .. at .. '","by":' .. change.by .. ',' .. content .. '}'
hash = redis.sha1hex(hash .. text)
local request -- that another person confirms it as a flash
if change.confirm == 'request' then
  request = {by = now + change.confirm_timeout, revision = revision, asker = filer, writers = writers}
elseif kind == 'correct' and not change.confirm then
  request = carried_request(change, known, revision, now)
end

local receipt = '"position":"' .. offset .. '-' .. string.sub(hash, 1, 12) .. '"'
if id then receipt = '"id":"' .. id .. '",' .. receipt end
if revision then receipt = receipt .. ',"revision":' .. revision end
receipt = '{' .. receipt .. ',"' .. (kind == 'file' and 'filed' or 'updated') .. '":"' .. at .. '"'
if request then receipt = receipt .. ',"confirm_by":"' .. rfc3339(request.by) .. '"' end
receipt = receipt .. '}'

-- The writes. With its memory full, Redis refuses a script its first write, unless that takes no memory; a kill is to
-- be possible even then.

together(function()
  if kind == 'kill' then redis.call('HDEL', FLASHES, '') end
  remember(receipt)
  if waiting then
    needs('ZREM', DUE)
    needs('HDEL', WRITERS)
  end
  local entry = {offset = offset, hash = hash, text = text, now = string.format('%.0f', now)}
  store(
    {kind = kind, id = id or '', stored = stored, filer = filer, first = FIRST_INDEX, entered = change.entered},
    entry)
  if waiting then stop_waiting('release', change, at, waiting, '"status":"released","dispatch":"' .. id .. '"') end
  if request then
    ask_for_confirmation(id, request)
  elseif kind == 'kill' or change.confirm then
    withdraw_request(id) -- there is nothing left to confirm
  end
  log(entry, before)
end, unfile)

-- The entry is kept. Nodes that are not told read it from the log within a second.
local nodes
if change.sharded then -- in a cluster, where the channel is on the slot of the feed
  nodes = redis.pcall('SPUBLISH', change.channel, offset .. ' ' .. hash .. ' ' .. text)
else
  nodes = redis.pcall('PUBLISH', change.channel, offset .. ' ' .. hash .. ' ' .. text)
end
-- For the delivery report; to write it here would cost every filing.
return {outcome.kept, receipt, type(nodes) == 'number' and nodes or nil}
