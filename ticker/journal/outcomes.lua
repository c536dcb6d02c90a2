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
  unasked = 'unasked', -- nothing: no flash waits for a second key
  late = 'late', -- nothing: the time to confirm the flash is over
  alone = 'alone', -- nothing: who confirms asked for the flash, or wrote its words
}
