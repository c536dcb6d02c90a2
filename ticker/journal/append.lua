-- The writer of a feed's log. Atomically: answers a repeated request as the first time, gives the next offset,
-- chains the hash, stores the entry and what follows from it, and publishes. It either does all of that or, having
-- checked everything first, nothing. What an embargo holds back is kept here too, and enters the log at its release.
--
-- KEYS  as in store.lua; then idempotency record, held, due, flashes, desk; then the indexes that the dispatch
--       enters, then those it leaves (all of one feed, one hash tag)
-- ARGV  named below
-- Returns {outcome, detail}: kept|repeated receipt; reused|unopened|absent|killed|ended record; stale revision;
-- closed milliseconds; foreign|over|unasked|late|alone.

local RECORD, HELD, DUE, FLASHES, DESK = unpack(KEYS, 8, 12)
local FIRST_INDEX = 13
local kind, channel, by, filer, owner_only, fields, id, expected, random, print_, keep, entered, held, release, confirm
  = unpack(ARGV)
-- kind        file | correct | kill | pin | air; of held lines: hold | edit | spike
-- by          name of the key, as JSON       filer       id of the key
-- owner_only  '1': only who filed it may     fields      what the kind carries, as JSON (see below)
-- id          the dispatch meant, if any     expected    the revision it must have, or ''
-- random      8 characters that make an id unlike any other history's
-- print_      fingerprint of the request, or '' without an Idempotency-Key     keep   seconds to know it
-- entered     how many of the indexes are entered
-- held        the held line meant, if any: a file entry releases it            release   when it is due, in ms
-- confirm     'ask <ms>': this is to be a flash if a second key says so by then; 'give': this is the second key;
--             'drop': it is to be none any more

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

local function answer(receipt)
  if print_ ~= '' then redis.call('SET', RECORD, print_ .. ' ' .. receipt, 'EX', keep) end
  return {'kept', receipt}
end

local offset, hash, last, closed = unpack(redis.call('HMGET', STATE, 'offset', 'hash', 'at', 'closed'))
if not offset then return {'unopened', ''} end
-- Nothing enters a closed feed. What must be withdrawn can be: a kill reaches its history, and a held line can be
-- spiked, so that it does not wait for the feed to be opened again.
if closed and kind ~= 'kill' and kind ~= 'spike' then return {'closed', closed} end

local clock = redis.call('TIME')
-- A feed's time never runs backwards, whatever the clock of the machine does.
local now = math.max(tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000), tonumber(last))
local at = rfc3339(now)

-- Held lines: a line under embargo is known to the desk alone, and is not in the log.

local withheld, waiting
if held ~= '' then
  withheld = redis.call('HGET', HELD, held)
  if not withheld then return {'absent', ''} end
  if owner_only == '1' and redis.call('HGET', FILERS, held) ~= filer then return {'foreign', ''} end
  waiting = cjson.decode(withheld)
  if waiting.status ~= 'held' then return {'ended', withheld} end
  if expected ~= '' and tonumber(expected) ~= waiting.revision then
    return {'stale', string.format('%d', waiting.revision)}
  end
  filer = redis.call('HGET', FILERS, held) -- whoever releases it, it stays the line of the one who wrote it
end

local function note(what, record)
  redis.call('XADD', DESK, '*', 'entry',
    '{"kind":"' .. what .. '","at":"' .. at .. '","by":' .. by .. ',"held":' .. record .. '}')
end

if kind == 'hold' or kind == 'edit' then -- fields: those of the dispatch to be
  if tonumber(release) <= now then return {'over', ''} end
  local since = waiting and waiting.held or at
  local revision = waiting and waiting.revision + 1 or 1
  if kind == 'hold' then
    held = 'h' .. base32(now, 10) .. random
    redis.call('HSET', FILERS, held, filer)
  end
  local record = '{"id":"' .. held .. '",' .. fields .. ',"release_at":"' .. rfc3339(tonumber(release)) .. '","held":"'
    .. since .. '","updated":"' .. at .. '","by":' .. by .. ',"revision":' .. revision .. ',"status":"held"}'
  redis.call('HSET', HELD, held, record)
  redis.call('ZADD', DUE, release, held)
  note(kind, record)
  return answer('{"id":"' .. held .. '","release_at":"' .. rfc3339(tonumber(release)) .. '","revision":' .. revision
    .. ',"held":"' .. since .. '","updated":"' .. at .. '"}')
