-- The only writer of a feed's log. Atomically: answers a repeated request as the first time, gives the next
-- offset, chains the hash, stores the entry, updates what the feed shows now, and publishes. It either does
-- all of that or, having checked everything first, nothing.
--
-- KEYS  state, log, dispatches, filers, order, revisions, idempotency record; then the indexes that the dispatch
--       enters, then those it leaves (all of one feed, one hash tag)
-- ARGV  named below
-- Returns {outcome, detail}: kept|repeated receipt; reused|unopened|absent|killed|pending; stale revision;
-- foreign.

local STATE, LOG, DISPATCHES, FILERS, ORDER, REVISIONS, RECORD = unpack(KEYS)
local FIRST_INDEX = 8
local kind, channel, by, filer, owner_only, fields, id, expected, random, print_, keep, entered = unpack(ARGV)
-- kind        file | correct | kill | pin | air
-- by          name of the key, as JSON       filer       id of the key
-- owner_only  '1': only who filed it may     fields      what the kind carries, as JSON (see below)
-- id          the dispatch meant, if any     expected    the revision it must have, or ''
-- random      8 characters that make an id unlike any other history's
-- print_      fingerprint of the request, or '' without an Idempotency-Key     keep   seconds to know it
-- entered     how many of the indexes are entered

local function rfc3339(ms)
  local days = math.floor(ms / 86400000)
  local rest = ms - days * 86400000
  -- Day count to proleptic Gregorian date; years start in March so that the leap day comes last.
  local since = days + 719468
  local era = math.floor(since / 146097)
  local day = since - era * 146097
  local year = math.floor(
    (day - math.floor(day / 1460) + math.floor(day / 36524) - math.floor(day / 146096)) / 365)
  day = day - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local month = math.floor((5 * day + 2) / 153)
  day = day - math.floor((153 * month + 2) / 5) + 1
  month = month < 10 and month + 3 or month - 9
  year = year + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, day, math.floor(rest / 3600000),
    math.floor(rest / 60000) % 60, math.floor(rest / 1000) % 60, rest % 1000)
end

local DIGITS = '0123456789abcdefghjkmnpqrstvwxyz' -- Crockford's base 32: sorts as numbers do
local function base32(number, width)
  local text = {}
  for place = width, 1, -1 do
    local digit = number % 32
    text[place] = string.sub(DIGITS, digit + 1, digit + 1)
    number = (number - digit) / 32
  end
  return table.concat(text)
end

if print_ ~= '' then
  local record = redis.call('GET', RECORD)
  if record then
    local space = string.find(record, ' ', 1, true)
    if string.sub(record, 1, space - 1) ~= print_ then return {'reused', ''} end
    -- A write of its own, so that WAIT on this connection covers the first request's write too.
    redis.call('HINCRBY', STATE, 'repeats', 1)
    return {'repeated', string.sub(record, space + 1)}
  end
end

local offset, hash, last = unpack(redis.call('HMGET', STATE, 'offset', 'hash', 'at'))
if not offset then return {'unopened', ''} end

local clock = redis.call('TIME')
-- A feed's time never runs backwards, whatever the clock of the machine does.
local now = math.max(tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000), tonumber(last))
local at = rfc3339(now)
offset = string.format('%.0f', tonumber(offset) + 1)

local known, stored
if kind == 'correct' or kind == 'kill' or (kind == 'pin' and id ~= '') then
  stored = redis.call('HGET', DISPATCHES, id)
  if not stored then return {'absent', ''} end
  known = cjson.decode(stored)
  if owner_only == '1' and redis.call('HGET', FILERS, id) ~= filer then return {'foreign', ''} end
  if known.status == 'killed' then return {'killed', stored} end
  if expected ~= '' and tonumber(expected) ~= known.revision then
    return {'stale', string.format('%d', known.revision)}
  end
end

-- `fields` is spliced in as it came, never decoded: cjson would turn empty lists into objects.
local revision, content = 0, nil
local function index(score)
  for number = FIRST_INDEX, #KEYS do
    if number < FIRST_INDEX + tonumber(entered) then
      redis.call('ZADD', KEYS[number], score, id)
    else
      redis.call('ZREM', KEYS[number], id)
    end
  end
end
local function dispatch(filed)
  return '{"id":"' .. id .. '",' .. fields .. ',"filed":"' .. filed .. '","updated":"' .. at
    .. '","revision":' .. revision .. ',"status":"usable"}'
end
if kind == 'file' then
  revision = 1
  id = base32(now, 10) .. base32(tonumber(offset), 8) .. random
  stored = dispatch(at)
  redis.call('HSET', DISPATCHES, id, stored)
  redis.call('HSET', FILERS, id, filer)
  redis.call('ZADD', ORDER, offset, id)
  index(offset)
  content = '"dispatch":' .. stored
elseif kind == 'correct' then
  revision = known.revision + 1
  local earlier = redis.call('HGET', REVISIONS, id)
  redis.call('HSET', REVISIONS, id, earlier and earlier .. ',' .. stored or stored)
  stored = dispatch(known.filed)
  redis.call('HSET', DISPATCHES, id, stored)
  index(redis.call('ZSCORE', ORDER, id))
  content = '"dispatch":' .. stored
elseif kind == 'kill' then -- fields: "reason":"…"
  revision = known.revision + 1
  content = '"id":"' .. id .. '",' .. fields .. ',"filed":"' .. known.filed .. '","revision":' .. revision
  redis.call('HDEL', REVISIONS, id)
  redis.call('HSET', DISPATCHES, id, '{"id":"' .. id .. '","filed":"' .. known.filed .. '","updated":"' .. at
    .. '","revision":' .. revision .. ',"status":"killed",' .. fields .. '}')
elseif kind == 'pin' then
  redis.call('HSET', STATE, 'pinned', id)
  content = '"id":' .. (id == '' and 'null' or '"' .. id .. '"')
elseif kind == 'air' then -- fields: {"on":…}
  redis.call('HSET', STATE, 'air', fields)
  content = '"air":' .. fields
end

local entry = '{"kind":"' .. kind .. '","at":"' .. at .. '","by":' .. by .. ',' .. content .. '}'
hash = redis.sha1hex(hash .. entry)
redis.call('XADD', LOG, offset .. '-0', 'hash', hash, 'entry', entry)
redis.call('HSET', STATE, 'offset', offset, 'hash', hash, 'at', string.format('%.0f', now))

local receipt = '"position":"' .. offset .. '-' .. string.sub(hash, 1, 12) .. '"'
if id ~= '' then receipt = '"id":"' .. id .. '",' .. receipt end
if revision > 0 then receipt = receipt .. ',"revision":' .. revision end
receipt = '{' .. receipt .. ',"' .. (kind == 'file' and 'filed' or 'updated') .. '":"' .. at .. '"}'
if print_ ~= '' then redis.call('SET', RECORD, print_ .. ' ' .. receipt, 'EX', keep) end
redis.call('PUBLISH', channel, offset .. ' ' .. hash .. ' ' .. entry)
return {'kept', receipt}
