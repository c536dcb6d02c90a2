-- How an entry is stored, with everything that follows from it: common to both writers of a log, and put before each.
-- It checks nothing: a script calls `store` once all is checked, or not at all.
--
-- KEYS  state, log, dispatches, filers, order, revisions, labels; each script says what comes after

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

-- Takes a killed dispatch out of the indexes of its labels and out of their counts, so that nothing lists a label that
-- only killed dispatches had. Who names such a label still finds the tombstone, in an index of its own. The names of
-- these keys come from the dispatch as it is now: nobody outside the script can know them without a race.
local function withdraw(id)
  local before = redis.call('HGET', DISPATCHES, id)
  local score = redis.call('ZSCORE', ORDER, id)
  if not before or not score then return end
  local known = cjson.decode(before)
  local labels = {}
  for _, label in ipairs(known.sections or {}) do table.insert(labels, 'section:' .. label) end
  for _, label in ipairs(known.places or {}) do table.insert(labels, 'place:' .. label) end
  if known.story then table.insert(labels, 'story:' .. known.story) end
  local feed = string.sub(ORDER, 1, -#'order' - 1)
  redis.call('SADD', feed .. 'killed', id)
  for _, label in ipairs(labels) do
    if redis.call('ZREM', ORDER .. ':' .. label, id) == 1 then
      redis.call('ZADD', feed .. 'withdrawn:' .. label, score, id)
      if redis.call('HINCRBY', LABELS, label, -1) <= 0 then redis.call('HDEL', LABELS, label) end
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
    local before, earlier = redis.call('HGET', DISPATCHES, id), redis.call('HGET', REVISIONS, id)
    redis.call('HSET', REVISIONS, id, earlier and earlier .. ',' .. before or before)
    redis.call('HSET', DISPATCHES, id, change.stored)
    index(change.first, change.entered, redis.call('ZSCORE', ORDER, id), id)
  elseif kind == 'kill' then
    withdraw(id)
    redis.call('HDEL', REVISIONS, id)
    redis.call('HSET', DISPATCHES, id, change.stored)
  elseif kind == 'pin' then
    redis.call('HSET', STATE, 'pinned', id)
  elseif kind == 'air' then
    redis.call('HSET', STATE, 'air', change.stored)
  end
  redis.call('XADD', LOG, entry.offset .. '-0', 'hash', entry.hash, 'entry', entry.text)
  redis.call('HSET', STATE, 'offset', entry.offset, 'hash', entry.hash, 'at', entry.now)
end
