-- Replaces the settings of a feed that were read, and notifies every node. If they were replaced meanwhile, it does
-- nothing, so that two concurrent edits are both kept.
-- KEYS  settings of all feeds, revoked keys
-- ARGV  feed, settings as read, new settings, the settings channel, message to publish there, id of the key that asks or ''
-- Returns 1; 0 if the settings are no longer those that were read; -1 if the key that asks is revoked.
local feed, before, after, channel, message, asking = unpack(ARGV)
if redis.call('SISMEMBER', KEYS[2], asking) == 1 then return -1 end
if redis.call('HGET', KEYS[1], feed) ~= before then return 0 end
redis.call('HSET', KEYS[1], feed, after)
redis.call('PUBLISH', channel, message)
return 1
