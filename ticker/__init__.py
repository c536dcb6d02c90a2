"""A breaking-news service. This is the map: how a dispatch gets from a POST to every reader's page, file by file.

In, from a correspondent:

    server/acceptor.py    accepts the connection, reads the head of the request, and sees that it is not a live stream
    server/worker.py      uvicorn parses the rest and calls the application
    web/app.py            finds the route; each resource is a file, such as web/dispatches.py
    web/auth.py           looks up the key
    dispatch.py           untrusted JSON becomes a Draft, or an error of errors.py that names the field
    changes/file.py       Draft and key become a File: each kind of change is a file in changes/
    web/append.py         hands it to the journal and answers 201 with the receipt once it is kept

Kept, in Redis or Valkey:

    journal/log.py        sends the change to the script and waits for disk and replicas
    journal/append.lua    in one atomic run: checks it, gives it the next offset, chains its hash, stores, publishes

Out, on every node:

    follower.py           receives the entry by pub/sub, or reads from the log what pub/sub did not deliver
    follow.py             decides, without I/O: is it the next entry, a gap, or a fork? Is this node in sync with Redis?
    hub.py, channel.py    fold the entry into what the feed shows (feed.py), make one frame of it (wire.py), keep the
                          frame in the ring (ring.py), and write it to the socket of each reader who has caught up
    lagging.py            brings the other readers up to date from the ring, once their sockets drain
    freshness.py          tells readers whether what they see is proven to be current: `beat` or `delayed`

The reader came in by the same acceptor: web/admission.py admitted the request, server/hand_off.py sent the response
and gave the socket to the hub as server/reader.py, without a task or a transport. In the page, clients/feed/fold.js
folds the frame by the same rules as feed.py.

Around it: server/supervisor.py starts workers and the embedded Valkey (journal/embedded.py), node.py puts one process
together, release.py files held dispatches when they are due, cli/ has a file for each command, and load/ the readers
of `ticker bench`. Imports run one way, from cli/ down to errors.py; tests/test_layers.py has the order.
"""