elseif kind == 'spike' then -- fields: "reason":"…"
  local record = '{"id":"' .. held .. '","held":"' .. waiting.held .. '","updated":"' .. at .. '","revision":'
    .. waiting.revision + 1 .. ',"status":"spiked",' .. fields .. '}'
  redis.call('HSET', HELD, held, record)
  redis.call('ZREM', DUE, held)
  note(kind, record)
  return answer('{"id":"' .. held .. '","revision":' .. waiting.revision + 1 .. ',"updated":"' .. at .. '"}')
end

-- What is in the log, and what goes there.

offset = string.format('%.0f', tonumber(offset) + 1)

local known, stored
if kind == 'correct' or kind == 'kill' or (kind == 'pin' and id ~= '') then
  stored = redis.call('HGET', DISPATCHES, id)
  if not stored then return {'absent', ''} end
  known = cjson.decode(stored)
  if owner_only == '1' and redis.call('HGET', FILERS, id) ~= filer then return {'foreign', ''} end
  if known.status == 'killed' then return {'killed', stored} end
  if confirm == 'give' then
    local asked = redis.call('HGET', FLASHES, id)
    if not asked then return {'unasked', ''} end
    local space = string.find(asked, ' ', 1, true)
    if now > tonumber(string.sub(asked, 1, space - 1)) then return {'late', ''} end
    if string.sub(asked, space + 1) == filer then return {'alone', ''} end
  end
  if expected ~= '' and tonumber(expected) ~= known.revision then
    return {'stale', string.format('%d', known.revision)}
  end
end

-- `fields` is spliced in as it came, never decoded: cjson would turn empty lists into objects.
local revision, content = 0, nil
local function dispatch(filed)
  return '{"id":"' .. id .. '",' .. fields .. ',"filed":"' .. filed .. '","updated":"' .. at
    .. '","revision":' .. revision .. ',"status":"usable"}'
end
if kind == 'file' then
  revision = 1
  id = base32(now, 10) .. base32(tonumber(offset), 8) .. random
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
  content = '"id":' .. (id == '' and 'null' or '"' .. id .. '"')
elseif kind == 'air' then -- fields: {"on":…}
  stored = fields
  content = '"air":' .. fields
end

local text = '{"kind":"' .. kind .. '","at":"' .. at .. '","by":' .. by .. ',' .. content .. '}'
hash = redis.sha1hex(hash .. text)
store(
  {kind = kind, id = id, stored = stored, filer = filer, first = FIRST_INDEX, entered = tonumber(entered)},
  {offset = offset, hash = hash, text = text, now = string.format('%.0f', now)})

if held ~= '' then
  local record = '{"id":"' .. held .. '","held":"' .. waiting.held .. '","updated":"' .. at .. '","revision":'
    .. waiting.revision + 1 .. ',"status":"released","dispatch":"' .. id .. '"}'
  redis.call('HSET', HELD, held, record)
  redis.call('ZREM', DUE, held)
  note('release', record)
end
local wait = string.match(confirm, '^ask (%d+)$')
if wait then
  redis.call('HSET', FLASHES, id, string.format('%.0f %s', now + tonumber(wait), filer))
elseif kind == 'kill' or confirm ~= '' then
  redis.call('HDEL', FLASHES, id) -- there is nothing to be confirmed any more
end

local receipt = '"position":"' .. offset .. '-' .. string.sub(hash, 1, 12) .. '"'
if id ~= '' then receipt = '"id":"' .. id .. '",' .. receipt end
if revision > 0 then receipt = receipt .. ',"revision":' .. revision end
receipt = '{' .. receipt .. ',"' .. (kind == 'file' and 'filed' or 'updated') .. '":"' .. at .. '"'
if wait then receipt = receipt .. ',"confirm_by":"' .. rfc3339(now + tonumber(wait)) .. '"' end
redis.call('PUBLISH', channel, offset .. ' ' .. hash .. ' ' .. text)
return answer(receipt .. '}')
