-- Replaces the settings of a feed that were read, and notifies every node. If they were replaced meanwhile, it does
-- nothing, so that two concurrent edits are both kept.
-- KEYS  settings of all feeds
-- ARGV  feed, settings as read, new settings, the settings channel, message to publish there
-- Returns 1, or 0 if the settings are no longer those that were read.
local feed, before, after, channel, message = unpack(ARGV)
if redis.call('HGET', KEYS[1], feed) ~= before then return 0 end
redis.call('HSET', KEYS[1], feed, after)
redis.call('PUBLISH', channel, message)
return 1
