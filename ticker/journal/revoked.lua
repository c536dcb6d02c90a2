-- Adds the id of a key to a set of revoked ones, even where the memory is full.
-- KEYS  the set      ARGV  id
redis.call('SREM', KEYS[1], '')
redis.call('SADD', KEYS[1], ARGV[1])
