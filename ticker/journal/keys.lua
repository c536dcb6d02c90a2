-- Issues a key, or begins to revoke one. Both look up the key that asks in the same run, so that a request which was let
-- in before that key was revoked changes nothing.
--
-- KEYS  keys, revoking, owners, people
-- ARGV  'issue' or 'revoke'; id of the key that asks, '' for the command line;
--       to issue: SHA-256 of the key, its holder as JSON, and id of the person to whom it belongs and the person as
--       JSON, or '' twice for a person of its own; to revoke: id of the key
-- Returns 'refused' if the key that asks is revoked; 'nobody' if there is no such person; else 'issued'; or the holder of the key that is revoked now, as
-- JSON, or nil if there is none.

-- With its memory full, Redis refuses a script its first write, unless that takes no memory; a key is to be revoked even
-- then.

local act, asking = ARGV[1], ARGV[2]

local function digest_of(id)
  for _, digest in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(digest, 1, 12) == id then return digest end
  end
  return nil
end

if asking ~= '' and not digest_of(asking) then return 'refused' end
if act == 'issue' then
  local key = string.sub(ARGV[3], 1, 12)
  if ARGV[5] == '' then
    -- Not as the first write of every run: a Redis whose memory is full would then take the next one.
    if redis.call('HEXISTS', KEYS[3], key) == 1 then redis.call('HDEL', KEYS[3], key) end
  else
    if redis.call('HEXISTS', KEYS[4], ARGV[5]) == 0 then return 'nobody' end
    redis.call('HSET', KEYS[3], key, ARGV[6])
  end
  redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
  return 'issued'
end
local digest = digest_of(ARGV[3])
if digest then
  redis.call('HDEL', KEYS[2], '')
  redis.call('HSET', KEYS[2], ARGV[3], redis.call('HGET', KEYS[1], digest))
  redis.call('HDEL', KEYS[1], digest)
end
return redis.call('HGET', KEYS[2], ARGV[3])
