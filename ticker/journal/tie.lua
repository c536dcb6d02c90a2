-- Adds a dispatch to the editions of another one, unless that has as many as it may.
-- KEYS  editions of the other one      ARGV  feed/id of the dispatch; how many there may be
-- Returns 1 if it is among them now, else 0.
local name, most = ARGV[1], tonumber(ARGV[2])
if redis.call('SISMEMBER', KEYS[1], name) == 1 then return 1 end
if redis.call('SCARD', KEYS[1]) >= most then return 0 end
return redis.call('SADD', KEYS[1], name)
