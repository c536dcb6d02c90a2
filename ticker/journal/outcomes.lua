-- The outcomes of append.lua, each with the detail that comes with it. append.py has the same table, with what each
-- means to the client.

local outcome = {
  kept = 'kept', -- the receipt
  revoked = 'revoked', -- nothing: the key that asks is revoked
  repeated = 'repeated', -- the receipt of the first time
  reused = 'reused', -- nothing: the Idempotency-Key came before with another request
  unopened = 'unopened', -- nothing: there is no such feed
  closed = 'closed', -- when the feed was closed, in milliseconds
  absent = 'absent', -- nothing: there is no such dispatch or held dispatch
  not_owner = 'not_owner', -- nothing: another key filed it
  killed = 'killed', -- the tombstone
  ended = 'ended', -- the record of the dispatch that is no longer held
  parked = 'parked', -- nothing: a key that wrote the held dispatch is revoked, so that no timer releases it
  stale = 'stale', -- the current revision
  over = 'over', -- nothing: the time of release is in the past
  many_revisions = 'many_revisions', -- how many revisions a dispatch may have
  many_labels = 'many_labels', -- how many labels a feed may have
  many_held = 'many_held', -- how many dispatches may be held in a feed
  many_held_by_key = 'many_held_by_key', -- how many dispatches one key may hold in a feed
  unasked = 'unasked', -- nothing: no flash waits for a second key
  late = 'late', -- nothing: the time to confirm the flash is over
  alone = 'alone', -- nothing: who confirms asked for the flash, or wrote its words
}
