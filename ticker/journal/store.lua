-- How an entry is stored, with everything that follows from it: common to both writers of a log, and put before each,
-- behind writes.lua. It checks nothing: a script calls `store` once all is checked, or not at all, and adds the entry to
-- the log last.
--
-- KEYS  state, log, dispatches, filers, order, revisions, labels; each script says what comes after. The last before the
--       indexes is the list of earlier revisions of the dispatch that is changed

local STATE, LOG, DISPATCHES, FILERS, ORDER, REVISIONS, LABELS = unpack(KEYS, 1, 7)

-- Counts one dispatch more or less with a label.
local function count(label, by)
  local number = redis.call('HINCRBY', LABELS, label, by)
  if number == by then undo_by('HDEL', LABELS, label) else undo_by('HINCRBY', LABELS, label, -by) end
  if number == 0 then redis.call('HDEL', LABELS, label) end
end

-- Adds a dispatch to the first `entered` indexes from KEYS[first] on, and removes it from those that follow.
local function index(first, entered, score, id)
  for number = first, #KEYS do
    local key = KEYS[number]
    if number < first + entered then
      if redis.call('ZADD', key, score, id) == 1 then
        undo_by('ZREM', key, id)
        count(string.match(key, ':order:(.*)$'), 1)
      end
    elseif redis.call('ZREM', key, id) == 1 then
      undo_by('ZADD', key, score, id)
      count(string.match(key, ':order:(.*)$'), -1)
    end
  end
end

-- Takes a killed dispatch out of the indexes of its labels and out of their counts, so that nothing lists a label that
-- only killed dispatches had. Who names such a label still finds the tombstone, in an index of its own. The names of
-- these keys come from the dispatch as it is now: nobody outside the script can know them without a race.
local function withdraw(id)
  local stored, score = redis.call('HGET', DISPATCHES, id), redis.call('ZSCORE', ORDER, id)
  if not stored or not score then return end
  local known, labels = cjson.decode(stored), {}
  for _, label in ipairs(known.sections or {}) do table.insert(labels, 'section:' .. label) end
  for _, label in ipairs(known.places or {}) do table.insert(labels, 'place:' .. label) end
  if known.story then table.insert(labels, 'story:' .. known.story) end
  local feed = string.sub(ORDER, 1, -#'order' - 1)
  needs('ZREM', ORDER)
  if redis.call('ZADD', feed .. 'killed', score, id) == 1 then undo_by('ZREM', feed .. 'killed', id) end
  for _, label in ipairs(labels) do
    local listed, withdrawn = ORDER .. ':' .. label, feed .. 'withdrawn:' .. label
    if redis.call('ZREM', listed, id) == 1 then
      undo_by('ZADD', listed, score, id)
      if redis.call('ZADD', withdrawn, score, id) == 1 then undo_by('ZREM', withdrawn, id) end
      count(label, -1)
    end
  end
end

local earlier -- the list of earlier revisions of the dispatch that is being killed
local filed -- id of the dispatch that is being filed

-- Undoes the filing of a dispatch but for its labels. Noting its writes one by one would slow down each filing.
local function unfile()
  if not filed then return end
  redis.pcall('HDEL', FILERS, filed)
  redis.pcall('HDEL', DISPATCHES, filed)
  redis.pcall('ZREM', ORDER, filed)
end

-- Stores what an entry changes.
-- change  kind, id, stored (the dispatch, its tombstone, or the air state, as JSON), filer, first, entered
-- entry   offset, hash, text, now (milliseconds)
local function store(change, entry)
  local kind, id = change.kind, change.id
  if kind == 'file' then
    filed = id
    redis.call('HSET', FILERS, id, change.filer)
    redis.call('HSET', DISPATCHES, id, change.stored)
    redis.call('ZADD', ORDER, entry.offset, id)
    index(change.first, change.entered, entry.offset, id)
  elseif kind == 'correct' then
    needs('RPOP', KEYS[change.first - 1])
    needs('ZREM', ORDER)
    local known = redis.call('HGET', DISPATCHES, id)
    redis.call('RPUSH', KEYS[change.first - 1], known)
    undo_by('RPOP', KEYS[change.first - 1])
    set_field(DISPATCHES, id, known, change.stored)
    index(change.first, change.entered, redis.call('ZSCORE', ORDER, id), id)
  elseif kind == 'kill' then
    withdraw(id)
    set_field(DISPATCHES, id, redis.call('HGET', DISPATCHES, id), change.stored)
    remove_field(REVISIONS, id)
    earlier = KEYS[change.first - 1]
  elseif kind == 'pin' then
    set_field(STATE, 'pinned', redis.call('HGET', STATE, 'pinned'), id)
  elseif kind == 'air' then
    set_field(STATE, 'air', redis.call('HGET', STATE, 'air'), change.stored)
  end
end

-- Adds an entry to the log, behind the entry `before`, of which it takes offset, hash and time: the last write.
local function log(entry, before)
  redis.call('HSET', STATE, 'offset', entry.offset, 'hash', entry.hash, 'at', entry.now)
  local added = redis.pcall('XADD', LOG, entry.offset .. '-0', 'hash', entry.hash, 'entry', entry.text)
  if type(added) == 'table' then
    redis.call('HSET', STATE, 'offset', before.offset, 'hash', before.hash, 'at', before.at)
    error(added)
  end
  -- Behind the last write, since many values could not be put back. Of a killed dispatch nobody reads it.
  if earlier then redis.pcall('DEL', earlier) end
end
