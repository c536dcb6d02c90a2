-- What one feed, and one key in it, may take up. Each limit is a member of `change`, absent where there is none; see
-- limits.py. A repeated request was answered before, and what is released was counted when it was held.

local FILED_BY = 1000 -- ids in one HMGET: unpack() has a limit

-- Returns the refusal of a dispatch to be held, or nil.
local function refuse_hold(change)
  local waiting = redis.call('ZCARD', DUE)
  if change.max_held and waiting >= change.max_held then
    return {outcome.many_held, string.format('%d', change.max_held)}
  end
  local most = change.max_held_by_key
  if not most or waiting < most then return nil end
  local own, ids = 0, redis.call('ZRANGE', DUE, 0, -1)
  for first = 1, #ids, FILED_BY do
    for _, filer in ipairs(redis.call('HMGET', FILERS, unpack(ids, first, math.min(first + FILED_BY - 1, #ids)))) do
      if filer == change.holder then own = own + 1 end
    end
  end
  if own >= most then return {outcome.many_held_by_key, string.format('%d', most)} end
end

-- Returns the refusal of a dispatch that enters the indexes from KEYS[first] on, or of a correction of `known`, or nil.
local function refuse_growth(change, known, first)
  if change.max_revisions and known.revision >= change.max_revisions then
    return {outcome.many_revisions, string.format('%d', change.max_revisions)}
  end
  local most = change.max_labels
  if not most or change.entered == 0 then return nil end
  local count = redis.call('HLEN', LABELS)
  if count + change.entered <= most then return nil end
  local known_labels = count
  for number = first, first + change.entered - 1 do
    local label = string.match(KEYS[number], ':order:(.*)$')
    if redis.call('HEXISTS', LABELS, label) == 0 then count = count + 1 end
  end
  if count > known_labels and count > most then return {outcome.many_labels, string.format('%d', most)} end
end
