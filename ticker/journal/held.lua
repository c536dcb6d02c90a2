-- Held dispatches: under embargo, known to the desk alone, and not in the log until they are released. `change` is the
-- argument of append.lua; `at` and `now` are the time of the change, as RFC 3339 and in milliseconds.

local HELD, DUE, DESK = KEYS[9], KEYS[10], KEYS[12]

-- Adds a change of a held dispatch to the stream of such changes, which the audit reads.
local function log_at_desk(what, change, at, record)
  local id = redis.call('XADD', DESK, '*', 'entry',
    '{"kind":"' .. what .. '","at":"' .. at .. '","by":' .. change.by .. ',"held":' .. record .. '}')
  undo_by('XDEL', DESK, id)
end

-- Sets when a held dispatch is due, in milliseconds, or that it no longer is if `at` is nil.
local function set_due(id, at)
  local before = redis.call('ZSCORE', DUE, id)
  if at then
    redis.call('ZADD', DUE, at, id)
    if before then undo_by('ZADD', DUE, before, id) else undo_by('ZREM', DUE, id) end
  elseif before then
    redis.call('ZREM', DUE, id)
    undo_by('ZADD', DUE, before, id)
  end
end

-- Removes a held dispatch from those that wait for their release; `rest` are the last members of its record.
local function stop_waiting(what, change, at, known, rest)
  local record = '{"id":"' .. change.held .. '","held":"' .. known.held .. '","updated":"' .. at .. '","revision":'
    .. known.revision + 1 .. ',' .. rest .. '}'
  set_field(HELD, change.held, redis.call('HGET', HELD, change.held), record)
  set_due(change.held, nil)
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

-- Holds a dispatch, or edits the `known` held one; returns the receipt, which `remember` is given before it is true.
local function hold(change, at, now, known, remember)
  local id, since, revision, before = change.held, at, 1, nil
  if known then
    since, revision, before = known.held, known.revision + 1, redis.call('HGET', HELD, id)
  else
    id = 'h' .. base32(now, 10) .. change.random
  end
  local release_at = rfc3339(change.release_at)
  local record = '{"id":"' .. id .. '",' .. change.fields .. ',"release_at":"' .. release_at .. '","held":"' .. since
    .. '","updated":"' .. at .. '","by":' .. change.by .. ',"revision":' .. revision .. ',"status":"held"}'
  local receipt = '{"id":"' .. id .. '","release_at":"' .. release_at .. '","revision":' .. revision .. ',"held":"'
    .. since .. '","updated":"' .. at .. '"}'
  remember(receipt)
  if not known then set_field(FILERS, id, nil, change.holder) end
  set_field(HELD, id, before, record)
  set_due(id, string.format('%.0f', change.release_at))
  log_at_desk(change.kind, change, at, record)
  return receipt
end

-- Discards a held dispatch; returns the receipt, as `hold`.
local function spike(change, at, known, remember)
  local receipt = '{"id":"' .. change.held .. '","revision":' .. known.revision + 1 .. ',"updated":"' .. at .. '"}'
  remember(receipt)
  stop_waiting('spike', change, at, known, '"status":"spiked",' .. change.fields)
  return receipt
end

-- Returns true if the receipt of a change of held dispatches is of one that was made.
local function was_held(receipt)
  local record = redis.call('HGET', HELD, receipt.id)
  local known = record and cjson.decode(record)
  return known and (known.revision > receipt.revision
    or known.revision == receipt.revision and known.updated == receipt.updated)
end
