-- Lists a feed whose log exists, and notifies every node.
-- KEYS  settings of all feeds, revoked keys
-- ARGV  feed, its settings, the settings channel, id of the key that asks or ''
-- Returns 1; 0 if it is listed already; -1 if the key that asks is revoked.
local feed, settings, channel, asking = unpack(ARGV)
if redis.call('SISMEMBER', KEYS[2], asking) == 1 then return -1 end
local fresh = redis.call('HSETNX', KEYS[1], feed, settings)
redis.call('PUBLISH', channel, feed)
return fresh
