"""A relay: a node without Redis, which follows another node, its upstream, and serves readers as that does.

    upstreams   which of several upstreams is followed, and when another one is
    bulletin    what a node sends its relays once a second: proofs of freshness, and the settings of feeds
    frames      what came from the upstream, as the entries and the state that a channel takes
    log_time    when a proof was made, by this process's own clock
    copies      the feeds of a relay, kept as the upstream has them
    stream      one feed's live stream, followed as any reader does
    follower    all of it together: sessions with an upstream, one after the other
    node        the node that web/ and server/ serve from

Positions, entries and proofs are the upstream's own: a relay makes none of them. What needs the log is passed on to the
upstream (web/pass_on.py).
"""
