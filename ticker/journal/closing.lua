-- Closes a feed or opens it again: into a closed one, append.lua takes nothing but kills and spikes. What runs against a
-- clock ends with the feed: a flash no longer waits for a second key, and a held dispatch that came due while the feed
-- was closed stays held until the desk decides.
--
-- KEYS  state, due, flashes, revoked
-- ARGV  'close' or 'reopen'; a time that never comes, in milliseconds; the settings channel, and the message for it; id of
--       the key that asks or ''
-- If Redis refuses a command half-way, the same request does the rest once it is allowed.
-- Returns nil if there is no such feed, 'revoked' if the key that asks is, else when the feed was closed, in
-- milliseconds, or '' while it is open.

local STATE, DUE, FLASHES, REVOKED = unpack(KEYS)
local act, never, channel, message, asking = unpack(ARGV)

if redis.call('SISMEMBER', REVOKED, asking) == 1 then return 'revoked' end
local last = redis.call('HGET', STATE, 'at')
if not last then return nil end
local now = milliseconds(last)
if act == 'close' then
  -- Closed again, it keeps the time at which it was closed first.
  redis.call('HSETNX', STATE, 'closed', string.format('%.0f', now))
  redis.call('DEL', FLASHES)
elseif redis.call('HEXISTS', STATE, 'closed') == 1 then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', DUE, '-inf', now)) do redis.call('ZADD', DUE, never, id) end
  redis.call('HDEL', STATE, 'closed')
end
redis.call('PUBLISH', channel, message)
return redis.call('HGET', STATE, 'closed') or ''
