-- The other writer of a log: imports an exported entry at its offset. It takes only the next entry of the chain, so an
-- import can be interrupted and resumed, and can never put a hole or another history into a feed. The origin comes
-- first, as if it were entry 0.
--
-- KEYS  as in store.lua; then the earlier revisions of the dispatch; then the indexes that it enters, then those it leaves
-- ARGV  named below
-- Returns 'kept'; or 'known' if the entry is there already; 'gap' if entries before it are missing; 'forked' if the
-- chain is another one; 'absent', 'killed' or 'unlike' if append.lua would not have written it.

local FIRST_INDEX = 9
local offset, hash, text, now, kind, id, stored, filer, entered = unpack(ARGV)

-- Returns why the entry cannot follow from the dispatch as it is, or nothing. Whatever the hashes of a log say, it never
-- brings back what was killed.
local function refusal()
  if id == '' then return end
  local present = redis.call('HGET', DISPATCHES, id)
  if kind == 'file' then return present and 'unlike' end
  if not present then return 'absent' end
  present = cjson.decode(present)
  if present.status == 'killed' then return 'killed' end
  if kind == 'pin' then return end
  local next = cjson.decode(stored)
  return (next.revision ~= present.revision + 1 or next.filed ~= present.filed) and 'unlike'
end

local known, before, origin, last = unpack(redis.call('HMGET', STATE, 'offset', 'hash', 'origin', 'at'))
if offset == '0' then
  if origin == hash then return 'known' end
  if known and known ~= '0' then return 'forked' end
  redis.call('HSET', STATE, 'origin', hash, 'hash', hash, 'at', now, 'offset', offset)
  return 'kept'
end
if not known then return 'gap' end
if tonumber(offset) <= tonumber(known) then
  local kept = redis.call('XRANGE', LOG, offset .. '-0', offset .. '-0')
  return kept[1] and kept[1][2][2] == hash and 'known' or 'forked'
end
if tonumber(offset) ~= tonumber(known) + 1 then return 'gap' end
if redis.sha1hex(before .. text) ~= hash then return 'forked' end
local refused = refusal()
if refused then return refused end
return together(function()
  local entry = {offset = offset, hash = hash, text = text, now = now}
  store(
    {kind = kind, id = id, stored = stored, filer = filer, first = FIRST_INDEX, entered = tonumber(entered)},
    entry)
  log(entry, {offset = known, hash = before, at = last})
  return 'kept'
end, unfile)
