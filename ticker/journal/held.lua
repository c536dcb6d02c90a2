-- Held dispatches: under embargo, known to the desk alone, and not in the log until they are released. `change` is the
-- argument of append.lua; `at` and `now` are the time of the change, as RFC 3339 and in milliseconds.

local HELD, DUE, DESK, REVOKED, WRITERS = KEYS[9], KEYS[10], KEYS[12], KEYS[13], KEYS[14]

-- When a parked dispatch is due: in the year 9999, since no timer releases it.
local NEVER = '253370764800000'

-- Adds a change of a held dispatch to the stream of such changes, which the audit reads. `by` is JSON.
local function log_at_desk(what, by, at, record)
  local id = redis.call('XADD', DESK, '*', 'entry',
    '{"kind":"' .. what .. '","at":"' .. at .. '","by":' .. by .. ',"held":' .. record .. '}')
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
  remove_field(WRITERS, change.held)
  set_due(change.held, nil)
  log_at_desk(what, change.by, at, record)
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

-- Returns true if ids with spaces between have this one among them.
local function is_among(ids, id)
  return string.find(' ' .. ids .. ' ', ' ' .. id .. ' ', 1, true) ~= nil
end

-- Returns ids with spaces between, with this one among them.
local function with(ids, id)
  return is_among(ids, id) and ids or ids .. ' ' .. id
end

-- Who wrote a held dispatch: `key/holder` of each, with spaces between. Version 0.1 noted only the key that held it.
local function writers_of(id)
  local filer = redis.call('HGET', FILERS, id) or ''
  return redis.call('HGET', WRITERS, id) or filer .. '/' .. filer
end

-- Returns the ids of the people who wrote a held dispatch, with spaces between.
local function people_who_wrote(id)
  return (string.gsub(writers_of(id), '%S+/', ''))
end

-- Parks a held dispatch: a key that wrote it is revoked, so it waits for an editor. `by` is the name, as JSON, of the
-- key that revoked, or null. Its members stay as they are: decoded and encoded, an empty list would become an object.
-- Returns ''.
local function park(id, by, at)
  local before = redis.call('HGET', HELD, id)
  local sound, known = pcall(cjson.decode, before or '')
  if not sound or type(known) ~= 'table' or known.status ~= 'held' or not known.revision or known.parked then return '' end
  local record = string.gsub(before, '"updated":"[^"]*",("by":.*,)"revision":%d+,"status":"held"}$', function(name)
    return '"updated":"' .. at .. '",' .. name .. '"revision":' .. known.revision + 1 .. ',"status":"held","parked":"'
      .. at .. '"}'
  end)
  set_field(HELD, id, before, record)
  set_due(id, NEVER)
  log_at_desk('park', by, at, record)
  return ''
end

-- Returns true if a timer may release a held dispatch; otherwise it is to be parked.
local function may_release(id)
  for key in string.gmatch(writers_of(id), '(%S+)/') do
    if redis.call('SISMEMBER', REVOKED, key) == 1 then return false end
  end
  return true
end

-- Holds a dispatch, or edits the `known` held one; returns the receipt, which `remember` is given before it is true.
local function hold(change, at, now, known, remember)
  local id, since, revision, before, writers = change.held, at, 1, nil, change.key .. '/' .. change.holder
  if known then
    since, revision, before = known.held, known.revision + 1, redis.call('HGET', HELD, id)
    -- Who edits a parked dispatch vouches for all of it, and it is due again.
    if not known.parked then writers = with(writers_of(id), writers) end
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
  set_field(WRITERS, id, redis.call('HGET', WRITERS, id), writers)
  set_due(id, string.format('%.0f', change.release_at))
  log_at_desk(change.kind, change.by, at, record)
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
