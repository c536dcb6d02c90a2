-- Issues a key, or begins to revoke one. Both look up the key that asks in the same run, so that a request which was let
-- in before that key was revoked changes nothing.
--
-- KEYS  keys, revoking
-- ARGV  'issue' or 'revoke'; id of the key that asks, '' for the command line;
--       to issue: SHA-256 of the key, its holder as JSON; to revoke: id of the key
-- Returns 'refused' if the key that asks is revoked; else 'issued'; or the holder of the key that is revoked now, as
-- JSON, or nil if there is none.

local act, asking = ARGV[1], ARGV[2]

local function digest_of(id)
  for _, digest in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(digest, 1, 12) == id then return digest end
  end
  return nil
end

if asking ~= '' and not digest_of(asking) then return 'refused' end
if act == 'issue' then
  redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
  return 'issued'
end
local digest = digest_of(ARGV[3])
if digest then
  redis.call('HSET', KEYS[2], ARGV[3], redis.call('HGET', KEYS[1], digest))
  redis.call('HDEL', KEYS[1], digest)
end
return redis.call('HGET', KEYS[2], ARGV[3])
