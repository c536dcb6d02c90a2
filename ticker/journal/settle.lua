-- Writes something that means nothing, even where the memory is full: what waits for this write waits for all before it.
-- KEYS  state of a feed
redis.call('HDEL', KEYS[1], '')
redis.call('HINCRBY', KEYS[1], 'settled', 1)
