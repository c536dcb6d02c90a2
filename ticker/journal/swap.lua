-- Puts a feed's plan in the place of the one that was read, and tells every node; if another was put there meanwhile,
-- does nothing, so that two edits at once are both kept.
-- KEYS  plans of all feeds      ARGV  feed, plan that was read, plan to be, channel of changes, word
-- Returns 1, or 0 if the plan is another one by now.
local feed, before, after, channel, word = unpack(ARGV)
if redis.call('HGET', KEYS[1], feed) ~= before then return 0 end
redis.call('HSET', KEYS[1], feed, after)
redis.call('PUBLISH', channel, word)
return 1
