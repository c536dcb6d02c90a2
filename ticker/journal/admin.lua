-- Issues the admin key that comes from the environment, unless this log has had one.
-- KEYS  hash of the admin key, keys      ARGV  hash of the key, its holder as JSON
-- Returns 1 if it was issued, else 0.
if not redis.call('SET', KEYS[1], ARGV[1], 'NX') then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 1
