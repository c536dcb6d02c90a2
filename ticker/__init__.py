"""A breaking-news ticker. A line's way through the house:

A correspondent POSTs it to `web.dispatches`, where `dispatch` turns untrusted JSON into a Draft or a named fault.
`journal.log` hands it to `append.lua`, which in one atomic step gives it an offset, chains it to the entry
before, stores it and publishes it. Every node's `relay` hears it (or finds it missing and reads it from the
log), checks that it is the next one, and gives it to the `hub`. There `feed` folds it into what the feed
shows now and `wire` makes one frame of it, which is written to the socket of each reader. Readers came in
through `web.admission` and were handed to the hub by `server.acceptor`; in their pages, `clients/feed` folds
the same frames by the same rules. `server.supervisor` keeps all of it running; `cli` is how people start it.
"""
