-- Closes a feed or opens it again, beside append.lua: from the moment this has run, that script takes nothing but kills.
-- What runs against a clock ends with the feed: a flash that waits for a second key waits no longer, and a held line
-- that came due meanwhile stays held until somebody at the desk decides, rather than to go out when nobody looks.
--
-- KEYS  state, due, flashes
-- ARGV  'close' or 'reopen'; a millisecond that never comes; channel of changes, and the word that nodes are told there
-- Returns nil if there is no such feed, else when it was closed, in milliseconds, or '' while it is open.

local STATE, DUE, FLASHES = unpack(KEYS)
local act, never, channel, word = unpack(ARGV)

local last = redis.call('HGET', STATE, 'at')
if not last then return nil end
local now = milliseconds(last)
if act == 'close' then
  -- Closed again, it keeps the time at which it was closed first.
  if redis.call('HSETNX', STATE, 'closed', string.format('%.0f', now)) == 1 then redis.call('DEL', FLASHES) end
elseif redis.call('HDEL', STATE, 'closed') == 1 then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', DUE, '-inf', now)) do redis.call('ZADD', DUE, never, id) end
end
redis.call('PUBLISH', channel, word)
return redis.call('HGET', STATE, 'closed') or ''
