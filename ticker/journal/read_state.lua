-- What a feed shows now, read atomically.
-- KEYS  state, order, dispatches      ARGV  how many dispatches
-- Returns nil if the feed is not open, else {offset, hash, air, pinned, {dispatch, …} newest first, older}; `older` is
-- the pinned dispatch if it is not among those, or ''.
local offset, hash, air, pinned = unpack(redis.call('HMGET', KEYS[1], 'offset', 'hash', 'air', 'pinned'))
if not offset then return nil end
local ids = redis.call('ZREVRANGE', KEYS[2], 0, tonumber(ARGV[1]) - 1)
local dispatches = {}
if #ids > 0 then dispatches = redis.call('HMGET', KEYS[3], unpack(ids)) end
local older = ''
if pinned and pinned ~= '' then
  older = redis.call('HGET', KEYS[3], pinned) or ''
  for _, id in ipairs(ids) do
    if id == pinned then older = '' end
  end
end
return {offset, hash, air or '', pinned or '', dispatches, older}
