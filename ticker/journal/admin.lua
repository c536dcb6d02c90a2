-- Issues the admin key that comes from the environment, unless this log has had one.
-- KEYS  hash of the admin key, keys      ARGV  hash of the key, its holder as JSON
-- Returns 1 if it was issued, else 0.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('SET', KEYS[1], ARGV[1]) -- last: where the key was not stored, it is issued the next time
return 1
