-- Revokes a key in one feed: from now on append.lua refuses its changes, and what it wrote of held dispatches waits for an
-- editor. It runs behind writes.lua, store.lua, outcomes.lua, time.lua and held.lua, as one script.
--
-- KEYS  as in append.lua, without indexes
-- ARGV  id of the key; name of the key that revokes it, as JSON, or null

local key, by = unpack(ARGV)

redis.call('SREM', REVOKED, '') -- takes no memory, so that what follows is allowed where that is full
redis.call('SADD', REVOKED, key) -- before what may fail in a feed whose held dispatches are damaged
local last = redis.call('HGET', STATE, 'at')
if not last then return end
local at = rfc3339(milliseconds(last))
together(function()
  for _, id in ipairs(redis.call('ZRANGE', DUE, 0, -1)) do
    if string.find(' ' .. writers_of(id), ' ' .. key .. '/', 1, true) then park(id, by, at) end
  end
end)
