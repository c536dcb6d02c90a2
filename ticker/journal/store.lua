-- How an entry is stored, with everything that follows from it: common to both writers of a log, and put before each.
-- It checks nothing: a script calls `store` once all is checked, or not at all.
--
-- KEYS  state, log, dispatches, filers, order, revisions, labels; each script says what comes after. The last before the
--       indexes is the list of earlier revisions of the dispatch that is changed

local STATE, LOG, DISPATCHES, FILERS, ORDER, REVISIONS, LABELS = unpack(KEYS, 1, 7)

-- Adds a dispatch to the first `entered` indexes from KEYS[first] on, and removes it from those that follow.
local function index(first, entered, score, id)
  for number = first, #KEYS do
    local enters = number < first + entered
    local changed
    if enters then
      changed = redis.call('ZADD', KEYS[number], score, id)
    else
      changed = redis.call('ZREM', KEYS[number], id)
    end
    if changed == 1 then
      local label = string.match(KEYS[number], ':order:(.*)$')
      if redis.call('HINCRBY', LABELS, label, enters and 1 or -1) == 0 then redis.call('HDEL', LABELS, label) end
    end
  end
end

-- change  kind, id, stored (the dispatch, its tombstone, or the air state, as JSON), filer, first, entered
-- entry   offset, hash, text, now (milliseconds)
local function store(change, entry)
  local kind, id = change.kind, change.id
  if kind == 'file' then
    redis.call('HSET', DISPATCHES, id, change.stored)
    redis.call('HSET', FILERS, id, change.filer)
    redis.call('ZADD', ORDER, entry.offset, id)
    index(change.first, change.entered, entry.offset, id)
  elseif kind == 'correct' then
    redis.call('RPUSH', KEYS[change.first - 1], redis.call('HGET', DISPATCHES, id))
    redis.call('HSET', DISPATCHES, id, change.stored)
    index(change.first, change.entered, redis.call('ZSCORE', ORDER, id), id)
  elseif kind == 'kill' then
    redis.call('HDEL', REVISIONS, id)
    redis.call('DEL', KEYS[change.first - 1])
    redis.call('HSET', DISPATCHES, id, change.stored)
  elseif kind == 'pin' then
    redis.call('HSET', STATE, 'pinned', id)
  elseif kind == 'air' then
    redis.call('HSET', STATE, 'air', change.stored)
  end
  redis.call('XADD', LOG, entry.offset .. '-0', 'hash', entry.hash, 'entry', entry.text)
  redis.call('HSET', STATE, 'offset', entry.offset, 'hash', entry.hash, 'at', entry.now)
end
