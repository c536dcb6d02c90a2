-- Held dispatches: under embargo, known to the desk alone, and not in the log until they are released. `change` is the
-- argument of append.lua; `at` and `now` are the time of the change, as RFC 3339 and in milliseconds.

local HELD, DUE, DESK = KEYS[9], KEYS[10], KEYS[12]

-- Adds a change of a held dispatch to the stream of such changes, which the audit reads.
local function log_at_desk(what, change, at, record)
  redis.call('XADD', DESK, '*', 'entry',
    '{"kind":"' .. what .. '","at":"' .. at .. '","by":' .. change.by .. ',"held":' .. record .. '}')
end

-- Removes a held dispatch from those that wait for their release; `rest` are the last members of its record.
local function stop_waiting(what, change, at, known, rest)
  local record = '{"id":"' .. change.held .. '","held":"' .. known.held .. '","updated":"' .. at .. '","revision":'
    .. known.revision + 1 .. ',' .. rest .. '}'
  redis.call('HSET', HELD, change.held, record)
  redis.call('ZREM', DUE, change.held)
  log_at_desk(what, change, at, record)
end

-- Returns the held dispatch that a change names, or nil and the refusal.
local function find_held(change)
  local record = redis.call('HGET', HELD, change.held)
  if not record then return nil, {outcome.absent, ''} end
  if change.own_only and redis.call('HGET', FILERS, change.held) ~= change.holder then
    return nil, {outcome.not_owner, ''}
  end
  local known = cjson.decode(record)
  if known.status ~= 'held' then return nil, {outcome.ended, record} end
  if change.revision and change.revision ~= known.revision then
    return nil, {outcome.stale, string.format('%d', known.revision)}
  end
  return known
end

-- Holds a dispatch, or edits the `known` held one; returns the receipt.
local function hold(change, at, now, known)
  local id, since, revision = change.held, at, 1
  if known then
    since, revision = known.held, known.revision + 1
  else
    id = 'h' .. base32(now, 10) .. change.random
    redis.call('HSET', FILERS, id, change.holder)
  end
  local release_at = rfc3339(change.release_at)
  local record = '{"id":"' .. id .. '",' .. change.fields .. ',"release_at":"' .. release_at .. '","held":"' .. since
    .. '","updated":"' .. at .. '","by":' .. change.by .. ',"revision":' .. revision .. ',"status":"held"}'
  redis.call('HSET', HELD, id, record)
  redis.call('ZADD', DUE, string.format('%.0f', change.release_at), id)
  log_at_desk(change.kind, change, at, record)
  return '{"id":"' .. id .. '","release_at":"' .. release_at .. '","revision":' .. revision .. ',"held":"' .. since
    .. '","updated":"' .. at .. '"}'
end

-- Discards a held dispatch; returns the receipt.
local function spike(change, at, known)
  stop_waiting('spike', change, at, known, '"status":"spiked",' .. change.fields)
  return '{"id":"' .. change.held .. '","revision":' .. known.revision + 1 .. ',"updated":"' .. at .. '"}'
end
