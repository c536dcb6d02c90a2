-- Takes killed dispatches out of the index and the count of one label, as a kill does by itself: for those that were
-- killed by version 0.1.0, which left them there.
-- KEYS  index of the label, index of its killed dispatches, labels; ARGV  the label; ids of killed dispatches
-- Returns how many were in the index.
local INDEX, WITHDRAWN, LABELS = unpack(KEYS)
local label, count = ARGV[1], 0
for number = 2, #ARGV do
  local score = redis.call('ZSCORE', INDEX, ARGV[number])
  if score then
    redis.call('ZADD', WITHDRAWN, score, ARGV[number])
    redis.call('ZREM', INDEX, ARGV[number])
    count = count + 1
  end
end
if count > 0 and redis.call('HINCRBY', LABELS, label, -count) <= 0 then redis.call('HDEL', LABELS, label) end
return count
